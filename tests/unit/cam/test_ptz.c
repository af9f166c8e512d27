/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cam/body/ptz.h"
#include "tests/unit/unit.h"

#define T0 1000000

static void a_movement_goes_its_way_and_stops_where_told(void **state)
{
	struct ptz ptz;

	ptz_init(&ptz);
	assert_int_equal(ptz_start(&ptz, PTZ_RIGHT, 1, T0), CODE_OK);
	assert_int_equal(ptz_position(&ptz, T0 + 1000).pan, 350);
	ptz_stop(&ptz, T0 + 1000);

	assert_int_equal(ptz_position(&ptz, T0 + 9000).pan, 350);
	assert_int_equal(ptz_position(&ptz, T0 + 9000).tilt, 0);
}

static void every_direction_moves_its_axes(void **state)
{
	static const struct ptz_position ways[] = {
		{ 0, 1, 0 },   { 0, -1, 0 }, { -1, 0, 0 }, { 1, 0, 0 }, { -1, 1, 0 },
		{ -1, -1, 0 }, { 1, 1, 0 },  { 1, -1, 0 }, { 0, 0, 1 }, { 0, 0, -1 },
	};

	for (int direction = 0; direction < 10; direction++) {
		struct ptz ptz;
		ptz_init(&ptz);
		ptz.from.zoom = 500;
		assert_int_equal(ptz_start(&ptz, direction, 0, T0), CODE_OK);
		struct ptz_position at = ptz_position(&ptz, T0 + 1000);
		assert_int_equal(at.pan, 150 * ways[direction].pan);
		assert_int_equal(at.tilt, 150 * ways[direction].tilt);
		assert_int_equal(at.zoom, 500 + 150 * ways[direction].zoom);
	}
}

static void faster_speeds_go_farther(void **state)
{
	int before = 0;

	for (int speed = 0; speed <= 2; speed++) {
		struct ptz ptz;
		ptz_init(&ptz);
		assert_int_equal(ptz_start(&ptz, PTZ_UP, speed, T0), CODE_OK);
		int tilt = ptz_position(&ptz, T0 + 1000).tilt;
		assert_true(tilt > before);
		before = tilt;
	}
}

static void each_limit_has_its_code(void **state)
{
	static const struct {
		struct ptz_position at;
		int direction;
		enum code code;
	} cases[] = {
		{ { 0, 1000, 0 }, PTZ_UP, CODE_UPPER_LIMIT },
		{ { 0, -1000, 0 }, PTZ_DOWN, CODE_LOWER_LIMIT },
		{ { -1000, 0, 0 }, PTZ_LEFT, CODE_LEFT_LIMIT },
		{ { 1000, 0, 0 }, PTZ_RIGHT, CODE_RIGHT_LIMIT },
		{ { -1000, 1000, 0 }, PTZ_UP_LEFT, CODE_UPPER_LIMIT },
		{ { 1000, -1000, 0 }, PTZ_DOWN_RIGHT, CODE_LOWER_LIMIT },
		{ { 0, 0, 1000 }, PTZ_ZOOM_IN, CODE_FAILED },
		{ { 0, 0, 0 }, PTZ_ZOOM_OUT, CODE_FAILED },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ptz ptz;
		ptz_init(&ptz);
		ptz.from = cases[i].at;
		assert_int_equal(ptz_start(&ptz, cases[i].direction, 1, T0), cases[i].code);
		assert_int_equal(ptz.motion, PTZ_STILL);
	}
}

static void one_step_before_the_limit_still_moves_and_ends_on_it(void **state)
{
	struct ptz ptz;

	ptz_init(&ptz);
	ptz.from.tilt = 999;
	assert_int_equal(ptz_start(&ptz, PTZ_UP, 2, T0), CODE_OK);
	assert_int_equal(ptz_position(&ptz, T0 + 1000).tilt, PTZ_TILT_MAX);
}

static void a_diagonal_goes_on_along_the_axis_that_is_free(void **state)
{
	struct ptz ptz;

	ptz_init(&ptz);
	ptz.from.tilt = PTZ_TILT_MAX;
	assert_int_equal(ptz_start(&ptz, PTZ_UP_RIGHT, 1, T0), CODE_OK);
	assert_int_equal(ptz_position(&ptz, T0 + 1000).pan, 350);
}

static void a_movement_ends_by_itself(void **state)
{
	struct ptz ptz;

	ptz_init(&ptz);
	assert_int_equal(ptz_start(&ptz, PTZ_RIGHT, 0, T0), CODE_OK);
	ptz_advance(&ptz, T0 + PTZ_AUTO_STOP_MS - 1);
	assert_int_equal(ptz.motion, PTZ_MOVING);
	ptz_advance(&ptz, T0 + PTZ_AUTO_STOP_MS);
	assert_int_equal(ptz.motion, PTZ_STILL);
	assert_int_equal(ptz_position(&ptz, T0 + 60000).pan, 750);
}

