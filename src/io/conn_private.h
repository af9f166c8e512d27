/* SPDX-License-Identifier: Apache-2.0 */
/* conn_private.h — what conn.c and conn_send.c share. */
#ifndef VIGIL_IO_CONN_PRIVATE_H
#define VIGIL_IO_CONN_PRIVATE_H

#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "io/conn.h"
#include "io/wire.h"

/*
 * SNIFFING --first byte--> OPEN --conn_close_gently()--> PARTING --all sent--> DRAINING --> CLOSED
 * Any state goes to CLOSED by conn_close(), a failure, or the peer.
 */
enum conn_state { CONN_SNIFFING, CONN_OPEN, CONN_PARTING, CONN_DRAINING, CONN_CLOSED };

struct conn {
	uv_poll_t poll;
	struct wire wire;
	struct loop *loop;
	struct tls *tls; /* while sniffing */
	const struct conn_events *events;
	void *owner;
	struct buf queue;
	struct list_node node; /* in loop_conns() */
	struct mail closing, reading;
	struct timer drain;
	size_t parting_left; /* what was queued when `drain` last looked */
	_Atomic size_t *open_count;
	enum conn_state state;
	enum err why;
	int polled; /* what libuv watches now */
	bool is_paused, wants_write, is_tls_required;
	bool is_reading_deferred, is_handle_closed;
};

/* Tells libuv what we wait for, when that has changed. */
void conn_watch(struct conn *conn);

/* Sends what is queued as far as the socket takes it; only its failure is one. */
enum err conn_flush(struct conn *conn);

#endif
