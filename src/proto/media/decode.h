/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.h — what vigild and vigil-media say to each other: a key frame there, a JPEG back.
 *
 * Both are one frame of bytes behind their length (32 bits, big-endian, not counting itself):
 *
 *     request   version 1 | codec 1 | width 2 | number 4 | config size 4 | config | key frame
 *     answer    version 1 | status 1 | width 2 | height 2 | number 4 | JPEG
 *
 * The first answer is DECODE_READY with number 0: the sandbox is closed. Then each request has one
 * answer with its number, in order.
 *
 * Memory   readers borrow from the input.
 * Errors   ERR_MORE (the input ends inside; it is left as it was), ERR_TOO_LARGE, ERR_MALFORMED
 *          (another version, an unknown value, a width out of range, a JPEG where none belongs).
 */
#ifndef VIGIL_PROTO_MEDIA_DECODE_H
#define VIGIL_PROTO_MEDIA_DECODE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#define DECODE_VERSION      1
#define DECODE_WIDTH_LEAST  80
#define DECODE_WIDTH_MAX    1280
#define DECODE_HEIGHT_MAX   (2 * DECODE_WIDTH_MAX)
#define DECODE_CONFIG_MAX   (64 * 1024)
#define DECODE_FRAME_MAX    (4 * 1024 * 1024)
#define DECODE_JPEG_MAX     (1024 * 1024)
#define DECODE_REQUEST_HEAD 16 /* with its length */
#define DECODE_ANSWER_HEAD  14
#define DECODE_REQUEST_MAX  (DECODE_REQUEST_HEAD + DECODE_CONFIG_MAX + DECODE_FRAME_MAX)
#define DECODE_ANSWER_MAX   (DECODE_ANSWER_HEAD + DECODE_JPEG_MAX)

enum decode_codec { DECODE_H264, DECODE_H265, DECODE_AV1, DECODE_CODEC_COUNT };

enum decode_status {
	DECODE_READY,       /* the first answer of all */
	DECODE_DONE,        /* with a JPEG */
	DECODE_BROKEN,      /* no picture comes out of these bytes */
	DECODE_UNSUPPORTED, /* libavcodec has no decoder for it here */
	DECODE_TOO_LARGE,   /* the picture, or its JPEG */
	DECODE_NO_MEMORY,
	DECODE_STATUS_COUNT,
};

struct decode_request {
	enum decode_codec codec;
	uint16_t width; /* of the thumbnail, at most */
	uint32_t number;
	struct bytes config; /* the decoder configuration record; may be empty */
	struct bytes frame;  /* as FLV and MP4 hold it */
};

struct decode_answer {
	enum decode_status status;
	uint16_t width, height;
	uint32_t number;
	struct bytes jpeg; /* only with DECODE_DONE */
};

/* The next whole request; `input` goes on behind it. */
enum err decode_request_read(struct bytes *input, struct decode_request *out);
/* ERR_TOO_LARGE; ERR_INVALID for what the reader would refuse. */
enum err decode_request_write(const struct decode_request *request, struct buf *out);

enum err decode_answer_read(struct bytes *input, struct decode_answer *out);
enum err decode_answer_write(const struct decode_answer *answer, struct buf *out);

#endif
