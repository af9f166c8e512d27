/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hls_tracks.h — what a stream is made of, from its codecs' configurations.
 *
 * Memory   configurations are copied.
 * Errors   ERR_UNSUPPORTED: fragmented MP4 does not carry it here; ERR_MALFORMED.
 */
#ifndef VIGIL_ENDPOINTS_HLS_TRACKS_H
#define VIGIL_ENDPOINTS_HLS_TRACKS_H

#include "base/buf.h"
#include "endpoints/hls/hls_bytes.h"
#include "proto/flv/flv_config.h"
#include "proto/mp4/mp4.h"

#define HLS_VIDEO_TIMESCALE 1000 /* FLV counts milliseconds */

struct hls_track {
	bool is_there;
	enum flv_codec codec;
	struct buf record;
	struct mp4_track mp4;
	char text[FLV_CODEC_TEXT_MAX];
};

struct hls_tracks {
	struct hls_track video, sound;
};

void hls_tracks_init(struct hls_tracks *tracks);
void hls_tracks_done(struct hls_tracks *tracks);

/* Takes a configuration; *out_is_new tells that it is not the one there was. */
enum err hls_tracks_set_video(struct hls_tracks *tracks, const struct flv_video *video,
                              bool *out_is_new);
enum err hls_tracks_set_sound(struct hls_tracks *tracks, const struct flv_audio *audio,
                              bool *out_is_new);

bool hls_can_carry(enum flv_codec codec);

/* The initialisation segment; video is the first track. */
enum err hls_tracks_write_init(const struct hls_tracks *tracks, bool has_video, bool has_sound,
                               struct hls_bytes **out);

/* Of one packet of sound: what the durations are multiples of, in the track's timescale. */
uint32_t hls_sound_quantum(const struct hls_tracks *tracks);

#endif
