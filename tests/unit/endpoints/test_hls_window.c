/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "endpoints/hls/hls_playlist.h"
#include "tests/unit/unit.h"

#define BEGAN_MS 1577934245678 /* 2020-01-02T03:04:05.678Z */

static struct hls_window window_of(size_t bytes_max)
{
	struct hls_window window = { .bytes_max = bytes_max, .target_s = 2, .part_target_ms = 350 };

	hls_window_set_init(&window, hls_bytes_copy(STR("init")));
	return window;
}

static void add_part(struct hls_window *window, const char *content, int64_t duration_ms,
                     bool is_independent)
{
	const struct hls_part part = { .bytes = hls_bytes_copy(str_of(content)),
		                       .size = strlen(content),
		                       .duration_ms = duration_ms,
		                       .is_independent = is_independent };

	assert_true(hls_window_add(window, &part, BEGAN_MS + (int64_t)window->end * 2000));
}

static void cut(struct hls_window *window)
{
	hls_window_cut(window, hls_window_join(window));
}

static void add_segment(struct hls_window *window)
{
	add_part(window, "abcde", 1000, true);
	add_part(window, "fg", 1000, false);
	cut(window);
}

static void a_playlist_is_written_line_by_line(void **state)
{
	struct hls_window window = window_of(1 << 20);
	AUTO_BUF text = { 0 };

	add_segment(&window);
	hls_window_break(&window);
	hls_window_set_init(&window, hls_bytes_copy(STR("init")));
	add_part(&window, "xyz", 320, true);
	buf_init(&text, HLS_PLAYLIST_BYTES_MAX);
	assert_ok(hls_write_media(&window, &text));
	assert_str(buf_str(&text),
	           "#EXTM3U\n"
	           "#EXT-X-VERSION:7\n"
	           "#EXT-X-TARGETDURATION:2\n"
	           "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.050\n"
	           "#EXT-X-PART-INF:PART-TARGET=0.350\n"
	           "#EXT-X-MEDIA-SEQUENCE:0\n"
	           "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
	           "#EXT-X-MAP:URI=\"init-1.mp4\"\n"
	           "#EXT-X-PROGRAM-DATE-TIME:2020-01-02T03:04:07.678Z\n"
	           "#EXT-X-PART:DURATION=1.000,URI=\"0.0.m4s\",INDEPENDENT=YES\n"
	           "#EXT-X-PART:DURATION=1.000,URI=\"0.1.m4s\"\n"
	           "#EXTINF:2.000,\n0.m4s\n"
	           "#EXT-X-DISCONTINUITY\n"
	           "#EXT-X-MAP:URI=\"init-2.mp4\"\n"
	           "#EXT-X-PROGRAM-DATE-TIME:2020-01-02T03:04:07.678Z\n"
	           "#EXT-X-PART:DURATION=0.320,URI=\"1.0.m4s\",INDEPENDENT=YES\n"
	           "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1.1.m4s\"\n");
	hls_window_done(&window);
	assert_int_equal(window.bytes, 0);
}

static void the_first_playlist_tells_codecs_size_and_rate(void **state)
{
	struct hls_facts facts = { .codecs = "avc1.64001f,mp4a.40.2", .width = 640, .height = 360 };
	struct hls_window window = window_of(1 << 20);
	AUTO_BUF text = { 0 };

	add_segment(&window); /* 7 bytes in 2 s */
	add_part(&window, "abcdefghijkl", 2000, true);
	cut(&window);
	hls_measure(&window, &facts);
	buf_init(&text, 1024);
	assert_ok(hls_write_multivariant(&facts, STR("CAM1/hls/x/media.m3u8"), &text));
	assert_str(buf_str(&text), "#EXTM3U\n#EXT-X-VERSION:7\n"
	                           "#EXT-X-STREAM-INF:BANDWIDTH=48,AVERAGE-BANDWIDTH=39,"
	                           "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=640x360\n"
	                           "CAM1/hls/x/media.m3u8\n");
	hls_window_done(&window);
}

