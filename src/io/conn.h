/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn.h — one connected socket, plain or TLS; lives on one loop from accept to close.
 *
 * Threads  the loop's own.
 * Memory   the loop owns the conn; conn_close() frees it at the end of the turn, after on_closed.
 * Errors   after a failure the conn closes itself; the owner hears of it in on_closed only.
 *
 * A writer chooses: conn_send() queues what the kernel does not take (messages), conn_try_send()
 * does not (viewers: the bytes are in the ring anyway).
 */
#ifndef VIGIL_IO_CONN_H
#define VIGIL_IO_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"

#define CONN_ADDRESS_SIZE 56            /* "[ipv6]:port" and a NUL */
#define CONN_QUEUE_MAX    (1024 * 1024) /* bytes that may wait in a conn's own queue */
#define CONN_DRAIN_MS     2000          /* how long a closing conn waits for its peer */
#define CONN_PARTING_MS   10000         /* and for some of its queue to be taken */

struct conn;
struct tls;

struct conn_events {
	/* Bytes came in; borrowed for the call. */
	void (*on_bytes)(void *owner, const uint8_t *bytes, size_t size);
	/* The socket takes bytes again (after conn_want_write(), or when the queue ran empty);
	 * may be NULL. */
	void (*on_writable)(void *owner);
	/* The last call. ERR_OK: closed by us; ERR_CLOSED: by the peer; else what failed. */
	void (*on_closed)(void *owner, enum err err);
};

/* Takes the connected or connecting, non-blocking socket `fd`. `tls` (may be NULL) makes it
 * recognise TLS by the first byte; with is_tls_required a plain first byte closes it. */
struct conn_setup {
	int fd;
	struct tls *tls;
	bool is_tls_required;
	const struct conn_events *events;
	void *owner;
	_Atomic size_t *open_count; /* counted down at close; may be NULL */
	const char *server_name;    /* a dialled TLS connection's; else NULL */
};
/* On failure the socket is still the caller's. */
enum err conn_new(struct loop *loop, const struct conn_setup *setup, struct conn **out);

/* Another owner from now on: a connection becomes a viewer, a WebSocket, a tunnel. */
void conn_hand_over(struct conn *conn, const struct conn_events *events, void *owner);

/* Sends all, queueing what does not go at once. ERR_BUSY (and the conn closes) when more than
 * CONN_QUEUE_MAX bytes would wait. */
enum err conn_send(struct conn *conn, const void *bytes, size_t size);
enum err conn_send_parts(struct conn *conn, const struct iovec *parts, size_t count);

/* Sends what goes at once and says how much; ERR_BUSY when the socket is full (nothing sent). */
enum err conn_try_send(struct conn *conn, const struct iovec *parts, size_t count,
                       size_t *out_sent);
void conn_want_write(struct conn *conn);

/* Bytes in the conn's own queue. */
size_t conn_queued_bytes(const struct conn *conn);

/* The network itself finds a peer that is gone without a word, within about two minutes: for
 * protocols that are silent while all is well. */
void conn_keep_alive(struct conn *conn);

/* Stops and starts reading, so that a fast sender waits. */
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);

/* Closes by loop_defer(); what is queued is dropped. Safe to call again. */
void conn_close(struct conn *conn, enum err why);
/* Sends what is queued, while the peer takes some of it each CONN_PARTING_MS, says goodbye, then
 * waits up to CONN_DRAIN_MS for the peer to do so. The owner hears no more bytes. */
void conn_close_gently(struct conn *conn);

/* conn_close() for every conn of the loop: a program that ends. */
void conn_close_all(struct loop *loop);

struct loop *conn_loop(const struct conn *conn);
bool conn_is_tls(const struct conn *conn);
bool conn_is_loopback(const struct conn *conn);

/* "address:port" of the peer, or of our end. */
void conn_peer(const struct conn *conn, char out[CONN_ADDRESS_SIZE]);
void conn_local(const struct conn *conn, char out[CONN_ADDRESS_SIZE]);

#endif
