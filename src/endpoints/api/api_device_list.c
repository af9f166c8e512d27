/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of devices, in the order of their dids; the cursor is the last did. */
#include <stdlib.h>

#include "endpoints/api/api_private.h"

struct listing {
	struct device_page page;
	struct api *api;
	struct request *req;
	char dids[DEVICE_PAGE_MAX][DID_SIZE];
};

static void write_page(struct listing *listing, struct buf *body)
{
	const struct device_page *page = &listing->page;
	struct devices *devices = listing->api->setup.devices;
	bool is_first = true;

	buf_add_text(body, "{\"items\":[");
	for (int i = 0; i < page->count; i++) {
		struct device_view view;
		if (device_view(devices, str_of(page->organization), str_of(page->dids[i]),
		                &view) != ERR_OK)
			continue; /* removed meanwhile */
		if (!is_first)
			buf_add_text(body, ",");
		is_first = false;
		api_write_device(body, devices, &view, (struct str){ 0 });
		device_view_done(&view);
	}
	buf_add_text(body, "],\"next\":");
	if (page->count == page->limit)
		json_add_quoted(body, str_of(page->dids[page->count - 1]));
	else
		buf_add_text(body, "null");
	buf_add_text(body, "}");
}

static void on_page(struct device_page *page, enum err err)
{
	struct listing *listing = CONTAINER_OF(page, struct listing, page);
	AUTO_BUF body = { 0 };

	buf_init(&body, API_ANSWER_MAX);
	if (err == ERR_OK) {
		write_page(listing, &body);
		api_answer(listing->req, 200, &body);
	} else {
		api_problem(listing->req, err, NULL);
	}
	free(listing);
}

static enum err read_online(struct request *req, int *out, struct why *why)
{
	struct str text = request_query(req, "online");

	*out = -1;
	if (!text.at)
		return ERR_OK;
	if (!str_equal(text, STR("true")) && !str_equal(text, STR("false")))
		return why_set_reason(why, ERR_INVALID, REASON_NONE, "online",
		                      "online: is neither true nor false");
	*out = str_equal(text, STR("true"));
	return ERR_OK;
}

void device_list_get(void *owner, struct request *req)
{
	struct api *api = owner;
	struct listing *listing = calloc(1, sizeof *listing);
	struct why why = { 0 };
	int64_t limit = API_PAGE_LIMIT;

	if (!listing) {
		api_problem(req, ERR_NO_MEMORY, NULL);
		return;
	}
	struct device_page *page = &listing->page;
	enum err err = api_query_int(req, "limit", 1, DEVICE_PAGE_MAX, &limit, &why);
	if (err == ERR_OK)
		err = api_query_text(req, "cursor", page->after, sizeof page->after, &why);
	if (err == ERR_OK)
		err = api_query_text(req, "q", page->text, sizeof page->text, &why);
	if (err == ERR_OK)
		err = read_online(req, &page->online, &why);
	if (err == ERR_OK) {
		listing->api = api;
		listing->req = req;
		page->limit = (int)limit;
		page->dids = listing->dids;
		page->done = on_page;
		api_copy(str_of(api_actor(req)->organization), page->organization,
		         ORGANIZATION_SIZE);
		err = device_list(api->setup.devices, page);
	}
	if (err != ERR_OK) {
		api_problem(req, err, &why);
		free(listing);
	}
}
