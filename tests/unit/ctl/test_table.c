/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/text/table.h"
#include "tests/unit/unit.h"

static const struct table_column columns[] = { { "DID", false, false },
	                                       { "NAME", false, true },
	                                       { "N", true, false } };

static void add_row(struct table *table, const char *did, const char *name, const char *number)
{
	table_add(table, str_of(did));
	table_add(table, str_of(name));
	table_add(table, str_of(number));
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	AUTO_BUF out = { 0 };
	struct table table;

	buf_init(&out, 4096);
	table_init(&table, columns, 3);
	add_row(&table, "CAM1", "front gate", "7");
	add_row(&table, "C", "", "120");

	assert_ok(table_write(&table, 0, false, &out));

	assert_str(buf_str(&out), "DID   NAME          N\n"
	                          "CAM1  front gate    7\n"
	                          "C     -           120\n");
	table_done(&table);
}

static void wide_characters_count_two_columns(void **state)
{
	AUTO_BUF out = { 0 };
	struct table table;

	buf_init(&out, 4096);
	table_init(&table, columns, 3);
	add_row(&table, "A", "\xe5\xa4\xa7\xe9\x97\xa8", "1");
	add_row(&table, "B", "four", "2");

	assert_ok(table_write(&table, 0, false, &out));

	assert_str(buf_str(&out), "DID  NAME  N\n"
	                          "A    \xe5\xa4\xa7\xe9\x97\xa8  1\n"
	                          "B    four  2\n");
	table_done(&table);
}

static void a_narrow_terminal_cuts_the_pliant_column_first(void **state)
{
	AUTO_BUF out = { 0 };
	struct table table;

	buf_init(&out, 4096);
	table_init(&table, columns, 3);
	add_row(&table, "CAM-0001", "the gate behind the house", "1");

	assert_ok(table_write(&table, 24, false, &out));

	assert_str(buf_str(&out), "DID       NAME         N\n"
	                          "CAM-0001  the gate b\xe2\x80\xa6  1\n");
	table_done(&table);
}

static void no_column_is_made_narrower_than_its_least(void **state)
{
	AUTO_BUF out = { 0 };
	struct table table;

	buf_init(&out, 4096);
	table_init(&table, columns, 3);
	add_row(&table, "CAM-0001", "the gate", "1");

	assert_ok(table_write(&table, 1, false, &out));

	assert_str(buf_str(&out), "DID   NAME  N\n"
	                          "CAM\xe2\x80\xa6  the\xe2\x80\xa6  1\n");
	table_done(&table);
}

static void what_a_terminal_would_obey_is_made_harmless(void **state)
{
	static const struct {
		struct str text;
		const char *shown;
	} cases[] = {
		{ { "\033[31mred", 8 }, "?[31mred" },
		{ { "a\0b", 3 }, "a?b" },
		{ { "line\nline", 9 }, "line?line" },
		{ { "\xc2\x9b"
		    "31m",
		    5 },
		  "?31m" }, /* CSI as one character */
		{ { "abc\xe2\x80\xae"
		    "def",
		    9 },
		  "abc?def" }, /* right-to-left override */
		{ { "\xff\xfe", 2 }, "??" },
		{ { "cut \xe9\x97", 6 }, "cut ??" },
		{ { "e\xcc\x81", 3 }, "e\xcc\x81" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		AUTO_BUF out = { 0 };
		buf_init(&out, 64);
		table_add_text(&out, cases[i].text, 0);
		assert_str(buf_str(&out), cases[i].shown);
	}
}

static void a_wide_character_is_not_cut_in_half(void **state)
{
	AUTO_BUF out = { 0 };

	buf_init(&out, 64);
	table_add_text(&out, STR("\xe5\xa4\xa7\xe5\xa4\xa7\xe5\xa4\xa7"), 4);

	assert_str(buf_str(&out), "\xe5\xa4\xa7\xe2\x80\xa6");
	assert_int_equal(table_text_width(buf_str(&out)), 3);
}

static void a_table_past_its_limit_says_so(void **state)
{
	AUTO_BUF out = { 0 };
	struct table table;

	buf_init(&out, 16);
	table_init(&table, columns, 3);

	assert_err(table_write(&table, 0, true, &out), ERR_TOO_LARGE);
	table_done(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(wide_characters_count_two_columns),
		cmocka_unit_test(a_narrow_terminal_cuts_the_pliant_column_first),
		cmocka_unit_test(no_column_is_made_narrower_than_its_least),
		cmocka_unit_test(what_a_terminal_would_obey_is_made_harmless),
		cmocka_unit_test(a_wide_character_is_not_cut_in_half),
		cmocka_unit_test(a_table_past_its_limit_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
