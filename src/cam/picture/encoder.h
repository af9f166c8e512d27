/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encoder.h — pictures into H.264, as the bodies of FLV video tags, and into JPEG.
 *
 * Baseline H.264 without B frames and without delay: a picture goes in, its frame comes out, in one
 * to two milliseconds for 640 x 360.
 *
 * Threads  one at a time for each encoder.
 * Memory   what encoder_header() gives lives as long as the encoder.
 * Errors   ERR_UNSUPPORTED (libavcodec has no libx264 or mjpeg), ERR_NO_MEMORY, ERR_INTERNAL.
 */
#ifndef VIGIL_CAM_ENCODER_H
#define VIGIL_CAM_ENCODER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cam/picture/scene.h"

#define ENCODER_FPS       15
#define ENCODER_GOP       (2 * ENCODER_FPS) /* frames from one key frame to the next */
#define ENCODER_FRAME_MAX (1024 * 1024)

struct encoder;

enum err encoder_new(struct encoder **out, struct why *why);
void encoder_free(struct encoder *encoder);
AUTO_DEFINE(encoder)

/* The picture to draw the next frame into; borrowed until encoder_encode(). */
enum err encoder_picture(struct encoder *encoder, struct scene_picture *out);

/* Appends the body of one FLV video tag (AVC NALUs with lengths of four bytes). */
enum err encoder_encode(struct encoder *encoder, bool is_key_wanted, struct buf *out,
                        bool *out_is_key);

/* The body of the FLV tag that goes before all others: the AVC decoder configuration. */
struct str encoder_header(const struct encoder *encoder);

/* Appends a JPEG of what `view` sees. Makes its own codec: for stills, not for streams. */
enum err encoder_still(const struct scene *scene, const struct scene_view *view, struct buf *out,
                       struct why *why);

#endif
