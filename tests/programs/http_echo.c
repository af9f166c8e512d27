/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_echo — src/http behind small handlers, for the tests of the HTTP floor with real clients.
 *
 *     http_echo ADDRESS LOOPS [CERT KEY]     prints its address; SIGHUP reloads, SIGTERM drains
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "http/http_server.h"
#include "io/tls.h"
#include "proto/http/fields.h"
#include "proto/ws/ws.h"

#define LARGE_MAX   (32 * 1024 * 1024)
#define MESSAGE_MAX 65536

static int64_t number_of(struct request *req, const char *name, int64_t fallback)
{
	int64_t value;

	if (str_to_i64(request_query(req, name), 0, LARGE_MAX, &value) != ERR_OK)
		return fallback;
	return value;
}

/* What was understood: method, path and body. */
static void show(void *owner, struct request *req)
{
	struct str path = request_path(req), body = request_body(req);
	AUTO_BUF text = { 0 };

	buf_init(&text, LARGE_MAX);
	buf_printf(&text, "%s %.*s %zu ", http_method_text(request_method(req)), STR_ARG(path),
	           body.size);
	buf_add_str(&text, body);
	buf_add_text(&text, "\n");
	response_send(req, 200, "text/plain", buf_str(&text));
}

static void hello(void *owner, struct request *req)
{
	response_send(req, 200, "text/plain", STR("hello\n"));
}

static void echo(void *owner, struct request *req)
{
	response_header(req, "X-Device", request_param(req, "did"));
	response_send(req, 200, "application/octet-stream", request_body(req));
}

struct parked {
	struct timer timer;
	struct request *req;
	bool is_gone;
};

static _Atomic int parked_gone;

static void on_parked(struct timer *timer)
{
	struct parked *parked = CONTAINER_OF(timer, struct parked, timer);

	response_send(parked->req, 200, "text/plain",
	              parked->is_gone ? STR("nobody\n") : STR("slow\n"));
	free(parked);
}

static void on_parked_gone(void *owner, struct request *req)
{
	struct parked *parked = owner;

	parked->is_gone = true;
	parked_gone++;
}

static void slow(void *owner, struct request *req)
{
	struct parked *parked = calloc(1, sizeof *parked);

	if (!parked)
		abort();
	parked->req = req;
	request_on_gone(req, on_parked_gone, parked);
	loop_timer_start(request_loop(req), &parked->timer, number_of(req, "ms", 50), on_parked);
}

static void gone(void *owner, struct request *req)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%d\n", parked_gone);
	response_send(req, 200, "text/plain", str_of(text));
}

static void large(void *owner, struct request *req)
{
	size_t size = (size_t)number_of(req, "size", 0);
	AUTO_FREE char *body = malloc(size + 1);

	if (!body)
		abort();
	memset(body, 'x', size + 1);
	response_send(req, 200, "application/octet-stream", (struct str){ body, size });
}

struct streaming {
	int64_t left;
	int64_t size;
	char *block;
};

static void stream_more(void *owner, struct request *req)
{
	struct streaming *streaming = owner;
	enum err err = ERR_OK;

	while (err == ERR_OK && streaming->left > 0) {
		err = response_write(req,
		                     (struct str){ streaming->block, (size_t)streaming->size });
		streaming->left -= err == ERR_OK;
	}
	if (err == ERR_BUSY)
		return;
	response_end(req);
	free(streaming->block);
	free(streaming);
}

static void on_stream_gone(void *owner, struct request *req)
{
	struct streaming *streaming = owner;

	parked_gone++;
	streaming->left = 0;
	stream_more(owner, req);
}

static void stream(void *owner, struct request *req)
{
	struct streaming *streaming = calloc(1, sizeof *streaming);

	if (!streaming)
		abort();
	streaming->left = number_of(req, "count", 10);
	streaming->size = number_of(req, "size", 1000);
	streaming->block = malloc((size_t)streaming->size + 1);
	if (!streaming->block)
		abort();
	memset(streaming->block, 's', (size_t)streaming->size + 1);
	request_on_gone(req, on_stream_gone, streaming);
	response_begin(req, 200, "application/octet-stream", stream_more, streaming);
	stream_more(streaming, req);
}

