/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/hls/hls_cutter.h"

#include <string.h>

#include "endpoints/hls/hls_cutter_private.h"

#define HEAD_BYTES_MAX (128 * 1024)
#define LAST_FRAME_MS  40   /* how long a frame is shown that nothing follows */
#define TARGET_SLACK   300  /* ms a segment may be longer than the first ones promise */
#define PART_MOST_MS   2000 /* a part target is never longer */

void hls_cutter_init(struct hls_cutter *cutter, const struct hls_cutter_ops *ops, void *owner)
{
	*cutter = (struct hls_cutter){
		.ops = ops, .owner = owner, .is_init_due = true, .last_ms = -1
	};
	hls_tracks_init(&cutter->tracks);
	hls_queue_init(&cutter->video);
	hls_queue_init(&cutter->sound);
}

void hls_cutter_done(struct hls_cutter *cutter)
{
	hls_tracks_done(&cutter->tracks);
	hls_queue_done(&cutter->video);
	hls_queue_done(&cutter->sound);
}

bool hls_cutter_has_video(const struct hls_cutter *cutter)
{
	return cutter->tracks.video.is_there && !cutter->is_dark;
}

static bool has_key(const struct mp4_run *run)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->samples[i].is_key)
			return true;
	return false;
}

static struct hls_bytes *make_part(struct hls_cutter *cutter, const struct mp4_run runs[],
                                   const struct hls_queue *const queues[], size_t count)
{
	AUTO_BUF head = { 0 };
	size_t payload = 0;

	buf_init(&head, HEAD_BYTES_MAX);
	if (mp4_write_fragment(++cutter->sequence, runs, count, &head) != ERR_OK)
		return NULL;
	for (size_t i = 0; i < count; i++)
		payload += hls_run_bytes(&runs[i]);
	struct hls_bytes *bytes = hls_bytes_new(head.size + payload);
	if (!bytes)
		return NULL;
	uint8_t *to = bytes->at;
	memcpy(to, head.at, head.size);
	to += head.size;
	for (size_t i = 0; i < count; i++) {
		size_t size = hls_run_bytes(&runs[i]);
		memcpy(to, queues[i]->payload.at, size);
		to += size;
	}
	return bytes;
}

/* From the first segment's group of pictures: how long segments will be. A constant from then on
 * (RFC 8216 §4.3.3.1). */
static void fix_targets(struct hls_cutter *cutter, int64_t at_ms)
{
	/* A group that has not ended may be of any length. */
	bool is_known = cutter->group_ms && at_ms - cutter->key_ms < HLS_FIRST_LEAST_MS;
	int64_t group_ms = is_known ? cutter->group_ms : HLS_TARGET_MOST_S * 1000;
	int64_t groups = (HLS_SEGMENT_LEAST_MS + group_ms - 1) / group_ms;
	int64_t target_s = (groups * group_ms + TARGET_SLACK + 499) / 1000;
	int64_t part_ms = cutter->longest_part_ms;

	target_s = target_s < HLS_TARGET_LEAST_S ? HLS_TARGET_LEAST_S : target_s;
	cutter->target_s = target_s > HLS_TARGET_MOST_S ? HLS_TARGET_MOST_S : target_s;
	part_ms = part_ms < HLS_PART_MS ? HLS_PART_MS : part_ms;
	cutter->part_target_ms = part_ms > PART_MOST_MS ? PART_MOST_MS : part_ms;
}

static void end_segment(struct hls_cutter *cutter, int64_t at_ms)
{
	if (!cutter->target_s)
		fix_targets(cutter, at_ms);
	cutter->segment_ms = at_ms;
	cutter->ops->on_cut(cutter->owner);
}

/* Makes a part of the leading track's whole samples before that time and of the sound with them;
 * `end_ms` is where it ends. */
