/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "ctl/text/field.h"
#include "tests/unit/unit.h"

static const char table[] =
	"[{\"name\":\"ptz.start\",\"fields\":["
	"{\"name\":\"direction\",\"type\":\"integer\",\"least\":0,\"most\":9,\"required\":true},"
	"{\"name\":\"speed\",\"type\":\"integer\",\"least\":0,\"most\":2}]},"
	"{\"name\":\"stop\",\"fields\":[{\"name\":\"reason\",\"type\":\"string\",\"most\":5}]},"
	"{\"name\":\"read\",\"fields\":[]},{\"name\":\"write\",\"fields\":[]},"
	"{\"name\":\"free\",\"fields\":[]}]";

static void check_action(const char *name, const char *const *words, size_t count, enum err err,
                         const char *text)
{
	AUTO_JSON actions = json_loads(table, 0, NULL);
	AUTO_JSON out = NULL;
	struct why why = { 0 };
	AUTO_BUF written = { 0 };

	assert_non_null(actions);
	assert_err(field_action(str_of(name), actions, words, count, &out, &why), err);
	if (err != ERR_OK) {
		assert_null(out);
		assert_string_equal(why.text, text);
		return;
	}
	buf_init(&written, 4096);
	assert_ok(json_write(out, &written));
	assert_str(buf_str(&written), text);
}

static void words_become_the_nested_action(void **state)
{
	check_action("ptz.start", (const char *[]){ "direction=2", "speed=1" }, 2, ERR_OK,
	             "{\"ptz\":{\"start\":{\"direction\":2,\"speed\":1}}}");
	check_action("stop", NULL, 0, ERR_OK, "{\"stop\":{}}");
	check_action("stop", (const char *[]){ "reason=a=b" }, 1, ERR_OK,
	             "{\"stop\":{\"reason\":\"a=b\"}}");
}

static void settings_are_read_by_name_and_written_inside(void **state)
{
	check_action("read", NULL, 0, ERR_OK, "{\"read\":[\"config\"]}");
	check_action("write", (const char *[]){ "image.flip=true", "image.day_night=auto" }, 2,
	             ERR_OK,
	             "{\"write\":{\"config\":{\"image.flip\":true,\"image.day_night\":\"auto\"}}}");
}

static void limits_of_the_table_hold_at_and_past_them(void **state)
{
	check_action("ptz.start", (const char *[]){ "direction=9" }, 1, ERR_OK,
	             "{\"ptz\":{\"start\":{\"direction\":9}}}");
	check_action("ptz.start", (const char *[]){ "direction=10" }, 1, ERR_INVALID,
	             "direction: 10 is not in 0..9");
	check_action("stop", (const char *[]){ "reason=12345" }, 1, ERR_OK,
	             "{\"stop\":{\"reason\":\"12345\"}}");
	check_action("stop", (const char *[]){ "reason=123456" }, 1, ERR_INVALID,
	             "reason: the text has 6 bytes, at most 5 are allowed");
}

static void mistakes_say_what_there_is(void **state)
{
	check_action("fly", NULL, 0, ERR_NOT_FOUND,
	             "there is no action 'fly'; actions: ptz.start, stop, read, write, free");
	check_action("ptz.start", (const char *[]){ "sped=1" }, 1, ERR_INVALID,
	             "there is no field 'sped'; fields: direction, speed");
	check_action("ptz.start", (const char *[]){ "direction" }, 1, ERR_INVALID,
	             "'direction' is not of the form FIELD=VALUE");
	check_action("ptz.start", (const char *[]){ "direction=up" }, 1, ERR_INVALID,
	             "direction: 'up' is not a whole number");
	check_action("ptz.start", (const char *[]){ "speed=1" }, 1, ERR_INVALID,
	             "the field 'direction' is required");
}

static void every_type_is_read_and_refused(void **state)
{
	static const struct {
		const char *type, *text, *json; /* json NULL: refused */
	} cases[] = {
		{ "integer", "-5", "-5" },        { "integer", "1.5", NULL },
		{ "number", "1.5", "1.5" },       { "number", "7", "7" },
		{ "number", "true", NULL },       { "boolean", "yes", "true" },
		{ "boolean", "off", "false" },    { "boolean", "maybe", NULL },
		{ "string", "12", "\"12\"" },     { "string", "", "\"\"" },
		{ "string", "\xff", NULL },       { "object", "{\"a\":[1]}", "{\"a\":[1]}" },
		{ "object", "{", NULL },          { "time", "1970-01-01T00:00:01Z", "1000" },
		{ "time", "1700", "1700" },       { "time", "noon", NULL },
		{ "unheard-of", "true", "true" }, { "unheard-of", "plain", "\"plain\"" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		AUTO_JSON field = json_pack("{s:s}", "type", cases[i].type);
		AUTO_JSON out = NULL;
		AUTO_BUF written = { 0 };
		enum err err = field_value(str_of(cases[i].text), field, &out, NULL);
		if (!cases[i].json) {
			assert_int_not_equal(err, ERR_OK);
			assert_null(out);
			continue;
		}
		assert_ok(err);
		buf_init(&written, 256);
		assert_ok(json_write(out, &written));
		assert_str(buf_str(&written), cases[i].json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_become_the_nested_action),
		cmocka_unit_test(settings_are_read_by_name_and_written_inside),
		cmocka_unit_test(limits_of_the_table_hold_at_and_past_them),
		cmocka_unit_test(mistakes_say_what_there_is),
		cmocka_unit_test(every_type_is_read_and_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
