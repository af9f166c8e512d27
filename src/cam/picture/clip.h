/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clip.h — encoded frames out of an FLV file, or built: what many cameras play round and round, and
 * what a recording holds.
 *
 * Threads  any may read a clip; making one may block.
 * Memory   frames borrow the clip's bytes.
 * Errors   ERR_MALFORMED, ERR_TOO_LARGE, ERR_UNSUPPORTED (no video in it), those of reading a file.
 */
#ifndef VIGIL_CAM_CLIP_H
#define VIGIL_CAM_CLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "proto/flv/flv.h"

#define CLIP_BYTES_MAX  (64 * 1024 * 1024)
#define CLIP_FRAMES_MAX 100000
#define CLIP_BUILT_MS   8000 /* whole frames of picture and of sound: its end meets its begin */

/* A FLV tag of audio or video: `body` is what RTMP sends too. */
struct clip_frame {
	enum flv_kind kind;
	bool is_header; /* decoder configuration: sent once, before all others */
	bool is_key;
	int64_t at_ms; /* from the clip's begin */
	struct str body;
};

struct clip {
	uint8_t *bytes;
	size_t count;
	struct clip_frame *frames; /* headers first, then by time */
	size_t header_count;
	int64_t duration_ms;
};

/* Encodes CLIP_BUILT_MS of the built-in scene and its sound. */
enum err clip_build(bool is_silent, struct clip **out, struct why *why);

/* All of an FLV file. */
enum err clip_read(const char *path, struct clip **out, struct why *why);

void clip_free(struct clip *clip);
AUTO_DEFINE(clip)

/* A FLV file is clip_write_head(), then tags; at_ms counts from the file's begin. */
void clip_write_head(struct buf *out, bool has_audio);
void clip_write_tag(struct buf *out, enum flv_kind kind, int64_t at_ms, struct str body);

#endif
