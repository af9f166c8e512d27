/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flv.h — FLV: the file header and the tags around audio, video and script bodies.
 *
 * What is inside a body is told by flv_media.h.
 *
 * Memory   readers borrow; writers fill arrays of the caller.
 * Errors   ERR_MORE (the input ends inside; it is left as it was), ERR_MALFORMED, ERR_TOO_LARGE (a
 *          tag above FLV_BODY_MAX).
 */
#ifndef VIGIL_PROTO_FLV_FLV_H
#define VIGIL_PROTO_FLV_FLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define FLV_HEADER_SIZE   13 /* with the first PreviousTagSize */
#define FLV_TAG_HEAD_SIZE 11
#define FLV_TAG_TAIL_SIZE 4
#define FLV_BODY_MAX      (4 * 1024 * 1024)

enum flv_kind {
	FLV_AUDIO = 8,
	FLV_VIDEO = 9,
	FLV_SCRIPT = 18,
};

struct flv_header {
	bool has_audio, has_video; /* a claim that many writers get wrong */
};

struct flv_tag {
	uint8_t kind; /* enum flv_kind, or one we do not know */
	uint32_t timestamp_ms;
	const uint8_t *body;
	size_t size;
};

void flv_write_header(uint8_t to[FLV_HEADER_SIZE], bool has_audio, bool has_video);

/* `size` is the body's, at most FLV_BODY_MAX. */
void flv_write_tag_head(uint8_t to[FLV_TAG_HEAD_SIZE], enum flv_kind kind, uint32_t timestamp_ms,
                        size_t size);
void flv_write_tag_tail(uint8_t to[FLV_TAG_TAIL_SIZE], size_t size);

/* At the start of a file or stream. */
enum err flv_read_header(struct bytes *input, struct flv_header *out);

/* A whole tag with its tail; ERR_MORE with nothing left means a clean end. */
enum err flv_read_tag(struct bytes *input, struct flv_tag *out);

#endif
