/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/live/live_private.h"

static void publisher_free(struct publisher *publisher)
{
	metric_add(METRIC_publishers, -1);
	stream_unref(publisher->stream);
	free(publisher);
}

static void on_ending(struct mail *mail)
{
	struct publisher *publisher = CONTAINER_OF(mail, struct publisher, ending);

	if (publisher->ops)
		publisher->ops->ended(publisher->owner, publisher->end_reason);
	publisher_free(publisher);
}

/* Under the lock: viewers keep what they have and wait for the next source. */
static void detach(struct publisher *publisher)
{
	struct stream *stream = publisher->stream;

	stream->publisher = NULL;
	stream->source++;
	ring_clear(&stream->ring);
	demand_poke(stream);
	outlets_wake(stream);
}

void publisher_end(struct publisher *publisher, const char *reason)
{
	detach(publisher);
	publisher->is_ending = true;
	publisher->end_reason = reason;
	publisher->ending.fn = on_ending;
	run_post(publisher->loop, &publisher->ending);
}

enum err publisher_open(struct live *live, struct str key, const char *address,
                        const struct publisher_ops *ops, void *owner, struct publisher **out)
{
	struct publisher *publisher = calloc(1, sizeof *publisher);
	struct stream *stream = NULL;

	if (!publisher)
		return ERR_NO_MEMORY;
	enum err err = stream_open(live, key, &stream);
	if (err != ERR_OK) {
		free(publisher);
		return err;
	}
	publisher->stream = stream;
	publisher->loop = run_here();
	publisher->ops = ops;
	publisher->owner = owner;
	publisher->since = clock_now_ms();
	(void)snprintf(publisher->address, sizeof publisher->address, "%s", address);
	metric_add(METRIC_publishers, 1);

	stream_lock(stream);
	if (stream->publisher)
		publisher_end(stream->publisher, "another push took its place");
	stream->publisher = publisher;
	demand_poke(stream);
	stream_unlock(stream);
	*out = publisher;
	return ERR_OK;
}

void publisher_close(struct publisher *publisher)
{
	struct stream *stream = publisher->stream;

	stream_lock(stream);
	bool is_ending = publisher->is_ending;
	if (!is_ending)
		detach(publisher);
	stream_unlock(stream);
	publisher->ops = NULL;
	if (!is_ending)
		publisher_free(publisher);
}

enum err publisher_set_intro(struct publisher *publisher, struct str file_head, struct str config)
{
	struct stream *stream = publisher->stream;
	struct intro *intro = malloc(sizeof *intro + file_head.size + config.size);

	if (!intro)
		return ERR_NO_MEMORY;
	*intro = (struct intro){ .refs = 1,
		                 .config_at = file_head.size,
		                 .size = file_head.size + config.size };
	memcpy(intro->bytes, file_head.at, file_head.size);
	if (config.size)
		memcpy(intro->bytes + file_head.size, config.at, config.size);

	stream_lock(stream);
	if (publisher->is_ending) { /* the stream is another's already */
		stream_unlock(stream);
		free(intro);
		return ERR_CLOSED;
	}
	struct intro *before = stream->intro;
	intro->version = ++stream->intro_version;
	stream->intro = intro;
	stream->ring.key = RING_NO_KEY; /* earlier key frames need the earlier configuration */
	stream_unlock(stream);
	intro_unref(before);
	return ERR_OK;
}

void publisher_set_video(struct publisher *publisher, const struct stream_video *video)
{
	struct stream *stream = publisher->stream;

	publisher->has_video = true;
	stream_lock(stream);
	if (!publisher->is_ending)
		stream->video = *video;
	stream_unlock(stream);
}

void publisher_set_audio(struct publisher *publisher, const struct stream_audio *audio)
{
	struct stream *stream = publisher->stream;

	stream_lock(stream);
	if (!publisher->is_ending)
		stream->audio = *audio;
	stream_unlock(stream);
}

/* Over the budget of all rings only the current group of pictures is kept, and that only within
 * the stream's share: who sends one that never ends does not take the others' memory. */
static void mind_budget(struct stream *stream)
{
	int64_t budget = stream->live->setup.bytes_max;
	bool is_over = metric_get(METRIC_ring_bytes) > budget;

	stream->ring.keep_ms = is_over ? 0 : LIVE_KEEP_MS;
	stream->ring.bytes_max = LIVE_STREAM_BYTES_MAX;
	if (!is_over)
		return;
	int64_t streams = metric_get(METRIC_streams);
	int64_t share = streams > 0 ? budget / streams : budget;
	if (share < LIVE_SHARE_BYTES_LEAST)
		share = LIVE_SHARE_BYTES_LEAST;
	if (share < LIVE_STREAM_BYTES_MAX)
		stream->ring.bytes_max = (size_t)share;
}

static void copy_parts(uint8_t *to, const struct frame *frame)
{
	for (size_t i = 0; i < frame->part_count; i++) {
		memcpy(to, frame->parts[i].iov_base, frame->parts[i].iov_len);
		to += frame->parts[i].iov_len;
	}
}

enum err publisher_add(struct publisher *publisher, const struct frame *frame)
{
	struct stream *stream = publisher->stream;
	size_t size = 0;

	for (size_t i = 0; i < frame->part_count; i++)
		size += frame->parts[i].iov_len;
	if (size > LIVE_FRAME_MAX)
		return ERR_TOO_LARGE;
	/* Sound alone can be joined anywhere. */
	bool is_key = frame->is_key || (!publisher->has_video && frame->kind == FRAME_AUDIO);

	stream_lock(stream);
	if (publisher->is_ending) {
		stream_unlock(stream);
		return ERR_CLOSED;
	}
	mind_budget(stream);
	uint8_t *to = ring_reserve(&stream->ring, size);
	if (to) {
		copy_parts(to, frame);
		bool is_first = is_key && stream->ring.key == RING_NO_KEY;
		ring_commit(&stream->ring, size, is_key, frame->timestamp_ms);
		stream->frames++;
		stream->bytes_in += (int64_t)size;
		if (is_first)
			demand_poke(stream);
		outlets_wake(stream);
	}
	stream_unlock(stream);
	metric_count(METRIC_frames_in_total);
	return to ? ERR_OK : ERR_NO_MEMORY;
}
