/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h265.h — H.265's decoder configuration (ISO/IEC 14496-15 §8.3.3) and the picture's size in it.
 *
 * Memory   parameter sets are borrowed from the record.
 * Errors   ERR_MALFORMED, ERR_UNSUPPORTED (no SPS in the record).
 */
#ifndef VIGIL_PROTO_H26X_H265_H
#define VIGIL_PROTO_H26X_H265_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define H265_CODEC_TEXT_MAX 41 /* "hvc1.A31.ffffffff.H255.ff.ff.ff.ff.ff.ff" and its NUL */
#define H265_CONSTRAINTS    6

enum h265_nal {
	H265_NAL_VPS = 32,
	H265_NAL_SPS = 33,
	H265_NAL_PPS = 34,
};

struct h265_config {
	uint8_t space, profile, level; /* level: 30 times its number */
	bool is_high_tier;
	uint32_t compatibility;
	uint8_t constraints[H265_CONSTRAINTS];
	uint8_t length_size;        /* of the lengths before NAL units: 1, 2 or 4 */
	struct bytes vps, sps, pps; /* the first of each kind; a VPS or PPS may be missing */
};

struct h265_sps {
	uint32_t width, height; /* as shown, after cropping */
};

/* An HEVCDecoderConfigurationRecord. */
enum err h265_read_config(struct bytes record, struct h265_config *out);

/* A sequence parameter set with its NAL header. */
enum err h265_read_sps(struct bytes sps, struct h265_sps *out);

static inline enum h265_nal h265_nal_type(struct bytes nal)
{
	return (enum h265_nal)(nal.size ? nal.at[0] >> 1 & 0x3F : 0);
}

/* RFC 6381 and ISO/IEC 14496-15 annex E: "hvc1.1.6.L93.90". */
void h265_codec_text(const struct h265_config *config, char to[H265_CODEC_TEXT_MAX]);

#endif
