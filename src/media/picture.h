/* SPDX-License-Identifier: Apache-2.0 */
/*
 * picture.h — from one key frame to a small JPEG.
 *
 * The bytes come from cameras, and libavcodec is large: this runs behind sandbox.h only.
 *
 * Threads  any, one call at a time; the decoders start none of their own.
 * Memory   the answer borrows its JPEG from the caller's buf.
 */
#ifndef VIGIL_MEDIA_PICTURE_H
#define VIGIL_MEDIA_PICTURE_H

#include "base/buf.h"
#include "proto/media/decode.h"

#define PICTURE_SIDE_MAX 8192 /* pixels of what is decoded */

/* Answers request->number. The JPEG has the picture's shape (with square pixels), is no wider than
 * request->width and no larger than the picture. `jpeg` keeps the bytes. */
struct decode_answer picture_make(const struct decode_request *request, struct buf *jpeg);

#endif
