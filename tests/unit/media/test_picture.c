/* SPDX-License-Identifier: Apache-2.0 */
/* Key frames of other encoders, made small; what is broken, too large or unknown has an answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/picture.h"
#include "tests/unit/golden.h"
#include "tests/unit/unit.h"

struct key_frame {
	struct buf config, frame;
};

static void read_key_frame(const char *name, struct key_frame *out)
{
	char path[64];

	buf_init(&out->config, DECODE_CONFIG_MAX);
	buf_init(&out->frame, DECODE_FRAME_MAX);
	(void)snprintf(path, sizeof path, "media/%s.config", name);
	golden_read(path, &out->config);
	(void)snprintf(path, sizeof path, "media/%s.frame", name);
	golden_read(path, &out->frame);
}

static void key_frame_free(struct key_frame *frame)
{
	buf_done(&frame->config);
	buf_done(&frame->frame);
}

static struct decode_answer make(const struct key_frame *frame, enum decode_codec codec,
                                 uint16_t width, struct buf *jpeg)
{
	const struct decode_request request = {
		.codec = codec,
		.width = width,
		.number = 42,
		.config = bytes_of(frame->config.at, frame->config.size),
		.frame = bytes_of(frame->frame.at, frame->frame.size),
	};

	buf_done(jpeg);
	buf_init(jpeg, DECODE_JPEG_MAX);
	struct decode_answer answer = picture_make(&request, jpeg);
	assert_int_equal(answer.number, 42);
	return answer;
}

static void each_codec_gives_a_jpeg_of_its_shape(void **state)
{
	static const struct {
		const char *name;
		enum decode_codec codec;
		uint16_t most, width, height;
	} cases[] = {
		{ "h264", DECODE_H264, 80, 80, 45 },
		{ "h264", DECODE_H264, 1280, 160, 90 }, /* never larger than it is */
		{ "h264_422_10", DECODE_H264, 320, 96, 64 },
		{ "h264_anamorphic", DECODE_H264, 1280, 176,
		  72 }, /* pixels twice as wide as high */
		{ "h265", DECODE_H265, 80, 80, 45 },
		{ "av1", DECODE_AV1, 80, 80, 45 },
	};
	AUTO_BUF jpeg = { 0 };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct key_frame frame;
		read_key_frame(cases[i].name, &frame);
		struct decode_answer answer = make(&frame, cases[i].codec, cases[i].most, &jpeg);
		key_frame_free(&frame);
		assert_int_equal(answer.status, DECODE_DONE);
		assert_int_equal(answer.width, cases[i].width);
		assert_int_equal(answer.height, cases[i].height);
		assert_true(answer.jpeg.size > 300);
		assert_memory_equal(answer.jpeg.at, "\xFF\xD8\xFF", 3);
		assert_memory_equal(answer.jpeg.at + answer.jpeg.size - 2, "\xFF\xD9", 2);
	}
}

static void a_side_may_be_so_long_and_no_longer(void **state)
{
	struct key_frame frame;
	AUTO_BUF jpeg = { 0 };

	read_key_frame("side_8192", &frame);
	assert_int_equal(make(&frame, DECODE_H264, 80, &jpeg).status, DECODE_DONE);
	key_frame_free(&frame);
	read_key_frame("side_8194", &frame);
	assert_int_equal(make(&frame, DECODE_H264, 80, &jpeg).status, DECODE_TOO_LARGE);
	key_frame_free(&frame);
}

static void what_is_cut_anywhere_is_broken(void **state)
{
	static const struct {
		const char *name;
		enum decode_codec codec;
	} cases[] = { { "h264", DECODE_H264 }, { "h265", DECODE_H265 }, { "av1", DECODE_AV1 } };
	AUTO_BUF jpeg = { 0 };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct key_frame frame;
		read_key_frame(cases[i].name, &frame);
		size_t whole = frame.frame.size;
		for (frame.frame.size = 1; frame.frame.size < whole; frame.frame.size += 7)
			assert_int_equal(make(&frame, cases[i].codec, 80, &jpeg).status,
			                 DECODE_BROKEN);
		key_frame_free(&frame);
	}
}

static void another_codecs_bytes_are_broken(void **state)
{
	AUTO_BUF jpeg = { 0 };
	struct key_frame frame;

	read_key_frame("h265", &frame);
	assert_int_equal(make(&frame, DECODE_H264, 80, &jpeg).status, DECODE_BROKEN);
	assert_int_equal(make(&frame, DECODE_AV1, 80, &jpeg).status, DECODE_BROKEN);
	frame.config.size = 0;
	assert_int_equal(make(&frame, DECODE_H265, 80, &jpeg).status, DECODE_BROKEN);
	key_frame_free(&frame);
}

/* Under the sanitizers: nothing of what it may say reaches outside. */
static void a_changed_byte_anywhere_has_an_answer(void **state)
{
	static const struct {
		const char *name;
		enum decode_codec codec;
	} cases[] = { { "h264", DECODE_H264 }, { "h265", DECODE_H265 }, { "av1", DECODE_AV1 } };
	AUTO_BUF jpeg = { 0 };
	unsigned done = 0, broken = 0;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct key_frame frame;
		read_key_frame(cases[i].name, &frame);
		for (size_t at = 0; at < frame.frame.size; at += 5) {
			frame.frame.at[at] ^= 0x5A;
			enum decode_status status = make(&frame, cases[i].codec, 80, &jpeg).status;
			frame.frame.at[at] ^= 0x5A;
			assert_true(status == DECODE_DONE || status == DECODE_BROKEN ||
			            status == DECODE_TOO_LARGE);
			done += status == DECODE_DONE;
			broken += status == DECODE_BROKEN;
		}
		key_frame_free(&frame);
	}
	assert_true(done + broken > 100 && broken > 10);
}

static void a_jpeg_has_no_more_room_than_it_is_given(void **state)
{
	struct key_frame frame;
	AUTO_BUF jpeg = { 0 };

	read_key_frame("h264", &frame);
	const struct decode_request request = {
		.codec = DECODE_H264,
		.width = 80,
		.config = bytes_of(frame.config.at, frame.config.size),
		.frame = bytes_of(frame.frame.at, frame.frame.size),
	};
	buf_init(&jpeg, 100);
	assert_int_equal(picture_make(&request, &jpeg).status, DECODE_TOO_LARGE);
	key_frame_free(&frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_codec_gives_a_jpeg_of_its_shape),
		cmocka_unit_test(a_side_may_be_so_long_and_no_longer),
		cmocka_unit_test(what_is_cut_anywhere_is_broken),
		cmocka_unit_test(another_codecs_bytes_are_broken),
		cmocka_unit_test(a_changed_byte_anywhere_has_an_answer),
		cmocka_unit_test(a_jpeg_has_no_more_room_than_it_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
