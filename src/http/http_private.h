/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_private.h — what the files of this folder share.
 *
 * A connection that waits for its next request is a struct http_conn and nothing else; requests
 * come from a pool of the loop's, with their buffers.
 */
#ifndef VIGIL_HTTP_HTTP_PRIVATE_H
#define VIGIL_HTTP_HTTP_PRIVATE_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/mail.h"
#include "base/timer.h"
#include "http/http_server.h"
#include "proto/http/chunked.h"
#include "proto/http/date.h"

#define STATUS_GONE        499          /* nobody is left to read the answer */
#define HTTP_POOL_MAX      256          /* requests a loop keeps for reuse */
#define HTTP_POOL_KEEP     8192         /* bytes of a buffer that is kept with them */
#define HTTP_SEND_WHOLE    (128 * 1024) /* larger bodies are sent as the client takes them */
#define HTTP_IN_MAX        (512 * 1024) /* read ahead of what was asked, before pausing took hold */
#define HTTP_DRAIN_IDLE_MS 500          /* an idle connection may still have a request on its way */

/* One loop's share of the server. */
struct http_loop {
	struct http_server *server;
	struct loop *loop;
	struct list conns;
	struct request *pool;
	size_t pool_count;
	struct buf head; /* where heads of answers are written */
	char date[HTTP_DATE_SIZE + 8];
	int64_t date_s;
	char prefix[9]; /* of request ids */
	uint64_t sequence;
	struct mail drain;
	struct timer drain_timer;
	bool is_draining, is_drained;
};

struct http_server {
	struct http_server_setup setup;
	struct router *router;
	struct listener *listeners[HTTP_LISTENERS_MAX];
	size_t listener_count;
	struct http_loop *loops[HTTP_LOOPS_MAX]; /* by the loop's index */
	_Atomic size_t undrained;
	http_drained_fn *on_drained;
	void *drain_owner;
};

/*
 * HEAD --whole--> GUARD --ok--> GUARDED --body--> BODY --whole--> HANDLER --answered--> HEAD
 *                                  '---no body or streamed-----------^  '--large--> FLUSH --> HEAD
 * An answer may come in any state from GUARD on; an unread body leads to DISCARD, then HEAD.
 * CLOSING: the last answer was given; TAKEN: the connection has another owner.
 */
enum http_conn_state {
	HTTP_CONN_HEAD,
	HTTP_CONN_GUARD,
	HTTP_CONN_GUARDED,
	HTTP_CONN_BODY,
	HTTP_CONN_HANDLER,
	HTTP_CONN_FLUSH,
	HTTP_CONN_DISCARD,
	HTTP_CONN_CLOSING,
	HTTP_CONN_TAKEN,
};

struct http_conn {
	struct http_loop *home;
	struct conn *conn;
	struct list_node node;
	struct timer timer;
	int64_t deadline_ms; /* the timer may fire earlier and look here */
	struct http_scan scan;
	struct str feed; /* what is being looked at, while stepping */
	struct buf in;   /* what came and was not looked at yet */
	struct buf out;  /* the rest of a large answer */
	size_t out_at;
	uint64_t written, progress; /* bytes handed to conn; how many were gone at the last look */
	uint64_t discard_left;
	struct request *req;
	struct mail step;
	enum http_conn_state state;
	bool is_stepping, is_step_posted, is_dead;
	bool is_paused, is_last, is_head_begun;
};

struct request {
	struct http_conn *conn; /* NULL: gone */
	struct http_loop *home;
	struct request *next; /* in the pool */
	enum { REQUEST_POOLED, REQUEST_OPEN, REQUEST_STREAMING } state;
	struct router_match match;
	const struct route *route;
	struct str path;
	struct buf head_copy, body, extra;
	struct arena arena;
	void *actor;
	request_gone_fn *on_gone;
	void *gone_owner;
	const struct request_body_events *body_events;
	void *body_owner;
	struct http_chunked chunked;
	uint64_t body_seen;
	bool is_body_done, is_body_broken, is_body_paused, is_continue_due;
	bool is_chunked_out, is_room_wanted, is_kept;
	bool is_split; /* a field was refused */
	void (*on_room)(void *owner, struct request *req);
	void *room_owner;
	int status;
	int64_t began_us;
	uint64_t serial;
	char id[REQUEST_ID_SIZE];
	struct http_head head; /* last: its headers are not cleared */
};

extern const struct conn_events http_conn_events;

/* --- http_conn.c --- */
struct http_conn *http_conn_new(struct http_loop *home);
/* The first deadline; after conn_new(). */
void http_conn_start(struct http_conn *hc);
/* Looks again, soon, at what came in meanwhile. */
void http_conn_step_later(struct http_conn *hc);
/* The request was answered, and `hc` has no request any more. */
void http_conn_next(struct http_conn *hc, bool is_kept);
/* Makes `hc` forget its conn (which goes on living). Gives what was read behind the request. */
void http_conn_release(struct http_conn *hc, struct buf *leftover);
/* Nothing came within this time: see on_timeout(). */
void http_conn_set_deadline(struct http_conn *hc, int64_t ms);
enum err http_conn_send(struct http_conn *hc, const struct iovec *parts, size_t count);
/* Sends `out`, as far as it goes. */
void http_conn_flush(struct http_conn *hc);
/* Idle connections are closed, endless answers cut. */
void http_conn_drain(struct http_conn *hc, bool is_idle_too);

/* The server ends: closes what is left, without a word to anybody. */
void http_conn_abandon(struct http_conn *hc);

/* --- request_run.c --- */
struct request *request_take(struct http_loop *home);
void request_pool_done(struct http_loop *home);
/* Counts, logs and gives it back to the pool. */
void request_over(struct request *req, int status);
/* How much of the body is unread; UINT64_MAX when the connection cannot be kept for it. */
uint64_t request_unread(const struct request *req);
/* The route, the guard, then request_begin_body(). */
void request_dispatch(struct request *req);
void request_begin_body(struct request *req);
/* Cuts the next piece of the body off `feed`. ERR_MORE: nothing there yet. */
enum err request_next_piece(struct request *req, struct str *feed, struct str *out_piece);
void request_give_piece(struct request *req, struct str piece);
/* The body is whole (ERR_OK), or will never be. */
void request_end_body(struct request *req, enum err err);

/* --- response.c --- */
/* The head of an answer in home->head; length -1: none is said. */
struct str response_head(struct request *req, int status, const char *content_type, int64_t length,
                         const char *connection);
/* Refuses a request that could not be read and closes. */
void response_refuse(struct http_conn *hc, int status);

/* --- http_server.c --- */
void http_loop_conn_gone(struct http_loop *home);

#endif
