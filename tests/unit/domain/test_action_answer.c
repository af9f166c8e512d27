/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "domain/action/action.h"
#include "domain/reason.h"
#include "tests/unit/domain/action_fixture.h"
#include "tests/unit/unit.h"

static void each_action_has_its_resource(void **state)
{
	/* clang-format off */
	static const char *const rows[][2] = {
		{ "play", "play" },           { "stop", "play" },           { "ptz.start", "ptz" },
		{ "ptz.stop", "ptz" },        { "preset.set", "preset" },   { "preset.list", "preset" },
		{ "preset.goto", "preset" },  { "preset.remove", "preset" }, { "capture", "capture" },
		{ "read", "config" },         { "write", "config" },        { "segment.find", "replay" },
		{ "replay", "replay" },       { "upload", "upload" },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct action *action = action_find(str_of(rows[i][0]));
		assert_non_null(action);
		assert_string_equal(action_resource(action), rows[i][1]);
		assert_true(action_is_for_callers(action));
		assert_true(strlen(action_name(action)) < ACTION_NAME_SIZE);
	}
	assert_null(action_find(STR("ptz")));
}

static enum err answer(const char *name, const char *result, struct why *why)
{
	AUTO_JSON json = json_of(result);

	return action_check_answer(action_find(str_of(name)), json, why);
}

static void an_answer_of_success_is_one(void **state)
{
	static const char *const rows[][2] = {
		{ "ptz.start", "{\"ptz\":{\"code\":0}}" },
		{ "ptz.start", "{\"ptz\":{\"code\":\"0\"}}" },
		{ "ptz.start", "{\"ptz\":{}}" },
		{ "ptz.start", "{\"action\":{\"code\":0}}" },
		{ "ptz.start", "{\"ptz\":{\"start\":{\"code\":0}}}" },
		{ "preset.list", "{\"preset\":{\"presets\":[{\"index\":1,\"name\":\"a\"}]}}" },
		{ "capture", "{\"capture\":{\"url\":\"http://h/a.jpeg\"}}" },
		{ "read", "{\"read\":{\"config\":{\"image.flip\":true}}}" },
		{ "segment.find", "{\"segment\":{\"find\":{\"params\":{},\"segments\":[]}}}" },
		{ "stop", "{\"stop\":{\"code\":0},\"more\":1}" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct why why = { .code = 7 };
		assert_ok(answer(rows[i][0], rows[i][1], &why));
		assert_int_equal(why.code, 0);
		assert_ok(answer(rows[i][0], rows[i][1], NULL));
	}
}

static void each_code_has_its_words(void **state)
{
	/* clang-format off */
	static const struct { int code; const char *words; } rows[] = {
		{ 60000, "The device has no PTZ" },
		{ 60001, "No permission to control this device's PTZ" },
		{ 60002, "The device has reached its upper limit" },
		{ 60003, "The device has reached its lower limit" },
		{ 60004, "The device has reached its left limit" },
		{ 60005, "The device has reached its right limit" },
		{ 60006, "The operation failed, try again later" },
		{ 60007, "The device holds as many presets as it can" },
		{ 60009, "The device is on its way to a preset" },
		{ 60011, "There is no such preset" },
		{ 60020, "The device does not support this command" },
	};
	/* clang-format on */
	char result[80];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct why why = { 0 };
		(void)snprintf(result, sizeof result,
		               "{\"ptz\":{\"code\":%d,\"error\":\"its own words\"}}", rows[i].code);
		assert_err(answer("ptz.start", result, &why), ERR_CONFLICT);
		assert_int_equal(why.reason, REASON_DEVICE_REFUSED);
		assert_int_equal(why.code, rows[i].code);
		assert_string_equal(why.text, rows[i].words);
		assert_string_equal(action_code_words(rows[i].code), rows[i].words);
		assert_err(answer("ptz.start", result, NULL), ERR_CONFLICT);
	}
	assert_non_null(action_code_words(60010));
	assert_null(action_code_words(60008));
	assert_null(action_code_words(60012));
	assert_null(action_code_words(0));
}

static void being_there_already_is_no_error(void **state)
{
	struct why why = { 0 };

	assert_ok(answer("preset.goto", "{\"preset\":{\"code\":60010}}", &why));

	assert_int_equal(why.code, ACTION_CODE_ALREADY_THERE);
	assert_int_equal(why.reason, REASON_NONE);
	assert_ok(answer("preset.goto", "{\"preset\":{\"code\":60010}}", NULL));
}

static void a_refusal_below_the_method_is_found(void **state)
{
	struct why why = { 0 };

	assert_err(answer("segment.find", "{\"segment\":{\"find\":{\"code\":\"60006\"}}}", &why),
	           ERR_CONFLICT);

	assert_int_equal(why.code, 60006);
}

static void code_60008_is_read_as_60007(void **state)
{
	struct why why = { 0 };

	assert_err(answer("preset.set", "{\"preset\":{\"code\":60008,\"error\":\"x\"}}", &why),
	           ERR_CONFLICT);

	assert_int_equal(why.code, 60007);
	assert_string_equal(why.text, "The device holds as many presets as it can");
}

