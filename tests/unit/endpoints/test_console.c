/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "endpoints/console/console.h"
#include "tests/unit/unit.h"

static void gzip_is_sent_to_those_who_take_it(void **state)
{
	static const char *const yes[] = { "gzip", "br, GZIP", "deflate, gzip;q=0.1",
		                           "gzip;q=1.0" };
	static const char *const no[] = { "", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip", "*" };

	for (size_t i = 0; i < COUNT_OF(yes); i++)
		assert_true(console_takes_gzip(str_of(yes[i])));
	for (size_t i = 0; i < COUNT_OF(no); i++)
		assert_false(console_takes_gzip(str_of(no[i])));
}

static void a_known_tag_is_found_in_lists(void **state)
{
	static const char *const yes[] = { "\"a\"", "W/\"a\"", "\"b\", \"a\"", "*" };
	static const char *const no[] = { "", "a", "\"b\"", "\"a-gzip\"", "\"b\",\"c\"" };

	for (size_t i = 0; i < COUNT_OF(yes); i++)
		assert_true(console_has_tag(str_of(yes[i]), STR("\"a\"")));
	for (size_t i = 0; i < COUNT_OF(no); i++)
		assert_false(console_has_tag(str_of(no[i]), STR("\"a\"")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_is_sent_to_those_who_take_it),
		cmocka_unit_test(a_known_tag_is_found_in_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