static void parts_are_found_in_the_open_segment_and_in_the_whole_one(void **state)
{
	struct hls_window window = window_of(1 << 20);
	uint64_t part;

	add_part(&window, "abcde", 1000, true);
	add_part(&window, "fg", 1000, false);
	assert_int_equal(hls_window_next(&window, &part), 0);
	assert_int_equal(part, 2);
	const struct hls_part *second = hls_window_part(&window, 0, 1);
	assert_memory_equal(second->bytes->at + second->offset, "fg", 2);
	assert_false(hls_window_is_ready(&window));
	cut(&window);
	assert_true(hls_window_is_ready(&window));
	second = hls_window_part(&window, 0, 1);
	assert_int_equal(second->offset, 5);
	assert_memory_equal(second->bytes->at + second->offset, "fg", 2);
	assert_ptr_equal(second->bytes, hls_window_segment(&window, 0)->whole);
	assert_int_equal(hls_window_next(&window, &part), 1);
	assert_int_equal(part, 0);
	assert_null(hls_window_part(&window, 0, 2));
	assert_null(hls_window_part(&window, 1, 0));
	assert_null(hls_window_init(&window, 2));
	assert_non_null(hls_window_init(&window, 1));
	hls_window_done(&window);
}

static void old_segments_go_and_their_breaks_are_counted(void **state)
{
	struct hls_window window = window_of(1 << 20);
	AUTO_BUF text = { 0 };

	add_segment(&window);
	hls_window_break(&window);
	for (int i = 0; i < HLS_SEGMENTS_LISTED + HLS_SEGMENTS_SPARE; i++)
		add_segment(&window);
	assert_non_null(hls_window_segment(&window, 1));
	assert_null(hls_window_segment(&window, 0));
	buf_init(&text, HLS_PLAYLIST_BYTES_MAX);
	assert_ok(hls_write_media(&window, &text));
	buf_add_u8(&text, 0);
	assert_non_null(strstr((const char *)text.at, "#EXT-X-MEDIA-SEQUENCE:3\n"));
	assert_non_null(strstr((const char *)text.at, "#EXT-X-DISCONTINUITY-SEQUENCE:1\n"));
	hls_window_done(&window);
}

static void segments_are_kept_up_to_the_bytes_and_not_one_more(void **state)
{
	struct hls_window window = window_of(7 * 4);

	for (int i = 0; i < 4; i++)
		add_segment(&window);
	assert_non_null(hls_window_segment(&window, 0));
	assert_int_equal(window.bytes, 28);
	add_segment(&window);
	assert_null(hls_window_segment(&window, 0));
	assert_int_equal(window.bytes, 28);
	window.bytes_max = 1; /* there is always something to play */
	add_segment(&window);
	assert_int_equal(window.end - window.first, 2);
	hls_window_done(&window);
}

static void a_segment_is_full_at_its_parts_and_not_before(void **state)
{
	struct hls_window window = window_of(1 << 20);

	for (int i = 0; i < HLS_PARTS_MAX - 1; i++)
		add_part(&window, "a", 10, false);
	assert_false(hls_window_is_full(&window));
	add_part(&window, "a", 10, false);
	assert_true(hls_window_is_full(&window));
	cut(&window);
	assert_false(hls_window_is_full(&window));
	hls_window_done(&window);
}

static void at_most_so_many_segments_are_kept(void **state)
{
	struct hls_window window = window_of(1 << 20);

	window.target_s = 12; /* three of them are far more than these */
	for (int i = 0; i < HLS_SEGMENTS_MAX; i++)
		add_segment(&window);
	assert_int_equal(window.end - window.first, HLS_SEGMENTS_LISTED + HLS_SEGMENTS_SPARE + 12);
	window.target_s = 100;
	for (int i = 0; i < 2 * HLS_SEGMENTS_MAX; i++)
		add_segment(&window);
	assert_int_equal(window.end - window.first, HLS_SEGMENTS_MAX);
	hls_window_done(&window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_playlist_is_written_line_by_line),
		cmocka_unit_test(the_first_playlist_tells_codecs_size_and_rate),
		cmocka_unit_test(parts_are_found_in_the_open_segment_and_in_the_whole_one),
		cmocka_unit_test(old_segments_go_and_their_breaks_are_counted),
		cmocka_unit_test(segments_are_kept_up_to_the_bytes_and_not_one_more),
		cmocka_unit_test(a_segment_is_full_at_its_parts_and_not_before),
		cmocka_unit_test(at_most_so_many_segments_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