/* An answer that never ends by itself. */
static void endless(void *owner, struct request *req)
{
	struct streaming *streaming = calloc(1, sizeof *streaming);

	if (!streaming)
		abort();
	request_on_gone(req, on_stream_gone, streaming);
	response_begin(req, 200, "text/event-stream", NULL, NULL);
	(void)response_write(req, STR("data: first\n\n"));
}

struct upload {
	uint64_t size;
	unsigned sum;
	struct timer timer;
	struct request *req;
};

static void on_upload_bytes(void *owner, struct request *req, const uint8_t *bytes, size_t size)
{
	struct upload *upload = owner;

	upload->size += size;
	for (size_t i = 0; i < size; i++)
		upload->sum = upload->sum * 31 + bytes[i];
}

static void on_upload_end(void *owner, struct request *req, enum err err)
{
	struct upload *upload = owner;
	char text[64];

	(void)snprintf(text, sizeof text, "%llu %08x\n", (unsigned long long)upload->size,
	               upload->sum);
	response_send(req, err == ERR_OK ? 200 : 400, "text/plain", str_of(text));
	loop_timer_stop(loop_current(), &upload->timer);
	free(upload);
}

static void on_upload_gone(void *owner, struct request *req)
{
	parked_gone++;
	on_upload_end(owner, req, ERR_CLOSED);
}

static void on_upload_resume(struct timer *timer)
{
	request_resume_body(CONTAINER_OF(timer, struct upload, timer)->req);
}

static void upload(void *owner, struct request *req)
{
	static const struct request_body_events events = { on_upload_bytes, on_upload_end };
	struct upload *upload = calloc(1, sizeof *upload);
	int64_t pause_ms = number_of(req, "pause", 0);

	if (!upload)
		abort();
	upload->req = req;
	request_on_gone(req, on_upload_gone, upload);
	request_read_body(req, &events, upload);
	if (pause_ms == 0)
		return;
	request_pause_body(req);
	loop_timer_start(request_loop(req), &upload->timer, pause_ms, on_upload_resume);
}

static void ranges(void *owner, struct request *req)
{
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct http_range range[HTTP_RANGES_MAX];
	size_t count;
	char field[64];

	response_header(req, "Accept-Ranges", STR("bytes"));
	enum err err = http_range_read(request_header(req, "Range"), 36, range, &count);
	if (err == ERR_INVALID) {
		response_header(req, "Content-Range", STR("bytes */36"));
		response_empty(req, 416);
		return;
	}
	if (err != ERR_OK || count > 1) {
		response_send(req, 200, "text/plain", STR("0123456789abcdefghijklmnopqrstuvwxyz"));
		return;
	}
	(void)snprintf(field, sizeof field, "bytes %llu-%llu/36",
	               (unsigned long long)range[0].first, (unsigned long long)range[0].last);
	response_header(req, "Content-Range", str_of(field));
	response_send(req, 206, "text/plain",
	              (struct str){ text + range[0].first,
	                            (size_t)(range[0].last - range[0].first) + 1 });
}

struct socket {
	struct conn *conn;
	struct ws_reader *reader;
};

static void on_ws_message(void *owner, enum ws_opcode opcode, struct str message)
{
	struct socket *socket = owner;
	AUTO_BUF out = { 0 };

	buf_init(&out, MESSAGE_MAX + WS_FRAME_HEAD_SIZE);
	ws_write_message(&out, opcode, message);
	(void)conn_send(socket->conn, out.at, out.size);
}

static void on_ws_send(void *owner, const uint8_t *bytes, size_t size)
{
	struct socket *socket = owner;

	(void)conn_send(socket->conn, bytes, size);
}

static void on_ws_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	static const struct ws_events events = { on_ws_message, on_ws_send };
	struct socket *socket = owner;

	if (ws_reader_feed(socket->reader, bytes, size, &events, socket) != ERR_OK)
		conn_close_gently(socket->conn);
}

