/* SPDX-License-Identifier: Apache-2.0 */
/* A viewer is a cursor: an introduction first, then a position in the ring. */
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/live/live_private.h"

/* Who may not or cannot be shown this device hears why. */
static enum err check_device(struct live *live, const struct stream_key *key,
                             bool *out_is_reachable, struct why *why)
{
	struct device_view view;
	enum err err = device_view(live->setup.devices, (struct str){ 0 }, str_of(key->did), &view);

	if (err != ERR_OK)
		return err;
	bool is_disabled = view.facts->is_disabled;
	*out_is_reachable = view.presence.state == PRESENCE_ONLINE ||
	                    (view.facts->push == PUSH_SELF && !key->is_replay);
	device_view_done(&view);
	if (is_disabled) {
		stage_count_failures(REASON_DEVICE_DISABLED, 1);
		return why_set_reason(why, ERR_CONFLICT, REASON_DEVICE_DISABLED, NULL, "%s",
		                      reason_words(REASON_DEVICE_DISABLED));
	}
	if (atomic_load(&live->is_draining))
		return why_set(why, ERR_CLOSED, "this server is ending: try again");
	return ERR_OK;
}

/* There is a push, or a camera to ask for one. */
static enum err check_reachable(struct stream *stream, bool is_reachable, struct why *why)
{
	stream_lock(stream);
	bool is_offline = !is_reachable && !stream->publisher;
	if (is_offline) {
		stream->is_offline = true;
		demand_poke(stream);
	}
	stream_unlock(stream);
	if (!is_offline)
		return ERR_OK;
	stage_count_failures(REASON_DEVICE_OFFLINE, 1);
	return why_set_reason(why, ERR_CONFLICT, REASON_DEVICE_OFFLINE, NULL, "%s",
	                      reason_words(REASON_DEVICE_OFFLINE));
}

static void join(struct viewer *viewer, struct stream *stream, struct outlet *outlet,
                 const struct viewer_ops *ops)
{
	*viewer = (struct viewer){ .kind = viewer->kind,
		                   .ops = ops,
		                   .count = 1,
		                   .outlet = outlet,
		                   .joined_ms = clock_steady_ms() };
	list_add(&outlet->ready, &viewer->node);
	outlet->viewer_count++;
	stream_lock(stream);
	stream->viewers++;
	stream->viewers_by[viewer->kind]++;
	metric_add(METRIC_viewers, 1);
	demand_poke(stream);
	if (!outlet->is_mailed) {
		outlet->is_mailed = true;
		run_post(outlet->loop, &outlet->mail);
	}
	stream_unlock(stream);
}

enum err viewer_join(struct live *live, struct str key, const struct viewer_ops *ops,
                     struct viewer *viewer, struct why *why)
{
	struct stream *stream;
	struct stream_key what;
	bool is_reachable;

	if (stream_key_read(key, &what) != ERR_OK)
		return ERR_NOT_FOUND;
	enum err err = check_device(live, &what, &is_reachable, why);
	if (err == ERR_OK)
		err = stream_open(live, key, &stream);
	if (err == ERR_BUSY)
		return why_set_reason(why, err, REASON_TOO_MANY, NULL,
		                      "%d recordings of this device are being played already",
		                      LIVE_REPLAYS_MAX);
	if (err != ERR_OK)
		return err;
	err = check_reachable(stream, is_reachable, why);
	struct outlet *outlet = err == ERR_OK ? outlet_open(stream) : NULL;
	if (outlet)
		join(viewer, stream, outlet, ops);
	else if (err == ERR_OK)
		err = ERR_NO_MEMORY;
	stream_unref(stream); /* the outlet has its own reference */
	return err;
}

/* Under the lock. Those that were told to go are counted until they have. */
static void change_count(struct viewer *viewer, struct stream *stream, int64_t step)
{
	stream->viewers += step;
	stream->viewers_by[viewer->kind] += step;
	if (step < 0)
		stream->leaving = stream->leaving > -step ? stream->leaving + step : 0;
	metric_add(METRIC_viewers, step);
}

