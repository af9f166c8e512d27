/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "http/http_private.h"

#define NO_DEADLINE INT64_MAX

static void on_timer(struct timer *timer);

void http_conn_set_deadline(struct http_conn *hc, int64_t ms)
{
	int64_t due_ms = clock_steady_ms() + ms;

	/* A later deadline leaves the timer alone: most requests come before it fires. */
	hc->deadline_ms = due_ms;
	if (!timer_is_running(&hc->timer) || hc->timer.due_ms > due_ms)
		loop_timer_start(hc->home->loop, &hc->timer, ms, on_timer);
}

/* Whether the peer has taken anything since the last look. */
static void check_progress(struct http_conn *hc)
{
	uint64_t gone = hc->written - conn_queued_bytes(hc->conn);

	if (gone == hc->progress) {
		conn_close(hc->conn, ERR_TIMEOUT);
		return;
	}
	hc->progress = gone;
	http_conn_set_deadline(hc, hc->home->server->setup.stall_ms);
}

static void close_gently(struct http_conn *hc)
{
	hc->state = HTTP_CONN_CLOSING;
	conn_close_gently(hc->conn);
	hc->progress = UINT64_MAX;
	http_conn_set_deadline(hc, hc->home->server->setup.stall_ms);
}

static void on_timeout(struct http_conn *hc)
{
	switch (hc->state) {
	case HTTP_CONN_HEAD:
		if (hc->is_head_begun)
			response_refuse(hc, 408);
		else
			close_gently(hc);
		break;
	case HTTP_CONN_BODY: request_end_body(hc->req, ERR_TIMEOUT); break;
	case HTTP_CONN_DISCARD: conn_close(hc->conn, ERR_TIMEOUT); break;
	case HTTP_CONN_GUARD:
	case HTTP_CONN_GUARDED:
	case HTTP_CONN_HANDLER:
		if (conn_queued_bytes(hc->conn) > 0)
			check_progress(hc);
		else
			hc->deadline_ms = NO_DEADLINE;
		break;
	case HTTP_CONN_FLUSH:
	case HTTP_CONN_CLOSING: check_progress(hc); break;
	case HTTP_CONN_TAKEN: break;
	}
}

static void on_timer(struct timer *timer)
{
	struct http_conn *hc = CONTAINER_OF(timer, struct http_conn, timer);

	if (hc->deadline_ms == NO_DEADLINE)
		return;
	int64_t left_ms = hc->deadline_ms - clock_steady_ms();
	if (left_ms > 0)
		loop_timer_start(hc->home->loop, timer, left_ms, on_timer);
	else
		on_timeout(hc);
}

enum err http_conn_send(struct http_conn *hc, const struct iovec *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hc->written += parts[i].iov_len;
	enum err err = conn_send_parts(hc->conn, parts, count);
	/* A parked or streaming answer has no other clock than what waits to be taken. */
	if (err == ERR_OK && hc->deadline_ms == NO_DEADLINE && conn_queued_bytes(hc->conn) > 0) {
		hc->progress = UINT64_MAX;
		http_conn_set_deadline(hc, hc->home->server->setup.stall_ms);
	}
	return err;
}

/* The answer is out of our hands: what comes next? */
static void settle(struct http_conn *hc)
{
	const struct http_server_setup *setup = &hc->home->server->setup;

	if (hc->is_last) {
		close_gently(hc);
		return;
	}
	if (conn_queued_bytes(hc->conn) > RESPONSE_QUEUE_MAX) {
		hc->state = HTTP_CONN_FLUSH;
		hc->progress = UINT64_MAX;
		http_conn_set_deadline(hc, setup->stall_ms);
		return;
	}
	hc->state = hc->discard_left ? HTTP_CONN_DISCARD : HTTP_CONN_HEAD;
	hc->scan = (struct http_scan){ 0 };
	hc->is_head_begun = false;
	http_conn_set_deadline(hc, hc->discard_left ? setup->stall_ms : setup->idle_ms);
	if (!hc->is_stepping && (hc->in.size || hc->is_paused))
		http_conn_step_later(hc);
}

void http_conn_flush(struct http_conn *hc)
{
	while (hc->out_at < hc->out.size) {
		struct iovec part = { hc->out.at + hc->out_at, hc->out.size - hc->out_at };
		size_t sent = 0;
		enum err err = conn_try_send(hc->conn, &part, 1, &sent);
		hc->out_at += sent;
		hc->written += sent;
		if (err == ERR_BUSY) {
			conn_want_write(hc->conn);
			return;
		}
		if (err != ERR_OK)
			return; /* on_closed() will follow */
	}
	buf_done(&hc->out);
	hc->out_at = 0;
	settle(hc);
}

