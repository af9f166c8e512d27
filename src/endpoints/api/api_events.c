/* SPDX-License-Identifier: Apache-2.0 */
/* Events: a page of the log, and an application's own ones. Following is in api_watch.c. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "endpoints/api/api_private.h"
#include "endpoints/api/api_watch.h"

#define PAGE_BYTES_MAX (1024 * 1024) /* a page may end before its limit */
#define TYPE_MAX       64

struct listing {
	struct event_page page;
	struct request *req;
	struct buf body;
	int64_t cursor; /* of the last one written */
	bool is_full;
};

/* On a database thread. */
static void on_each(struct event_page *page, const struct event *event)
{
	struct listing *listing = CONTAINER_OF(page, struct listing, page);

	listing->is_full = listing->is_full || listing->body.size > PAGE_BYTES_MAX;
	if (listing->is_full)
		return;
	if (listing->cursor)
		buf_add_text(&listing->body, ",");
	api_write_event(&listing->body, event);
	listing->cursor = event->cursor;
}

static void write_cursor(struct buf *out, int64_t cursor)
{
	if (cursor)
		buf_printf(out, "\"%lld\"", (long long)cursor);
	else
		buf_add_text(out, "null");
}

static void on_page(struct event_page *page, enum err err)
{
	struct listing *listing = CONTAINER_OF(page, struct listing, page);

	if (err == ERR_OK) {
		bool has_more = listing->is_full || page->count == page->limit;
		buf_add_text(&listing->body, "],\"next\":");
		write_cursor(&listing->body, has_more ? listing->cursor : 0);
		buf_add_text(&listing->body, ",\"oldest\":");
		write_cursor(&listing->body, page->oldest);
		buf_add_text(&listing->body, "}");
		api_answer(listing->req, 200, &listing->body);
	} else {
		api_problem(listing->req, err, NULL);
	}
	buf_done(&listing->body);
	free(listing);
}

enum err api_read_event_page(struct request *req, struct event_page *page, struct why *why)
{
	int64_t limit = API_PAGE_LIMIT;
	enum err err = api_query_int(req, "limit", 1, EVENT_PAGE_MAX, &limit, why);

	if (err == ERR_OK)
		err = api_query_int(req, "cursor", 0, INT64_MAX, &page->after, why);
	if (err == ERR_OK)
		err = api_query_text(req, "did", page->did, sizeof page->did, why);
	if (err == ERR_OK)
		err = api_query_text(req, "type", page->type, sizeof page->type, why);
	page->limit = (int)limit;
	api_copy(str_of(api_actor(req)->organization), page->organization,
	         sizeof page->organization);
	return err;
}

static void list_events(struct api *api, struct request *req)
{
	struct listing *listing = calloc(1, sizeof *listing);
	struct why why = { 0 };

	if (!listing) {
		api_problem(req, ERR_NO_MEMORY, NULL);
		return;
	}
	enum err err = api_read_event_page(req, &listing->page, &why);
	listing->req = req;
	listing->page.each = on_each;
	listing->page.done = on_page;
	listing->page.is_complete = true;
	buf_init(&listing->body, API_ANSWER_MAX);
	buf_add_text(&listing->body, "{\"items\":[");
	if (err == ERR_OK)
		err = event_read(api->setup.events, &listing->page);
	if (err != ERR_OK) {
		api_problem(req, err, &why);
		buf_done(&listing->body);
		free(listing);
	}
}

void event_get(void *owner, struct request *req)
{
	if (api_wants_watch(req))
		api_watch(owner, req);
	else
		list_events(owner, req);
}

struct posting {
	struct event_post post;
	struct request *req;
	char type[TYPE_MAX + 1];
	char did[DID_SIZE];
	struct buf text;
};

static void posting_free(struct posting *posting)
{
	buf_done(&posting->text);
	free(posting);
}

static void on_posted(struct event_post *post, enum err err)
{
	struct posting *posting = CONTAINER_OF(post, struct posting, post);
	AUTO_BUF body = { 0 };

	buf_init(&body, API_BODY_MAX);
	buf_add_text(&body, "{\"type\":");
	json_add_quoted(&body, post->event.type);
	buf_add_text(&body, ",\"time\":");
	api_write_time(&body, post->event.time_ms);
	buf_add_text(&body, "}");
	if (err == ERR_OK)
		api_answer(posting->req, 201, &body);
	else
		api_problem(posting->req, err, NULL);
	posting_free(posting);
}

/* Nobody speaks for a device or for this server. */
static bool is_own_type(const char *type)
{
	return type[0] && str_is_word(str_of(type), ".:-_") &&
	       !str_starts(str_of(type), STR("device.")) &&
	       !str_starts(str_of(type), STR("vigil."));
}

static enum err read_posting(struct api *api, const json_t *body, struct posting *posting,
                             struct why *why)
{
	struct event *event = &posting->post.event;
	const json_t *details = json_object_get(body, "data");
	struct device_view view;
	enum err err = api_read_text(body, "type", posting->type, sizeof posting->type, why);

	if (err == ERR_OK && !is_own_type(posting->type))
		err = why_set_reason(why, ERR_INVALID, REASON_NONE, "type",
		                     "type: 1 to %d of A-Z a-z 0-9 . : - _, not device. or vigil.",
		                     TYPE_MAX);
	if (err == ERR_OK)
		err = api_read_text(body, "did", posting->did, sizeof posting->did, why);
	if (err == ERR_OK && details && !json_is_object(details))
		err = why_set_reason(why, ERR_INVALID, REASON_NONE, "data",
		                     "data: is not an object");
	if (err == ERR_OK && json_object_get(body, "did")) {
		err = device_view(api->setup.devices, event->organization, str_of(posting->did),
		                  &view);
		if (err == ERR_OK)
			device_view_done(&view);
		else
			err = why_set_reason(why, err, REASON_NONE, "did", "did: no such device");
	}
	buf_init(&posting->text, EVENT_DATA_MAX);
	if (err == ERR_OK && details && json_write(details, &posting->text) == ERR_TOO_LARGE)
		err = why_set_reason(why, ERR_TOO_LARGE, REASON_NONE, "data",
		                     "data: is over %d bytes", EVENT_DATA_MAX);
	return err == ERR_OK ? buf_err(&posting->text) : err;
}

void event_post_one(void *owner, struct request *req)
{
	static const char *const names[] = { "type", "did", "data", NULL };
	struct api *api = owner;
	struct why why = { 0 };
	AUTO_JSON body = NULL;

	if (api_read_body(req, names, &body) != ERR_OK)
		return;
	struct posting *posting = calloc(1, sizeof *posting);
	if (!posting) {
		api_problem(req, ERR_NO_MEMORY, NULL);
		return;
	}
	struct event *event = &posting->post.event;
	posting->req = req;
	posting->post.done = on_posted;
	event->organization = str_of(api_actor(req)->organization);
	enum err err = read_posting(api, body, posting, &why);
	if (err == ERR_OK) {
		event->type = str_of(posting->type);
		event->did = str_of(posting->did);
		event->data = buf_str(&posting->text);
		event->time_ms = clock_now_ms();
		err = event_post(api->setup.events, &posting->post);
	}
	if (err != ERR_OK) {
		api_problem(req, err, &why);
		posting_free(posting);
	}
}
