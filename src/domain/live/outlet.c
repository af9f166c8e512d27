/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop's viewers of one stream. The loop is woken at most once per flush, looks at the ring
 * once under its lock, and then serves all its viewers without one.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "domain/live/live_private.h"

#define BUSY_MOST_PERMILLE  430 /* a loop busier than this gathers more */
#define BUSY_LEAST_PERMILLE 330 /* one less busy gathers less */
#define WAIT_LEAST_MS       8   /* a shorter wait saves nothing */
#define ADAPT_MS            500 /* how often a loop knows how busy it was */

static void on_wake(struct mail *mail);

static void drop_queue(struct outlet *outlet)
{
	for (; outlet->queue.first < outlet->queue.end; outlet->queue.first++)
		block_unref(block_at(&outlet->queue, outlet->queue.first));
}

static void outlet_free(struct outlet *outlet)
{
	drop_queue(outlet);
	intro_unref(outlet->intro);
	stream_unref(outlet->stream);
	free(outlet);
}

struct outlet *outlet_open(struct stream *stream)
{
	struct loop *here = run_here();
	struct outlet *found = NULL;

	stream_lock(stream);
	list_each (node, &stream->outlets) {
		struct outlet *outlet = CONTAINER_OF(node, struct outlet, node);
		if (outlet->loop == here && !outlet->is_closing)
			found = outlet;
	}
	stream_unlock(stream);
	if (found)
		return found;
	found = calloc(1, sizeof *found);
	if (!found)
		return NULL;
	found->stream = stream_ref(stream);
	found->loop = here;
	found->key = RING_NO_KEY;
	found->mail.fn = on_wake;
	list_init(&found->ready);
	list_init(&found->blocked);
	stream_lock(stream);
	list_add(&stream->outlets, &found->node);
	stream_unlock(stream);
	outlet_sync(found);
	return found;
}

void outlet_close_if_empty(struct outlet *outlet)
{
	struct stream *stream = outlet->stream;

	if (outlet->viewer_count || outlet->is_closing)
		return;
	outlet->is_closing = true;
	/* While the timer runs it has the mail's part, and no mail is on its way. */
	bool is_waiting = timer_is_running(&outlet->timer);
	run_cancel(&outlet->timer);
	run_cancel(&outlet->turn);
	stream_lock(stream);
	list_remove(&outlet->node);
	bool is_mailed = outlet->is_mailed && !is_waiting;
	outlet->is_mailed = true; /* nobody else posts it */
	stream_unlock(stream);
	/* The mail frees it: callbacks of this turn may still be looking at it. */
	if (!is_mailed)
		run_post(outlet->loop, &outlet->mail);
}

/* Under the lock. */
static void wake(struct outlet *outlet)
{
	if (outlet->is_mailed)
		return;
	outlet->is_mailed = true;
	run_post(outlet->loop, &outlet->mail);
}

void outlets_wake(struct stream *stream)
{
	list_each (node, &stream->outlets)
		wake(CONTAINER_OF(node, struct outlet, node));
}

void outlets_end(struct stream *stream, const struct why *why)
{
	stage_count_failures(why->reason, stream->viewers - stream->leaving);
	stream->leaving = stream->viewers;
	list_each (node, &stream->outlets) {
		struct outlet *outlet = CONTAINER_OF(node, struct outlet, node);
		outlet->end_why = *why;
		outlet->is_ended = true;
		wake(outlet);
	}
}

/* Blocks that left the ring leave here too; who has sent half of one keeps it. */
static void trim(struct outlet *outlet, uint64_t first)
{
	for (; outlet->queue.first < outlet->queue.end && outlet->queue.first < first;
	     outlet->queue.first++) {
		struct block *block = block_at(&outlet->queue, outlet->queue.first);
		list_each (node, &outlet->blocked)
			viewer_trimmed(CONTAINER_OF(node, struct viewer, node), block);
		block_unref(block);
	}
	if (outlet->queue.first < first)
		outlet->queue.first = outlet->queue.end = first;
}

void outlet_sync(struct outlet *outlet)
{
	struct stream *stream = outlet->stream;
	const struct block_queue *source = &stream->ring.queue;
	struct intro *before = NULL;

	stream_lock(stream);
	uint64_t first = source->first;
	trim(outlet, first);
	for (; outlet->queue.end < source->end; outlet->queue.end++)
		outlet->queue.blocks[outlet->queue.end % RING_BLOCKS_MAX] =
			block_ref(block_at(source, outlet->queue.end));
	outlet->head = stream->ring.head;
	outlet->key = stream->ring.key;
	outlet->source = stream->source;
	outlet->video_version = stream->video_version;
	if (outlet->intro != stream->intro) {
		before = outlet->intro;
		outlet->intro = intro_ref(stream->intro);
	}
	stream_unlock(stream);
	intro_unref(before);
}

