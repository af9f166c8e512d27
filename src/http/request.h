/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h — one HTTP request, from its head to its only answer.
 *
 * A handler answers now or parks: each request is answered exactly once (http/response.h), from
 * its loop's thread, maybe much later; after that it must not be touched. When the connection
 * died meanwhile, the answer goes nowhere and frees the request all the same.
 *
 * Threads  its loop's own. To work elsewhere, park, and come back by loop_post() or a lane.
 * Memory   the request belongs to the server. Every str it gives lives until the answer.
 * Errors   a lookup that finds nothing gives an empty str whose `at` is NULL.
 */
#ifndef VIGIL_HTTP_REQUEST_H
#define VIGIL_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "io/conn.h"
#include "proto/http/head.h"

#define REQUEST_PARAMS_MAX  8
#define REQUEST_ARENA_BYTES (1024 * 1024) /* what one request may take from its arena */
#define REQUEST_ID_SIZE     32            /* with its NUL */

struct request;
struct route;

/* The method as sent; HEAD stays HEAD, its answer's body is left out for the handler. */
enum http_method request_method(const struct request *req);

/* Decoded, without the query. */
struct str request_path(const struct request *req);
/* As sent, with the query: for signatures. Never log it. */
struct str request_target(const struct request *req);
/* The authority the client asked for ("name:port"), from the target or the Host field. */
struct str request_host(const struct request *req);

/* What the pattern's {name} matched, decoded. */
struct str request_param(const struct request *req, const char *name);

/* The first value of `name` in the query, decoded ('+' is a space). */
struct str request_query(struct request *req, const char *name);

/* The first field of that name; names are compared without case. */
struct str request_header(const struct request *req, const char *name);
struct str request_cookie(const struct request *req, const char *name);

/* The token of `Authorization: Bearer`; empty if there is none. */
struct str request_bearer(const struct request *req);

/* The whole body; empty on routes that stream it. */
struct str request_body(const struct request *req);
/* What Content-Length said; -1 for a chunked body, 0 for none. */
int64_t request_body_length(const struct request *req);

/* Memory that lives as long as the request. */
struct arena *request_arena(struct request *req);

/* The id in the log and in the answer's Vigil-Request-Id. */
const char *request_id(const struct request *req);

struct loop *request_loop(const struct request *req);
const struct route *request_route(const struct request *req);

/* "address:port" of the peer; empty when the connection is gone. */
void request_peer(const struct request *req, char out[CONN_ADDRESS_SIZE]);
/* "address:port" of our end; empty when the connection is gone. */
void request_local(const struct request *req, char out[CONN_ADDRESS_SIZE]);
bool request_is_tls(const struct request *req);
bool request_is_loopback(const struct request *req);

/* Who asks, for the guard and the handlers; this floor does not look at it. */
void request_set_actor(struct request *req, void *actor);
void *request_actor(const struct request *req);

/* Calls `fn` when the connection dies before the answer; the request must still be answered, in
 * `fn` or later. */
typedef void request_gone_fn(void *owner, struct request *req);
void request_on_gone(struct request *req, request_gone_fn *fn, void *owner);
bool request_is_gone(const struct request *req);

/* Goes on with a request whose guard said ERR_MORE. */
void request_continue(struct request *req);

/* Streaming in (routes with ROUTE_STREAM_IN): the handler calls request_read_body() before it
 * returns or later; only then is 100-continue said. Bytes are borrowed for the call. on_body_end
 * is called once, unless the request is answered before or the peer goes (request_on_gone):
 * ERR_OK for a whole body; ERR_TOO_LARGE, ERR_MALFORMED or ERR_TIMEOUT otherwise, and the handler
 * answers that too. */
struct request_body_events {
	void (*on_body)(void *owner, struct request *req, const uint8_t *bytes, size_t size);
	void (*on_body_end)(void *owner, struct request *req, enum err err);
};
void request_read_body(struct request *req, const struct request_body_events *events, void *owner);
void request_pause_body(struct request *req);
void request_resume_body(struct request *req);

/* Takes the connection out of HTTP's hands: it belongs to `owner` from now on, nothing is sent,
 * and the request is over (not to be answered). What the peer sent behind the head is appended to
 * *leftover. NULL (and the request is over) when the connection is gone. */
struct conn *request_take_conn(struct request *req, const struct conn_events *events, void *owner,
                               struct buf *leftover);

/* The same after sending a 200 whose body ends with the connection: what the new owner sends is
 * the body. Fields added by response_header() go out with it. */
struct conn *request_take_stream(struct request *req, const char *content_type,
                                 const struct conn_events *events, void *owner);

/* Asks for a WebSocket (RFC 6455 §4.2.1) — well-formed or not. */
bool request_is_websocket(const struct request *req);
/* Sec-WebSocket-Protocol lists `name`. */
bool request_offers_subprotocol(const struct request *req, const char *name);
/* Says 101 and takes the connection as request_take_conn() does; `subprotocol` may be NULL. NULL
 * when the handshake was wrong (then 400 or 426 was answered) or the connection is gone. */
struct conn *request_upgrade_websocket(struct request *req, const char *subprotocol,
                                       const struct conn_events *events, void *owner,
                                       struct buf *leftover);

#endif
