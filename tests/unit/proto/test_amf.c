/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "proto/rtmp/amf.h"
#include "tests/unit/unit.h"

#define MAX (1024 * 1024)

/* A text for every item, so that a whole message compares as one line. */
static enum err tell(const void *at, size_t size, struct buf *story)
{
	struct amf_reader reader;
	struct amf_item item;
	enum err err;

	amf_reader_init(&reader, at, size);
	while ((err = amf_read(&reader, &item)) == ERR_OK) {
		if (item.name.size)
			buf_printf(story, "%.*s=", STR_ARG(item.name));
		switch (item.kind) {
		case AMF_NUMBER: buf_printf(story, "%g ", item.number); break;
		case AMF_BOOLEAN: buf_add_text(story, item.is_true ? "true " : "false "); break;
		case AMF_STRING: buf_printf(story, "'%.*s' ", STR_ARG(item.text)); break;
		case AMF_NULL: buf_add_text(story, "null "); break;
		case AMF_DATE: buf_printf(story, "date(%g) ", item.number); break;
		case AMF_OBJECT: buf_add_text(story, "{ "); break;
		case AMF_ARRAY: buf_add_text(story, "[= "); break;
		case AMF_LIST: buf_add_text(story, "[ "); break;
		case AMF_END: buf_printf(story, "/%zu ", item.depth); break;
		}
	}
	return err;
}

struct row {
	const char *bytes;
	size_t size;
	const char *story;
};

/* clang-format off */
#define ROW(bytes, story) { (bytes), sizeof(bytes) - 1, (story) }
static const struct row rows[] = {
	ROW("\x00\x3f\xf0\0\0\0\0\0\0", "1 "),
	ROW("\x00\xc0\x9f\x40\0\0\0\0\0", "-2000 "),
	ROW("\x01\x01\x01\x00", "true false "),
	ROW("\x02\x00\x03" "cam", "'cam' "),
	ROW("\x0c\x00\x00\x00\x03" "cam", "'cam' "),
	ROW("\x02\x00\x00", "'' "),
	ROW("\x05\x06\x0d", "null null null "),
	ROW("\x0b\x40\x59\0\0\0\0\0\0\x00\x00", "date(100) "),
	ROW("\x03\x00\x00\x09", "{ /0 "),
	ROW("\x03\x00\x03" "app\x02\x00\x04live\x00\x00\x09\x05", "{ app='live' /0 null "),
	ROW("\x03\x00\x01" "a\x03\x00\x01" "b\x05\x00\x00\x09\x00\x00\x09", "{ a={ b=null /1 /0 "),
	ROW("\x10\x00\x03" "cls\x00\x01" "a\x05\x00\x00\x09", "{ a=null /0 "),
	ROW("\x08\x00\x00\x00\x63\x00\x01" "w\x01\x01\x00\x00\x09", "[= w=true /0 "),
	ROW("\x0a\x00\x00\x00\x02\x02\x00\x04" "avc1\x05", "[ 'avc1' null /0 "),
	ROW("\x0a\x00\x00\x00\x00\x05", "[ /0 null "),
};
/* clang-format on */

static void values_are_read(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		AUTO_BUF story = { 0 };

		buf_init(&story, MAX);
		assert_err(tell(rows[i].bytes, rows[i].size, &story), ERR_NOT_FOUND);
		assert_str(buf_str(&story), rows[i].story);
	}
}

static void a_message_cut_at_any_point_is_malformed_or_ends_between_values(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t size = 0; size < rows[i].size; size++) {
			uint8_t *exact = malloc(size ? size : 1);
			AUTO_BUF story = { 0 };

			buf_init(&story, MAX);
			assert_non_null(exact);
			memcpy(exact, rows[i].bytes, size);
			enum err err = tell(exact, size, &story);
			assert_true(err == ERR_MALFORMED || err == ERR_NOT_FOUND);
			assert_true(err == ERR_MALFORMED ||
			            str_starts(str_of(rows[i].story), buf_str(&story)));
			free(exact);
		}
}

static void unknown_markers_and_amf3_are_refused(void **state)
{
	AUTO_BUF story = { 0 };

	buf_init(&story, MAX);
	assert_err(tell("\x04", 1, &story), ERR_MALFORMED);
	assert_err(tell("\x07\x00\x00", 3, &story), ERR_MALFORMED);
	assert_err(tell("\xff", 1, &story), ERR_MALFORMED);
	assert_err(tell("\x11\x0a", 2, &story), ERR_UNSUPPORTED);
	assert_int_equal(story.size, 0);
}

