/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h — one thread that owns sockets, protocols and timers, and never blocks.
 *
 * Threads  loop_post(), loop_stop() and loop_busy_permille() from any; all else on the loop's own
 *          thread, or before loop_start().
 * Memory   timers and mails live inside their owners (base/timer.h, base/mail.h).
 * Time     timers follow base/clock, so that a test clock moves them.
 *
 * A callback that takes more than 10 ms is a defect: every turn is measured (loop_lag_us).
 */
#ifndef VIGIL_IO_LOOP_H
#define VIGIL_IO_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mail.h"
#include "base/mem.h"
#include "base/timer.h"

#define LOOP_READ_BYTES (64 * 1024)

struct loop;
struct uv_loop_s;

enum err loop_new(unsigned index, struct loop **out);
/* The loop must have been joined, or never started. */
void loop_free(struct loop *loop);
AUTO_DEFINE(loop)

/* Runs on a thread of its own until loop_stop(), or on this one until then. */
enum err loop_start(struct loop *loop);
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
void loop_join(struct loop *loop);

/* Delivers what was posted to a joined loop too late; true when there was any. Several loops that
 * post to each other are settled until none has any. */
bool loop_settle(struct loop *loop);

/* Runs turns on this thread until `until` tells true or `ms` have passed; for unit tests. */
bool loop_run_until(struct loop *loop, bool (*until)(void *arg), void *arg, int64_t ms);

/* The loop of the calling thread, or NULL. */
struct loop *loop_current(void);
unsigned loop_index(const struct loop *loop);

/* Delivers the mail on the loop's thread, in the order of posting, never inside this call. */
void loop_post(struct loop *loop, struct mail *mail);

/* The same from the loop's own thread: at the end of this turn, before it sleeps; where there is
 * very much of it, the rest at the end of the next ones. */
void loop_defer(struct loop *loop, struct mail *mail);

/* Fires once, `delay_ms` from now (0: in the next turn). */
void loop_timer_start(struct loop *loop, struct timer *timer, int64_t delay_ms, timer_fn *fn);
void loop_timer_stop(struct loop *loop, struct timer *timer);

/* Makes the loop look at its timers again: the test clock was moved. Any thread. */
void loop_clock_moved(struct loop *loop);

/* How much of the last half second the loop was at work: 0..1000. */
unsigned loop_busy_permille(const struct loop *loop);

/* For io/ alone: libuv's loop, the conns that live here, and the buffer all reads of this loop
 * share (LOOP_READ_BYTES). A callback of libuv's says first that a turn may begin with it: libuv
 * has no hook between its sleep and the callbacks. */
void loop_turn(struct loop *loop);
struct uv_loop_s *loop_uv(struct loop *loop);
struct list *loop_conns(struct loop *loop);
uint8_t *loop_read_buffer(struct loop *loop);

#endif
