/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "proto/envelope/envelope.h"
#include "tests/unit/unit.h"

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define D   "\"did\":\"001122334455\","

/* Reads out of memory of exactly the text's size. */
static enum err read_type(const char *text, size_t size, enum envelope_type *out, struct why *why)
{
	struct envelope envelope;
	char *copy = malloc(size + (size == 0));

	assert_non_null(copy);
	memcpy(copy, text, size);
	enum err err = envelope_read((struct str){ copy, size }, &envelope, why);
	if (err == ERR_OK) {
		*out = envelope.type;
		envelope_done(&envelope);
	}
	free(copy);
	return err;
}

static void right_messages_are_read(void **state)
{
	static const struct {
		const char *text;
		enum envelope_type type;
	} rows[] = {
		{ "{" D "\"type\":\"register\",\"sign\":\"12\",\"data\":{}}", ENVELOPE_REGISTER },
		{ "{" D "\"type\":\"regiser\"}", ENVELOPE_REGISTER },
		{ " {" D "\"type\" : \"action\",\"mid\":\"1\",\"result\":{\"ptz\":{\"code\":0}}} ",
		  ENVELOPE_ACTION },
		{ "{" D "\"type\":\"event\",\"data\":{\"name\":\"motion\"},\"new\":[1]}",
		  ENVELOPE_EVENT },
		{ "{" D "\"type\":\"event\",\"mid\":null,\"sign\":null,\"token\":null,"
		  "\"timestamp\":null,\"data\":null,\"result\":null}",
		  ENVELOPE_EVENT },
		{ "{" D "\"type\":\"event\",\"mid\":\"\"}", ENVELOPE_EVENT },
		{ "{" D "\"type\":\"event\",\"mid\":\"" X64 "\"}", ENVELOPE_EVENT },
		{ "{\"did\":\"" X64 "\",\"type\":\"event\"}", ENVELOPE_EVENT },
		{ "{\"did\":\"aZ0:.-\",\"type\":\"event\"}", ENVELOPE_EVENT },
		{ "{" D "\"type\":\"event\",\"sign\":\"" X64 X64 "\"}", ENVELOPE_EVENT },
		{ "{" D "\"type\":\"event\",\"timestamp\":\"12345678901234567890123456789012\"}",
		  ENVELOPE_EVENT },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum envelope_type type = ENVELOPE_REGISTER;
		struct why why = { 0 };

		print_message("# %s\n", rows[i].text);
		assert_ok(read_type(rows[i].text, strlen(rows[i].text), &type, &why));
		assert_int_equal(type, rows[i].type);
	}
}

