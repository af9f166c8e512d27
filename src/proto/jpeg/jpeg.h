/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jpeg.h — tells a whole JPEG picture from anything else, as the bytes come in.
 *
 * Markers are walked (ITU T.81 annex B), nothing is decoded: a picture begins with SOI, has one
 * frame header with a size, at least one scan with coded data behind it, and ends with EOI. Some
 * cameras pad their pictures: up to JPEG_TRAILER_MAX bytes behind EOI are let pass.
 *
 * Memory   none but the struct itself, however large the picture is.
 * Errors   ERR_MALFORMED, sticky.
 */
#ifndef VIGIL_PROTO_JPEG_JPEG_H
#define VIGIL_PROTO_JPEG_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define JPEG_TRAILER_MAX 65536 /* bytes behind EOI */
#define JPEG_HEAD_SIZE   6     /* of a segment, as much as is looked at */

enum jpeg_state {
	JPEG_START,
	JPEG_MARKER,
	JPEG_CODE,
	JPEG_LENGTH,
	JPEG_SEGMENT,
	JPEG_SCAN,
	JPEG_SCAN_CODE, /* behind an FF within a scan */
	JPEG_TRAILER,
	JPEG_BROKEN,
};

/* A zeroed one is ready for a new picture. */
struct jpeg_check {
	enum jpeg_state state;
	uint8_t code; /* the marker under way */
	uint8_t head[JPEG_HEAD_SIZE];
	size_t head_size;
	uint32_t length, left; /* of the segment; left: not read yet */
	uint32_t trailer;
	unsigned width, height; /* when has_frame */
	bool has_frame, has_scan, is_coded;
};

enum err jpeg_check_feed(struct jpeg_check *check, const uint8_t *bytes, size_t size);

/* No more bytes come: ERR_MALFORMED unless the picture is whole. */
enum err jpeg_check_end(const struct jpeg_check *check);

#endif
