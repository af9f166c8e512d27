/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "ctl/text/csv.h"
#include "tests/unit/unit.h"

static void a_small_file_is_one_part_behind_its_heading(void **state)
{
	struct csv csv;
	struct csv_part part;

	csv_init(&csv, STR("\xef\xbb\xbf"
	                   "did,secret\r\nA,1\r\nB,2"));

	assert_str(csv.heading, "did,secret\r\n");
	assert_ok(csv_next(&csv, &part, NULL));
	assert_str(part.text, "A,1\r\nB,2");
	assert_int_equal(part.first_line, 2);
	assert_int_equal(part.lines, 2);
	assert_err(csv_next(&csv, &part, NULL), ERR_NOT_FOUND);
}

static void a_file_without_heading_starts_at_its_first_line(void **state)
{
	struct csv csv;
	struct csv_part part;

	csv_init(&csv, STR("A,1\n"));

	assert_int_equal(csv.heading.size, 0);
	assert_ok(csv_next(&csv, &part, NULL));
	assert_int_equal(part.first_line, 1);
	assert_int_equal(csv_file_line(&csv, &part, 1), 1);
}

static void an_empty_file_has_no_part(void **state)
{
	struct csv csv;
	struct csv_part part;

	csv_init(&csv, STR(""));
	assert_err(csv_next(&csv, &part, NULL), ERR_NOT_FOUND);
	csv_init(&csv, STR("did,secret\n"));
	assert_err(csv_next(&csv, &part, NULL), ERR_NOT_FOUND);
}

static void a_quoted_line_end_does_not_cut_a_record(void **state)
{
	struct csv csv;
	struct csv_part part;

	csv_init(&csv, STR("\"did\",name\nA,\"two\nlines, \"\"x\"\"\"\nB,y\n"));

	assert_ok(csv_next(&csv, &part, NULL));
	assert_str(part.text, "A,\"two\nlines, \"\"x\"\"\"\nB,y\n");
	assert_int_equal(part.lines, 3);
}

static void an_open_quote_is_refused_with_its_line(void **state)
{
	struct csv csv;
	struct csv_part part;
	struct why why = { 0 };

	csv_init(&csv, STR("did,name\nA,b\nB,\"never\nclosed\n"));

	assert_err(csv_next(&csv, &part, &why), ERR_MALFORMED);
	assert_string_equal(why.text, "line 3: a quote is never closed");
}

static void records_at_the_limit_are_one_part_and_one_more_is_two(void **state)
{
	AUTO_BUF text = { 0 };
	struct csv csv;
	struct csv_part part;

	buf_init(&text, 1 << 20);
	buf_add_text(&text, "did\n");
	for (int i = 0; i < CSV_PART_RECORDS_MAX; i++)
		buf_add_text(&text, "A\n");
	csv_init(&csv, buf_str(&text));
	assert_ok(csv_next(&csv, &part, NULL));
	assert_err(csv_next(&csv, &part, NULL), ERR_NOT_FOUND);

	buf_add_text(&text, "B\n");
	csv_init(&csv, buf_str(&text));
	assert_ok(csv_next(&csv, &part, NULL));
	assert_int_equal(part.lines, CSV_PART_RECORDS_MAX);
	assert_ok(csv_next(&csv, &part, NULL));
	assert_str(part.text, "B\n");
	assert_int_equal(part.first_line, CSV_PART_RECORDS_MAX + 2);
	assert_int_equal(csv_file_line(&csv, &part, 2), CSV_PART_RECORDS_MAX + 2);
}

static void bytes_at_the_limit_are_taken_and_one_more_is_refused(void **state)
{
	AUTO_BUF text = { 0 };
	struct csv csv;
	struct csv_part part;
	struct why why = { 0 };

	buf_init(&text, 1 << 20);
	for (int i = 0; i < CSV_PART_BYTES_MAX - 1; i++)
		buf_add_u8(&text, 'x');
	buf_add_u8(&text, '\n');
	csv_init(&csv, buf_str(&text));
	assert_ok(csv_next(&csv, &part, NULL));
	assert_int_equal(part.text.size, CSV_PART_BYTES_MAX);

	text.at[text.size - 1] = 'x';
	buf_add_u8(&text, '\n');
	csv_init(&csv, buf_str(&text));
	assert_err(csv_next(&csv, &part, &why), ERR_TOO_LARGE);
	assert_string_equal(why.text, "line 1: a record of 131073 bytes is over 131072");
}

static void parts_together_are_the_whole_file(void **state)
{
	AUTO_BUF text = { 0 }, joined = { 0 };
	struct csv csv;
	struct csv_part part;
	size_t lines = 0;

	buf_init(&text, 1 << 20);
	buf_init(&joined, 1 << 20);
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "D%d,\"%0*d\n\"\n", i, i % 150, i);
	csv_init(&csv, buf_str(&text));
	while (csv_next(&csv, &part, NULL) == ERR_OK) {
		assert_true(part.text.size <= CSV_PART_BYTES_MAX);
		assert_int_equal(part.first_line, lines + 1);
		lines += part.lines;
		buf_add_str(&joined, part.text);
	}

	assert_int_equal(lines, 10000);
	assert_int_equal(joined.size, text.size);
	assert_memory_equal(joined.at, text.at, text.size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_file_is_one_part_behind_its_heading),
		cmocka_unit_test(a_file_without_heading_starts_at_its_first_line),
		cmocka_unit_test(an_empty_file_has_no_part),
		cmocka_unit_test(a_quoted_line_end_does_not_cut_a_record),
		cmocka_unit_test(an_open_quote_is_refused_with_its_line),
		cmocka_unit_test(records_at_the_limit_are_one_part_and_one_more_is_two),
		cmocka_unit_test(bytes_at_the_limit_are_taken_and_one_more_is_refused),
		cmocka_unit_test(parts_together_are_the_whole_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