static enum err tell_nested(size_t depth)
{
	AUTO_BUF bytes = { 0 }, story = { 0 };

	buf_init(&bytes, MAX);
	buf_init(&story, MAX);
	for (size_t i = 0; i < depth; i++)
		amf_begin_list(&bytes, 1);
	amf_add_null(&bytes);
	return tell(bytes.at, bytes.size, &story);
}

static void depth_ends_at_its_limit(void **state)
{
	assert_err(tell_nested(AMF_DEPTH_MAX), ERR_NOT_FOUND);
	assert_err(tell_nested(AMF_DEPTH_MAX + 1), ERR_TOO_LARGE);
}

static enum err tell_many(size_t count)
{
	AUTO_BUF bytes = { 0 }, story = { 0 };

	buf_init(&bytes, MAX);
	buf_init(&story, MAX);
	for (size_t i = 0; i < count; i++)
		amf_add_null(&bytes);
	return tell(bytes.at, bytes.size, &story);
}

static void the_number_of_items_ends_at_its_limit(void **state)
{
	assert_err(tell_many(AMF_ITEMS_MAX), ERR_NOT_FOUND);
	assert_err(tell_many(AMF_ITEMS_MAX + 1), ERR_TOO_LARGE);
}

static void a_list_that_claims_four_milliards_is_short(void **state)
{
	AUTO_BUF story = { 0 };

	buf_init(&story, MAX);
	assert_err(tell("\x0a\xff\xff\xff\xff\x05", 6, &story), ERR_MALFORMED);
}

static void what_is_written_is_read(void **state)
{
	static char text[UINT16_MAX + 1];
	AUTO_BUF bytes = { 0 }, story = { 0 };
	struct amf_reader reader;
	struct amf_item item;
	struct str read;

	buf_init(&bytes, MAX);
	buf_init(&story, MAX);
	amf_add_text(&bytes, STR("onMetaData"));
	amf_begin_array(&bytes, 2);
	amf_add_name(&bytes, STR("width"));
	amf_add_number(&bytes, 1280);
	amf_add_name(&bytes, STR("stereo"));
	amf_add_boolean(&bytes, true);
	amf_end(&bytes);
	amf_begin_object(&bytes);
	amf_end(&bytes);
	assert_err(tell(bytes.at, bytes.size, &story), ERR_NOT_FOUND);
	assert_str(buf_str(&story), "'onMetaData' [= width=1280 stereo=true /0 { /0 ");

	memset(text, 'x', sizeof text);
	buf_clear(&bytes);
	amf_add_text(&bytes, (struct str){ text, sizeof text });
	amf_reader_init(&reader, bytes.at, bytes.size);
	assert_ok(amf_read_text(&reader, &read));
	assert_int_equal(read.size, sizeof text);
	assert_err(amf_read(&reader, &item), ERR_NOT_FOUND);
}

static void a_skipped_container_leaves_what_follows(void **state)
{
	struct amf_reader reader;
	struct amf_item item;
	double number;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	amf_begin_object(&bytes);
	amf_add_name(&bytes, STR("a"));
	amf_begin_list(&bytes, 2);
	amf_add_null(&bytes);
	amf_add_null(&bytes);
	amf_end(&bytes);
	amf_add_number(&bytes, 7);
	amf_reader_init(&reader, bytes.at, bytes.size);
	assert_ok(amf_read(&reader, &item));
	assert_ok(amf_skip(&reader, &item));
	assert_ok(amf_read_number(&reader, &number));
	assert_true(number >= 7 && number <= 7);
	assert_err(amf_read_number(&reader, &number), ERR_MALFORMED);
}

static void another_kind_than_asked_for_is_malformed(void **state)
{
	struct amf_reader reader;
	struct str text;
	double number;

	amf_reader_init(&reader, "\x01\x01", 2);
	assert_err(amf_read_text(&reader, &text), ERR_MALFORMED);
	amf_reader_init(&reader, "\x05", 1);
	assert_err(amf_read_number(&reader, &number), ERR_MALFORMED);
	amf_reader_init(&reader, "\x05", 1);
	assert_ok(amf_read_text(&reader, &text));
	assert_int_equal(text.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(a_message_cut_at_any_point_is_malformed_or_ends_between_values),
		cmocka_unit_test(unknown_markers_and_amf3_are_refused),
		cmocka_unit_test(depth_ends_at_its_limit),
		cmocka_unit_test(the_number_of_items_ends_at_its_limit),
		cmocka_unit_test(a_list_that_claims_four_milliards_is_short),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_skipped_container_leaves_what_follows),
		cmocka_unit_test(another_kind_than_asked_for_is_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