static void flush(struct hls_cutter *cutter, int64_t until_ms, int64_t end_ms)
{
	struct hls_queue *queue = cutter->leading;
	const struct hls_queue *queues[MP4_TRACKS_MAX] = { queue, &cutter->sound };
	struct mp4_run runs[MP4_TRACKS_MAX] = { hls_queue_run(queue, 1, until_ms) };
	size_t count = 1;

	if (!runs[0].count)
		return;
	if (queue != &cutter->sound) {
		runs[1] = hls_queue_run(&cutter->sound, 2, end_ms);
		count += runs[1].count > 0;
	}
	struct hls_part part = {
		.bytes = make_part(cutter, runs, queues, count),
		.duration_ms = end_ms - queue->times_ms[0],
		.is_independent = has_key(&runs[0]),
	};
	hls_queue_drop(queue, &runs[0]);
	if (count > 1)
		hls_queue_drop(&cutter->sound, &runs[1]);
	if (part.duration_ms > cutter->longest_part_ms)
		cutter->longest_part_ms = part.duration_ms;
	if (!part.bytes)
		return;
	part.size = part.bytes->size;
	if (cutter->ops->on_part(cutter->owner, &part, cutter->segment_ms + cutter->clock_ms))
		end_segment(cutter, end_ms);
}

static void cut(struct hls_cutter *cutter, int64_t at_ms)
{
	flush(cutter, at_ms, at_ms);
	end_segment(cutter, at_ms);
}

/* What is there goes out; then everything waits for a key frame, in times of its own. */
static void break_off(struct hls_cutter *cutter)
{
	struct hls_queue *queue = cutter->leading;

	if (!queue)
		return;
	if (queue->count) {
		cutter->last_ms = queue->times_ms[queue->count - 1] + LAST_FRAME_MS;
		hls_queue_end(queue, cutter->last_ms);
		flush(cutter, INT64_MAX, cutter->last_ms);
	}
	cutter->leading = NULL;
	cutter->ops->on_cut(cutter->owner);
	cutter->ops->on_break(cutter->owner);
}

static enum err tell_init(struct hls_cutter *cutter, struct why *why)
{
	const struct hls_tracks *tracks = &cutter->tracks;
	bool has_video = hls_cutter_has_video(cutter);
	struct hls_bytes *init;

	cutter->has_sound = tracks->sound.is_there && !cutter->is_silent;
	enum err err = hls_tracks_write_init(tracks, has_video, cutter->has_sound, &init);
	if (err != ERR_OK)
		return why_set(why, err, "its %s cannot be carried over HLS",
		               has_video ? tracks->video.text : tracks->sound.text);
	cutter->ops->on_init(cutter->owner, init);
	cutter->is_init_due = false;
	return ERR_OK;
}

static enum err start(struct hls_cutter *cutter, uint32_t stamp, int64_t now_ms, struct why *why)
{
	const struct hls_tracks *tracks = &cutter->tracks;
	enum err err = cutter->is_init_due ? tell_init(cutter, why) : ERR_OK;

	if (err != ERR_OK)
		return err;
	hls_queue_reset(&cutter->video, HLS_VIDEO_TIMESCALE, 0);
	hls_queue_reset(&cutter->sound, tracks->sound.mp4.timescale, hls_sound_quantum(tracks));
	cutter->leading = hls_cutter_has_video(cutter) ? &cutter->video : &cutter->sound;
	cutter->stamp = stamp;
	cutter->stamp_ms = cutter->segment_ms = cutter->key_ms = cutter->last_ms + 1;
	if (!cutter->is_silent)
		cutter->heard_ms = cutter->stamp_ms;
	cutter->clock_ms = now_ms - cutter->stamp_ms;
	return ERR_OK;
}

/* Our time of the leading track's next frame. */
static int64_t take_stamp(struct hls_cutter *cutter, uint32_t stamp, int64_t now_ms)
{
	cutter->stamp_ms += (int32_t)(stamp - cutter->stamp);
	cutter->stamp = stamp;
	int64_t time_ms = cutter->stamp_ms;
	if (time_ms <= cutter->last_ms)
		time_ms = cutter->last_ms + 1;
	cutter->last_ms = time_ms;
	/* The quickest frame is the one that tells the time best. */
	if (now_ms - time_ms < cutter->clock_ms)
		cutter->clock_ms = now_ms - time_ms;
	return time_ms;
}

/* Ends what the frame before the one at `time_ms` is too much for, now that it is known how long
 * that one lasts. */
