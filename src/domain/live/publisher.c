/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/live/live_private.h"

#define PUBLISHER_STEP_MS 40    /* from the last frame of one to the first of the next */
#define RATE_MS           2000  /* what a rate is measured over, at least */
#define GOP_MAX_MS        60000 /* a longer one is a jump of the timestamps */

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

/* Under the lock: viewers keep what they have and wait for the next source; those of a replay may
 * take what is left of it. */
static void detach(struct publisher *publisher, const char *reason)
{
	struct stream *stream = publisher->stream;

	stream->publisher = NULL;
	stream->push_end = (struct push_end){ .is_there = true,
		                              .reason = reason,
		                              .since = publisher->since,
		                              .bytes = publisher->bytes };
	if (!stream->what.is_replay || stream->state != DEMAND_SENDING)
		stream_forget(stream);
	demand_poke(stream);
	outlets_wake(stream);
}

void publisher_end(struct publisher *publisher, const char *reason)
{
	detach(publisher, reason);
	publisher->is_ending = true;
	publisher->end_reason = reason;
	publisher->ending.fn = on_ending;
	run_post(publisher->loop, &publisher->ending);
}

/* Of the push before: a replay's rest may be there still, and this one may have no picture. Under
 * the lock. */
static void forget_media(struct stream *stream)
{
	stream_forget(stream);
	stream->video_version += stream->video.codec[0] != 0;
	stream->video = (struct stream_video){ 0 };
	stream->audio = (struct stream_audio){ 0 };
	intro_unref(TAKE(stream->intro));
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
	forget_media(stream);
	stream->publisher = publisher;
	stream->pushed_ms = clock_steady_ms();
	stream->rate_since_ms = stream->pushed_ms;
	stream->rate_bytes = stream->bits_per_second = 0;
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
		detach(publisher, NULL);
	stream_unlock(stream);
	publisher->ops = NULL;
	if (!is_ending)
		publisher_free(publisher);
}

enum err publisher_set_intro(struct publisher *publisher, struct str file_head, struct str config,
                             bool fits_frames)
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
	if (!fits_frames && stream->ring.key != RING_NO_KEY) {
		stream->ring.key = RING_NO_KEY;
		demand_poke(stream);
	}
	stream_unlock(stream);
	intro_unref(before);
	return ERR_OK;
}