void http_conn_next(struct http_conn *hc, bool is_kept)
{
	hc->is_last |= !is_kept;
	if (hc->out.size == 0) {
		settle(hc);
		return;
	}
	hc->state = HTTP_CONN_FLUSH;
	hc->progress = UINT64_MAX;
	http_conn_set_deadline(hc, hc->home->server->setup.stall_ms);
	http_conn_flush(hc);
}

static bool step_head(struct http_conn *hc)
{
	const struct http_server_setup *setup = &hc->home->server->setup;
	const uint8_t *bytes = (const uint8_t *)hc->feed.at;
	size_t size;
	int status;

	if (hc->feed.size == 0)
		return false;
	enum err err =
		http_head_find(bytes, hc->feed.size, &setup->limits, &hc->scan, &size, &status);
	if (err == ERR_MORE) {
		if (!hc->is_head_begun)
			http_conn_set_deadline(hc, setup->head_ms);
		hc->is_head_begun = true;
		return false;
	}
	struct request *req = err == ERR_OK ? request_take(hc->home) : NULL;
	if (!req) {
		response_refuse(hc, err == ERR_OK ? 503 : status);
		return true;
	}
	buf_add(&req->head_copy, bytes, size);
	hc->feed = str_from(hc->feed, size);
	err = buf_err(&req->head_copy);
	if (err == ERR_OK)
		err = http_head_parse(req->head_copy.at, size, &setup->limits, &req->head);
	if (err != ERR_OK) {
		status = err == ERR_NO_MEMORY ? 503 : req->head.status;
		request_over(req, 0);
		response_refuse(hc, status);
		return true;
	}
	req->conn = hc;
	hc->req = req;
	hc->state = HTTP_CONN_GUARD;
	hc->deadline_ms = NO_DEADLINE;
	request_dispatch(req);
	return true;
}

static bool step_body(struct http_conn *hc)
{
	struct request *req = hc->req;
	uint64_t serial = req->serial;
	struct str piece = { 0 };

	if (req->is_body_paused)
		return false;
	if (!req->is_body_done) {
		enum err err = request_next_piece(req, &hc->feed, &piece);
		if (err == ERR_MORE)
			return false;
		http_conn_set_deadline(hc, hc->home->server->setup.stall_ms);
		if (err != ERR_OK) {
			request_end_body(req, err);
			return true;
		}
	}
	if (piece.size)
		request_give_piece(req, piece);
	/* The piece's taker may have answered, paused or given the connection away. */
	if (hc->req == req && req->serial == serial && hc->state == HTTP_CONN_BODY &&
	    req->is_body_done && !req->is_body_paused)
		request_end_body(req, ERR_OK);
	return true;
}

static bool step_discard(struct http_conn *hc)
{
	size_t size = hc->feed.size < hc->discard_left ? hc->feed.size : (size_t)hc->discard_left;

	hc->feed = str_from(hc->feed, size);
	hc->discard_left -= size;
	if (hc->discard_left)
		return false;
	settle(hc);
	return true;
}

/* One step; false when nothing more can be done now. */
static bool step(struct http_conn *hc)
{
	switch (hc->state) {
	case HTTP_CONN_HEAD: return step_head(hc);
	case HTTP_CONN_GUARDED: request_begin_body(hc->req); return true;
	case HTTP_CONN_BODY: return step_body(hc);
	case HTTP_CONN_DISCARD: return step_discard(hc);
	case HTTP_CONN_GUARD:
	case HTTP_CONN_HANDLER:
	case HTTP_CONN_FLUSH:
	case HTTP_CONN_CLOSING:
	case HTTP_CONN_TAKEN: break;
	}
	return false;
}

/* Reads on or makes the peer wait. */
static void pace(struct http_conn *hc)
{
	bool is_reading = hc->state == HTTP_CONN_HEAD || hc->state == HTTP_CONN_DISCARD ||
	                  (hc->state == HTTP_CONN_BODY && !hc->req->is_body_paused);
	bool is_paused = !is_reading && hc->in.size >= HTTP_PIPELINE_BYTES;

	if (is_paused == hc->is_paused)
		return;
	hc->is_paused = is_paused;
	if (is_paused)
		conn_pause(hc->conn);
	else
		conn_resume(hc->conn);
}

