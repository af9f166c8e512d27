/* SPDX-License-Identifier: Apache-2.0 */
#include "http/response.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/metric.h"
#include "http/http_private.h"
#include "proto/http/answer.h"

static struct iovec part_of(struct str bytes)
{
	struct iovec part = { .iov_len = bytes.size };

	memcpy(&part.iov_base, &bytes.at, sizeof bytes.at); /* iovec has no const */
	return part;
}

static void add_date(struct http_loop *home)
{
	int64_t now_s = clock_now_ms() / 1000;

	if (now_s != home->date_s) {
		char date[HTTP_DATE_SIZE];
		http_date_write(now_s, date);
		(void)snprintf(home->date, sizeof home->date, "Date: %s", date);
		home->date_s = now_s;
	}
	buf_add_text(&home->head, home->date);
	buf_add(&home->head, "\r\n", 2);
}

static void begin_head(struct http_loop *home, int status)
{
	buf_clear(&home->head);
	http_answer_status(&home->head, status);
	add_date(home);
	if (home->server->setup.fixed_headers)
		buf_add_text(&home->head, home->server->setup.fixed_headers);
}

static void add_field(struct buf *head, const char *name, const char *value)
{
	buf_add_text(head, name);
	buf_add(head, ": ", 2);
	buf_add_text(head, value);
	buf_add(head, "\r\n", 2);
}

struct str response_head(struct request *req, int status, const char *content_type, int64_t length,
                         const char *connection)
{
	struct buf *head = &req->home->head;

	begin_head(req->home, status);
	add_field(head, "Vigil-Request-Id", req->id);
	buf_add_str(head, buf_str(&req->extra));
	if (content_type)
		add_field(head, "Content-Type", content_type);
	if (length >= 0)
		http_answer_length(head, (uint64_t)length);
	if (req->is_chunked_out)
		buf_add_text(head, "Transfer-Encoding: chunked\r\n");
	if (connection)
		add_field(head, "Connection", connection);
	buf_add(head, "\r\n", 2);
	return buf_str(head);
}

static bool is_kept(const struct request *req)
{
	return req->head.is_keep_alive && !req->home->is_draining &&
	       request_unread(req) != UINT64_MAX;
}

/* The Connection field that tells it. */
static const char *connection_of(const struct request *req, bool kept)
{
	if (!kept)
		return "close";
	return req->head.minor == 0 ? "keep-alive" : NULL;
}

static void finish(struct request *req, int status, bool kept)
{
	struct http_conn *hc = req->conn;
	uint64_t unread = request_unread(req);

	kept = kept && unread != UINT64_MAX && !req->home->is_draining;
	request_over(req, hc ? status : STATUS_GONE);
	if (!hc)
		return;
	hc->req = NULL;
	hc->discard_left = kept ? unread : 0;
	http_conn_next(hc, kept);
}

void response_header(struct request *req, const char *name, struct str value)
{
	if (http_answer_field(&req->extra, name, value) != ERR_OK)
		req->is_split = true;
}

/* Statuses that never have a body, and so no length (RFC 9110 §8.6). */
static bool has_no_body(int status)
{
	return status < 200 || status == 204 || status == 304;
}

static void send_large(struct request *req, struct str head, struct str body)
{
	struct http_conn *hc = req->conn;

	buf_add_str(&hc->out, head);
	buf_add_str(&hc->out, body);
	if (buf_err(&hc->out) != ERR_OK) {
		buf_done(&hc->out);
		conn_close(hc->conn, ERR_NO_MEMORY);
	}
}

void response_send(struct request *req, int status, const char *content_type, struct str body)
{
	assert(req->state == REQUEST_OPEN);
	if (!req->conn) {
		finish(req, STATUS_GONE, false);
		return;
	}
	if (req->is_split) {
		buf_clear(&req->extra);
		status = 500;
		content_type = NULL;
		body = (struct str){ 0 };
	}
	bool kept = is_kept(req);
	int64_t length = has_no_body(status) ? -1 : (int64_t)body.size;
	struct str head =
		response_head(req, status, content_type, length, connection_of(req, kept));
	if (req->head.method == HTTP_HEAD || has_no_body(status))
		body.size = 0;
	if (body.size > HTTP_SEND_WHOLE) {
		send_large(req, head, body);
	} else {
		struct iovec parts[2] = { part_of(head), part_of(body) };
		(void)http_conn_send(req->conn, parts, body.size ? 2 : 1);
	}
	finish(req, status, kept);
}

void response_empty(struct request *req, int status)
{
	response_send(req, status, NULL, (struct str){ 0 });
}

static void add_member(struct buf *out, const char *name, struct str value)
{
	if (value.size == 0 || !str_is_utf8(value))
		return;
	buf_add_text(out, ",\"");
	buf_add_text(out, name);
	buf_add_text(out, "\":");
	json_add_quoted(out, value);
}

static void write_problem(struct buf *out, const struct problem *problem, const char *instance)
{
	buf_printf(out, "{\"type\":\"/problems/%s\",\"status\":%d", problem->name, problem->status);
	add_member(out, "title", str_of(problem->title));
	add_member(out, "detail", str_of(problem->detail));
	add_member(out, "instance", str_of(instance));
	add_member(out, "field", str_of(problem->field));
	if (problem->code)
		buf_printf(out, ",\"code\":%d", problem->code);
	buf_add_text(out, "}");
}

