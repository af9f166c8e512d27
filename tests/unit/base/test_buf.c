/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/bytes.h"
#include "tests/unit/unit.h"

static void a_buf_takes_up_to_its_limit(void **state)
{
	AUTO_BUF buf = { 0 };
	uint8_t bytes[1000] = { 0 };

	buf_init(&buf, 1000);
	buf_add(&buf, bytes, 999);
	buf_add_u8(&buf, 7);
	assert_ok(buf_err(&buf));
	assert_int_equal(buf.size, 1000);
	assert_int_equal(buf.room, 1000);
}

static void one_byte_past_the_limit_is_a_failure_that_stays(void **state)
{
	AUTO_BUF buf = { 0 };

	buf_init(&buf, 4);
	buf_add_u32(&buf, 1);
	buf_add_u8(&buf, 1);
	assert_err(buf_err(&buf), ERR_TOO_LARGE);
	buf_drop(&buf, 4, 0);
	buf_add_u8(&buf, 1);
	assert_int_equal(buf.size, 0);
	assert_err(buf_err(&buf), ERR_TOO_LARGE);
	assert_null(buf_reserve(&buf, 0));

	buf_clear(&buf);
	buf_add_u8(&buf, 1);
	assert_ok(buf_err(&buf));
	assert_int_equal(buf.size, 1);
	assert_null(buf_reserve(&buf, SIZE_MAX));
	assert_err(buf_err(&buf), ERR_TOO_LARGE);
}

static void a_zeroed_buf_holds_nothing(void **state)
{
	struct buf buf = { 0 };

	buf_add(&buf, "", 0);
	assert_ok(buf_err(&buf));
	buf_add(&buf, "x", 1);
	assert_err(buf_err(&buf), ERR_TOO_LARGE);
	buf_done(&buf);
	buf_done(NULL);
}

static void what_is_dropped_leaves_from_the_front(void **state)
{
	AUTO_BUF buf = { 0 };

	buf_init(&buf, 100000);
	buf_add_text(&buf, "abcdef");
	buf_drop(&buf, 2, 0);
	assert_str(buf_str(&buf), "cdef");
	buf_drop(&buf, 100, 64);
	assert_int_equal(buf.size, 0);
	assert_non_null(buf.at);
	uint8_t *to = buf_reserve(&buf, 50000);
	assert_non_null(to);
	memset(to, 1, 50000);
	buf_grew(&buf, 50000);
	buf_drop(&buf, 50000, 4096);
	assert_null(buf.at);
	assert_int_equal(buf.room, 0);
}

static void printf_counts_no_nul_and_needs_room_for_it(void **state)
{
	AUTO_BUF buf = { 0 };

	buf_init(&buf, 6);
	buf_printf(&buf, "%s-%d", "ab", 12);
	assert_str(buf_str(&buf), "ab-12");
	buf_printf(&buf, "%d", 3);
	assert_err(buf_err(&buf), ERR_TOO_LARGE);
	assert_str(buf_str(&buf), "ab-12");
}

static void numbers_come_back_as_they_were_written(void **state)
{
	AUTO_BUF buf = { 0 };

	buf_init(&buf, 100);
	buf_add_u8(&buf, 0x01);
	buf_add_u16(&buf, 0x0203);
	buf_add_u24(&buf, 0x040506);
	buf_add_u32(&buf, 0x0708090a);
	buf_add_u64(&buf, 0x0b0c0d0e0f101112);
	buf_add_u32le(&buf, 0x16151413);
	buf_add_str(&buf, STR("\x17\x18"));
	assert_int_equal(buf.size, 24);
	for (size_t i = 0; i < buf.size; i++)
		assert_int_equal(buf.at[i], i + 1);

	struct bytes bytes = bytes_of(buf.at, buf.size);
	assert_int_equal(bytes_u8(&bytes), 0x01);
	assert_int_equal(bytes_u16(&bytes), 0x0203);
	assert_int_equal(bytes_u24(&bytes), 0x040506);
	assert_int_equal(bytes_u32(&bytes), 0x0708090a);
	assert_true(bytes_u64(&bytes) == 0x0b0c0d0e0f101112);
	assert_int_equal(bytes_u32le(&bytes), 0x16151413);
	assert_str(bytes_str(&bytes, 2), "\x17\x18");
	assert_false(bytes.is_short);
	assert_int_equal(bytes.size, 0);
}

static void a_read_past_the_end_leaves_the_rest_and_fails_for_good(void **state)
{
	struct bytes bytes = bytes_of("\x01\x02\x03", 3);

	assert_int_equal(bytes_u32(&bytes), 0);
	assert_true(bytes.is_short);
	assert_int_equal(bytes.size, 3);
	assert_int_equal(bytes_u8(&bytes), 0);
	assert_null(bytes_take(&bytes, 1));
	assert_int_equal(bytes_str(&bytes, 1).size, 0);

	bytes = bytes_of("", 0);
	assert_non_null(bytes_take(&bytes, 0));
	assert_false(bytes.is_short);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buf_takes_up_to_its_limit),
		cmocka_unit_test(one_byte_past_the_limit_is_a_failure_that_stays),
		cmocka_unit_test(a_zeroed_buf_holds_nothing),
		cmocka_unit_test(what_is_dropped_leaves_from_the_front),
		cmocka_unit_test(printf_counts_no_nul_and_needs_room_for_it),
		cmocka_unit_test(numbers_come_back_as_they_were_written),
		cmocka_unit_test(a_read_past_the_end_leaves_the_rest_and_fails_for_good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