void publisher_set_video(struct publisher *publisher, const struct stream_video *video)
{
	struct stream *stream = publisher->stream;

	publisher->has_video = true;
	stream_lock(stream);
	if (!publisher->is_ending) {
		stream->video_version += strcmp(stream->video.codec, video->codec) != 0;
		stream->video = *video;
	}
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

void publisher_came_by(struct publisher *publisher, struct str token)
{
	struct stream *stream = publisher->stream;
	struct live *live = stream->live;
	struct str resource = stream->what.is_replay ? str_of(stream->key) : STR("play");

	if (grant_check(live->setup.keys, str_of(stream->did), resource, token, clock_now_ms()) !=
	    ERR_OK)
		return;
	stream_lock(stream);
	stream->has_asked = true;
	(void)str_copy(token, stream->grant, sizeof stream->grant);
	demand_poke(stream);
	stream_unlock(stream);
}

/* The order of live.h. What remains to each stream is its share: who sends a group of pictures
 * that never ends does not take the others' memory. */
static void mind_budget(struct stream *stream)
{
	int64_t budget = stream->live->setup.bytes_max, used = metric_get(METRIC_ring_bytes);
	int64_t streams = metric_get(METRIC_streams), most = LIVE_STREAM_BYTES_MAX;

	if (used > budget)
		most = streams > 0 ? budget / streams : budget;
	if (used > budget / 16 * 15 && stream->viewers == 0)
		most = 0;
	if (most < LIVE_SHARE_BYTES_LEAST)
		most = LIVE_SHARE_BYTES_LEAST;
	if (most > LIVE_STREAM_BYTES_MAX)
		most = LIVE_STREAM_BYTES_MAX;
	stream->ring.bytes_max = (size_t)most;
	stream->ring.keep_ms = used > budget / 8 * 7 ? 0 : LIVE_KEEP_MS;
}

static void copy_parts(uint8_t *to, const struct frame *frame)
{
	for (size_t i = 0; i < frame->part_count; i++) {
		memcpy(to, frame->parts[i].iov_base, frame->parts[i].iov_len);
		to += frame->parts[i].iov_len;
	}
}

int64_t publisher_goes_on_ms(struct publisher *publisher)
{
	struct stream *stream = publisher->stream;

	stream_lock(stream);
	int64_t newest_ms = stream->frames ? stream->newest_ms + PUBLISHER_STEP_MS : -1;
	stream_unlock(stream);
	return newest_ms;
}

/* Under the lock. */
static void measure_rate(struct stream *stream, size_t size, int64_t now_ms)
{
	int64_t age_ms = now_ms - stream->rate_since_ms;

	stream->bytes_in += (int64_t)size;
	stream->rate_bytes += (int64_t)size;
	if (age_ms < RATE_MS)
		return;
	stream->bits_per_second = stream->rate_bytes * 8000 / age_ms;
	stream->rate_since_ms = now_ms;
	stream->rate_bytes = 0;
}

/* The time between two key frames, by their timestamps unless those jumped. Under the lock. */
static void measure_group(struct publisher *publisher, int64_t timestamp_ms, int64_t now_ms)
{
	struct stream *stream = publisher->stream;
	int64_t gop_ms = timestamp_ms - publisher->key_ms;

	if (!publisher->has_key)
		stream->keyed_ms = now_ms;
	else
		stream->gop_ms = gop_ms > 0 && gop_ms <= GOP_MAX_MS
		                         ? gop_ms
		                         : now_ms - publisher->key_received_ms;
	publisher->has_key = true;
	publisher->key_ms = timestamp_ms;
	publisher->key_received_ms = now_ms;
}

/* Sound alone can be joined anywhere; but the picture may come right behind it. */
static bool is_sound_alone(struct publisher *publisher, const struct frame *frame, int64_t now_ms)
{
	if (publisher->has_video || frame->kind != FRAME_AUDIO)
		return false;
	if (!publisher->audio_since_ms)
		publisher->audio_since_ms = now_ms;
	return now_ms - publisher->audio_since_ms >= LIVE_AUDIO_ONLY_MS;
}

/* Under the lock. */
static void commit(struct publisher *publisher, const struct frame *frame, size_t size, bool is_key)
{
	struct stream *stream = publisher->stream;
	int64_t now_ms = clock_steady_ms();

	is_key = is_key || is_sound_alone(publisher, frame, now_ms);
	if (is_key && stream->ring.key == RING_NO_KEY)
		demand_poke(stream);
	if (is_key)
		measure_group(publisher, frame->timestamp_ms, now_ms);
	ring_commit(&stream->ring, size, is_key, frame->timestamp_ms, now_ms);
	stream->newest_ms = frame->timestamp_ms;
	stream->frames++;
	publisher->bytes += (int64_t)size;
	measure_rate(stream, size, now_ms);
}

enum err publisher_add(struct publisher *publisher, const struct frame *frame)
{
	struct stream *stream = publisher->stream;
	size_t size = 0;

	for (size_t i = 0; i < frame->part_count; i++)
		size += frame->parts[i].iov_len;
	if (size > LIVE_FRAME_MAX)
		return ERR_TOO_LARGE;

	stream_lock(stream);
	if (publisher->is_ending) {
		stream_unlock(stream);
		return ERR_CLOSED;
	}
	mind_budget(stream);
	bool was_shed = stream->ring.is_shed;
	uint8_t *to = ring_reserve(&stream->ring, size);
	if (stream->ring.is_shed && !was_shed) {
		metric_count(METRIC_stream_shed_total);
		demand_poke(stream);
	}
	if (to) {
		copy_parts(to, frame);
		commit(publisher, frame, size, frame->is_key);
	} else {
		stream_forget(stream); /* what follows makes no picture without it */
	}
	outlets_wake(stream);
	stream_unlock(stream);
	metric_count(METRIC_frames_in_total);
	return to ? ERR_OK : ERR_NO_MEMORY;
}
