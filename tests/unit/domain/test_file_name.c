/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/storage/file_name.h"
#include "tests/unit/unit.h"

static void names_are_made_of_time_and_id(void **state)
{
	char name[FILE_NAME_SIZE];

	file_name_make(1570702210999, "aabbbbbbbb0123456789abcdef012345", "jpeg", name);
	assert_string_equal(name, "20191010-101010-0123456789ab.jpeg");
}

static void wishes_are_made_harmless(void **state)
{
	static const char *const rows[][2] = {
		{ "a.flv", "a.flv" },
		{ "", "" },
		{ "/", "" },
		{ "..", "" },
		{ ".hidden", "hidden" },
		{ "../../etc/passwd", "passwd" },
		{ "C:\\videos\\a b.mp4", "a_b.mp4" },
		{ "a\"b;c\r\nd", "a_b_c__d" },
		{ "\xe9\x97\xa8.flv", "\xe9\x97\xa8.flv" },
		{ "\xff\xfe.flv", "__.flv" },
		{ "2020-07-25_11+22=33@1,2~.ts", "2020-07-25_11+22=33@1,2~.ts" },
		{ "a%2e%2e?b#c", "a_2e_2e_b_c" },
	};
	char name[FILE_NAME_SIZE], again[FILE_NAME_SIZE];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		file_name_clean(str_of(rows[i][0]), name);
		assert_string_equal(name, rows[i][1]);
		file_name_clean(str_of(name), again);
		assert_string_equal(again, name);
	}
}

static void a_name_at_the_limit_is_kept_and_past_it_cut_between_characters(void **state)
{
	char wish[FILE_NAME_MAX + 8], name[FILE_NAME_SIZE];

	memset(wish, 'x', sizeof wish);
	file_name_clean((struct str){ wish, FILE_NAME_MAX }, name);
	assert_int_equal(strlen(name), FILE_NAME_MAX);
	file_name_clean((struct str){ wish, FILE_NAME_MAX + 1 }, name);
	assert_int_equal(strlen(name), FILE_NAME_MAX);
	memcpy(wish + FILE_NAME_MAX - 2, "\xe9\x97\xa8", 3);
	file_name_clean((struct str){ wish, FILE_NAME_MAX + 1 }, name);
	assert_int_equal(strlen(name), FILE_NAME_MAX - 2);
	assert_true(str_is_utf8(str_of(name)));
}

static void the_printed_form_names_a_second(void **state)
{
	static const char *const bad[] = {
		"",
		"20191010-101010",
		"20191010-101010.png",
		"20191010_101010.jpeg",
		"20191310-101010.jpeg",
		"2019101x-101010.jpeg",
		"20191010-101010-0123456789ab.jpeg",
		"x20191010-101010.jpeg",
	};
	int64_t time_ms = 0;

	assert_ok(file_name_second(STR("20191010-101010.jpeg"), &time_ms));
	assert_int_equal(time_ms, 1570702210000);
	assert_ok(file_name_second(STR("20191010-101011.jpg"), &time_ms));
	assert_int_equal(time_ms, 1570702211000);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_err(file_name_second(str_of(bad[i]), &time_ms), ERR_INVALID);
	assert_int_equal(time_ms, 1570702211000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_made_of_time_and_id),
		cmocka_unit_test(wishes_are_made_harmless),
		cmocka_unit_test(a_name_at_the_limit_is_kept_and_past_it_cut_between_characters),
		cmocka_unit_test(the_printed_form_names_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
