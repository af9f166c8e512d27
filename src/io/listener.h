/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener.h — one address that accepts connections for all loops.
 *
 * Threads  open, start and free before or after the loops run; the callback on the accepting loop.
 * Errors   listener_open(): with why, in words that name the address and the remedy.
 *
 * A socket is inherited instead of opened when LISTEN_FDS and LISTEN_FDNAMES name it
 * (sd_listen_fds(3)): so a new server takes over without refusing anybody. When descriptors run
 * out, connections are accepted and closed at once, and counted.
 */
#ifndef VIGIL_IO_LISTENER_H
#define VIGIL_IO_LISTENER_H

#include "base/err.h"
#include "base/mem.h"
#include "io/conn.h"
#include "io/loop.h"

#define LISTENER_BACKLOG          4096
#define LISTENER_ACCEPTS_PER_TURN 64

struct listener;
struct tls;

struct listener_setup {
	const char *name;      /* "http": the name in LISTEN_FDNAMES and in messages */
	const char *address;   /* ADDR:PORT or [ADDR]:PORT; port 0 picks a free one */
	struct tls *tls;       /* NULL: no TLS */
	bool is_plain_allowed; /* beyond loopback; on loopback plain is always allowed */
	size_t connections_max;
	bool is_backlog_served; /* listener_stop() takes those who wait, instead of resetting them
	                         */
	unsigned accepts_per_s; /* each loop's; the rest waits in the backlog. 0: no limit */
	/* A new connection on this loop. The callback fills events and owner of *setup and calls
	 * conn_new(); an error closes the socket. */
	enum err (*on_accept)(void *owner, struct loop *loop, struct conn_setup *setup);
	void *owner;
};

/* ERR_DENIED for a plain address beyond loopback without is_plain_allowed. */
enum err listener_open(const struct listener_setup *setup, struct listener **out, struct why *why);
/* When its connections are gone and its loops have ended, or never ran; before they are freed. */
void listener_free(struct listener *listener);
AUTO_DEFINE(listener)

/* Begins accepting on `loop` (its own thread, or before it runs); once for each loop. */
enum err listener_start(struct listener *listener, struct loop *loop);

/* No more connections on `loop`; on its own thread, or when that has ended. After the last loop's
 * the address is refused, unless the socket was inherited: then those who come wait for the next
 * server. */
void listener_stop(struct listener *listener, struct loop *loop);

/* Plain connections are refused here: beyond loopback, and nobody has allowed them. */
bool listener_is_tls_only(const struct listener *listener);

/* "127.0.0.1:8080": where it really listens. Borrowed. */
const char *listener_address(const struct listener *listener);

#endif
