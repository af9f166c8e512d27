/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mp4.h — fragmented MP4 (ISO/IEC 14496-12): an initialisation segment, then fragments.
 *
 *     mp4_write_init(tracks, 2, &out)                once
 *     mp4_write_fragment(1, runs, 2, &out)           the heads; behind them the caller puts the
 *                                                    samples of the first run, then the second's
 *
 * Tracks are numbered from 1 in the order given. Samples are as FLV carries them: NAL units behind
 * lengths, AV1 temporal units, raw AAC, Opus packets.
 *
 * Memory   configuration records are borrowed; samples are never looked at.
 * Errors   ERR_INVALID (a fact that is missing or out of range), ERR_TOO_LARGE, and the buf's.
 * Units    durations and times in the track's timescale.
 */
#ifndef VIGIL_PROTO_MP4_MP4_H
#define VIGIL_PROTO_MP4_MP4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#define MP4_TRACKS_MAX  2
#define MP4_SAMPLES_MAX 4096        /* of one run */
#define MP4_RECORD_MAX  (64 * 1024) /* a configuration record; sound: MP4_SOUND_RECORD_MAX */
#define MP4_PAYLOAD_MAX (1U << 30)  /* of one fragment */
#define MP4_SIDE_MAX    16384       /* pixels */

#define MP4_SOUND_RECORD_MAX 64

enum mp4_codec { MP4_AVC, MP4_HEVC, MP4_AV1, MP4_AAC, MP4_OPUS };

struct mp4_track {
	enum mp4_codec codec;
	uint32_t timescale; /* units a second */
	/* avcC, hvcC, av1C, the AudioSpecificConfig, or Opus' identification header (RFC 7845). */
	struct bytes record;
	uint32_t width, height;     /* video */
	uint32_t channels, rate_hz; /* sound */
};

struct mp4_sample {
	uint32_t size, duration;
	int32_t composition; /* from decoding to showing */
	bool is_key;         /* sound: always */
};

struct mp4_run {
	uint32_t track;       /* 1.. */
	uint64_t decode_time; /* of the first sample */
	const struct mp4_sample *samples;
	size_t count; /* at least 1 */
};

static inline bool mp4_is_sound(enum mp4_codec codec)
{
	return codec == MP4_AAC || codec == MP4_OPUS;
}

/* ftyp and moov, for at most MP4_TRACKS_MAX tracks. */
enum err mp4_write_init(const struct mp4_track tracks[], size_t count, struct buf *out);

/* moof, and the head of the mdat that holds all the runs' samples, run by run. */
enum err mp4_write_fragment(uint32_t sequence, const struct mp4_run runs[], size_t count,
                            struct buf *out);

#endif
