/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flv_clock.h — one steady time line out of what encoders count.
 *
 * Encoders' times jump: the clock was set, the sound counts from elsewhere, a new push begins at
 * 0. What comes out begins where it is told to, never goes back within a track, and goes on where
 * it was after a jump. Steps within the limits below stay as they are.
 *
 * Memory   a plain value; a copy is a clock of its own.
 */
#ifndef VIGIL_PROTO_FLV_FLV_CLOCK_H
#define VIGIL_PROTO_FLV_FLV_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/flv/flv.h"

#define FLV_CLOCK_AHEAD_MAX_MS 10000 /* a longer step is a jump */
#define FLV_CLOCK_BACK_MAX_MS  100   /* one back, within a track */
#define FLV_CLOCK_APART_MAX_MS 1000  /* sound may be so much older than the picture */

struct flv_clock_track {
	bool is_started;
	uint32_t raw;   /* the newest time that came in */
	uint32_t told;  /* the last that went out */
	uint32_t shift; /* from raw to told */
};

struct flv_clock {
	bool is_started;
	uint32_t first;  /* where it begins */
	uint32_t newest; /* the latest of all that went out; wraps */
	struct flv_clock_track sound, picture;
};

/* The first frame will be told as `first_ms`. */
void flv_clock_init(struct flv_clock *clock, uint32_t first_ms);

/* The time of the next frame; everything that is no sound belongs to the picture. */
uint32_t flv_clock_stamp(struct flv_clock *clock, enum flv_kind kind, uint32_t raw_ms);

#endif
