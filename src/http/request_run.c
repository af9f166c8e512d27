/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "http/http_private.h"
#include "proto/http/url.h"

static void make_id(struct request *req)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t number = ++req->home->sequence;
	size_t at = strlen(req->home->prefix);

	memcpy(req->id, req->home->prefix, at);
	req->id[at++] = '-';
	unsigned shift = 0;
	while (shift < 60 && number >> (shift + 4))
		shift += 4;
	for (;; shift -= 4) {
		req->id[at++] = digits[(number >> shift) & 15];
		if (shift == 0)
			break;
	}
	req->id[at] = '\0';
	req->serial = number;
}

static struct request *request_make(struct http_loop *home)
{
	struct request *req = calloc(1, sizeof *req);

	if (!req)
		return NULL;
	req->home = home;
	buf_init(&req->head_copy, HTTP_HEAD_BYTES_MAX);
	buf_init(&req->extra, RESPONSE_HEADERS_BYTES_MAX);
	arena_init(&req->arena, REQUEST_ARENA_BYTES);
	return req;
}

struct request *request_take(struct http_loop *home)
{
	struct request *req = home->pool;

	if (!req)
		req = request_make(home);
	if (!req)
		return NULL;
	if (req == home->pool) {
		home->pool = req->next;
		home->pool_count--;
	}
	req->head_copy.max = home->server->setup.limits.head_bytes;
	req->state = REQUEST_OPEN;
	req->began_us = clock_steady_us();
	make_id(req);
	return req;
}

static void request_free(struct request *req)
{
	buf_done(&req->head_copy);
	buf_done(&req->body);
	buf_done(&req->extra);
	arena_done(&req->arena);
	free(req);
}

static void keep_small(struct buf *buf)
{
	buf_clear(buf);
	if (buf->room > HTTP_POOL_KEEP)
		buf_done(buf);
}

static void recycle(struct request *req)
{
	struct http_loop *home = req->home;

	if (home->pool_count >= HTTP_POOL_MAX) {
		request_free(req);
		return;
	}
	keep_small(&req->head_copy);
	keep_small(&req->body);
	keep_small(&req->extra);
	arena_reset(&req->arena);
	/* All between the buffers and the head starts anew with each request. */
	memset(&req->actor, 0, offsetof(struct request, head) - offsetof(struct request, actor));
	req->state = REQUEST_POOLED;
	req->conn = NULL;
	req->route = NULL;
	req->path = (struct str){ 0 };
	req->match.param_count = 0;
	req->next = home->pool;
	home->pool = req;
	home->pool_count++;
}

void request_pool_done(struct http_loop *home)
{
	while (home->pool) {
		struct request *req = home->pool;
		home->pool = req->next;
		request_free(req);
	}
}

static struct str path_to_log(const struct request *req)
{
	if (req->route && (req->route->flags & ROUTE_SECRET_PATH))
		return str_of(req->route->pattern);
	return req->path.at ? req->path : STR("?");
}

void request_over(struct request *req, int status)
{
	if (status) {
		int64_t us = clock_steady_us() - req->began_us;
		metric_count(METRIC_http_requests_total);
		metric_observe(METRIC_http_request_us, us);
		if (status >= 500 || log_is_on(LOG_DEBUG)) {
			struct str path = path_to_log(req);
			log_line(status >= 500 ? LOG_WARN : LOG_DEBUG, "http.request",
			         "id=%s method=%s path=%.*s status=%d us=%lld", req->id,
			         http_method_text(req->head.method), STR_ARG(path), status,
			         (long long)us);
		}
	}
	recycle(req);
}

uint64_t request_unread(const struct request *req)
{
	if (req->is_body_broken)
		return UINT64_MAX;
	if (req->is_body_done || (!req->head.is_chunked && req->head.content_length <= 0))
		return 0;
	/* Whoever waits for 100-continue may send the body or not. */
	if (req->head.is_chunked || req->is_continue_due)
		return UINT64_MAX;
	uint64_t left = (uint64_t)req->head.content_length - req->body_seen;
	return left <= HTTP_DISCARD_BYTES ? left : UINT64_MAX;
}

static void answer_problem(struct request *req, int status, const char *name, const char *title)
{
	response_problem(req, &(struct problem){ .status = status, .name = name, .title = title });
}

/* No handler will be called: 404, 405, or what OPTIONS asks. */
static void answer_without_route(struct request *req, enum err err)
{
	char allow[ROUTER_ALLOW_SIZE];

	if (err != ERR_OK) {
		answer_problem(req, 404, "not-found", "There is nothing at this address");
		return;
	}
	router_allow(req->match.methods, allow);
	response_header(req, "Allow", str_of(allow));
	if (req->head.method == HTTP_OPTIONS)
		response_empty(req, 204);
	else
		answer_problem(req, 405, "method-not-allowed", "This address takes other methods");
}

