/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/live/feeder.h"

#include "base/clock.h"

void feeder_start(struct feeder *feeder, struct viewer *viewer, struct conn *conn)
{
	*feeder = (struct feeder){ .viewer = viewer, .conn = conn };
}

void feeder_stop(struct feeder *feeder)
{
	if (feeder->conn)
		loop_timer_stop(conn_loop(feeder->conn), &feeder->stall);
}

/* Who takes nothing for so long is gone: the camera need not go on for him. */
static void on_stall(struct timer *timer)
{
	struct feeder *feeder = CONTAINER_OF(timer, struct feeder, stall);
	int64_t limit_ms = feeder->is_paused ? FEEDER_PAUSE_MS : FEEDER_STALL_MS;
	int64_t left_ms = feeder->blocked_ms + limit_ms - clock_steady_ms();

	if (!feeder->viewer->is_blocked)
		return;
	if (left_ms > 0)
		loop_timer_start(conn_loop(feeder->conn), timer, left_ms, on_stall);
	else
		conn_close(feeder->conn, ERR_TIMEOUT);
}

/* The timer is left alone while it runs: most viewers go on long before it fires. */
static void block(struct feeder *feeder)
{
	viewer_block(feeder->viewer);
	feeder->blocked_ms = clock_steady_ms();
	if (!timer_is_running(&feeder->stall))
		loop_timer_start(conn_loop(feeder->conn), &feeder->stall, FEEDER_STALL_MS,
		                 on_stall);
}

bool feeder_send(struct feeder *feeder, const struct iovec parts[], size_t count, size_t *out_sent)
{
	size_t wanted = 0;

	for (size_t i = 0; i < count; i++)
		wanted += parts[i].iov_len;
	*out_sent = 0;
	enum err err = conn_try_send(feeder->conn, parts, count, out_sent);
	if (err != ERR_OK && err != ERR_BUSY)
		return false; /* on_closed follows */
	if (*out_sent == wanted)
		return true;
	block(feeder);
	conn_want_write(feeder->conn);
	return false;
}

static bool go_on(struct feeder *feeder)
{
	if (!feeder->viewer->outlet || feeder->is_paused)
		return false;
	viewer_unblock(feeder->viewer);
	return feeder->viewer->is_started;
}

bool feeder_writable(struct feeder *feeder)
{
	return go_on(feeder);
}

bool feeder_pause(struct feeder *feeder, bool is_paused)
{
	feeder->is_paused = is_paused;
	if (is_paused && feeder->viewer->outlet)
		block(feeder);
	return !is_paused && go_on(feeder);
}
