/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/api/api_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "endpoints/api/api_private.h"
#include "io/loop.h"
#include "proto/ws/ws.h"

#define PAGE_LIMIT    100
#define EVENT_EXTRA   1024 /* what an event takes beside its data, at most */
#define LAST_EVENT_ID "Last-Event-ID"

struct watcher {
	struct event_page page;
	struct event_subscription subscription;
	struct timer beat, again;
	struct api *api;
	struct conn *conn; /* NULL: gone */
	struct ws_reader *reader;
	struct buf out;
	int64_t cursor; /* of the last event in `out` */
	int64_t read_ms, expires_at;
	size_t queued; /* at the last beat */
	bool is_websocket;
	bool is_reading; /* the page is on a database thread */
	bool is_asked;   /* more came meanwhile */
	bool is_waiting; /* for the peer */
	bool is_full;
};

static void read_more(struct watcher *watcher);

static void watcher_free(struct watcher *watcher)
{
	ws_reader_free(watcher->reader);
	buf_done(&watcher->out);
	free(watcher);
}

/* On a database thread. */
static void on_each(struct event_page *page, const struct event *event)
{
	struct watcher *watcher = CONTAINER_OF(page, struct watcher, page);
	AUTO_BUF text = { 0 };

	watcher->is_full = watcher->is_full ||
	                   watcher->out.size + event->data.size + EVENT_EXTRA > WATCH_BYTES_MAX;
	if (watcher->is_full)
		return;
	buf_init(&text, EVENT_DATA_MAX + EVENT_EXTRA);
	api_write_event(&text, event);
	if (buf_err(&text) == ERR_OK && watcher->is_websocket) {
		ws_write_message(&watcher->out, WS_TEXT, buf_str(&text));
	} else if (buf_err(&text) == ERR_OK) {
		buf_printf(&watcher->out, "id: %lld\nevent: %.*s\ndata: ", (long long)event->cursor,
		           STR_ARG(event->type));
		buf_add_str(&watcher->out, buf_str(&text));
		buf_add_text(&watcher->out, "\n\n");
	}
	watcher->cursor = event->cursor;
}

static void on_again(struct timer *timer)
{
	read_more(CONTAINER_OF(timer, struct watcher, again));
}

static void read_later(struct watcher *watcher, int64_t ms)
{
	loop_timer_start(conn_loop(watcher->conn), &watcher->again, ms, on_again);
}

static void on_page(struct event_page *page, enum err err)
{
	struct watcher *watcher = CONTAINER_OF(page, struct watcher, page);
	bool has_more = watcher->is_full || page->count == page->limit;

	watcher->is_reading = false;
	if (!watcher->conn) {
		watcher_free(watcher);
		return;
	}
	if (err == ERR_OK && buf_err(&watcher->out) == ERR_OK && watcher->out.size)
		(void)conn_send(watcher->conn, watcher->out.at, watcher->out.size);
	buf_clear(&watcher->out);
	buf_drop(&watcher->out, 0, 0);
	if (err != ERR_OK)
		read_later(watcher, WATCH_PAUSE_MS);
	else if (has_more)
		read_more(watcher);
	else if (watcher->is_asked)
		read_later(watcher, WATCH_PAUSE_MS);
}

static void read_more(struct watcher *watcher)
{
	if (watcher->is_reading) {
		watcher->is_asked = true;
		return;
	}
	watcher->is_waiting = conn_queued_bytes(watcher->conn) > WATCH_QUEUE_MAX;
	if (watcher->is_waiting)
		return; /* on_writable() goes on */
	watcher->is_asked = watcher->is_full = false;
	watcher->page.after = watcher->cursor;
	watcher->read_ms = clock_steady_ms();
	watcher->is_reading = event_read(watcher->api->setup.events, &watcher->page) == ERR_OK;
	if (!watcher->is_reading)
		read_later(watcher, WATCH_PAUSE_MS);
}

/* A busy log must not make every watcher read every 10 ms. */
static void on_more(struct event_subscription *subscription)
{
	struct watcher *watcher = CONTAINER_OF(subscription, struct watcher, subscription);
	int64_t since_ms = clock_steady_ms() - watcher->read_ms;

	if (watcher->is_reading || since_ms >= WATCH_PAUSE_MS)
		read_more(watcher);
	else if (!timer_is_running(&watcher->again))
		read_later(watcher, WATCH_PAUSE_MS - since_ms);
}

static void on_beat(struct timer *timer)
{
	struct watcher *watcher = CONTAINER_OF(timer, struct watcher, beat);
	size_t queued = conn_queued_bytes(watcher->conn);
	bool is_over = watcher->expires_at && watcher->expires_at <= clock_now_ms();

	if (is_over || (queued && queued >= watcher->queued && watcher->queued)) {
		conn_close(watcher->conn, is_over ? ERR_OK : ERR_TIMEOUT);
		return;
	}
	watcher->queued = queued;
	if (queued == 0 && watcher->is_websocket)
		(void)conn_send(watcher->conn, "\x89\0", 2); /* ping */
	else if (queued == 0)
		(void)conn_send(watcher->conn, ":\n\n", 3);
	loop_timer_start(conn_loop(watcher->conn), &watcher->beat, WATCH_BEAT_MS, on_beat);
}

