/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "tests/unit/unit.h"

static void cut_walks_all_parts_and_then_ends(void **state)
{
	struct str rest = STR("a,,b"), part;

	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "a");
	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "");
	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "b");
	assert_false(str_cut(&rest, ',', &part));
}

static void numbers_at_their_limit_are_read_and_past_it_refused(void **state)
{
	uint64_t u = 0;
	int64_t i = 0;

	assert_ok(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &u));
	assert_true(u == UINT64_MAX);
	assert_err(str_to_u64(STR("18446744073709551616"), UINT64_MAX, &u), ERR_INVALID);
	assert_ok(str_to_i64(STR("-5"), -5, 5, &i));
	assert_int_equal(i, -5);
	assert_err(str_to_i64(STR("-6"), -5, 5, &i), ERR_INVALID);
	assert_err(str_to_i64(STR("5x"), -5, 5, &i), ERR_INVALID);
	assert_err(str_to_i64(STR(""), -5, 5, &i), ERR_INVALID);
}

static void utf8_accepts_only_the_shortest_form(void **state)
{
	assert_true(str_is_utf8(STR("gate \xe9\x97\xa8 \xf0\x9f\x8e\xa5")));
	assert_false(str_is_utf8(STR("\xc0\xaf")));
	assert_false(str_is_utf8(STR("\xed\xa0\x80")));
	assert_false(str_is_utf8(STR("\xf4\x90\x80\x80")));
	assert_false(str_is_utf8(STR("\xe9\x97")));
	assert_false(str_is_utf8(STR("a\0b")));
}

static void copy_refuses_what_does_not_fit(void **state)
{
	char to[4];

	assert_ok(str_copy(STR("abc"), to, sizeof to));
	assert_string_equal(to, "abc");
	assert_err(str_copy(STR("abcd"), to, sizeof to), ERR_TOO_LARGE);
	assert_string_equal(to, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_walks_all_parts_and_then_ends),
		cmocka_unit_test(numbers_at_their_limit_are_read_and_past_it_refused),
		cmocka_unit_test(utf8_accepts_only_the_shortest_form),
		cmocka_unit_test(copy_refuses_what_does_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