static void feed(struct http_conn *hc, const uint8_t *bytes, size_t size)
{
	bool is_buffered = hc->in.size > 0;

	hc->feed = (struct str){ (const char *)bytes, size };
	if (is_buffered) {
		buf_add(&hc->in, bytes, size);
		hc->feed = buf_str(&hc->in);
	}
	hc->is_stepping = true;
	while (step(hc))
		;
	hc->is_stepping = false;
	if (hc->state == HTTP_CONN_TAKEN) {
		if (!hc->is_step_posted)
			free(hc);
		return;
	}
	struct str rest = hc->feed;
	hc->feed = (struct str){ 0 };
	if (hc->state == HTTP_CONN_CLOSING) {
		buf_done(&hc->in);
		return;
	}
	if (is_buffered)
		buf_drop(&hc->in, hc->in.size - rest.size, 0);
	else
		buf_add_str(&hc->in, rest);
	if (buf_err(&hc->in) != ERR_OK)
		conn_close(hc->conn, buf_err(&hc->in));
	pace(hc);
}

static void on_step(struct mail *mail)
{
	struct http_conn *hc = CONTAINER_OF(mail, struct http_conn, step);

	hc->is_step_posted = false;
	if (hc->is_dead || hc->state == HTTP_CONN_TAKEN)
		free(hc);
	else
		feed(hc, NULL, 0);
}

void http_conn_step_later(struct http_conn *hc)
{
	if (hc->is_step_posted || hc->is_stepping)
		return;
	hc->is_step_posted = true;
	hc->step.fn = on_step;
	loop_defer(hc->home->loop, &hc->step);
}

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	feed(owner, bytes, size);
}

static void on_writable(void *owner)
{
	struct http_conn *hc = owner;
	struct request *req = hc->req;

	if (hc->state == HTTP_CONN_FLUSH) {
		http_conn_flush(hc);
		return;
	}
	if (req && req->is_room_wanted) {
		req->is_room_wanted = false;
		req->on_room(req->room_owner, req);
	}
}

static void forget(struct http_conn *hc)
{
	list_remove(&hc->node);
	loop_timer_stop(hc->home->loop, &hc->timer);
	buf_done(&hc->in);
	buf_done(&hc->out);
	http_loop_conn_gone(hc->home);
}

/* Its body is not whole yet, or its guard has just let it go: no handler will ever answer it. */
static bool is_unattended(const struct http_conn *hc)
{
	return hc->state == HTTP_CONN_GUARDED ||
	       (hc->state == HTTP_CONN_BODY && !hc->req->body_events);
}

static void on_closed(void *owner, enum err err)
{
	struct http_conn *hc = owner;
	struct request *req = hc->req;
	bool is_over = req && is_unattended(hc);

	(void)err;
	hc->state = HTTP_CONN_CLOSING;
	hc->conn = NULL;
	hc->req = NULL;
	if (req) {
		req->conn = NULL;
		if (req->on_gone)
			req->on_gone(req->gone_owner, req);
		else if (is_over)
			request_over(req, STATUS_GONE);
	}
	forget(hc);
	hc->is_dead = true;
	if (!hc->is_step_posted)
		free(hc);
}

const struct conn_events http_conn_events = {
	.on_bytes = on_bytes,
	.on_writable = on_writable,
	.on_closed = on_closed,
};

void http_conn_release(struct http_conn *hc, struct buf *leftover)
{
	if (leftover)
		buf_add_str(leftover, hc->is_stepping ? hc->feed : buf_str(&hc->in));
	if (hc->is_paused)
		conn_resume(hc->conn);
	hc->state = HTTP_CONN_TAKEN;
	hc->conn = NULL;
	hc->req = NULL;
	forget(hc);
	if (!hc->is_stepping && !hc->is_step_posted)
		free(hc);
}

void http_conn_drain(struct http_conn *hc, bool is_idle_too)
{
	if (hc->req && hc->req->route && (hc->req->route->flags & ROUTE_ENDLESS))
		conn_close(hc->conn, ERR_OK);
	else if (is_idle_too && hc->state == HTTP_CONN_HEAD && !hc->is_head_begun)
		close_gently(hc);
}

void http_conn_abandon(struct http_conn *hc)
{
	conn_hand_over(hc->conn, NULL, NULL);
	conn_close(hc->conn, ERR_OK);
	if (hc->req)
		request_over(hc->req, 0);
	forget(hc);
	hc->is_dead = true;
	if (!hc->is_step_posted)
		free(hc);
}

struct http_conn *http_conn_new(struct http_loop *home)
{
	struct http_conn *hc = calloc(1, sizeof *hc);

	if (!hc)
		return NULL;
	hc->home = home;
	buf_init(&hc->in, HTTP_IN_MAX);
	buf_init(&hc->out, RESPONSE_BODY_MAX + HTTP_HEAD_BYTES_MAX + RESPONSE_HEADERS_BYTES_MAX);
	return hc;
}

void http_conn_start(struct http_conn *hc)
{
	list_add(&hc->home->conns, &hc->node);
	http_conn_set_deadline(hc, hc->home->server->setup.head_ms);
}
