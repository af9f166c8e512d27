/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hls_window.h — the newest segments of one stream and the parts they are made of.
 *
 * Segments are numbered from 0 and never change once whole; the last one may be open and grows by
 * parts. Old ones go when there are enough for a player, or when the bytes are used up.
 *
 * Threads  changed by the packager's loop alone, under the endpoint's lock; read there without it,
 *          and elsewhere under it.
 * Memory   parts and configurations are taken.
 */
#ifndef VIGIL_ENDPOINTS_HLS_WINDOW_H
#define VIGIL_ENDPOINTS_HLS_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoints/hls/hls_bytes.h"

#define HLS_SEGMENTS_LISTED 6   /* at least so many stand in the playlist, if the bytes allow */
#define HLS_SEGMENTS_SPARE  2   /* older ones that somebody may just be fetching */
#define HLS_SEGMENTS_MAX    32  /* kept, the open one included */
#define HLS_PARTS_MAX       128 /* of one segment */

/* In bytes of its own, and in those of its segment once that is whole. */
struct hls_part {
	struct hls_bytes *bytes;
	size_t offset, size;
	int64_t duration_ms;
	bool is_independent; /* a player may start in it */
};

struct hls_init {
	struct hls_bytes *bytes;
	uint32_t number;
};

struct hls_segment {
	uint64_t number;
	struct hls_part parts[HLS_PARTS_MAX];
	size_t part_count, size;
	struct hls_bytes *whole;       /* NULL: still open */
	int64_t duration_ms, began_ms; /* began: when it was, by the clock */
	struct hls_init init;
	bool is_after_break;
};

struct hls_window {
	struct hls_segment *segments[HLS_SEGMENTS_MAX]; /* [number % MAX], first <= number < end */
	uint64_t first, end;
	uint64_t breaks;      /* that went with the segments before `first` */
	struct hls_init init; /* of the next segment */
	bool is_broken;       /* the next segment follows a break */
	size_t bytes, bytes_max;
	int64_t target_s, part_target_ms; /* set once by the owner; 0: not yet */
};

void hls_window_done(struct hls_window *window);

/* The configuration of what comes next. */
void hls_window_set_init(struct hls_window *window, struct hls_bytes *init);

/* Adds a part to the open segment, or to a new one that began at `began_ms`. False: no memory, the
 * part is dropped. */
bool hls_window_add(struct hls_window *window, const struct hls_part *part, int64_t began_ms);
/* The open segment has as much as one may have: cut it. */
bool hls_window_is_full(const struct hls_window *window);

/* The open segment's bytes in one, for hls_window_cut(): changes nothing, so needs no lock. NULL:
 * there is none open, or no memory. */
struct hls_bytes *hls_window_join(const struct hls_window *window);
/* The open segment is whole. Without `whole` it is dropped, and a break. */
void hls_window_cut(struct hls_window *window, struct hls_bytes *whole);
/* What follows does not continue what was: other times, or another configuration. */
void hls_window_break(struct hls_window *window);

/* NULL: not there (any more). */
const struct hls_segment *hls_window_segment(const struct hls_window *window, uint64_t number);
const struct hls_part *hls_window_part(const struct hls_window *window, uint64_t number,
                                       uint64_t part);
struct hls_bytes *hls_window_init(const struct hls_window *window, uint64_t number);

/* The open segment, or NULL. */
const struct hls_segment *hls_window_open(const struct hls_window *window);
/* The number of the segment that the next part belongs to, and that part's. */
uint64_t hls_window_next(const struct hls_window *window, uint64_t *out_part);
/* The first segment that stands in the playlist. */
uint64_t hls_window_listed(const struct hls_window *window);
/* Is there anything to play: a whole segment, and a target duration? */
bool hls_window_is_ready(const struct hls_window *window);

#endif
