/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer.h — a heap of due times. Pure: the time is passed in; io/loop turns it.
 *
 * A zeroed timer is stopped. A timer lives inside its owner and must be stopped before the owner
 * is freed. Starting a running timer moves it. Not more than one heap at a time.
 */
#ifndef VIGIL_BASE_TIMER_H
#define VIGIL_BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct timer;
typedef void timer_fn(struct timer *timer);

struct timer {
	int64_t due_ms;
	timer_fn *fn;
	size_t place; /* 1.. in the heap; 0: stopped */
};

struct timer_heap {
	struct timer **timers;
	size_t count, room;
};

void timer_heap_done(struct timer_heap *heap);

/* ERR_NO_MEMORY leaves the timer stopped. */
enum err timer_start(struct timer_heap *heap, struct timer *timer, int64_t due_ms, timer_fn *fn);
void timer_stop(struct timer_heap *heap, struct timer *timer);

static inline bool timer_is_running(const struct timer *timer)
{
	return timer->place != 0;
}

/* Stops and gives the first timer that is due at now_ms, or NULL. */
struct timer *timer_take_due(struct timer_heap *heap, int64_t now_ms);

/* When the first one is due; INT64_MAX for an empty heap. */
int64_t timer_next_due_ms(const struct timer_heap *heap);

#endif