void viewer_set_count(struct viewer *viewer, int64_t count)
{
	struct stream *stream = viewer->outlet ? viewer->outlet->stream : NULL;

	if (!stream || viewer->count == count)
		return;
	stream_lock(stream);
	change_count(viewer, stream, count - viewer->count);
	stream_unlock(stream);
	viewer->count = count;
}

void viewer_leave(struct viewer *viewer)
{
	struct outlet *outlet = viewer->outlet;

	if (!outlet)
		return;
	struct stream *stream = outlet->stream;
	viewer->outlet = NULL;
	list_remove(&viewer->node);
	outlet->viewer_count--;
	intro_unref(viewer->intro);
	block_unref(viewer->held);
	viewer->intro = NULL;
	viewer->held = NULL;
	stream_lock(stream);
	change_count(viewer, stream, -viewer->count);
	demand_poke(stream);
	stream_unlock(stream);
	outlet_close_if_empty(outlet);
}

void viewer_trimmed(struct viewer *viewer, struct block *block)
{
	/* Behind an introduction that still waits, nothing of the block was sent. */
	if (viewer->is_started && !viewer->intro && !viewer->held &&
	    viewer->position > block->start && viewer->position < block->start + block->size)
		viewer->held = block_ref(block);
}

/* Goes on at the newest key frame; with the introduction's part that has changed since. */
static void jump(struct viewer *viewer)
{
	const struct outlet *outlet = viewer->outlet;

	viewer->position = outlet->key;
	viewer->source = outlet->source;
	if (!outlet->intro || viewer->intro_version == outlet->intro->version)
		return;
	bool is_first = viewer->intro_version == 0;
	viewer->intro = intro_ref(outlet->intro);
	viewer->intro_at = is_first ? 0 : outlet->intro->config_at;
	viewer->intro_version = outlet->intro->version;
}

/* The place of the block that holds `position`, which lies between the tail and the head. */
static uint64_t block_of(const struct block_queue *queue, uint64_t position)
{
	uint64_t n = queue->end - 1;

	while (n > queue->first && block_at(queue, n)->start > position)
		n--;
	return n;
}

static uint64_t outlet_tail(const struct outlet *outlet)
{
	const struct block_queue *queue = &outlet->queue;

	return queue->first == queue->end ? outlet->head : block_at(queue, queue->first)->start;
}

/* True when the cursor stands on bytes that are there. */
static bool settle(struct viewer *viewer)
{
	const struct outlet *outlet = viewer->outlet;
	bool is_behind = viewer->position < outlet_tail(outlet);
	bool is_stale = viewer->source != outlet->source;

	if (!is_behind && !is_stale)
		return true;
	/* Wait for the next key frame; an introduction that may be half sent goes out whole. */
	if (outlet->key == RING_NO_KEY || viewer->intro)
		return false;
	if (is_behind && !is_stale) {
		metric_count(METRIC_viewer_skips_total);
		atomic_fetch_add_explicit(&outlet->stream->skips, 1, memory_order_relaxed);
	}
	jump(viewer);
	return true;
}

static size_t add_part(struct iovec parts[], size_t count, const void *at, size_t size)
{
	/* iovec has no const, and nothing is written through it. */
	memcpy(&parts[count].iov_base, &at, sizeof at);
	parts[count].iov_len = size;
	return count + 1;
}

static size_t peek_ring(const struct viewer *viewer, struct iovec parts[], size_t count, size_t max)
{
	const struct outlet *outlet = viewer->outlet;
	uint64_t position = viewer->position;

	if (position >= outlet->head)
		return count;
	for (uint64_t n = block_of(&outlet->queue, position);
	     n < outlet->queue.end && count < max && position < outlet->head; n++) {
		const struct block *block = block_at(&outlet->queue, n);
		/* The newest block grows beyond what was seen under the lock. */
		uint64_t end = n + 1 < outlet->queue.end ? block_at(&outlet->queue, n + 1)->start
		                                         : outlet->head;
		count = add_part(parts, count, block->bytes + (position - block->start),
		                 end - position);
		position = end;
	}
	return count;
}

