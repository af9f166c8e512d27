/* SPDX-License-Identifier: Apache-2.0 */
/* All devices as CSV, page by page as the client takes them; never a secret. */
#include <stdlib.h>

#include "base/clock.h"
#include "endpoints/api/api_private.h"
#include "proto/csv/csv.h"

#define EXPORT_BYTES_MAX RESPONSE_WRITE_MAX /* of one page */

struct exporting {
	struct device_page page;
	struct api *api;
	struct request *req;
	struct buf text;
	bool is_last, is_waiting;
	char dids[DEVICE_PAGE_MAX][DID_SIZE];
};

static void send_page(struct exporting *exporting);

/* The answer ends whole, or visibly cut. */
static void finish(struct exporting *exporting, enum err err)
{
	if (err == ERR_OK || err == ERR_CLOSED)
		response_end(exporting->req);
	else
		response_abort(exporting->req);
	buf_done(&exporting->text);
	free(exporting);
}

static void add_row(struct buf *out, const struct device_facts *facts)
{
	char created[CLOCK_TEXT_SIZE];

	clock_format(facts->created_at, created);
	csv_add_field(out, str_of(facts->did));
	buf_add(out, ",", 1);
	csv_add_field(out, str_of(facts->name));
	buf_printf(out, ",%s,%s,%s\r\n", device_kind_text(facts->kind),
	           sign_policy_text(facts->sign_policy), created);
}

static void on_page(struct device_page *page, enum err err)
{
	struct exporting *exporting = CONTAINER_OF(page, struct exporting, page);
	struct device_view view;

	if (err != ERR_OK) {
		finish(exporting, err);
		return;
	}
	for (int i = 0; i < page->count; i++) {
		if (device_view(exporting->api->setup.devices, str_of(page->organization),
		                str_of(page->dids[i]), &view) != ERR_OK)
			continue;
		add_row(&exporting->text, view.facts);
		device_view_done(&view);
	}
	exporting->is_last = page->count < page->limit;
	if (!exporting->is_last)
		api_copy(str_of(page->dids[page->count - 1]), page->after, sizeof page->after);
	send_page(exporting);
}

static void send_page(struct exporting *exporting)
{
	enum err err = buf_err(&exporting->text);

	if (err == ERR_OK)
		err = response_write(exporting->req, buf_str(&exporting->text));
	exporting->is_waiting = err == ERR_BUSY;
	if (err == ERR_BUSY)
		return;
	buf_clear(&exporting->text);
	if (err == ERR_OK && !exporting->is_last)
		err = device_list(exporting->api->setup.devices, &exporting->page);
	if (err != ERR_OK || exporting->is_last)
		finish(exporting, err);
}

static void on_room(void *owner, struct request *req)
{
	struct exporting *exporting = owner;

	if (exporting->is_waiting)
		send_page(exporting);
}

void device_export_get(void *owner, struct request *req)
{
	struct api *api = owner;
	struct exporting *exporting = calloc(1, sizeof *exporting);

	if (!exporting) {
		api_problem(req, ERR_NO_MEMORY, NULL);
		return;
	}
	exporting->api = api;
	exporting->req = req;
	struct device_page *page = &exporting->page;
	page->limit = DEVICE_PAGE_MAX;
	page->online = -1;
	page->dids = exporting->dids;
	page->done = on_page;
	api_copy(str_of(api_actor(req)->organization), page->organization, ORGANIZATION_SIZE);
	buf_init(&exporting->text, EXPORT_BYTES_MAX);
	buf_add_text(&exporting->text, "did,name,kind,sign_policy,created_at\r\n");
	enum err err = device_list(api->setup.devices, page);
	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		buf_done(&exporting->text);
		free(exporting);
		return;
	}
	response_header(req, "Content-Disposition", STR("attachment; filename=\"devices.csv\""));
	response_header(req, "Cache-Control", STR("no-store"));
	request_on_gone(req, on_room, exporting);
	response_begin(req, 200, "text/csv; charset=utf-8", on_room, exporting);
}
