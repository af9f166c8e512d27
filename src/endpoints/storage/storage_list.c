/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of a device's files, the newest first, and the removal of one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "domain/reason.h"
#include "endpoints/storage/storage_private.h"

#define PAGE_USUAL 100

struct listing {
	struct file_page page;
	struct request *req;
	struct file_facts items[];
};

static void write_item(struct buf *out, const struct file_facts *facts)
{
	AUTO_BUF path = { 0 };

	buf_init(&path, 1024);
	storage_write_path(&path, facts->kind, facts->did, facts->name);
	buf_add_text(out, "{\"name\":");
	json_add_quoted(out, str_of(facts->name));
	buf_add_text(out, ",\"url\":");
	json_add_quoted(out, buf_str(&path));
	buf_printf(out, ",\"bytes\":%" PRId64, facts->bytes);
	if (facts->kind == FILE_STILL)
		buf_printf(out, ",\"width\":%u,\"height\":%u", facts->width, facts->height);
	buf_add_text(out, ",\"time\":");
	storage_write_time(out, facts->time);
	if (facts->kind == FILE_UPLOAD) {
		buf_add_text(out, ",\"expires_at\":");
		storage_write_time(out, facts->expires_at);
	}
	buf_add_text(out, "}");
}

static void on_page(struct file_page *page, enum err err)
{
	struct listing *listing = CONTAINER_OF(page, struct listing, page);
	const struct file_facts *last = page->count ? &page->items[page->count - 1] : NULL;
	AUTO_BUF body = { 0 };

	buf_init(&body, STORAGE_ANSWER_MAX);
	buf_add_text(&body, "{\"items\":[");
	for (int i = 0; i < page->count; i++) {
		buf_add_text(&body, i ? "," : "");
		write_item(&body, &page->items[i]);
	}
	if (last && page->count == page->limit)
		buf_printf(&body, "],\"next\":\"%" PRId64 "-%s\"}", last->time, last->id);
	else
		buf_add_text(&body, "],\"next\":null}");
	if (err == ERR_OK)
		err = buf_err(&body);
	response_header(listing->req, "Cache-Control", STR("no-store"));
	if (err == ERR_OK)
		response_send(listing->req, 200, "application/json", buf_str(&body));
	else
		api_problem(listing->req, err, NULL);
	free(listing);
}

static enum err read_limit(struct request *req, int64_t *out, struct why *why)
{
	struct str text = request_query(req, "limit");

	*out = PAGE_USUAL;
	if (text.at && str_to_i64(text, 1, FILE_PAGE_MAX, out) != ERR_OK)
		return why_set_reason(why, ERR_INVALID, REASON_NONE, "limit",
		                      "limit: is not in 1..%d", FILE_PAGE_MAX);
	return ERR_OK;
}

static enum err read_cursor(struct request *req, struct file_page *page, struct why *why)
{
	struct str rest = request_query(req, "cursor"), time;

	page->before_time = INT64_MAX;
	if (!rest.at)
		return ERR_OK;
	if (!str_cut(&rest, '-', &time) ||
	    str_to_i64(time, 0, INT64_MAX, &page->before_time) != ERR_OK ||
	    !str_is_word(rest, "") ||
	    str_copy(rest, page->before_id, sizeof page->before_id) != ERR_OK)
		return why_set_reason(why, ERR_INVALID, REASON_NONE, "cursor",
		                      "cursor: is none of ours");
	return ERR_OK;
}

static void list(struct storage_endpoint *endpoint, struct request *req, enum file_kind kind)
{
	struct listing *listing = NULL;
	struct file_page page = { .kind = kind, .done = on_page };
	struct why why = { 0 };
	int64_t limit;
	enum err err = storage_check_device(endpoint->storage, str_of(api_actor(req)->organization),
	                                    request_param(req, "did"));

	if (err == ERR_OK)
		err = read_limit(req, &limit, &why);
	if (err == ERR_OK)
		err = read_cursor(req, &page, &why);
	if (err == ERR_OK)
		err = str_copy(request_param(req, "did"), page.did, sizeof page.did);
	if (err == ERR_OK) {
		listing = calloc(1, sizeof *listing + (size_t)limit * sizeof listing->items[0]);
		err = listing ? ERR_OK : ERR_NO_MEMORY;
	}
	if (err == ERR_OK) {
		page.limit = (int)limit;
		page.items = listing->items;
		listing->page = page;
		listing->req = req;
		err = file_list(endpoint->storage, &listing->page);
	}
	if (err != ERR_OK) {
		api_problem(req, err, &why);
		free(listing);
	}
}

void still_list_get(void *owner, struct request *req)
{
	list(owner, req, FILE_STILL);
}

void upload_list_get(void *owner, struct request *req)
{
	list(owner, req, FILE_UPLOAD);
}

struct removing {
	struct file_removal removal;
	struct request *req;
};

static void on_removed(struct file_removal *removal, enum err err)
{
	struct removing *removing = CONTAINER_OF(removal, struct removing, removal);

	if (err == ERR_OK)
		response_empty(removing->req, 204);
	else
		api_problem(removing->req, err, NULL);
	free(removing);
}

static void remove_file(struct storage_endpoint *endpoint, struct request *req, enum file_kind kind,
                        struct str name)
{
	struct removing *removing = calloc(1, sizeof *removing);

	if (!removing) {
		api_problem(req, ERR_NO_MEMORY, NULL);
		return;
	}
	struct file_removal *removal = &removing->removal;
	removing->req = req;
	removal->kind = kind;
	removal->done = on_removed;
	(void)!str_copy(str_of(api_actor(req)->organization), removal->organization,
	                ORGANIZATION_SIZE);
	enum err err = str_copy(request_param(req, "did"), removal->did, sizeof removal->did);
	if (err == ERR_OK)
		err = str_copy(name, removal->name, sizeof removal->name);
	if (err == ERR_OK)
		err = file_remove(endpoint->storage, removal);
	else
		err = ERR_NOT_FOUND;
	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		free(removing);
	}
}

void still_delete(void *owner, struct request *req)
{
	remove_file(owner, req, FILE_STILL, request_param(req, "name"));
}

void upload_delete(void *owner, struct request *req)
{
	remove_file(owner, req, FILE_UPLOAD, request_param(req, "file"));
}
