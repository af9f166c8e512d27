/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timer.h"

#include <stdlib.h>

void timer_heap_done(struct timer_heap *heap)
{
	free(heap->timers);
	*heap = (struct timer_heap){ 0 };
}

/* Places are counted from 1, so that a zeroed timer is a stopped one. */
static void put(struct timer_heap *heap, struct timer *timer, size_t place)
{
	heap->timers[place - 1] = timer;
	timer->place = place;
}

static void sift_up(struct timer_heap *heap, struct timer *timer, size_t place)
{
	while (place > 1 && heap->timers[place / 2 - 1]->due_ms > timer->due_ms) {
		put(heap, heap->timers[place / 2 - 1], place);
		place /= 2;
	}
	put(heap, timer, place);
}

static void sift_down(struct timer_heap *heap, struct timer *timer, size_t place)
{
	for (;;) {
		size_t child = place * 2;
		if (child > heap->count)
			break;
		if (child < heap->count &&
		    heap->timers[child]->due_ms < heap->timers[child - 1]->due_ms)
			child++;
		if (heap->timers[child - 1]->due_ms >= timer->due_ms)
			break;
		put(heap, heap->timers[child - 1], place);
		place = child;
	}
	put(heap, timer, place);
}

enum err timer_start(struct timer_heap *heap, struct timer *timer, int64_t due_ms, timer_fn *fn)
{
	timer_stop(heap, timer);
	if (heap->count == heap->room) {
		size_t room = heap->room ? heap->room * 2 : 64;
		struct timer **grown = reallocarray(heap->timers, room, sizeof(struct timer *));
		if (!grown)
			return ERR_NO_MEMORY;
		heap->timers = grown;
		heap->room = room;
	}
	timer->due_ms = due_ms;
	timer->fn = fn;
	heap->count++;
	sift_up(heap, timer, heap->count);
	return ERR_OK;
}

void timer_stop(struct timer_heap *heap, struct timer *timer)
{
	size_t place = timer->place;

	if (place == 0)
		return;
	struct timer *last = heap->timers[heap->count - 1];
	heap->count--;
	timer->place = 0;
	if (last == timer)
		return;
	if (place > 1 && heap->timers[place / 2 - 1]->due_ms > last->due_ms)
		sift_up(heap, last, place);
	else
		sift_down(heap, last, place);
}

struct timer *timer_take_due(struct timer_heap *heap, int64_t now_ms)
{
	if (!heap->count || heap->timers[0]->due_ms > now_ms)
		return NULL;
	struct timer *timer = heap->timers[0];
	timer_stop(heap, timer);
	return timer;
}

int64_t timer_next_due_ms(const struct timer_heap *heap)
{
	return heap->count ? heap->timers[0]->due_ms : INT64_MAX;
}
