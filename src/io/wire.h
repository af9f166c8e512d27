/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h — bytes over a socket, plain or TLS, behind one pair of calls. For io/conn alone.
 */
#ifndef VIGIL_IO_WIRE_H
#define VIGIL_IO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"

#define WIRE_RECORD_BYTES (16 * 1024)

struct ssl_st;

struct wire {
	int fd;
	struct ssl_st *ssl;  /* NULL: plain */
	bool needs_writable; /* TLS must write before it can read on */
	bool needs_readable; /* TLS must read before it can write on: a handshake under way */
	bool must_repeat;  /* the last write's bytes must come again: OpenSSL made a record of them
	                    */
	bool is_settled;   /* the handshake is over, and it is known who seals: */
	bool is_in_kernel; /* kTLS: what is sent goes to the socket as it is */
};

/* OK with 1.. bytes; ERR_MORE: none now; ERR_CLOSED; ERR_MALFORMED (TLS); ERR_IO. */
enum err wire_read(struct wire *wire, uint8_t *to, size_t room, size_t *out_size);

/* OK with what was taken (maybe not all); ERR_MORE: nothing now. Where OpenSSL seals it is at most
 * one record a call. */
enum err wire_write(struct wire *wire, const struct iovec *parts, size_t count, size_t *out_size);

/* Says goodbye: TLS close_notify, then no more bytes from us. */
void wire_shutdown(struct wire *wire);
void wire_done(struct wire *wire);
/* Lets go of the socket, which stays open. */
void wire_leave(struct wire *wire);

#endif
