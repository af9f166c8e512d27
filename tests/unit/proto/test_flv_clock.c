/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "proto/flv/flv_clock.h"
#include "tests/unit/unit.h"

#define HOUR_MS 3600000

static struct flv_clock clock_from(uint32_t first_ms)
{
	struct flv_clock clock;

	flv_clock_init(&clock, first_ms);
	return clock;
}

static void it_begins_where_it_is_told_and_keeps_steps(void **state)
{
	struct flv_clock clock = clock_from(0);

	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 5000), 0);
	assert_int_equal(flv_clock_stamp(&clock, FLV_AUDIO, 4990),
	                 0); /* not before the beginning */
	assert_int_equal(flv_clock_stamp(&clock, FLV_AUDIO, 5013), 13);
	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 5040), 40);
	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 5040 + FLV_CLOCK_AHEAD_MAX_MS),
	                 40 + FLV_CLOCK_AHEAD_MAX_MS);
}

static void a_jump_goes_on_from_now(void **state)
{
	static const uint32_t jumps[] = { FLV_CLOCK_AHEAD_MAX_MS + 1,
		                          HOUR_MS,
		                          30U * HOUR_MS,
		                          (uint32_t)-10 * FLV_CLOCK_BACK_MAX_MS,
		                          (uint32_t)-HOUR_MS,
		                          0x80000000U };

	for (size_t i = 0; i < COUNT_OF(jumps); i++) {
		struct flv_clock clock = clock_from(0);
		uint32_t raw = 100000;

		assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, raw), 0);
		assert_int_equal(flv_clock_stamp(&clock, FLV_AUDIO, raw + 20), 20);
		assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, raw + 40), 40);
		raw += jumps[i];
		assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, raw + 80), 40);
		/* The sound jumped as far and keeps its place beside the picture. */
		assert_int_equal(flv_clock_stamp(&clock, FLV_AUDIO, raw + 90), 50);
		assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, raw + 120), 80);
	}
}

static void the_limits_of_a_step_are_these(void **state)
{
	struct flv_clock clock = clock_from(0), copy;

	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 50000), 0);
	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 50500), 500);
	copy = clock;
	assert_int_equal(flv_clock_stamp(&copy, FLV_VIDEO, 50500 + FLV_CLOCK_AHEAD_MAX_MS + 1),
	                 500);
	copy = clock;
	assert_int_equal(flv_clock_stamp(&copy, FLV_VIDEO, 50500 - FLV_CLOCK_BACK_MAX_MS), 500);
	assert_int_equal(flv_clock_stamp(&copy, FLV_VIDEO, 50540), 540);
	copy = clock;
	assert_int_equal(flv_clock_stamp(&copy, FLV_VIDEO, 50500 - FLV_CLOCK_BACK_MAX_MS - 1), 500);
	assert_int_equal(flv_clock_stamp(&copy, FLV_VIDEO, 50439), 540);
}

static void a_track_does_not_go_back(void **state)
{
	struct flv_clock clock = clock_from(0);

	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 0), 0);
	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 500), 500);
	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 490), 500);
	assert_int_equal(flv_clock_stamp(&clock, FLV_AUDIO, 480), 480); /* another track may */
	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 530), 530);
}

/* Some cameras count sound from elsewhere for ever: neither disturbs the other. */
static void tracks_that_count_apart_run_side_by_side(void **state)
{
	struct flv_clock clock = clock_from(0);

	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 40 * i), 40 * i);
		assert_int_equal(flv_clock_stamp(&clock, FLV_AUDIO, 77 * HOUR_MS + 40 * i), 40 * i);
	}
}

static void counters_that_wrap_go_on(void **state)
{
	struct flv_clock clock = clock_from(0);
	struct flv_clock high = clock_from(UINT32_MAX - 20);

	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, UINT32_MAX - 10), 0);
	assert_int_equal(flv_clock_stamp(&clock, FLV_VIDEO, 29), 40);
	assert_int_equal(flv_clock_stamp(&high, FLV_VIDEO, 0), UINT32_MAX - 20);
	assert_int_equal(flv_clock_stamp(&high, FLV_VIDEO, 40), 19);
	assert_int_equal(flv_clock_stamp(&high, FLV_AUDIO, 20), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_where_it_is_told_and_keeps_steps),
		cmocka_unit_test(a_jump_goes_on_from_now),
		cmocka_unit_test(the_limits_of_a_step_are_these),
		cmocka_unit_test(a_track_does_not_go_back),
		cmocka_unit_test(tracks_that_count_apart_run_side_by_side),
		cmocka_unit_test(counters_that_wrap_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