static void on_ws_closed(void *owner, enum err err)
{
	struct socket *socket = owner;

	ws_reader_free(socket->reader);
	free(socket);
}

static void websocket(void *owner, struct request *req)
{
	static const struct conn_events events = { .on_bytes = on_ws_bytes,
		                                   .on_closed = on_ws_closed };
	const char *subprotocol = request_offers_subprotocol(req, "echo") ? "echo" : NULL;
	struct socket *socket = calloc(1, sizeof *socket);
	AUTO_BUF leftover = { 0 };

	buf_init(&leftover, MESSAGE_MAX * 2);
	if (!socket || ws_reader_new(MESSAGE_MAX, &socket->reader) != ERR_OK)
		abort();
	socket->conn = request_upgrade_websocket(req, subprotocol, &events, socket, &leftover);
	if (!socket->conn)
		on_ws_closed(socket, ERR_OK);
	else if (leftover.size)
		on_ws_bytes(socket, leftover.at, leftover.size);
}

/* A viewer: the connection is not HTTP's any more. */
static void on_taken_closed(void *owner, enum err err)
{
	parked_gone++;
}

static void on_taken_bytes(void *owner, const uint8_t *bytes, size_t size)
{
}

static void taken(void *owner, struct request *req)
{
	static const struct conn_events events = { .on_bytes = on_taken_bytes,
		                                   .on_closed = on_taken_closed };

	response_header(req, "Cache-Control", STR("no-store"));
	struct conn *conn = request_take_stream(req, "video/x-flv", &events, NULL);
	if (!conn)
		return;
	(void)conn_send(conn, "FLV", 3);
	conn_close_gently(conn);
}

static void split(void *owner, struct request *req)
{
	response_header(req, "X-Name", request_query(req, "name"));
	response_send(req, 200, "text/plain", STR("never\n"));
}

static void metrics(void *owner, struct request *req)
{
	AUTO_BUF text = { 0 };

	buf_init(&text, LARGE_MAX);
	metric_write(&text);
	response_send(req, 200, "text/plain", buf_str(&text));
}

enum access { ACCESS_ALL, ACCESS_TOKEN, ACCESS_LATER };

/* clang-format off */
static const struct route routes[] = {
	{ "GET",  "/hello",              ACCESS_ALL,   0,           hello,     0               },
	{ "GET",  "/{path...}",           ACCESS_ALL,   65536,       show,      0               },
	{ "POST", "/{path...}",           ACCESS_ALL,   65536,       show,      0               },
	{ "POST", "/echo",                ACCESS_ALL,   1024 * 1024, echo,      0               },
	{ "PUT",  "/devices/{did}/echo",  ACCESS_ALL,   1024,        echo,      0               },
	{ "GET",  "/slow",                ACCESS_ALL,   0,           slow,      0               },
	{ "GET",  "/gone",                ACCESS_ALL,   0,           gone,      0               },
	{ "GET",  "/large",               ACCESS_ALL,   0,           large,     0               },
	{ "GET",  "/stream",              ACCESS_ALL,   0,           stream,    0               },
	{ "GET",  "/endless",             ACCESS_ALL,   0,           endless,   ROUTE_ENDLESS   },
	{ "POST", "/upload",              ACCESS_ALL,   LARGE_MAX,   upload,    ROUTE_STREAM_IN },
	{ "POST", "/secret",              ACCESS_TOKEN, 1024,        echo,      0               },
	{ "POST", "/later",               ACCESS_LATER, 1024,        echo,      0               },
	{ "GET",  "/ranges",              ACCESS_ALL,   0,           ranges,    0               },
	{ "GET",  "/ws",                  ACCESS_ALL,   0,           websocket, 0               },
	{ "GET",  "/taken",               ACCESS_ALL,   0,           taken,     0               },
	{ "GET",  "/split",               ACCESS_ALL,   0,           split,     0               },
	{ "GET",  "/metrics",             ACCESS_ALL,   0,           metrics,   0               },
};
/* clang-format on */