size_t viewer_peek(struct viewer *viewer, struct iovec parts[], size_t max)
{
	size_t count = 0;

	if (viewer->held) {
		const struct block *held = viewer->held;
		uint64_t end = held->start + held->size;
		return add_part(parts, 0, held->bytes + (viewer->position - held->start),
		                end - viewer->position);
	}
	bool is_settled = settle(viewer);
	if (viewer->intro)
		count = add_part(parts, count, viewer->intro->bytes + viewer->intro_at,
		                 viewer->intro->size - viewer->intro_at);
	return is_settled ? peek_ring(viewer, parts, count, max) : count;
}

void viewer_advance(struct viewer *viewer, size_t bytes)
{
	atomic_fetch_add_explicit(&viewer->outlet->stream->bytes_out, (int64_t)bytes,
	                          memory_order_relaxed);
	metric_add(METRIC_viewer_bytes_total, (int64_t)bytes);
	if (viewer->intro && !viewer->held) {
		size_t left = viewer->intro->size - viewer->intro_at;
		size_t taken = bytes < left ? bytes : left;
		viewer->intro_at += taken;
		bytes -= taken;
		if (taken == left) {
			intro_unref(viewer->intro);
			viewer->intro = NULL;
		}
	}
	viewer->position += bytes;
	if (viewer->held && viewer->position >= viewer->held->start + viewer->held->size) {
		block_unref(viewer->held);
		viewer->held = NULL;
	}
}

void viewer_block(struct viewer *viewer)
{
	if (viewer->is_blocked)
		return;
	viewer->is_blocked = true;
	list_remove(&viewer->node);
	list_add(&viewer->outlet->blocked, &viewer->node);
}

void viewer_unblock(struct viewer *viewer)
{
	if (!viewer->is_blocked)
		return;
	viewer->is_blocked = false;
	list_remove(&viewer->node);
	list_add(&viewer->outlet->ready, &viewer->node);
}

static void start(struct viewer *viewer)
{
	struct stream *stream = viewer->outlet->stream;
	int64_t first_ms = clock_steady_ms() - viewer->joined_ms;

	viewer->is_started = true;
	jump(viewer);
	metric_observe(METRIC_first_frame_ms, first_ms);
	stream_lock(stream);
	stream->first_frame_ms = first_ms;
	stream_unlock(stream);
	viewer->ops->on_start(viewer);
}

/* Said before the first byte of that codec, with its name; true when the viewer has gone. */
static bool refuse_codec(struct viewer *viewer)
{
	struct stream *stream = viewer->outlet->stream;
	struct stream_video video;
	struct why why = { 0 };

	if (viewer->video_version == viewer->outlet->video_version)
		return false;
	viewer->video_version = viewer->outlet->video_version;
	if (!viewer->ops->can_show)
		return false;
	stream_lock(stream);
	video = stream->video;
	stream_unlock(stream);
	if (!video.codec[0] || viewer->ops->can_show(viewer, video.codec))
		return false;
	stage_count_failures(REASON_CODEC_UNSUPPORTED, 1);
	(void)why_set_reason(&why, ERR_UNSUPPORTED, REASON_CODEC_UNSUPPORTED, NULL, "%s",
	                     video.codec);
	viewer_leave(viewer);
	viewer->ops->on_end(viewer, &why);
	return true;
}

void viewer_flush(struct viewer *viewer)
{
	const struct outlet *outlet = viewer->outlet;

	if (!viewer->is_started && (outlet->key == RING_NO_KEY || !outlet->intro))
		return;
	if (refuse_codec(viewer))
		return;
	if (!viewer->is_started)
		start(viewer);
	if (viewer->outlet) /* on_start may have let go of it */
		viewer->ops->on_more(viewer);
}