/* Everybody on this loop goes, with the words of outlets_end(). */
static void end_all(struct outlet *outlet, const struct why *why)
{
	struct list *lists[] = { &outlet->ready, &outlet->blocked };

	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		for (struct list_node *node; (node = list_first(lists[i])) != NULL;) {
			struct viewer *viewer = CONTAINER_OF(node, struct viewer, node);
			viewer_leave(viewer);
			viewer->ops->on_end(viewer, why);
		}
	}
}

/* The wait that follows `wait_ms` on a loop that is so busy: longer, the more it is over what it
 * shall be; shorter, and at last none, with room to spare. */
static int64_t adapt_wait_ms(int64_t wait_ms, int64_t busy)
{
	if (busy > BUSY_MOST_PERMILLE)
		wait_ms += (wait_ms + WAIT_LEAST_MS) * (busy - BUSY_MOST_PERMILLE) / 200 + 1;
	else if (busy < BUSY_LEAST_PERMILLE)
		wait_ms -= wait_ms / 4 + 1;
	if (wait_ms < WAIT_LEAST_MS)
		return busy > BUSY_MOST_PERMILLE ? WAIT_LEAST_MS : 0;
	return wait_ms < LIVE_FLUSH_MAX_MS ? wait_ms : LIVE_FLUSH_MAX_MS;
}

/* How long frames are gathered: pinned, or so long that the loop is less than half busy, if
 * LIVE_FLUSH_MAX_MS is enough for that. */
static int64_t flush_interval_ms(struct outlet *outlet, int64_t now_ms)
{
	int64_t pinned_ms = outlet->stream->live->setup.flush_ms;

	if (pinned_ms != LIVE_FLUSH_AUTO)
		return pinned_ms;
	if (now_ms - outlet->adapted_ms >= ADAPT_MS) {
		outlet->adapted_ms = now_ms;
		outlet->wait_ms = adapt_wait_ms(outlet->wait_ms, run_busy_permille(outlet->loop));
	}
	return outlet->wait_ms;
}

static void on_turn(struct timer *timer);

/* Whoever has not been served in this round, for LIVE_TURN_US at most: the loop has others too. A
 * round may begin before the last one is through: those who wait stand in front. */
static void serve(struct outlet *outlet)
{
	int64_t until_us = clock_steady_us() + LIVE_TURN_US;

	for (struct list_node *node; (node = list_first(&outlet->ready)) != NULL;) {
		struct viewer *viewer = CONTAINER_OF(node, struct viewer, node);
		if (viewer->round == outlet->round)
			return;
		if (clock_steady_us() >= until_us) {
			run_after(&outlet->turn, 0, on_turn);
			return;
		}
		viewer->round = outlet->round;
		list_remove(node);
		list_add(&outlet->ready, node);
		viewer_flush(viewer);
	}
}

static void on_turn(struct timer *timer)
{
	serve(CONTAINER_OF(timer, struct outlet, turn));
}

static void flush(struct outlet *outlet)
{
	struct stream *stream = outlet->stream;
	struct why why;

	stream_lock(stream);
	outlet->is_mailed = false;
	bool is_ended = outlet->is_ended;
	outlet->is_ended = false;
	why = outlet->end_why;
	stream_unlock(stream);

	outlet->flushed_ms = clock_steady_ms();
	outlet_sync(outlet);
	if (is_ended)
		end_all(outlet, &why);
	outlet->round++;
	serve(outlet);
}

static void on_flush_timer(struct timer *timer)
{
	flush(CONTAINER_OF(timer, struct outlet, timer));
}

static void on_wake(struct mail *mail)
{
	struct outlet *outlet = CONTAINER_OF(mail, struct outlet, mail);

	if (outlet->is_closing) {
		outlet_free(outlet);
		return;
	}
	int64_t now_ms = clock_steady_ms(), since_ms = now_ms - outlet->flushed_ms;
	int64_t interval_ms = flush_interval_ms(outlet, now_ms);
	if (since_ms >= interval_ms)
		flush(outlet);
	else
		run_after(&outlet->timer, interval_ms - since_ms, on_flush_timer);
}
