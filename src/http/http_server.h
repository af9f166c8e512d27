/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server.h — HTTP/1.1 on any number of loops: connection -> request -> handler -> answer.
 *
 *     http_server_new(&setup, &server)
 *     http_server_add_routes(server, device_routes, COUNT_OF(device_routes), devices, &why)
 *     http_server_listen(server, &listen, &why)
 *     http_server_start(server, loops, count)        before the loops run
 *     ...
 *     http_server_drain(server, on_drained, owner)   any thread
 *     http_server_free(server)                       after the loops were joined, before
 * loop_free()
 *
 * Threads  as said above. Each connection stays on the loop that accepted it.
 * Limits   struct http_limits and the constants below; zero members of the setup mean these.
 */
#ifndef VIGIL_HTTP_HTTP_SERVER_H
#define VIGIL_HTTP_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "io/listener.h"
#include "io/loop.h"
#include "proto/http/head.h"

#define HTTP_LISTENERS_MAX   4
#define HTTP_LOOPS_MAX       64
#define HTTP_CONNECTIONS_MAX 65536
#define HTTP_HEAD_MS         10000 /* from the first byte (or the accept) to the whole head */
#define HTTP_IDLE_MS         60000 /* between two requests */
#define HTTP_STALL_MS        30000 /* a body or an answer that does not move */
#define HTTP_PIPELINE_BYTES  16384 /* what a client may send ahead before it has to wait */
#define HTTP_DISCARD_BYTES   65536 /* of an unwanted body that is read to keep the connection */

struct http_server;

struct http_server_setup {
	struct http_limits limits;
	int64_t head_ms, idle_ms, stall_ms;

	/* Called when the route is known, before parameters and body are looked at. ERR_OK: go
	 * on. ERR_MORE: parked, request_continue() or an answer will follow. Else the guard has
	 * answered. NULL: everybody may do everything. */
	enum err (*on_route)(void *owner, struct request *req, const struct route *route);
	void *owner;

	/* Fields every answer carries, each ended by CRLF; borrowed for good. May be NULL. */
	const char *fixed_headers;

	/* Paths are matched and handed on as sent, unchecked: for S3, which signs them. */
	bool is_path_raw;
};

enum err http_server_new(const struct http_server_setup *setup, struct http_server **out);
void http_server_free(struct http_server *server);
AUTO_DEFINE(http_server)

/* Several tables may be added, each with its owner; see router_add(). */
enum err http_server_add_routes(struct http_server *server, const struct route *routes,
                                size_t count, void *owner, struct why *why);

/* Where to listen; on_accept and owner of the listener_setup are the server's. At most
 * HTTP_LISTENERS_MAX. */
enum err http_server_listen(struct http_server *server, const struct listener_setup *listen,
                            struct why *why);

/* The address of the n-th listener, borrowed. */
const char *http_server_address(const struct http_server *server, size_t index);
/* That listener refuses plain connections. */
bool http_server_is_tls_only(const struct http_server *server, size_t index);

/* Accepts on all these loops. */
enum err http_server_start(struct http_server *server, struct loop *const loops[], size_t count);

/* Stops listening, lets requests finish, closes idle connections, cuts endless answers; then
 * `fn` is called, on one of the loops. Call it once, from any thread. */
typedef void http_drained_fn(void *owner);
void http_server_drain(struct http_server *server, http_drained_fn *fn, void *owner);

/* An accepted connection comes from elsewhere (a test, an edge's tunnel): serve it as if it had
 * been accepted on `loop`. */
enum err http_server_accept(struct http_server *server, struct loop *loop,
                            struct conn_setup *setup);

#endif
