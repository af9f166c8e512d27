/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/hls/hls_window.h"

#include <stdlib.h>
#include <string.h>

#define TARGETS_LISTED 3 /* RFC 8216 §6.2.2: target durations a playlist holds at least */

static struct hls_segment **place_of(struct hls_window *window, uint64_t number)
{
	return &window->segments[number % HLS_SEGMENTS_MAX];
}

static void init_done(struct hls_init *init)
{
	hls_bytes_unref(init->bytes);
	init->bytes = NULL;
}

static void segment_free(struct hls_segment *segment)
{
	for (size_t i = 0; i < segment->part_count; i++)
		hls_bytes_unref(segment->parts[i].bytes);
	hls_bytes_unref(segment->whole);
	init_done(&segment->init);
	free(segment);
}

static void drop_first(struct hls_window *window)
{
	struct hls_segment **place = place_of(window, window->first);

	window->bytes -= (*place)->size;
	window->breaks += (*place)->is_after_break;
	segment_free(*place);
	*place = NULL;
	window->first++;
}

void hls_window_done(struct hls_window *window)
{
	while (window->first < window->end)
		drop_first(window);
	init_done(&window->init);
}

void hls_window_set_init(struct hls_window *window, struct hls_bytes *init)
{
	init_done(&window->init);
	window->init.bytes = init;
	window->init.number++;
}

const struct hls_segment *hls_window_segment(const struct hls_window *window, uint64_t number)
{
	if (number < window->first || number >= window->end)
		return NULL;
	return window->segments[number % HLS_SEGMENTS_MAX];
}

const struct hls_part *hls_window_part(const struct hls_window *window, uint64_t number,
                                       uint64_t part)
{
	const struct hls_segment *segment = hls_window_segment(window, number);

	return segment && part < segment->part_count ? &segment->parts[part] : NULL;
}

struct hls_bytes *hls_window_init(const struct hls_window *window, uint64_t number)
{
	for (uint64_t n = window->first; n < window->end; n++) {
		const struct hls_segment *segment = hls_window_segment(window, n);
		if (segment->init.number == number)
			return segment->init.bytes;
	}
	return window->init.number == number ? window->init.bytes : NULL;
}

const struct hls_segment *hls_window_open(const struct hls_window *window)
{
	const struct hls_segment *last =
		window->end ? hls_window_segment(window, window->end - 1) : NULL;

	return last && !last->whole ? last : NULL;
}

uint64_t hls_window_next(const struct hls_window *window, uint64_t *out_part)
{
	const struct hls_segment *open = hls_window_open(window);

	*out_part = open ? open->part_count : 0;
	return open ? open->number : window->end;
}

uint64_t hls_window_listed(const struct hls_window *window)
{
	int64_t duration_ms = 0;
	uint64_t number = window->end, listed = 0;

	while (number > window->first && (listed < HLS_SEGMENTS_LISTED ||
	                                  duration_ms < TARGETS_LISTED * window->target_s * 1000)) {
		const struct hls_segment *segment = hls_window_segment(window, --number);
		if (!segment->whole)
			continue;
		listed++;
		duration_ms += segment->duration_ms;
	}
	return number;
}

bool hls_window_is_ready(const struct hls_window *window)
{
	const struct hls_segment *first = hls_window_segment(window, window->first);

	return window->target_s && first && first->whole;
}

/* Whole segments that no playlist names and nobody is likely to fetch any more; and, over the
 * bytes, as many as it takes, but for the newest whole one. */
static void drop_old(struct hls_window *window)
{
	uint64_t listed = hls_window_listed(window);

	while (window->first + HLS_SEGMENTS_SPARE < listed)
		drop_first(window);
	while (window->bytes > window->bytes_max && window->first + 2 < window->end)
		drop_first(window);
}

static struct hls_segment *open_segment(struct hls_window *window, int64_t began_ms)
{
	if (hls_window_open(window))
		return *place_of(window, window->end - 1);
	struct hls_segment *segment = calloc(1, sizeof *segment);
	if (!segment)
		return NULL;
	if (window->end - window->first == HLS_SEGMENTS_MAX)
		drop_first(window);
	segment->number = window->end++;
	segment->began_ms = began_ms;
	segment->init = (struct hls_init){ hls_bytes_ref(window->init.bytes), window->init.number };
	segment->is_after_break = window->is_broken;
	window->is_broken = false;
	*place_of(window, segment->number) = segment;
	return segment;
}

bool hls_window_add(struct hls_window *window, const struct hls_part *part, int64_t began_ms)
{
	struct hls_segment *segment = open_segment(window, began_ms);

	if (!segment) {
		hls_bytes_unref(part->bytes);
		return false;
	}
	/* While the first segment fills with what was there already, its time is still being
	 * learnt. */
	if (!hls_window_is_ready(window))
		segment->began_ms = began_ms;
	segment->parts[segment->part_count++] = *part;
	segment->size += part->size;
	segment->duration_ms += part->duration_ms;
	window->bytes += part->size;
	drop_old(window);
	return true;
}

bool hls_window_is_full(const struct hls_window *window)
{
	const struct hls_segment *open = hls_window_open(window);

	return open && (open->part_count == HLS_PARTS_MAX || open->size > window->bytes_max / 3);
}

struct hls_bytes *hls_window_join(const struct hls_window *window)
{
	const struct hls_segment *open = hls_window_open(window);
	struct hls_bytes *whole = open ? hls_bytes_new(open->size) : NULL;
	size_t at = 0;

	for (size_t i = 0; whole && i < open->part_count; i++) {
		memcpy(whole->at + at, open->parts[i].bytes->at, open->parts[i].size);
		at += open->parts[i].size;
	}
	return whole;
}

static void drop_last(struct hls_window *window)
{
	struct hls_segment **place = place_of(window, --window->end);

	window->bytes -= (*place)->size;
	window->is_broken = true;
	segment_free(*place);
	*place = NULL;
}

void hls_window_cut(struct hls_window *window, struct hls_bytes *whole)
{
	if (!hls_window_open(window)) {
		hls_bytes_unref(whole);
		return;
	}
	if (!whole) {
		drop_last(window);
		return;
	}
	struct hls_segment *segment = *place_of(window, window->end - 1);
	size_t at = 0;
	segment->whole = whole;
	for (size_t i = 0; i < segment->part_count; i++) {
		struct hls_part *part = &segment->parts[i];
		hls_bytes_unref(part->bytes);
		part->bytes = hls_bytes_ref(whole);
		part->offset = at;
		at += part->size;
	}
	drop_old(window);
}

void hls_window_break(struct hls_window *window)
{
	window->is_broken = window->end > 0;
}
