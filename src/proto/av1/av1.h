/* SPDX-License-Identifier: Apache-2.0 */
/*
 * av1.h — AV1's decoder configuration (av1C, AV1 in ISOBMFF §2.3.3) and the picture's size in its
 * sequence header (AV1 bitstream §5.5).
 *
 * Memory   nothing is kept.
 * Errors   ERR_MALFORMED, ERR_NOT_FOUND (no sequence header among the units).
 */
#ifndef VIGIL_PROTO_AV1_AV1_H
#define VIGIL_PROTO_AV1_AV1_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define AV1_SIDE_MAX       16384 /* pixels */
#define AV1_CODEC_TEXT_MAX 16    /* "av01.0.04M.08" and its NUL */

struct av1_config {
	uint8_t profile, level, depth;
	bool is_high_tier;
	struct bytes units; /* the OBUs behind the four bytes; may be empty */
};

struct av1_size {
	uint32_t width, height; /* the largest frame's */
};

enum err av1_read_config(struct bytes record, struct av1_config *out);

/* Walks OBUs that carry their sizes to the first sequence header. */
enum err av1_read_size(struct bytes units, struct av1_size *out);

/* "av01.0.04M.08" */
void av1_codec_text(const struct av1_config *config, char to[AV1_CODEC_TEXT_MAX]);

#endif