static void on_checked(struct timer *timer)
{
	struct parked *parked = CONTAINER_OF(timer, struct parked, timer);

	request_continue(parked->req);
	free(parked);
}

static enum err guard(void *owner, struct request *req, const struct route *route)
{
	static const struct problem problem = { 401, "unauthenticated", "Who are you?", NULL, NULL,
		                                0 };

	if (route->access == ACCESS_ALL || str_equal(request_bearer(req), STR("token")))
		return ERR_OK;
	if (route->access == ACCESS_LATER) {
		struct parked *parked = calloc(1, sizeof *parked);
		if (!parked)
			abort();
		parked->req = req;
		loop_timer_start(request_loop(req), &parked->timer, 30, on_checked);
		return ERR_MORE;
	}
	response_problem(req, &problem);
	return ERR_UNAUTHENTICATED;
}

#define LOOPS_MAX 8

static void on_drained(void *owner)
{
	(void)kill(getpid(), SIGINT);
}

/* Ends when all connections are drained. */
static void wait_for_end(struct http_server *server, struct tls *tls, const sigset_t *signals)
{
	struct why why = { 0 };
	int signal;

	while (sigwait(signals, &signal) == 0 && signal != SIGINT) {
		if (signal == SIGTERM)
			http_server_drain(server, on_drained, NULL);
		else if (tls && tls_reload(tls, &why) != ERR_OK)
			log_error("tls.reload", "why=%s", why.text);
	}
}

static enum err run(char **argv, int argc)
{
	struct http_server_setup setup = { .on_route = guard, .fixed_headers = "X-Fixed: 1\r\n" };
	const char *head_ms = getenv("HTTP_ECHO_HEAD_MS"), *stall_ms = getenv("HTTP_ECHO_STALL_MS");
	struct loop *loops[LOOPS_MAX];
	AUTO(http_server) server = NULL;
	AUTO(tls) tls = NULL;
	struct why why = { 0 };
	int64_t count = 0;
	sigset_t signals;

	if (str_to_i64(str_of(argv[2]), 1, LOOPS_MAX, &count) != ERR_OK)
		return ERR_INVALID;
	(void)str_to_i64(str_of(head_ms), 1, 100000, &setup.head_ms);
	(void)str_to_i64(str_of(stall_ms), 1, 100000, &setup.stall_ms);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);

	enum err err = argc > 4 ? tls_server_new(argv[3], argv[4], &tls, &why) : ERR_OK;
	if (err == ERR_OK)
		err = http_server_new(&setup, &server);
	if (err == ERR_OK)
		err = http_server_add_routes(server, routes, COUNT_OF(routes), NULL, &why);
	struct listener_setup listen = { .name = "http", .address = argv[1], .tls = tls };
	if (err == ERR_OK)
		err = http_server_listen(server, &listen, &why);
	for (int64_t i = 0; err == ERR_OK && i < count; i++)
		err = loop_new((unsigned)i, &loops[i]);
	if (err == ERR_OK)
		err = http_server_start(server, loops, (size_t)count);
	for (int64_t i = 0; err == ERR_OK && i < count; i++)
		err = loop_start(loops[i]);
	if (err != ERR_OK) {
		(void)fprintf(stderr, "%s: %s\n", err_text(err), why.text);
		exit(1);
	}
	(void)printf("%s\n", http_server_address(server, 0));
	(void)fflush(stdout);
	wait_for_end(server, tls, &signals);
	for (int64_t i = 0; i < count; i++)
		loop_stop(loops[i]);
	for (int64_t i = 0; i < count; i++)
		loop_join(loops[i]);
	http_server_free(TAKE(server));
	for (int64_t i = 0; i < count; i++)
		loop_free(loops[i]);
	return ERR_OK;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	log_start("http_echo", getenv("HTTP_ECHO_DEBUG") ? LOG_DEBUG : LOG_INFO, false);
	return run(argv, argc) == ERR_OK ? 0 : 1;
}