static void on_message(void *owner, enum ws_opcode opcode, struct str message)
{
	/* Nothing is asked of a watcher. */
}

static void on_send(void *owner, const uint8_t *bytes, size_t size)
{
	struct watcher *watcher = owner;

	(void)conn_send(watcher->conn, bytes, size);
}

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	static const struct ws_events events = { on_message, on_send };
	struct watcher *watcher = owner;
	enum err err = ERR_OK;

	if (!watcher->is_websocket)
		return;
	if (!watcher->reader)
		err = ws_reader_new(WATCH_MESSAGE_MAX, &watcher->reader);
	if (err == ERR_OK)
		err = ws_reader_feed(watcher->reader, bytes, size, &events, watcher);
	if (err != ERR_OK)
		conn_close_gently(watcher->conn);
}

static void on_writable(void *owner)
{
	struct watcher *watcher = owner;

	if (watcher->is_waiting)
		read_more(watcher);
}

static void on_closed(void *owner, enum err err)
{
	struct watcher *watcher = owner;
	struct loop *loop = conn_loop(watcher->conn);

	loop_timer_stop(loop, &watcher->beat);
	loop_timer_stop(loop, &watcher->again);
	event_unsubscribe(watcher->api->setup.events, &watcher->subscription);
	watcher->conn = NULL;
	if (!watcher->is_reading)
		watcher_free(watcher);
}

static const struct conn_events conn_events = { on_bytes, on_writable, on_closed };

bool api_wants_watch(const struct request *req)
{
	struct str accept = request_header(req, "Accept"), type;

	if (request_is_websocket(req))
		return true;
	while (request_method(req) == HTTP_GET && str_cut(&accept, ',', &type)) {
		type.size = str_index(type, ';');
		if (str_equal_nocase(str_trim(type), STR("text/event-stream")))
			return true;
	}
	return false;
}

/* Where to go on: behind the last event the peer has, or with what is new. */
static enum err read_cursor(struct request *req, const struct event_log *log, int64_t *out,
                            struct why *why)
{
	struct str last = request_header(req, LAST_EVENT_ID);
	int64_t newest = event_last_cursor(log);

	if (!last.size && !request_query(req, "cursor").at)
		*out = newest;
	else if (last.size && str_to_i64(last, 0, INT64_MAX, out) != ERR_OK)
		return why_set_reason(why, ERR_INVALID, REASON_NONE, LAST_EVENT_ID,
		                      LAST_EVENT_ID ": is no cursor of ours");
	*out = *out > newest ? newest : *out;
	return ERR_OK;
}

static void open_stream(struct watcher *watcher, struct request *req)
{
	AUTO_BUF leftover = { 0 };

	buf_init(&leftover, REQUEST_ARENA_BYTES);
	if (watcher->is_websocket) {
		watcher->conn =
			request_upgrade_websocket(req, NULL, &conn_events, watcher, &leftover);
	} else {
		response_header(req, "Cache-Control", STR("no-store"));
		response_header(req, "X-Accel-Buffering", STR("no"));
		watcher->conn =
			request_take_stream(req, "text/event-stream", &conn_events, watcher);
	}
	if (!watcher->conn) {
		event_unsubscribe(watcher->api->setup.events, &watcher->subscription);
		watcher_free(watcher);
		return;
	}
	if (!watcher->is_websocket)
		(void)conn_send(watcher->conn, "retry: 2000\n\n", 13);
	loop_timer_start(conn_loop(watcher->conn), &watcher->beat, WATCH_BEAT_MS, on_beat);
	if (leftover.size)
		on_bytes(watcher, leftover.at, leftover.size);
	read_more(watcher);
}

void api_watch(struct api *api, struct request *req)
{
	struct watcher *watcher = calloc(1, sizeof *watcher);
	struct why why = { 0 };

	if (!watcher) {
		api_problem(req, ERR_NO_MEMORY, NULL);
		return;
	}
	enum err err = api_read_event_page(req, &watcher->page, &why);
	watcher->cursor = watcher->page.after;
	if (err == ERR_OK)
		err = read_cursor(req, api->setup.events, &watcher->cursor, &why);
	watcher->api = api;
	watcher->page.limit = PAGE_LIMIT;
	watcher->page.each = on_each;
	watcher->page.done = on_page;
	watcher->subscription.on_more = on_more;
	watcher->expires_at = api_actor(req)->expires_at;
	watcher->is_websocket = request_is_websocket(req);
	buf_init(&watcher->out, WATCH_BYTES_MAX + EVENT_EXTRA);
	if (err == ERR_OK)
		err = event_subscribe(api->setup.events, &watcher->subscription);
	if (err == ERR_BUSY)
		err = why_set_reason(&why, err, REASON_TOO_MANY, NULL,
		                     "%d others follow the events already", EVENT_SUBSCRIBERS_MAX);
	if (err == ERR_OK) {
		open_stream(watcher, req);
		return;
	}
	api_problem(req, err, &why);
	watcher_free(watcher);
}
