/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to vigil-media and its answers: read back, cut anywhere, at their limits. */
#include <stdlib.h>
#include <string.h>

#include "proto/media/decode.h"
#include "tests/unit/unit.h"

static const uint8_t config_bytes[] = { 1, 2, 3 }, frame_bytes[] = { 9, 8, 7, 6 };
static const uint8_t jpeg_bytes[] = { 0xFF, 0xD8, 0xFF, 0xD9 };

static struct decode_request good_request(void)
{
	return (struct decode_request){ .codec = DECODE_AV1,
		                        .width = 320,
		                        .number = 0x01020304,
		                        .config = bytes_of(config_bytes, sizeof config_bytes),
		                        .frame = bytes_of(frame_bytes, sizeof frame_bytes) };
}

static struct decode_answer good_answer(void)
{
	return (struct decode_answer){ .status = DECODE_DONE,
		                       .width = 320,
		                       .height = 180,
		                       .number = 7,
		                       .jpeg = bytes_of(jpeg_bytes, sizeof jpeg_bytes) };
}

static void write_request(const struct decode_request *request, struct buf *out)
{
	buf_init(out, 2 * DECODE_REQUEST_MAX);
	assert_ok(decode_request_write(request, out));
}

static void write_answer(const struct decode_answer *answer, struct buf *out)
{
	buf_init(out, 2 * DECODE_ANSWER_MAX);
	assert_ok(decode_answer_write(answer, out));
}

static void a_request_is_these_bytes_and_is_read_back(void **state)
{
	static const uint8_t wanted[] = { 0, 0, 0, 19, 1, 2, 1, 64, 1, 2, 3, 4,
		                          0, 0, 0, 3,  1, 2, 3, 9,  8, 7, 6 };
	struct decode_request request = good_request(), back;
	AUTO_BUF bytes = { 0 };

	write_request(&request, &bytes);
	assert_int_equal(bytes.size, sizeof wanted);
	assert_memory_equal(bytes.at, wanted, sizeof wanted);
	struct bytes input = bytes_of(bytes.at, bytes.size);
	assert_ok(decode_request_read(&input, &back));
	assert_int_equal(input.size, 0);
	assert_int_equal(back.codec, DECODE_AV1);
	assert_int_equal(back.width, 320);
	assert_int_equal(back.number, request.number);
	assert_int_equal(back.config.size, 3);
	assert_memory_equal(back.frame.at, frame_bytes, back.frame.size);
}

static void an_answer_is_these_bytes_and_is_read_back(void **state)
{
	static const uint8_t wanted[] = { 0,   0, 0, 14, 1, 1,    1,    64,   0,
		                          180, 0, 0, 0,  7, 0xFF, 0xD8, 0xFF, 0xD9 };
	struct decode_answer answer = good_answer(), back;
	AUTO_BUF bytes = { 0 };

	write_answer(&answer, &bytes);
	assert_int_equal(bytes.size, sizeof wanted);
	assert_memory_equal(bytes.at, wanted, sizeof wanted);
	struct bytes input = bytes_of(bytes.at, bytes.size);
	assert_ok(decode_answer_read(&input, &back));
	assert_int_equal(input.size, 0);
	assert_int_equal(back.status, DECODE_DONE);
	assert_int_equal(back.height, 180);
	assert_int_equal(back.number, 7);
	assert_int_equal(back.jpeg.size, sizeof jpeg_bytes);
}

static void what_is_cut_anywhere_needs_more(void **state)
{
	struct decode_request request = good_request();
	struct decode_answer answer = good_answer();
	AUTO_BUF requests = { 0 };
	AUTO_BUF answers = { 0 };

	write_request(&request, &requests);
	write_answer(&answer, &answers);
	for (size_t size = 0; size < requests.size; size++) {
		struct bytes input = bytes_of(requests.at, size);
		assert_err(decode_request_read(&input, &request), ERR_MORE);
		assert_int_equal(input.size, size);
	}
	for (size_t size = 0; size < answers.size; size++) {
		struct bytes input = bytes_of(answers.at, size);
		assert_err(decode_answer_read(&input, &answer), ERR_MORE);
		assert_int_equal(input.size, size);
	}
}

static void two_in_a_row_are_read_one_by_one(void **state)
{
	struct decode_request request = good_request(), back;
	AUTO_BUF bytes = { 0 };

	write_request(&request, &bytes);
	request.number = 5;
	assert_ok(decode_request_write(&request, &bytes));
	struct bytes input = bytes_of(bytes.at, bytes.size);
	assert_ok(decode_request_read(&input, &back));
	assert_int_equal(back.frame.size, sizeof frame_bytes);
	assert_ok(decode_request_read(&input, &back));
	assert_int_equal(back.number, 5);
}

/* One byte of a good frame of bytes changed, and what comes of it. */
struct change {
	size_t at;
	uint8_t value;
	enum err err;
};

static void wrong_values_are_refused(void **state)
{
	static const struct change changes[] = {
		{ 0, 1, ERR_TOO_LARGE },  /* length */
		{ 3, 11, ERR_MALFORMED }, /* shorter than a head */
		{ 4, 2, ERR_MALFORMED },  /* version */
		{ 5, 3, ERR_MALFORMED },  /* codec */
		{ 6, 0, ERR_MALFORMED },  /* width 64 */
		{ 6, 6, ERR_MALFORMED },  /* width 1600 */
		{ 12, 1, ERR_TOO_LARGE }, /* the configuration's size */
		{ 15, 8, ERR_MALFORMED }, /* larger than the rest */
		{ 15, 7, ERR_MALFORMED }, /* no frame left */
	};
	struct decode_request request = good_request(), back;
	AUTO_BUF bytes = { 0 };

	write_request(&request, &bytes);
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		uint8_t before = bytes.at[changes[i].at];
		bytes.at[changes[i].at] = changes[i].value;
		struct bytes input = bytes_of(bytes.at, bytes.size);
		assert_err(decode_request_read(&input, &back), changes[i].err);
		bytes.at[changes[i].at] = before;
	}
}

