/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/map.h"
#include "tests/unit/unit.h"

#define NAMES 1000

static const uint8_t seed[16] = { 1, 2, 3 };

static void what_was_added_is_found_until_it_is_removed(void **state)
{
	static char names[NAMES][16];
	struct map map;

	map_init(&map, seed);
	for (int i = 0; i < NAMES; i++) {
		(void)snprintf(names[i], sizeof names[i], "name%d", i);
		assert_ok(map_add(&map, str_of(names[i]), names[i]));
	}
	assert_err(map_add(&map, STR("name7"), names[0]), ERR_EXISTS);
	for (int i = 0; i < NAMES; i += 2)
		assert_ptr_equal(map_remove(&map, str_of(names[i])), names[i]);
	for (int i = 0; i < NAMES; i++)
		assert_ptr_equal(map_get(&map, str_of(names[i])), i % 2 ? names[i] : NULL);
	assert_int_equal(map.count, NAMES / 2);

	size_t at = 0, seen = 0;
	while (map_next(&map, &at))
		seen++;
	assert_int_equal(seen, NAMES / 2);
	map_done(&map);
}

static void an_empty_map_has_nothing(void **state)
{
	struct map map;

	map_init(&map, seed);
	assert_null(map_get(&map, STR("x")));
	assert_null(map_remove(&map, STR("x")));
	map_done(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
		cmocka_unit_test(an_empty_map_has_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