static void unknown_directions_and_speeds_are_unsupported(void **state)
{
	struct ptz ptz;

	ptz_init(&ptz);
	assert_int_equal(ptz_start(&ptz, -1, 1, T0), CODE_UNSUPPORTED);
	assert_int_equal(ptz_start(&ptz, PTZ_FOCUS_FAR + 1, 1, T0), CODE_UNSUPPORTED);
	assert_int_equal(ptz_start(&ptz, PTZ_UP, -1, T0), CODE_UNSUPPORTED);
	assert_int_equal(ptz_start(&ptz, PTZ_UP, 3, T0), CODE_UNSUPPORTED);
	assert_int_equal(ptz_start(&ptz, PTZ_FOCUS_NEAR, 1, T0), CODE_OK);
}

static void a_call_takes_time_and_refuses_others_meanwhile(void **state)
{
	struct ptz ptz;

	ptz_init(&ptz);
	assert_int_equal(ptz_goto(&ptz, (struct ptz_position){ 800, 0, 0 }, T0), CODE_OK);
	assert_int_equal(ptz_position(&ptz, T0 + 500).pan, 400);
	assert_int_equal(ptz_start(&ptz, PTZ_UP, 1, T0 + 500), CODE_PRESET_CALLING);
	assert_int_equal(ptz_goto(&ptz, (struct ptz_position){ 0 }, T0 + 500), CODE_PRESET_CALLING);

	ptz_advance(&ptz, T0 + 1000);
	assert_false(ptz_is_calling(&ptz));
	assert_int_equal(ptz_position(&ptz, T0 + 1000).pan, 800);
	assert_int_equal(ptz_goto(&ptz, (struct ptz_position){ 800, 0, 0 }, T0 + 1001),
	                 CODE_PRESET_CURRENT);
	assert_int_equal(ptz_start(&ptz, PTZ_UP, 1, T0 + 1001), CODE_OK);
}

static void a_stop_ends_a_call_on_its_way(void **state)
{
	struct ptz ptz;

	ptz_init(&ptz);
	assert_int_equal(ptz_goto(&ptz, (struct ptz_position){ 800, 0, 0 }, T0), CODE_OK);
	ptz_stop(&ptz, T0 + 500);
	assert_int_equal(ptz_position(&ptz, T0 + 5000).pan, 400);
}

static void a_cruise_goes_on_for_ever_and_gives_way_to_a_person(void **state)
{
	const struct ptz_position stops[] = { { 400, 0, 0 }, { -400, 0, 0 } };
	struct ptz ptz;

	ptz_init(&ptz);
	ptz_cruise(&ptz, stops, 2, 10000, 2, T0);
	ptz_advance(&ptz, T0 + 5000);
	assert_int_equal(ptz_position(&ptz, T0 + 5000).pan, 400);
	ptz_advance(&ptz, T0 + 15000);
	assert_int_equal(ptz_position(&ptz, T0 + 15000).pan, -400);
	/* Far beyond the automatic stop of a movement it still goes. */
	int64_t late = T0 + 600000;
	ptz_advance(&ptz, late);
	assert_int_not_equal(ptz.cruise.count, 0);

	assert_int_equal(ptz_start(&ptz, PTZ_UP, 1, late), CODE_OK);
	ptz_stop(&ptz, late + 100);
	ptz_advance(&ptz, late + PTZ_CRUISE_PAUSE_MS);
	assert_int_equal(ptz.motion, PTZ_STILL);
	ptz_advance(&ptz, late + 100 + PTZ_CRUISE_PAUSE_MS);
	assert_int_equal(ptz.motion, PTZ_CRUISING);
	ptz_cruise(&ptz, NULL, 0, 0, 0, late + 100 + PTZ_CRUISE_PAUSE_MS);
	assert_int_equal(ptz.motion, PTZ_STILL);
}

static void a_cruise_keeps_no_more_than_its_most_stops(void **state)
{
	struct ptz_position stops[PTZ_CRUISE_MAX + 1] = { { 0 } };
	struct ptz ptz;

	ptz_init(&ptz);
	ptz_cruise(&ptz, stops, PTZ_CRUISE_MAX, 1000, 1, T0);
	assert_int_equal(ptz.cruise.count, PTZ_CRUISE_MAX);
	ptz_cruise(&ptz, stops, PTZ_CRUISE_MAX + 1, 1000, 1, T0);
	assert_int_equal(ptz.cruise.count, PTZ_CRUISE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_movement_goes_its_way_and_stops_where_told),
		cmocka_unit_test(every_direction_moves_its_axes),
		cmocka_unit_test(faster_speeds_go_farther),
		cmocka_unit_test(each_limit_has_its_code),
		cmocka_unit_test(one_step_before_the_limit_still_moves_and_ends_on_it),
		cmocka_unit_test(a_diagonal_goes_on_along_the_axis_that_is_free),
		cmocka_unit_test(a_movement_ends_by_itself),
		cmocka_unit_test(unknown_directions_and_speeds_are_unsupported),
		cmocka_unit_test(a_call_takes_time_and_refuses_others_meanwhile),
		cmocka_unit_test(a_stop_ends_a_call_on_its_way),
		cmocka_unit_test(a_cruise_goes_on_for_ever_and_gives_way_to_a_person),
		cmocka_unit_test(a_cruise_keeps_no_more_than_its_most_stops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