static void an_unknown_code_passes_with_the_devices_words(void **state)
{
	struct why why = { 0 };

	assert_err(
		answer("capture", "{\"capture\":{\"code\":61003,\"error\":\" lens\\n云 \"}}", &why),
		ERR_CONFLICT);
	assert_int_equal(why.code, 61003);
	assert_string_equal(why.text, "lens 云");

	assert_err(answer("capture", "{\"capture\":{\"code\":-5,\"error\":7}}", &why),
	           ERR_CONFLICT);
	assert_int_equal(why.code, -5);
	assert_string_equal(why.text, "The device refused with code -5");

	assert_err(answer("capture", "{\"capture\":{\"code\":2147483647}}", &why), ERR_CONFLICT);
	assert_int_equal(why.code, 2147483647);
}

static void the_devices_words_are_cut_between_characters(void **state)
{
	AUTO_FREE char *fits = long_text("{\"stop\":{\"code\":1,\"error\":\"x%s\"}}", "云", 66);
	AUTO_FREE char *past = long_text("{\"stop\":{\"code\":1,\"error\":\"x%s\"}}", "云", 67);
	struct why why = { 0 };

	assert_err(answer("stop", fits, &why), ERR_CONFLICT);
	assert_int_equal(strlen(why.text), WHY_TEXT_MAX - 1);
	assert_err(answer("stop", past, &why), ERR_CONFLICT);
	assert_int_equal(strlen(why.text), WHY_TEXT_MAX - 1);
	assert_true(str_is_utf8(str_of(why.text)));
}

static void an_answer_without_shape_is_malformed(void **state)
{
	static const char *const rows[] = {
		"[]",
		"{}",
		"0",
		"{\"ptz\":0}",
		"{\"ptz\":[]}",
		"{\"a\":{\"code\":0},\"b\":{\"code\":0}}",
		"{\"ptz\":{\"code\":null}}",
		"{\"ptz\":{\"code\":\"\"}}",
		"{\"ptz\":{\"code\":\"0x1\"}}",
		"{\"ptz\":{\"code\":0.5}}",
		"{\"ptz\":{\"code\":true}}",
		"{\"ptz\":{\"code\":2147483648}}",
		"{\"ptz\":{\"code\":\"-2147483649\"}}",
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct why why = { 0 };
		if (answer("ptz.stop", rows[i], &why) != ERR_MALFORMED)
			fail_msg("%s was taken", rows[i]);
		assert_true(why.text[0] != 0);
	}
}

static void the_table_tells_every_action_and_code(void **state)
{
	AUTO_BUF out = { 0 };
	size_t i;
	json_t *row;

	buf_init(&out, 65536);
	assert_ok(action_table_write(&out));
	buf_add(&out, "", 1);
	AUTO_JSON table = json_of((const char *)out.at);

	assert_int_equal(json_array_size(json_object_get(table, "items")), 14);
	json_array_foreach(json_object_get(table, "items"), i, row)
	{
		const struct action *action = action_find(json_member_str(row, "name"));
		assert_non_null(action);
		assert_str(json_member_str(row, "resource"), action_resource(action));
		assert_true(json_is_array(json_object_get(row, "fields")));
	}
	const json_t *start = json_array_get(json_object_get(table, "items"), 2);
	const json_t *direction = json_array_get(json_object_get(start, "fields"), 0);
	assert_str(json_member_str(direction, "name"), "direction");
	assert_str(json_member_str(direction, "type"), "int");
	assert_int_equal(json_member_i64(direction, "least", -1), 0);
	assert_int_equal(json_member_i64(direction, "most", -1), 9);
	assert_true(json_is_true(json_object_get(direction, "required")));
	assert_str(json_member_str(json_object_get(table, "codes"), "60000"),
	           "The device has no PTZ");
	assert_str(json_member_str(json_object_get(table, "printed"), "60020"), "不支持该命令");
	assert_int_equal(json_object_size(json_object_get(table, "codes")), 12);
}

static void a_table_that_does_not_fit_is_an_error(void **state)
{
	AUTO_BUF out = { 0 };

	buf_init(&out, 100);

	assert_err(action_table_write(&out), ERR_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_action_has_its_resource),
		cmocka_unit_test(an_answer_of_success_is_one),
		cmocka_unit_test(each_code_has_its_words),
		cmocka_unit_test(being_there_already_is_no_error),
		cmocka_unit_test(a_refusal_below_the_method_is_found),
		cmocka_unit_test(code_60008_is_read_as_60007),
		cmocka_unit_test(an_unknown_code_passes_with_the_devices_words),
		cmocka_unit_test(the_devices_words_are_cut_between_characters),
		cmocka_unit_test(an_answer_without_shape_is_malformed),
		cmocka_unit_test(the_table_tells_every_action_and_code),
		cmocka_unit_test(a_table_that_does_not_fit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
