/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "proto/csv/csv.h"
#include "tests/unit/unit.h"

/* Fields joined by '|', records ended by ';', broken ones as "!line". */
static void show(struct str text, struct buf *out)
{
	struct csv_reader reader;
	struct csv_record record;
	enum err err;

	csv_reader_init(&reader, text);
	while ((err = csv_read(&reader, &record)) != ERR_NOT_FOUND) {
		if (err != ERR_OK) {
			buf_printf(out, "!%zu;", record.line);
			continue;
		}
		for (size_t i = 0; i < record.count; i++)
			buf_printf(out, "%s%.*s", i ? "|" : "", STR_ARG(record.fields[i]));
		buf_add_text(out, ";");
	}
}

static void records_are_read(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "", "" },
		{ "\n\r\n\n", "" },
		{ "a", "a;" },
		{ "a\n", "a;" },
		{ "a,b\r\nc,d", "a|b;c|d;" },
		{ "a,,\n,", "a||;|;" },
		{ "\xef\xbb\xbf"
		  "a",
		  "a;" },
		{ "\"a,b\",\"c\"\"d\"", "a,b|c\"d;" },
		{ "\"a\nb\",c\nd", "a\nb|c;d;" },
		{ "\"\"", ";" },
		{ "a\"b\nc", "!1;c;" },
		{ "\"a\"b\nc", "!1;c;" },
		{ "ok\n\"open\nc", "ok;!2;c;" },
		{ "a\rb\n", "a\rb;" },
		{ "x\n\n\"\n", "x;!3;" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		AUTO_BUF shown = { 0 };
		buf_init(&shown, 1024);
		show(str_of(cases[i].text), &shown);
		assert_str(buf_str(&shown), cases[i].shown);
	}
}

static void lines_are_counted_inside_quotes_too(void **state)
{
	struct csv_reader reader;
	struct csv_record record;

	csv_reader_init(&reader, STR("a\n\"b\nb\nb\"\n\nc\n"));
	static const size_t lines[] = { 1, 2, 6 };
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		assert_ok(csv_read(&reader, &record));
		assert_int_equal(record.line, lines[i]);
	}
	assert_err(csv_read(&reader, &record), ERR_NOT_FOUND);
}

static void so_many_fields_fit_and_no_more(void **state)
{
	struct csv_reader reader;
	struct csv_record record;

	csv_reader_init(&reader, STR("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16\n"
	                             "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\nnext"));
	assert_ok(csv_read(&reader, &record));
	assert_int_equal(record.count, CSV_FIELDS_MAX);
	assert_err(csv_read(&reader, &record), ERR_TOO_LARGE);
	assert_int_equal(record.line, 2);
	assert_ok(csv_read(&reader, &record));
	assert_str(record.fields[0], "next");
}

static void so_long_a_record_fits_and_no_longer(void **state)
{
	static char text[CSV_RECORD_MAX + 2];
	struct csv_reader reader;
	struct csv_record record;

	memset(text, 'x', sizeof text);
	csv_reader_init(&reader, (struct str){ text, CSV_RECORD_MAX });
	assert_ok(csv_read(&reader, &record));
	assert_int_equal(record.fields[0].size, CSV_RECORD_MAX);
	csv_reader_init(&reader, (struct str){ text, CSV_RECORD_MAX + 1 });
	assert_err(csv_read(&reader, &record), ERR_TOO_LARGE);
	assert_err(csv_read(&reader, &record), ERR_NOT_FOUND);
}

static void what_is_written_is_read_back(void **state)
{
	static const struct str fields[] = {
		STR("plain"),      STR(""),     STR("a,b"),  STR("\"q\""),
		STR("two\nlines"), STR("\r\n"), STR(" sp "),
	};
	struct csv_reader reader;
	struct csv_record record;
	AUTO_BUF text = { 0 };

	buf_init(&text, 1024);
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		buf_add_text(&text, i ? "," : "");
		csv_add_field(&text, fields[i]);
	}
	buf_add_text(&text, "\r\n");
	csv_reader_init(&reader, buf_str(&text));
	assert_ok(csv_read(&reader, &record));
	assert_int_equal(record.count, COUNT_OF(fields));
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		assert_true(str_equal(record.fields[i], fields[i]));
}

static void a_file_cut_anywhere_ends(void **state)
{
	struct str whole = STR("did,name\r\n\"a\"\"b\",\"c\nd\"\r\ne,f\r\n");

	for (size_t size = 0; size <= whole.size; size++) {
		struct csv_reader reader;
		struct csv_record record;
		size_t count = 0;
		csv_reader_init(&reader, (struct str){ whole.at, size });
		while (csv_read(&reader, &record) != ERR_NOT_FOUND)
			assert_in_range(++count, 1, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_read),
		cmocka_unit_test(lines_are_counted_inside_quotes_too),
		cmocka_unit_test(so_many_fields_fit_and_no_more),
		cmocka_unit_test(so_long_a_record_fits_and_no_longer),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_file_cut_anywhere_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
