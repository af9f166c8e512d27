/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sound.h — what the built-in camera hears, in AAC: a clock that ticks every second, and higher at
 * the full minute, so that sound and the time in the picture can be compared.
 *
 * Mono, SOUND_RATE; a frame is SOUND_FRAME_MS to the millisecond, so times never drift.
 *
 * Threads  one at a time for each sound.
 * Memory   what sound_header() gives lives as long as the sound.
 * Errors   ERR_UNSUPPORTED (libavcodec has no AAC encoder), ERR_NO_MEMORY, ERR_INTERNAL.
 */
#ifndef VIGIL_CAM_SOUND_H
#define VIGIL_CAM_SOUND_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define SOUND_RATE      16000
#define SOUND_FRAME     1024 /* samples; what AAC takes at once */
#define SOUND_FRAME_MS  (SOUND_FRAME * 1000 / SOUND_RATE)
#define SOUND_BITS      32000 /* a second */
#define SOUND_FRAME_MAX 8192

struct sound;

/* `begin_ms` is the time of day of its first sample. */
enum err sound_new(int64_t begin_ms, struct sound **out, struct why *why);
void sound_free(struct sound *sound);
AUTO_DEFINE(sound)

/* The body of the FLV tag that goes before all others: the AAC decoder's configuration. */
struct str sound_header(const struct sound *sound);

/* Appends the body of the next FLV audio tag: the next SOUND_FRAME_MS. */
enum err sound_next(struct sound *sound, struct buf *out);

/* Leaves `count` frames out. */
void sound_skip(struct sound *sound, int64_t count);

#endif
