/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flv_media.h — what the first bytes of an audio or video body say: classic FLV, enhanced RTMP
 * (FourCC, versions 1 and 2), and the codec number 12 that older cameras use for HEVC.
 *
 * Memory   the payload is borrowed from the body.
 * Errors   ERR_MALFORMED (too short), ERR_UNSUPPORTED (several tracks in one body).
 */
#ifndef VIGIL_PROTO_FLV_FLV_MEDIA_H
#define VIGIL_PROTO_FLV_FLV_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum flv_codec {
	FLV_CODEC_UNKNOWN,
	FLV_AVC,
	FLV_HEVC,
	FLV_VVC,
	FLV_AV1,
	FLV_VP8,
	FLV_VP9,
	FLV_AAC,
	FLV_MP3,
	FLV_OPUS,
	FLV_FLAC,
	FLV_AC3,
	FLV_EAC3,
	FLV_PCM,
	FLV_G711_ALAW,
	FLV_G711_MULAW,
	FLV_SPEEX,
	FLV_CODEC_COUNT,
};

struct flv_video {
	enum flv_codec codec;
	bool is_frame;  /* a picture: neither header, end, command nor metadata */
	bool is_key;    /* a picture to start from */
	bool is_header; /* the decoder's configuration */
	bool is_end;
	bool is_enhanced;
	int32_t composition_ms; /* from decoding to showing */
	struct bytes payload;
};

struct flv_audio {
	enum flv_codec codec;
	bool is_frame;
	bool is_header;
	bool is_end;
	bool is_enhanced;
	struct bytes payload;
};

enum err flv_read_video(const uint8_t *body, size_t size, struct flv_video *out);
enum err flv_read_audio(const uint8_t *body, size_t size, struct flv_audio *out);

/* The first bytes of a classic H.264 video body; gives their number. */
#define FLV_AVC_HEAD_SIZE 5
size_t flv_write_avc_head(uint8_t to[FLV_AVC_HEAD_SIZE], bool is_key, bool is_header,
                          int32_t composition_ms);

/* The first bytes of an AAC audio body; gives their number. */
#define FLV_AAC_HEAD_SIZE 2
size_t flv_write_aac_head(uint8_t to[FLV_AAC_HEAD_SIZE], bool is_header);

#endif