static void cut_overlong(struct hls_cutter *cutter, int64_t time_ms)
{
	struct hls_queue *queue = cutter->leading;
	int64_t part_ms = cutter->part_target_ms ? cutter->part_target_ms : HLS_PART_MS;
	int64_t most_ms = cutter->target_s ? cutter->target_s * 1000 + 499 : HLS_FIRST_MOST_MS;

	if (!queue->count)
		return;
	int64_t last_ms = queue->times_ms[queue->count - 1];
	if (time_ms - cutter->segment_ms > most_ms && last_ms > cutter->segment_ms)
		cut(cutter, last_ms);
	else if (time_ms - queue->times_ms[0] > part_ms && queue->count > 1)
		flush(cutter, last_ms, last_ms);
}

static void note_key(struct hls_cutter *cutter, int64_t time_ms)
{
	if (time_ms - cutter->key_ms > cutter->group_ms)
		cutter->group_ms = time_ms - cutter->key_ms;
	cutter->key_ms = time_ms;
}

static void add_leading(struct hls_cutter *cutter, uint32_t stamp, struct bytes sample,
                        int32_t composition_ms, bool is_key, int64_t now_ms)
{
	struct hls_queue *queue = cutter->leading;
	int64_t time_ms = take_stamp(cutter, stamp, now_ms);
	int64_t least_ms = cutter->target_s ? HLS_SEGMENT_LEAST_MS : HLS_FIRST_LEAST_MS;

	cut_overlong(cutter, time_ms);
	if (is_key)
		note_key(cutter, time_ms);
	hls_queue_end(queue, time_ms);
	if (is_key && time_ms - cutter->segment_ms >= least_ms)
		cut(cutter, time_ms);
	else if (hls_queue_is_full(queue, sample.size))
		flush(cutter, time_ms, time_ms);
	(void)hls_queue_add(queue, time_ms, sample, composition_ms, is_key);
}

/* The sound began or ended to come: told from a key frame on. */
static void mind_silence(struct hls_cutter *cutter)
{
	bool is_silent = cutter->last_ms - cutter->heard_ms > HLS_SILENCE_MS;

	if (!cutter->tracks.sound.is_there || is_silent == cutter->is_silent)
		return;
	cutter->is_silent = is_silent;
	cutter->is_init_due = true;
	break_off(cutter);
}

/* How far the frame is from the one before: a jump when it cannot be of the same time. */
static bool is_jump(const struct hls_cutter *cutter, uint32_t stamp)
{
	int32_t step = (int32_t)(stamp - cutter->stamp);

	return step > HLS_JUMP_MS || step < -HLS_BACK_MS;
}

enum err hls_cutter_add_leading(struct hls_cutter *cutter, uint32_t stamp, struct bytes sample,
                                int32_t composition_ms, bool is_key, int64_t now_ms,
                                struct why *why)
{
	if (cutter->leading && is_jump(cutter, stamp))
		break_off(cutter);
	if (cutter->leading == &cutter->video && is_key)
		mind_silence(cutter);
	if (!cutter->leading) {
		enum err err = is_key ? start(cutter, stamp, now_ms, why) : ERR_MORE;
		if (err != ERR_OK)
			return err == ERR_MORE ? ERR_OK : err;
	}
	add_leading(cutter, stamp, sample, composition_ms, is_key, now_ms);
	return ERR_OK;
}

void hls_cutter_add_sound(struct hls_cutter *cutter, uint32_t stamp, struct bytes sample)
{
	int32_t step = (int32_t)(stamp - cutter->stamp);
	int64_t time_ms = cutter->stamp_ms + step;

	if (cutter->leading != &cutter->video)
		return;
	cutter->heard_ms = cutter->last_ms;
	if (!cutter->has_sound || step > HLS_SOUND_AHEAD_MS || step < -HLS_SOUND_AHEAD_MS ||
	    time_ms < 0 || hls_queue_is_full(&cutter->sound, sample.size))
		return;
	(void)hls_queue_add(&cutter->sound, time_ms, sample, 0, true);
}

void hls_cutter_darken(struct hls_cutter *cutter, bool is_dark)
{
	if (is_dark == cutter->is_dark)
		return;
	cutter->is_dark = is_dark;
	cutter->is_silent = false;
	hls_cutter_reconfigure(cutter);
}

void hls_cutter_reconfigure(struct hls_cutter *cutter)
{
	cutter->is_init_due = true;
	break_off(cutter);
}