static void wrong_answers_are_refused(void **state)
{
	static const struct change changes[] = {
		{ 0, 1, ERR_TOO_LARGE },                                /* length */
		{ 3, 9, ERR_MALFORMED },                                /* shorter than a head */
		{ 4, 0, ERR_MALFORMED },                                /* version */
		{ 5, 2, ERR_MALFORMED },                                /* a failure with a JPEG */
		{ 5, 6, ERR_MALFORMED },                                /* status */
		{ 6, 6, ERR_MALFORMED },                                /* width */
		{ 8, 11, ERR_MALFORMED },                               /* height */
		{ 9, 0, ERR_MALFORMED },                                /* no height */
		{ 14, 'G', ERR_MALFORMED }, { 15, 'I', ERR_MALFORMED }, /* not a JPEG */
	};
	struct decode_answer answer = good_answer(), back;
	AUTO_BUF bytes = { 0 };

	write_answer(&answer, &bytes);
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		uint8_t before = bytes.at[changes[i].at];
		bytes.at[changes[i].at] = changes[i].value;
		struct bytes input = bytes_of(bytes.at, bytes.size);
		assert_err(decode_answer_read(&input, &back), changes[i].err);
		bytes.at[changes[i].at] = before;
	}
	answer.jpeg.size = 0;
	assert_err(decode_answer_write(&answer, &bytes), ERR_INVALID);
}

/* A request with so much of everything; gives what the writer said, and checks the reader. */
static enum err request_of(size_t config, size_t frame, uint16_t width)
{
	AUTO_FREE uint8_t *bytes = calloc(1, DECODE_FRAME_MAX + 1);
	AUTO_BUF out = { 0 };

	assert_non_null(bytes);
	const struct decode_request request = { .width = width,
		                                .config = bytes_of(bytes, config),
		                                .frame = bytes_of(bytes, frame) };
	buf_init(&out, 2 * DECODE_REQUEST_MAX);
	enum err err = decode_request_write(&request, &out);
	struct bytes input = bytes_of(out.at, out.size);
	struct decode_request back;
	if (err == ERR_OK)
		assert_ok(decode_request_read(&input, &back));
	return err;
}

static void a_request_may_be_so_large_and_no_larger(void **state)
{
	assert_ok(request_of(DECODE_CONFIG_MAX, DECODE_FRAME_MAX, DECODE_WIDTH_MAX));
	assert_ok(request_of(0, 1, DECODE_WIDTH_LEAST));
	assert_err(request_of(DECODE_CONFIG_MAX + 1, 1, 320), ERR_TOO_LARGE);
	assert_err(request_of(0, DECODE_FRAME_MAX + 1, 320), ERR_TOO_LARGE);
	assert_err(request_of(0, 1, DECODE_WIDTH_LEAST - 1), ERR_INVALID);
	assert_err(request_of(0, 1, DECODE_WIDTH_MAX + 1), ERR_INVALID);
	assert_err(request_of(0, 0, 320), ERR_INVALID);
}

static void a_frame_above_its_limit_is_refused_by_the_reader_too(void **state)
{
	struct decode_request request = good_request(), back;
	AUTO_FREE uint8_t *frame = calloc(1, DECODE_FRAME_MAX + 1);
	AUTO_BUF bytes = { 0 };

	assert_non_null(frame);
	request.config.size = 0;
	request.frame = bytes_of(frame, DECODE_FRAME_MAX);
	write_request(&request, &bytes);
	buf_add_u8(&bytes, 0);
	uint32_t size = (uint32_t)bytes.size - 4;
	for (size_t i = 0; i < 4; i++)
		bytes.at[i] = (uint8_t)(size >> (24 - 8 * i));
	struct bytes input = bytes_of(bytes.at, bytes.size);
	assert_err(decode_request_read(&input, &back), ERR_TOO_LARGE);
}

static void an_answer_may_be_so_large_and_no_larger(void **state)
{
	struct decode_answer answer = good_answer(), back;
	AUTO_FREE uint8_t *jpeg = calloc(1, DECODE_JPEG_MAX + 1);
	AUTO_BUF bytes = { 0 };

	assert_non_null(jpeg);
	memcpy(jpeg, jpeg_bytes, 2);
	answer.width = DECODE_WIDTH_MAX;
	answer.height = DECODE_HEIGHT_MAX;
	answer.jpeg = bytes_of(jpeg, DECODE_JPEG_MAX);
	write_answer(&answer, &bytes);
	struct bytes input = bytes_of(bytes.at, bytes.size);
	assert_ok(decode_answer_read(&input, &back));
	answer.jpeg.size++;
	assert_err(decode_answer_write(&answer, &bytes), ERR_TOO_LARGE);
	answer.jpeg.size--;
	answer.height++;
	assert_err(decode_answer_write(&answer, &bytes), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_these_bytes_and_is_read_back),
		cmocka_unit_test(an_answer_is_these_bytes_and_is_read_back),
		cmocka_unit_test(what_is_cut_anywhere_needs_more),
		cmocka_unit_test(two_in_a_row_are_read_one_by_one),
		cmocka_unit_test(wrong_values_are_refused),
		cmocka_unit_test(wrong_answers_are_refused),
		cmocka_unit_test(a_request_may_be_so_large_and_no_larger),
		cmocka_unit_test(a_frame_above_its_limit_is_refused_by_the_reader_too),
		cmocka_unit_test(an_answer_may_be_so_large_and_no_larger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
