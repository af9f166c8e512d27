/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h264.h — H.264's decoder configuration (ISO/IEC 14496-15 §5.3.3) and the picture's size in it.
 *
 * Memory   parameter sets are borrowed from the record.
 * Errors   ERR_MALFORMED, ERR_UNSUPPORTED (no parameter set in the record), ERR_TOO_LARGE.
 */
#ifndef VIGIL_PROTO_H26X_H264_H
#define VIGIL_PROTO_H26X_H264_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#define H264_CODEC_TEXT_MAX 16 /* "avc1.64001f" and its NUL */

enum h264_nal {
	H264_NAL_SLICE = 1,
	H264_NAL_IDR = 5,
	H264_NAL_SEI = 6,
	H264_NAL_SPS = 7,
	H264_NAL_PPS = 8,
	H264_NAL_DELIMITER = 9,
};

struct h264_config {
	uint8_t profile, compatibility, level;
	uint8_t length_size; /* of the lengths before NAL units: 1, 2 or 4 */
	struct bytes sps;    /* the first of each kind */
	struct bytes pps;
};

struct h264_sps {
	uint8_t profile, compatibility, level;
	uint32_t width, height; /* as shown, after cropping */
};

/* An AVCDecoderConfigurationRecord. */
enum err h264_read_config(struct bytes record, struct h264_config *out);

/* The same from one SPS and one PPS, each without start code; lengths of 4 bytes. */
enum err h264_write_config(struct bytes sps, struct bytes pps, struct buf *out);

/* A sequence parameter set with its NAL header byte. */
enum err h264_read_sps(struct bytes sps, struct h264_sps *out);

static inline enum h264_nal h264_nal_type(struct bytes nal)
{
	return (enum h264_nal)(nal.size ? nal.at[0] & 0x1F : 0);
}

/* RFC 6381: "avc1.64001f". */
void h264_codec_text(const struct h264_config *config, char to[H264_CODEC_TEXT_MAX]);

#endif
