/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/hls/hls_playlist.h"

#include <inttypes.h>

#include "base/clock.h"

#define VERSION         7 /* EXT-X-MAP with fragmented MP4 */
#define PARTS_HELD_BACK 3 /* part targets a player keeps from the end (second edition §4.4.3.8) */

/* The last members are the larger by how much the seconds are split. */
#define SECONDS(ms) (ms) / 1000, (ms) % 1000
#define SECONDS_FMT "%" PRId64 ".%03" PRId64

enum err hls_write_multivariant(const struct hls_facts *facts, struct str uri, struct buf *out)
{
	buf_printf(out,
	           "#EXTM3U\n#EXT-X-VERSION:%d\n"
	           "#EXT-X-STREAM-INF:BANDWIDTH=%" PRId64 ",AVERAGE-BANDWIDTH=%" PRId64
	           ",CODECS=\"%s\"",
	           VERSION, facts->bits_per_second, facts->bits_per_second_mean, facts->codecs);
	if (facts->width)
		buf_printf(out, ",RESOLUTION=%" PRIu32 "x%" PRIu32, facts->width, facts->height);
	buf_add_text(out, "\n");
	buf_add_str(out, uri);
	buf_add_text(out, "\n");
	return buf_err(out);
}

static void add_head(const struct hls_window *window, uint64_t listed, struct buf *out)
{
	int64_t held_back_ms = PARTS_HELD_BACK * window->part_target_ms;
	uint64_t breaks = window->breaks;

	/* A break counts when it is out of the list: the first segment's own is still in it. */
	for (uint64_t n = window->first; n < listed; n++)
		breaks += hls_window_segment(window, n)->is_after_break;
	buf_printf(out,
	           "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%" PRId64
	           "\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=" SECONDS_FMT
	           "\n#EXT-X-PART-INF:PART-TARGET=" SECONDS_FMT "\n#EXT-X-MEDIA-SEQUENCE:%" PRIu64
	           "\n#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n",
	           VERSION, window->target_s, SECONDS(held_back_ms),
	           SECONDS(window->part_target_ms), listed, breaks);
}

static void add_parts(const struct hls_segment *segment, struct buf *out)
{
	for (size_t i = 0; i < segment->part_count; i++) {
		const struct hls_part *part = &segment->parts[i];
		buf_printf(out,
		           "#EXT-X-PART:DURATION=" SECONDS_FMT ",URI=\"%" PRIu64 ".%zu.m4s\"%s\n",
		           SECONDS(part->duration_ms), segment->number, i,
		           part->is_independent ? ",INDEPENDENT=YES" : "");
	}
}

static void add_segment(const struct hls_segment *segment, bool is_init_new, bool has_parts,
                        struct buf *out)
{
	char began[CLOCK_TEXT_SIZE];

	if (segment->is_after_break)
		buf_add_text(out, "#EXT-X-DISCONTINUITY\n");
	if (is_init_new)
		buf_printf(out, "#EXT-X-MAP:URI=\"init-%" PRIu32 ".mp4\"\n", segment->init.number);
	clock_format(segment->began_ms, began);
	buf_printf(out, "#EXT-X-PROGRAM-DATE-TIME:%s\n", began);
	if (has_parts)
		add_parts(segment, out);
	if (segment->whole)
		buf_printf(out, "#EXTINF:" SECONDS_FMT ",\n%" PRIu64 ".m4s\n",
		           SECONDS(segment->duration_ms), segment->number);
}

enum err hls_write_media(const struct hls_window *window, struct buf *out)
{
	uint64_t listed = hls_window_listed(window), part, next = hls_window_next(window, &part);
	uint32_t init = 0;

	add_head(window, listed, out);
	for (uint64_t n = listed; n < window->end; n++) {
		const struct hls_segment *segment = hls_window_segment(window, n);
		add_segment(segment, segment->init.number != init, n + HLS_PARTS_LISTED >= next,
		            out);
		init = segment->init.number;
	}
	buf_printf(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%" PRIu64 ".%" PRIu64 ".m4s\"\n", next,
	           part);
	return buf_err(out);
}

void hls_measure(const struct hls_window *window, struct hls_facts *facts)
{
	int64_t bits = 0, duration_ms = 0;

	facts->bits_per_second = facts->bits_per_second_mean = 1;
	for (uint64_t n = window->first; n < window->end; n++) {
		const struct hls_segment *segment = hls_window_segment(window, n);
		int64_t segment_bits = (int64_t)segment->size * 8;
		if (!segment->whole || !segment->duration_ms)
			continue;
		int64_t rate = segment_bits * 1000 / segment->duration_ms;
		facts->bits_per_second =
			rate > facts->bits_per_second ? rate : facts->bits_per_second;
		bits += segment_bits;
		duration_ms += segment->duration_ms;
	}
	if (duration_ms)
		facts->bits_per_second_mean = bits * 1000 / duration_ms + 1;
	if (facts->bits_per_second < facts->bits_per_second_mean)
		facts->bits_per_second = facts->bits_per_second_mean;
}
