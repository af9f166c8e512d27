/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "tests/unit/unit.h"

static void a_value_as_deep_as_allowed_is_read_and_one_deeper_not(void **state)
{
	for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
		struct why why = { 0 };
		AUTO_JSON json = NULL;
		AUTO_BUF text = { 0 };
		buf_init(&text, 1000);
		for (int i = 0; i < depth; i++)
			buf_add_text(&text, i % 2 ? "[" : "{\"a\":");
		buf_add_text(&text, "1");
		for (int i = depth - 1; i >= 0; i--)
			buf_add_text(&text, i % 2 ? "]" : "}");
		enum err err = json_read(buf_str(&text), &json, &why);
		assert_err(err, depth <= JSON_DEPTH_MAX ? ERR_OK : ERR_TOO_LARGE);
		assert_true((json != NULL) == (err == ERR_OK));
		assert_true((why.text[0] != '\0') == (err != ERR_OK));
	}
}

static void brackets_inside_texts_are_no_depth(void **state)
{
	AUTO_JSON json = NULL;

	assert_ok(json_read(STR("\"[[[[[[[[[[[[[[[[[[[[ \\\" [[[[ {{{ \\\\\""), &json, NULL));
	assert_true(json_is_string(json));
}

static void a_text_as_long_as_allowed_is_read_and_one_longer_not(void **state)
{
	char *text = malloc(JSON_SIZE_MAX + 1);

	memset(text, ' ', JSON_SIZE_MAX + 1);
	text[0] = '1';
	for (size_t size = JSON_SIZE_MAX; size <= JSON_SIZE_MAX + 1; size++) {
		AUTO_JSON json = NULL;
		assert_err(json_read((struct str){ text, size }, &json, NULL),
		           size <= JSON_SIZE_MAX ? ERR_OK : ERR_TOO_LARGE);
	}
	free(text);
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
	static const char *const cases[] = {
		"",      "{",           "{\"a\":1,}", "{\"a\":1,\"a\":2}",
		"[1 2]", "\"\\u0000\"", "\"\xff\"",   "\"\\ud800\"",
		"01",    "{\"a\":1}x",  "]]]",        "'a'",
		"nul",
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct why why = { 0 };
		AUTO_JSON json = NULL;
		assert_err(json_read(str_of(cases[i]), &json, &why), ERR_MALFORMED);
		assert_null(json);
		assert_non_null(strstr(why.text, "line 1"));
	}
	AUTO_JSON json = NULL;
	assert_err(json_read((struct str){ 0 }, &json, NULL), ERR_MALFORMED);
}

static void what_is_written_is_compact(void **state)
{
	AUTO_JSON json = json_pack("{s:i, s:[s,n,b]}", "a", 1, "b", "x", 1);
	AUTO_BUF out = { 0 };
	AUTO_BUF small = { 0 };

	buf_init(&out, 100);
	buf_init(&small, 5);
	assert_ok(json_write(json, &out));
	assert_str(buf_str(&out), "{\"a\":1,\"b\":[\"x\",null,true]}");
	assert_err(json_write(json, &small), ERR_TOO_LARGE);
}

static void a_member_is_given_as_it_stands(void **state)
{
	static const struct {
		const char *text, *member;
	} cases[] = {
		{ "{\"data\":1}", "1" },
		{ " { \"a\" : [ \"data\", {\"data\":2} ] , \"data\" : { \"x\" :  1.50 } } ",
		  "{ \"x\" :  1.50 }" },
		{ "{\"a\":\"}\\\"{,\",\"data\":\"\\u0041\"}", "\"\\u0041\"" },
		{ "{\"data\" \t:\r\n 1e2 \n, \"b\":2}", "1e2" },
		{ "{\"a\":{\"data\":1}}", "" },
		{ "{\"a\":[1,2,{\"b\":[3]}],\"data\":[4,[5]]}", "[4,[5]]" },
		{ "{}", "" },
		{ "[\"data\"]", "" },
		{ "", "" },
		{ "{", "" },
		{ "{\"", "" },
		{ "{\"data", "" },
		{ "{\"data\"", "" },
		{ "{\"data\":", "" },
		{ "{\"data\" 1}", "" },
		{ "{\"a\":1 \"data\":2}", "" },
		{ "{\"a\":\"x", "" },
		{ "{data:1}", "" },
		{ "{\"a\":1}", "" },
		{ "{\"dat\":1,\"data2\":2,\"data\":3}", "3" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_str(json_raw_member(str_of(cases[i].text), STR("data")), cases[i].member);
}

static void members_of_another_type_give_the_fallback(void **state)
{
	AUTO_JSON json = json_pack("{s:s, s:I}", "text", "x", "number", (json_int_t)1 << 40);

	assert_str(json_member_str(json, "text"), "x");
	assert_null(json_member_str(json, "number").at);
	assert_null(json_member_str(json, "none").at);
	assert_null(json_member_str(NULL, "none").at);
	assert_true(json_member_i64(json, "number", 7) == (int64_t)1 << 40);
	assert_int_equal(json_member_i64(json, "text", 7), 7);
	assert_int_equal(json_member_i64(NULL, "text", 7), 7);
}

static void a_quoted_text_reads_back_the_same(void **state)
{
	static const struct str cases[] = {
		{ "", 0 },
		{ "plain", 5 },
		{ "\"\\/", 3 },
		{ "\n\t\x01\x1f z", 6 },
		{ "\xe9\x97\xa8", 3 },
		{ "end\"", 4 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		AUTO_JSON json = NULL;
		AUTO_BUF out = { 0 };
		buf_init(&out, 100);
		json_add_quoted(&out, cases[i]);
		assert_ok(json_read(buf_str(&out), &json, NULL));
		assert_int_equal(json_string_length(json), cases[i].size);
		assert_memory_equal(json_string_value(json), cases[i].at, cases[i].size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_as_deep_as_allowed_is_read_and_one_deeper_not),
		cmocka_unit_test(brackets_inside_texts_are_no_depth),
		cmocka_unit_test(a_text_as_long_as_allowed_is_read_and_one_longer_not),
		cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
		cmocka_unit_test(what_is_written_is_compact),
		cmocka_unit_test(a_member_is_given_as_it_stands),
		cmocka_unit_test(members_of_another_type_give_the_fallback),
		cmocka_unit_test(a_quoted_text_reads_back_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