static void wrong_messages_are_refused_with_the_field_named(void **state)
{
	static const struct {
		const char *text;
		enum err err;
		const char *field;
	} rows[] = {
		{ "", ERR_MALFORMED, "" },
		{ "[]", ERR_MALFORMED, "" },
		{ "1", ERR_MALFORMED, "" },
		{ "{}x", ERR_MALFORMED, "" },
		{ "{}", ERR_MALFORMED, "did" },
		{ "{\"did\":1,\"type\":\"event\"}", ERR_MALFORMED, "did" },
		{ "{\"did\":\"\",\"type\":\"event\"}", ERR_MALFORMED, "did" },
		{ "{\"did\":\"a/b\",\"type\":\"event\"}", ERR_MALFORMED, "did" },
		{ "{\"did\":\"a_b\",\"type\":\"event\"}", ERR_MALFORMED, "did" },
		{ "{\"did\":\"" X64 "x\",\"type\":\"event\"}", ERR_MALFORMED, "did" },
		{ "{" D D "\"type\":\"event\"}", ERR_MALFORMED, "" },
		{ "{" D "\"type\":1}", ERR_MALFORMED, "type" },
		{ "{" D "\"mid\":\"1\"}", ERR_MALFORMED, "type" },
		{ "{" D "\"type\":\"Register\"}", ERR_UNSUPPORTED, "type" },
		{ "{" D "\"type\":\"event\",\"mid\":7}", ERR_MALFORMED, "mid" },
		{ "{" D "\"type\":\"event\",\"mid\":\"a\\n\"}", ERR_MALFORMED, "mid" },
		{ "{" D "\"type\":\"event\",\"mid\":\"\xc3\xa4\"}", ERR_MALFORMED, "mid" },
		{ "{" D "\"type\":\"event\",\"mid\":\"" X64 "x\"}", ERR_MALFORMED, "mid" },
		{ "{" D "\"type\":\"event\",\"sign\":{}}", ERR_MALFORMED, "sign" },
		{ "{" D "\"type\":\"event\",\"sign\":\"" X64 X64 "x\"}", ERR_MALFORMED, "sign" },
		{ "{" D "\"type\":\"event\",\"token\":7}", ERR_MALFORMED, "token" },
		{ "{" D "\"type\":\"event\",\"timestamp\":true}", ERR_MALFORMED, "timestamp" },
		{ "{" D "\"type\":\"event\",\"timestamp\":\"1:2\"}", ERR_MALFORMED, "timestamp" },
		{ "{" D "\"type\":\"event\",\"timestamp\":\"\\u0031\"}", ERR_MALFORMED,
		  "timestamp" },
		{ "{" D "\"type\":\"event\",\"timestamp\":\"123456789012345678901234567890123\"}",
		  ERR_MALFORMED, "timestamp" },
		{ "{" D "\"type\":\"event\",\"t\\u0069mestamp\":1}", ERR_MALFORMED, "timestamp" },
		{ "{" D "\"type\":\"event\",\"d\\u0061ta\":{}}", ERR_MALFORMED, "data" },
		{ "{" D "\"type\":\"event\",\"data\":[]}", ERR_MALFORMED, "data" },
		{ "{" D "\"type\":\"event\",\"result\":\"x\"}", ERR_MALFORMED, "result" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum envelope_type type;
		struct why why = { 0 };

		print_message("# %s\n", rows[i].text);
		assert_err(read_type(rows[i].text, strlen(rows[i].text), &type, &why), rows[i].err);
		assert_string_equal(why.field, rows[i].field);
		assert_true(why.text[0] != '\0');
	}
}

static void a_message_cut_anywhere_is_malformed(void **state)
{
	static const char text[] = "{" D "\"mid\":\"1\",\"type\":\"action\",\"timestamp\":\"16\","
				   "\"data\":{\"play\":{\"url\":\"rtmp://h/live/1\"}}}";
	enum envelope_type type;

	for (size_t cut = 0; cut < sizeof text - 1; cut++)
		assert_err(read_type(text, cut, &type, NULL), ERR_MALFORMED);
	assert_ok(read_type(text, sizeof text - 1, &type, NULL));
}

static void a_timestamp_keeps_its_characters(void **state)
{
	static const char *const texts[][2] = {
		{ "1600000000000", "1600000000000" },     { " 1600000000 ", "1600000000" },
		{ "\"1600000000\"", "1600000000" },       { "1.6e12", "1.6e12" },
		{ "1600000000000.0", "1600000000000.0" }, { "\"\"", "" },
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		AUTO_ENVELOPE envelope = { 0 };
		AUTO_BUF text = { 0 };
		buf_init(&text, 200);
		buf_printf(&text, "{" D "\"timestamp\":%s,\"type\":\"register\"}", texts[i][0]);

		assert_ok(envelope_read(buf_str(&text), &envelope, NULL));
		assert_str(envelope.timestamp_text, texts[i][1]);
	}
}

/* A message of `size` bytes, filled up in its data. */
static enum err read_sized(size_t size, enum envelope_type *out)
{
	static const char head[] = "{" D "\"type\":\"event\",\"data\":{\"x\":\"";
	static const char tail[] = "\"}}";
	AUTO_BUF text = { 0 };
	buf_init(&text, size);
	buf_add_text(&text, head);
	while (text.size < size - (sizeof tail - 1))
		buf_add_u8(&text, 'x');
	buf_add_text(&text, tail);
	assert_ok(buf_err(&text));
	return read_type((const char *)text.at, text.size, out, NULL);
}

static void a_message_at_the_limit_is_read_and_one_past_it_refused(void **state)
{
	enum envelope_type type;

	assert_ok(read_sized(ENVELOPE_SIZE_MAX, &type));
	assert_err(read_sized(ENVELOPE_SIZE_MAX + 1, &type), ERR_TOO_LARGE);
}

static enum err read_token_of(size_t size)
{
	enum envelope_type type;
	AUTO_BUF text = { 0 };
	buf_init(&text, 2 * ENVELOPE_TOKEN_MAX);
	buf_add_text(&text, "{" D "\"type\":\"event\",\"token\":\"");
	for (size_t i = 0; i < size; i++)
		buf_add_u8(&text, 't');
	buf_add_text(&text, "\"}");
	return read_type((const char *)text.at, text.size, &type, NULL);
}

static void a_token_at_the_limit_is_read_and_one_past_it_refused(void **state)
{
	assert_ok(read_token_of(ENVELOPE_TOKEN_MAX));
	assert_err(read_token_of(ENVELOPE_TOKEN_MAX + 1), ERR_MALFORMED);
}

static void an_action_is_written_and_read_with_its_data_untouched(void **state)
{
	AUTO_ENVELOPE envelope = { 0 };
	AUTO_BUF out = { 0 };
	buf_init(&out, ENVELOPE_SIZE_MAX);

	envelope_write_action(&out, STR("cam1"), STR("m1"), STR("tok"), 1600000000000,
	                      STR("{ \"stop\":{} }"), STR("ab"));

	assert_str(buf_str(&out),
	           "{\"did\":\"cam1\",\"mid\":\"m1\",\"type\":\"action\",\"token\":\"tok\","
	           "\"timestamp\":1600000000000,\"sign\":\"ab\",\"data\":{ \"stop\":{} }}");
	assert_ok(envelope_read(buf_str(&out), &envelope, NULL));
	assert_str(envelope.did, "cam1");
	assert_str(envelope.mid, "m1");
	assert_str(envelope.token, "tok");
	assert_str(envelope.sign, "ab");
	assert_str(envelope.timestamp_text, "1600000000000");
	assert_str(envelope.data_text, "{ \"stop\":{} }");
	assert_non_null(json_object_get(envelope.data, "stop"));
	assert_null(envelope.result);
}

static void the_other_messages_are_written_as_the_protocol_prints_them(void **state)
{
	AUTO_BUF out = { 0 };
	buf_init(&out, ENVELOPE_SIZE_MAX);

	envelope_write_register(&out, STR("cam1"), STR("ab:md5"), 1600000000000, STR(""));
	assert_str(buf_str(&out), "{\"did\":\"cam1\",\"type\":\"register\",\"sign\":\"ab:md5\","
	                          "\"timestamp\":1600000000000,\"data\":{}}");
	buf_clear(&out);
	envelope_write_register_answer(&out, STR("cam1"), STR(""), STR("id"), 3600, STR("tok"));
	assert_str(buf_str(&out), "{\"did\":\"cam1\",\"type\":\"register\",\"result\":"
	                          "{\"id\":\"id\",\"expires\":3600,\"token\":\"tok\"}}");
	buf_clear(&out);
	envelope_write_register_refusal(&out, STR("cam1"), STR("m1"), 40001, STR("bad \"sign\""));
	assert_str(buf_str(&out), "{\"did\":\"cam1\",\"mid\":\"m1\",\"type\":\"register\","
	                          "\"result\":{\"code\":40001,\"error\":\"bad \\\"sign\\\"\"}}");
	buf_clear(&out);
	envelope_write_result(&out, STR("cam1"), STR("m1"), STR("{\"ptz\":{\"code\":0}}"));
	assert_str(buf_str(&out), "{\"did\":\"cam1\",\"mid\":\"m1\",\"type\":\"action\","
	                          "\"result\":{\"ptz\":{\"code\":0}}}");
	buf_clear(&out);
	envelope_write_event(&out, STR("cam1"), 0, STR("{\"name\":\"motion\"}"));
	assert_str(buf_str(&out),
	           "{\"did\":\"cam1\",\"type\":\"event\",\"data\":{\"name\":\"motion\"}}");
	assert_ok(buf_err(&out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_messages_are_read),
		cmocka_unit_test(wrong_messages_are_refused_with_the_field_named),
		cmocka_unit_test(a_message_cut_anywhere_is_malformed),
		cmocka_unit_test(a_timestamp_keeps_its_characters),
		cmocka_unit_test(a_message_at_the_limit_is_read_and_one_past_it_refused),
		cmocka_unit_test(a_token_at_the_limit_is_read_and_one_past_it_refused),
		cmocka_unit_test(an_action_is_written_and_read_with_its_data_untouched),
		cmocka_unit_test(the_other_messages_are_written_as_the_protocol_prints_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