#define PROBLEM_BYTES_MAX 8192

void response_problem(struct request *req, const struct problem *problem)
{
	AUTO_BUF body = { 0 };

	buf_init(&body, PROBLEM_BYTES_MAX);
	write_problem(&body, problem, req->id);
	if (buf_err(&body) != ERR_OK)
		buf_clear(&body);
	response_send(req, problem->status, "application/problem+json", buf_str(&body));
}

static const struct {
	int status;
	const char *name, *title;
} refusals[] = {
	{ 400, "invalid-request", "The request is not well-formed" },
	{ 408, "timeout", "The request did not arrive in time" },
	{ 413, "too-large", "The request is too large" },
	{ 414, "too-large", "The address is too long" },
	{ 417, "invalid-request", "The expectation cannot be met" },
	{ 431, "too-large", "The request's fields are too large or too many" },
	{ 501, "not-implemented", "The method or transfer coding is not implemented" },
	{ 503, "busy", "Too busy, try again later" },
	{ 505, "not-implemented", "This version of HTTP is not spoken here" },
};

void response_refuse(struct http_conn *hc, int status)
{
	struct problem problem = { status, refusals[0].name, refusals[0].title, NULL, NULL, 0 };
	struct buf *head = &hc->home->head;
	AUTO_BUF body = { 0 };

	metric_count(METRIC_http_malformed_total);
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		if (refusals[i].status == status) {
			problem.name = refusals[i].name;
			problem.title = refusals[i].title;
		}
	}
	buf_init(&body, PROBLEM_BYTES_MAX);
	write_problem(&body, &problem, NULL);
	begin_head(hc->home, status);
	buf_add_text(head, "Content-Type: application/problem+json\r\n");
	http_answer_length(head, body.size);
	buf_add_text(head, "Connection: close\r\n\r\n");
	struct iovec parts[2] = { part_of(buf_str(head)), part_of(buf_str(&body)) };
	(void)http_conn_send(hc, parts, 2);
	http_conn_next(hc, false);
}

/* Length -1: chunked, or ended by the connection. */
static void begin(struct request *req, int status, const char *content_type, int64_t length)
{
	assert(req->state == REQUEST_OPEN);
	req->state = REQUEST_STREAMING;
	req->status = status;
	if (!req->conn)
		return;
	if (req->is_split)
		buf_clear(&req->extra);
	req->is_chunked_out = length < 0 && req->head.minor > 0;
	req->is_kept = (length >= 0 || req->is_chunked_out) && is_kept(req);
	struct iovec part = part_of(
		response_head(req, status, content_type, length, connection_of(req, req->is_kept)));
	(void)http_conn_send(req->conn, &part, 1);
}

void response_begin(struct request *req, int status, const char *content_type,
                    void (*on_room)(void *owner, struct request *req), void *owner)
{
	req->on_room = on_room;
	req->room_owner = owner;
	begin(req, status, content_type, -1);
}

void response_begin_length(struct request *req, int status, const char *content_type,
                           uint64_t length, void (*on_room)(void *owner, struct request *req),
                           void *owner)
{
	req->on_room = on_room;
	req->room_owner = owner;
	begin(req, status, content_type, (int64_t)length);
}

enum err response_write(struct request *req, struct str bytes)
{
	char line[HTTP_CHUNK_LINE_SIZE];

	assert(req->state == REQUEST_STREAMING);
	if (!req->conn)
		return ERR_CLOSED;
	if (bytes.size == 0 || req->head.method == HTTP_HEAD)
		return ERR_OK;
	if (bytes.size > RESPONSE_WRITE_MAX)
		return ERR_TOO_LARGE;
	if (conn_queued_bytes(req->conn->conn) > RESPONSE_QUEUE_MAX) {
		req->is_room_wanted = req->on_room != NULL;
		return ERR_BUSY;
	}
	if (!req->is_chunked_out) {
		struct iovec part = part_of(bytes);
		return http_conn_send(req->conn, &part, 1);
	}
	struct iovec parts[3] = {
		part_of((struct str){ line, http_chunk_line(bytes.size, line) }),
		part_of(bytes),
		part_of(STR("\r\n")),
	};
	return http_conn_send(req->conn, parts, 3);
}

void response_end(struct request *req)
{
	assert(req->state == REQUEST_STREAMING);
	if (req->conn && req->is_chunked_out && req->head.method != HTTP_HEAD) {
		struct iovec part = part_of(STR(HTTP_CHUNK_LAST));
		(void)http_conn_send(req->conn, &part, 1);
	}
	finish(req, req->status, req->is_kept);
}

void response_abort(struct request *req)
{
	struct http_conn *hc = req->conn;

	assert(req->state == REQUEST_STREAMING);
	request_over(req, hc ? 500 : STATUS_GONE);
	if (!hc)
		return;
	hc->req = NULL;
	hc->state = HTTP_CONN_CLOSING;
	hc->deadline_ms = INT64_MAX;
	conn_close(hc->conn, ERR_OK);
}
