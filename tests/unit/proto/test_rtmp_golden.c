/* SPDX-License-Identifier: Apache-2.0 */
/* What real peers sent to a session (versions in docs/rtmp.md), whole and in every other way. */
#include <string.h>

#include "tests/unit/golden.h"
#include "tests/unit/proto/rtmp_recorder.h"
#include "tests/unit/unit.h"

struct capture {
	const char *file;
	const char *begin; /* of the story */
	const char *end;
};

/* clang-format off */
static const struct capture captures[] = {
	{ "rtmp/ffmpeg-publish.bin",
	  "publish app=live name=cam path=live/cam token=abc=1\nmetadata 0 293 ", "\nunpublish\n" },
	{ "rtmp/ffmpeg-app.bin",
	  "publish app=live name=cam path=live/cam token=xyz\nmetadata 0 184 ", "\nunpublish\n" },
	{ "rtmp/gstreamer-publish.bin",
	  "publish app=live name=cam path=live/cam token=abc=1\nmetadata 0 292 ", "\nunpublish\n" },
	{ "rtmp/ffmpeg-play.bin", "play path=live/cam token=a\n", "play path=live/cam token=a\n" },
	{ "rtmp/rtmpdump-play.bin", "play path=live/cam token=a\n", "play path=live/cam token=a\n" },
};
/* clang-format on */

static void a_capture_tells_its_story(void **state)
{
	for (size_t i = 0; i < COUNT_OF(captures); i++) {
		struct recorder recorder;
		AUTO_BUF bytes = { 0 };

		golden_read(captures[i].file, &bytes);
		recorder_init(&recorder, ANSWER_ACCEPT);
		assert_ok(recorder_feed(&recorder, bytes.at, bytes.size));
		struct str story = buf_str(&recorder.story);
		assert_true(str_starts(story, str_of(captures[i].begin)));
		assert_true(str_ends(story, str_of(captures[i].end)));
		recorder_done(&recorder);
	}
}

/* Plays the capture in pieces that end at `first`, then every `step` bytes. */
static void play(struct recorder *recorder, const struct buf *bytes, size_t first, size_t step)
{
	assert_ok(recorder_feed(recorder, bytes->at, first));
	for (size_t at = first; at < bytes->size; at += step) {
		size_t size = bytes->size - at < step ? bytes->size - at : step;
		assert_ok(recorder_feed(recorder, bytes->at + at, size));
	}
}

static void assert_same(const struct recorder *a, const struct recorder *b)
{
	assert_int_equal(a->story.size, b->story.size);
	assert_memory_equal(a->story.at, b->story.at, a->story.size);
	assert_int_equal(a->sent.size, b->sent.size);
	assert_memory_equal(a->sent.at, b->sent.at, a->sent.size);
}

static void a_capture_tells_the_same_byte_by_byte_and_cut_at_every_point(void **state)
{
	for (size_t i = 0; i < COUNT_OF(captures); i++) {
		struct recorder whole, pieces;
		AUTO_BUF bytes = { 0 };

		golden_read(captures[i].file, &bytes);
		recorder_init(&whole, ANSWER_ACCEPT);
		play(&whole, &bytes, 0, bytes.size);
		recorder_init(&pieces, ANSWER_ACCEPT);
		play(&pieces, &bytes, 0, 1);
		assert_same(&whole, &pieces);
		recorder_done(&pieces);
		for (size_t cut = 0; cut < bytes.size; cut++) {
			recorder_init(&pieces, ANSWER_ACCEPT);
			play(&pieces, &bytes, cut, bytes.size);
			assert_same(&whole, &pieces);
			recorder_done(&pieces);
		}
		recorder_done(&whole);
	}
}

static void nothing_is_lost_when_the_answer_comes_late(void **state)
{
	struct recorder at_once, late;
	AUTO_BUF bytes = { 0 };

	golden_read(captures[0].file, &bytes);
	recorder_init(&at_once, ANSWER_ACCEPT);
	play(&at_once, &bytes, 0, 1000);
	recorder_init(&late, ANSWER_LATER);
	play(&late, &bytes, 0, 1000);
	assert_false(rtmp_server_is_publishing(late.server));

	assert_ok(rtmp_server_accept_publish(late.server, &recorder_events, &late));

	assert_same(&at_once, &late);
	recorder_done(&at_once);
	recorder_done(&late);
}

/* Whatever a broken byte means: an error or nothing, and no more than that. */
static void a_broken_byte_breaks_nothing_else(void **state)
{
	AUTO_BUF bytes = { 0 };

	golden_read("rtmp/ffmpeg-app.bin", &bytes);
	for (size_t at = 0; at < bytes.size; at++) {
		struct recorder recorder;

		bytes.at[at] ^= 0xFF;
		recorder_init(&recorder, ANSWER_ACCEPT);
		enum err err = recorder_feed(&recorder, bytes.at, bytes.size);
		assert_true(err == ERR_OK || err == ERR_MALFORMED || err == ERR_TOO_LARGE ||
		            err == ERR_UNSUPPORTED);
		recorder_done(&recorder);
		bytes.at[at] ^= 0xFF;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_capture_tells_its_story),
		cmocka_unit_test(a_capture_tells_the_same_byte_by_byte_and_cut_at_every_point),
		cmocka_unit_test(nothing_is_lost_when_the_answer_comes_late),
		cmocka_unit_test(a_broken_byte_breaks_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
