/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hls_cutter.h — FLV tags in, parts of fragmented MP4 out.
 *
 * A segment begins at a key frame once the one before is HLS_SEGMENT_LEAST_MS long; the first one
 * is cut sooner, so that there is something to play. What it shows of the camera's groups of
 * pictures fixes the target duration; a group longer than that is cut between its frames. Times
 * that jump, or another configuration, make a break, after which all waits for a key frame.
 *
 * Threads  none of its own: the packager's loop.
 * Errors   ERR_UNSUPPORTED: the stream has nothing that can be carried; `why` names it.
 * Units    the mapped times are milliseconds from the first frame on, and never go back.
 */
#ifndef VIGIL_ENDPOINTS_HLS_CUTTER_H
#define VIGIL_ENDPOINTS_HLS_CUTTER_H

#include "endpoints/hls/hls_queue.h"
#include "endpoints/hls/hls_tracks.h"
#include "endpoints/hls/hls_window.h"
#include "proto/flv/flv.h"

#define HLS_PART_MS          350  /* of a part, unless single frames take longer */
#define HLS_SEGMENT_LEAST_MS 1900 /* two seconds of a camera whose clock is not exact */
#define HLS_FIRST_LEAST_MS   900  /* the same of the first segment, ... */
#define HLS_FIRST_MOST_MS    6000 /* ... which ends without a key frame here */
#define HLS_TARGET_LEAST_S   2
#define HLS_TARGET_MOST_S    12
#define HLS_JUMP_MS          2000 /* from frame to frame; more is another time */
#define HLS_BACK_MS          1000 /* the same backwards: less is put right */
#define HLS_SOUND_ALONE_MS   1000 /* of sound before it is sure that there is no video */
#define HLS_SOUND_AHEAD_MS   5000 /* of sound before or behind the video that is still its own */
#define HLS_SILENCE_MS       3000 /* without sound: the track is left out from the next key frame */
#define HLS_DARKNESS_MS      10000 /* of sound without video: goes on alone, to the next key frame */

struct hls_cutter_ops {
	void (*on_init)(void *owner, struct hls_bytes *init); /* given, as the part's bytes are */
	/* Of the segment that began at that time of day. True: the segment is to end here. */
	bool (*on_part)(void *owner, const struct hls_part *part, int64_t began_ms);
	void (*on_cut)(void *owner);
	void (*on_break)(void *owner); /* behind on_cut */
};

struct hls_cutter {
	const struct hls_cutter_ops *ops;
	void *owner;
	struct hls_tracks tracks;
	struct hls_queue video, sound;
	struct hls_queue *leading; /* the one whose times cut; NULL: waits for a key frame */
	bool is_init_due;          /* the configuration is not the one that was told */
	bool is_silent;            /* there should be sound, and is none */
	bool has_sound;            /* in the configuration that was told */
	bool is_dark;              /* there should be video, and is none */
	bool has_sound_stamp;
	uint32_t stamp, sound_stamp; /* as FLV has them: of the leading track, of any sound */
	int64_t unseen_ms;           /* of sound since the last video */
	int64_t stamp_ms;            /* `stamp` in our time */
	int64_t last_ms, segment_ms; /* the newest frame; the open segment's first */
	int64_t heard_ms;            /* the newest sound */
	int64_t clock_ms;            /* from our time to the time of day */
	int64_t key_ms, group_ms;    /* the newest key frame; the longest group of pictures */
	int64_t longest_part_ms;
	int64_t target_s, part_target_ms; /* 0: before the first cut */
	uint32_t sequence;
};

void hls_cutter_init(struct hls_cutter *cutter, const struct hls_cutter_ops *ops, void *owner);
void hls_cutter_done(struct hls_cutter *cutter);

/* Is there video in what comes next? */
bool hls_cutter_has_video(const struct hls_cutter *cutter);

/* One tag, at this time of day. A tag that makes no sense is left out. */
enum err hls_cutter_take(struct hls_cutter *cutter, const struct flv_tag *tag, int64_t now_ms,
                         struct why *why);

#endif
