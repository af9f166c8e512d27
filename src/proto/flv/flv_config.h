/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flv_config.h — the facts in a codec's configuration, from an FLV body that is_header.
 *
 *     flv_read_video(body, size, &video), then flv_video_config(&video, &facts)
 *
 * Memory   `record` is borrowed from the body.
 * Errors   ERR_UNSUPPORTED (no configuration), ERR_MALFORMED.
 */
#ifndef VIGIL_PROTO_FLV_FLV_CONFIG_H
#define VIGIL_PROTO_FLV_FLV_CONFIG_H

#include "proto/flv/flv_media.h"

#define FLV_CODEC_TEXT_MAX 41

struct flv_config {
	enum flv_codec codec;
	char text[FLV_CODEC_TEXT_MAX]; /* RFC 6381: "avc1.64001f", "mp4a.40.2"; as much as is known
	                                */
	/* What MP4 keeps of it: avcC, hvcC, av1C, the AudioSpecificConfig. Opus: the identification
	 * header of RFC 7845, which MP4 writes in another order (dOps). */
	struct bytes record;
	uint32_t width, height; /* video; 0: not told */
	uint8_t length_size;    /* H.264, H.265: of the lengths before NAL units in the frames */
	uint8_t channels;       /* sound; 0: not told */
	uint32_t rate_hz;       /* sound, as heard; 0: not told */
};

/* A configuration of H.264, H.265 or AV1 is read; of other codecs only the text is told. */
enum err flv_video_config(const struct flv_video *video, struct flv_config *out);

/* The same for AAC and Opus; G.711 has no configuration and is described from any frame. */
enum err flv_audio_config(const struct flv_audio *audio, struct flv_config *out);

/* The codec alone, as codec texts begin: "avc1", "hvc1", "mp4a", "opus", "g711a"; never NULL. */
const char *flv_codec_text(enum flv_codec codec);

#endif
