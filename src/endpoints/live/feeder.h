/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feeder.h — between a viewer and its connection, whatever the protocol: sends what the socket
 * takes, waits when it is full, and gives up on who takes nothing.
 *
 * Threads  the connection's loop.
 * Memory   inside its owner, beside the viewer; feeder_stop() before either goes.
 */
#ifndef VIGIL_ENDPOINTS_FEEDER_H
#define VIGIL_ENDPOINTS_FEEDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "domain/live/live.h"
#include "io/conn.h"

#define FEEDER_STALL_MS 30000  /* a viewer that takes nothing for so long is closed */
#define FEEDER_PAUSE_MS 300000 /* and one that asked for a pause */

struct feeder {
	struct viewer *viewer;
	struct conn *conn;
	struct timer stall;
	int64_t blocked_ms; /* since when, while the viewer is blocked */
	bool is_paused;
};

void feeder_start(struct feeder *feeder, struct viewer *viewer, struct conn *conn);
void feeder_stop(struct feeder *feeder);

/* Sends the parts; true when all were taken. Else the viewer is blocked, or its connection about to
 * close, and there is no more to do until feeder_writable(). */
bool feeder_send(struct feeder *feeder, const struct iovec parts[], size_t count, size_t *out_sent);

/* The socket takes bytes again: true when there is a picture to go on with. */
bool feeder_writable(struct feeder *feeder);

/* The peer wants nothing for now; what it then wants is the newest. As feeder_writable(). */
bool feeder_pause(struct feeder *feeder, bool is_paused);

#endif
