/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "tests/unit/unit.h"

static void a_time_is_written_as_rfc_3339(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1, "1970-01-01T00:00:00.001Z" },
		{ 951782399999, "2000-02-28T23:59:59.999Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 1767323045678, "2026-01-02T03:04:05.678Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[CLOCK_TEXT_SIZE];
		clock_format(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
		int64_t back = 0;
		if (cases[i].ms >= 0) {
			assert_ok(clock_parse(str_of(text), &back));
			assert_int_equal(back, cases[i].ms);
		}
	}
}

static void every_form_of_rfc_3339_is_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01t00:00:00z", 0 },
		{ "1970-01-01 00:00:01Z", 1000 },
		{ "1970-01-01T00:00:00.5Z", 500 },
		{ "1970-01-01T00:00:00.123456789Z", 123 },
		{ "1970-01-01T02:00:00+02:00", 0 },
		{ "1969-12-31T23:00:00Z", -1 }, /* before 1970: refused */
		{ "1970-01-01T00:00:00-05:30", 19800000 },
		{ "2016-12-31T23:59:60Z", 1483228800000 },
		{ "2024-02-29T12:00:00Z", 1709208000000 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t ms = -1;
		assert_err(clock_parse(str_of(cases[i].text), &ms),
		           cases[i].ms < 0 ? ERR_INVALID : ERR_OK);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void what_is_no_date_is_refused_and_leaves_the_output(void **state)
{
	static const char *const cases[] = {
		"",
		"2026",
		"2026-01-02",
		"2026-01-02T03:04:05",
		"2026-01-02T03:04:05Z ",
		"2026-01-02T03:04:05ZZ",
		"2026-13-02T03:04:05Z",
		"2026-00-02T03:04:05Z",
		"2026-02-30T03:04:05Z",
		"2025-02-29T03:04:05Z",
		"2026-01-32T03:04:05Z",
		"2026-01-00T03:04:05Z",
		"2026-01-02T24:04:05Z",
		"2026-01-02T03:60:05Z",
		"2026-01-02T03:04:61Z",
		"2026-01-02T-0:04:05Z",
		"2026-01-02T03:-0:05Z",
		"2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05,5Z",
		"2026-01-02T03:04:05+24:00",
		"2026-01-02T03:04:05+01:60",
		"2026-01-02T03:04:05+0100",
		"2026-01-02T03:04:05+01",
		"2026-01-02T03:04:05*01:00",
		"2026/01/02T03:04:05Z",
		"2026-1-02T03:04:05Z",
		"20260-01-02T03:04:05Z",
		" 2026-01-02T03:04:05Z",
		"2026-01-02_03:04:05Z",
		"2026-01-02T03.04.05Z",
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t ms = 42;
		if (clock_parse(str_of(cases[i]), &ms) != ERR_INVALID)
			fail_msg("%s was read", cases[i]);
		assert_int_equal(ms, 42);
	}
}

static void a_date_cut_anywhere_is_refused(void **state)
{
	static const char text[] = "2026-01-02T03:04:05.678+01:00";

	for (size_t size = 0; size < sizeof text - 1; size++) {
		int64_t ms;
		assert_err(clock_parse((struct str){ text, size }, &ms), ERR_INVALID);
	}
}

static void both_clocks_go_on_and_the_test_clock_moves_them(void **state)
{
	int64_t now_ms = clock_now_ms(), steady_ms = clock_steady_ms();

	assert_true(clock_now_ms() >= now_ms);
	assert_true(clock_steady_ms() >= steady_ms);
	assert_true(clock_steady_us() / 1000 >= steady_ms);
#ifdef VIGIL_TEST_CLOCK
	clock_advance(3600000);
	assert_true(clock_now_ms() >= now_ms + 3600000);
	assert_true(clock_steady_ms() >= steady_ms + 3600000);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_is_written_as_rfc_3339),
		cmocka_unit_test(every_form_of_rfc_3339_is_read),
		cmocka_unit_test(what_is_no_date_is_refused_and_leaves_the_output),
		cmocka_unit_test(a_date_cut_anywhere_is_refused),
		cmocka_unit_test(both_clocks_go_on_and_the_test_clock_moves_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