void request_dispatch(struct request *req)
{
	const struct http_server *server = req->home->server;
	uint64_t serial = req->serial;
	struct http_conn *hc = req->conn;
	enum err err = ERR_OK;

	req->is_continue_due = req->head.is_continue_expected;
	req->path = req->head.path;
	if (req->head.method == HTTP_OPTIONS && str_equal(req->path, STR("*"))) {
		req->match.methods = (1u << HTTP_METHOD_COUNT) - 1;
		answer_without_route(req, ERR_OK);
		return;
	}
	if (!server->setup.is_path_raw)
		err = http_url_path(req->head.path, &req->arena, &req->path);
	if (err != ERR_OK) {
		answer_problem(req, 400, "invalid-request", "The path is not well-formed");
		return;
	}
	err = router_find(server->router, req->head.method, req->path, &req->match);
	if (err != ERR_OK || !req->match.route) {
		answer_without_route(req, err);
		return;
	}
	req->route = req->match.route;
	if (server->setup.on_route)
		err = server->setup.on_route(server->setup.owner, req, req->route);
	if (err == ERR_MORE)
		return;
	if (err == ERR_OK)
		request_begin_body(req);
	else if (hc->req == req && req->serial == serial)
		answer_problem(req, 500, "internal", "The guard gave no answer");
}

void request_continue(struct request *req)
{
	struct http_conn *hc = req->conn;

	if (!hc) {
		request_over(req, STATUS_GONE);
		return;
	}
	hc->state = HTTP_CONN_GUARDED;
	http_conn_step_later(hc);
}

static void say_continue(struct request *req)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (req->is_continue_due && req->conn)
		(void)conn_send(req->conn->conn, text, sizeof text - 1);
	if (req->conn && req->is_continue_due)
		req->conn->written += sizeof text - 1;
	req->is_continue_due = false;
}

static void expect_body(struct request *req)
{
	struct http_conn *hc = req->conn;

	say_continue(req);
	hc->state = HTTP_CONN_BODY;
	http_conn_set_deadline(hc, hc->home->server->setup.stall_ms);
	http_conn_step_later(hc);
}

void request_begin_body(struct request *req)
{
	const struct route *route = req->route;
	const struct http_head *head = &req->head;

	req->conn->state = HTTP_CONN_HANDLER;
	if (head->content_length > 0 && (uint64_t)head->content_length > route->body_max) {
		answer_problem(req, 413, "too-large", "The body is larger than this address takes");
		return;
	}
	req->is_body_done = !head->is_chunked && head->content_length <= 0;
	if (req->is_body_done || (route->flags & ROUTE_STREAM_IN)) {
		if (req->is_body_done)
			req->is_continue_due = false;
		route->handler(req->match.owner, req);
		return;
	}
	req->body.max = (size_t)route->body_max;
	expect_body(req);
}

void request_read_body(struct request *req, const struct request_body_events *events, void *owner)
{
	req->body_events = events;
	req->body_owner = owner;
	if (req->conn)
		expect_body(req);
}

void request_pause_body(struct request *req)
{
	req->is_body_paused = true;
	if (req->conn)
		req->conn->deadline_ms = INT64_MAX;
}

void request_resume_body(struct request *req)
{
	if (!req->is_body_paused)
		return;
	req->is_body_paused = false;
	if (!req->conn)
		return;
	http_conn_set_deadline(req->conn, req->home->server->setup.stall_ms);
	http_conn_step_later(req->conn);
}

enum err request_next_piece(struct request *req, struct str *feed, struct str *out_piece)
{
	size_t used = feed->size;

	if (feed->size == 0)
		return ERR_MORE;
	if (req->head.is_chunked) {
		enum err err = http_chunked_read(&req->chunked, (const uint8_t *)feed->at,
		                                 feed->size, &used, out_piece);
		if (err != ERR_OK && err != ERR_MORE)
			return err;
		*feed = str_from(*feed, used);
		req->is_body_done = http_chunked_is_done(&req->chunked);
		if (err == ERR_MORE)
			return ERR_MORE;
	} else {
		uint64_t left = (uint64_t)req->head.content_length - req->body_seen;
		if (used > left)
			used = (size_t)left;
		*out_piece = (struct str){ feed->at, used };
		*feed = str_from(*feed, used);
		req->is_body_done = used == left;
	}
	req->body_seen += out_piece->size;
	return req->body_seen > req->route->body_max ? ERR_TOO_LARGE : ERR_OK;
}

void request_give_piece(struct request *req, struct str piece)
{
	if (req->body_events)
		req->body_events->on_body(req->body_owner, req, (const uint8_t *)piece.at,
		                          piece.size);
	else
		buf_add_str(&req->body, piece);
}

void request_end_body(struct request *req, enum err err)
{
	req->conn->state = HTTP_CONN_HANDLER;
	req->conn->deadline_ms = INT64_MAX;
	req->is_body_broken = err != ERR_OK;
	if (req->body_events) {
		req->body_events->on_body_end(req->body_owner, req, err);
		return;
	}
	if (err == ERR_OK)
		err = buf_err(&req->body);
	if (err == ERR_OK)
		req->route->handler(req->match.owner, req);
	else if (err == ERR_TOO_LARGE)
		answer_problem(req, 413, "too-large", "The body is larger than this address takes");
	else if (err == ERR_TIMEOUT)
		answer_problem(req, 408, "timeout", "The body did not arrive in time");
	else if (err == ERR_NO_MEMORY)
		answer_problem(req, 503, "busy", "Too busy, try again later");
	else
		answer_problem(req, 400, "invalid-request", "The body is not well-formed");
}
