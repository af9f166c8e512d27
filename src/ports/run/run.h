/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h — where and when the domain's callbacks run: a loop, seen without its sockets.
 *
 * Threads  run_post() from any; the timers belong to the calling thread's loop.
 */
#ifndef VIGIL_PORTS_RUN_H
#define VIGIL_PORTS_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "base/mail.h"
#include "base/timer.h"

struct loop;

/* The loop this thread runs; never NULL inside a callback. */
struct loop *run_here(void);

/* 0.. of this loop: for tables with one place for each loop. */
unsigned run_index(const struct loop *loop);
#define RUN_LOOPS_MAX 64

/* Delivers on that loop's thread, never inside this call. */
void run_post(struct loop *loop, struct mail *mail);

/* Fires once on this thread's loop. */
void run_after(struct timer *timer, int64_t delay_ms, timer_fn *fn);
/* On the thread that started it. */
void run_cancel(struct timer *timer);

/* How busy that loop is: 0..1000. */
unsigned run_busy_permille(const struct loop *loop);

#endif
