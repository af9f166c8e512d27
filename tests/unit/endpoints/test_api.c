/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of the API: problems, texts, import lines. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "domain/device/device_private.h"
#include "domain/reason.h"
#include "endpoints/api/api_import.h"
#include "endpoints/api/api_private.h"
#include "tests/unit/unit.h"

static void every_reason_has_a_status_and_a_name(void **state)
{
	for (int reason = REASON_NONE + 1; reason < REASON_COUNT_; reason++) {
		/* Without a row of its own the kind would decide: 500, internal. */
		assert_in_range(api_problem_status(ERR_INTERNAL, reason), 400, 599);
		assert_int_not_equal(api_problem_status(ERR_INTERNAL, reason), 500);
		assert_string_not_equal(api_problem_name(ERR_INTERNAL, reason), "internal");
	}
}

static void every_kind_has_a_status_and_a_name(void **state)
{
	for (int kind = 0; kind < ERR_COUNT_; kind++) {
		assert_in_range(api_problem_status((enum err)kind, REASON_NONE), 400, 599);
		assert_true(api_problem_name((enum err)kind, REASON_NONE)[0] != 0);
	}
}

static void the_printed_problems_are_these(void **state)
{
	static const struct {
		enum err err;
		int reason, status;
		const char *name;
	} cases[] = {
		{ ERR_NOT_FOUND, 0, 404, "not-found" },
		{ ERR_UNAUTHENTICATED, 0, 401, "unauthenticated" },
		{ ERR_DENIED, 0, 403, "denied" },
		{ ERR_INVALID, 0, 400, "invalid-request" },
		{ ERR_TOO_LARGE, 0, 413, "too-large" },
		{ ERR_UNSUPPORTED, 0, 415, "unsupported-media-type" },
		{ ERR_EXISTS, REASON_DID_TAKEN, 409, "did-taken" },
		{ ERR_INVALID, REASON_INVALID_DID, 400, "invalid-did" },
		{ ERR_INVALID, REASON_INVALID_ACTION, 400, "invalid-action" },
		{ ERR_CONFLICT, REASON_DEVICE_OFFLINE, 409, "device-offline" },
		{ ERR_TIMEOUT, REASON_DEVICE_TIMEOUT, 504, "device-timeout" },
		{ ERR_CONFLICT, REASON_DEVICE_REFUSED, 422, "device-refused" },
		{ ERR_BUSY, 0, 503, "busy" },
		{ ERR_TIMEOUT, REASON_NO_ANSWER, 504, "no-answer" },
		{ ERR_TIMEOUT, REASON_NO_PUSH, 504, "no-push" },
		{ ERR_TIMEOUT, REASON_NO_KEY_FRAME, 504, "no-key-frame" },
		{ ERR_UNSUPPORTED, REASON_CODEC_UNSUPPORTED, 415, "codec-unsupported" },
		{ ERR_INTERNAL, 0, 500, "internal" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(api_problem_status(cases[i].err, cases[i].reason),
		                 cases[i].status);
		assert_string_equal(api_problem_name(cases[i].err, cases[i].reason), cases[i].name);
	}
}

static json_t *written(const struct device_view *view, struct str secret)
{
	static const struct devices devices = { .setup = { .node = "n1" } };
	AUTO_BUF text = { 0 };
	json_t *json = NULL;

	buf_init(&text, API_ANSWER_MAX);
	api_write_device(&text, &devices, view, secret);
	assert_ok(buf_err(&text));
	assert_ok(json_read(buf_str(&text), &json, NULL));
	return json;
}

static struct device_facts *facts_of(const char *name, struct str profile)
{
	struct device_spec spec = { .did = "CAM1", .organization = "default" };

	(void)str_copy(str_of(name), spec.name, sizeof spec.name);
	struct device_facts *facts = device_facts_new(&spec, STR("sealed"), profile);
	assert_non_null(facts);
	return facts;
}

static void a_new_device_is_written_with_nulls(void **state)
{
	struct device_view view = { .facts = facts_of("", (struct str){ 0 }) };
	AUTO_JSON json = written(&view, (struct str){ 0 });
	const json_t *presence = json_object_get(json, "presence");

	assert_str(json_member_str(json, "did"), "CAM1");
	assert_str(json_member_str(json, "sign_policy"), "timestamp");
	assert_true(json_is_null(json_object_get(json, "gateway")));
	assert_true(json_is_null(json_object_get(presence, "since")));
	assert_true(json_is_null(json_object_get(presence, "link")));
	assert_str(json_member_str(presence, "state"), "never");
	assert_int_equal(json_array_size(json_object_get(json, "presets")), 0);
	assert_null(json_object_get(json, "secret"));
	assert_null(json_object_get(json, "sealed"));
	device_view_done(&view);
}

static void an_online_device_shows_its_link(void **state)
{
	struct device_view view = {
		.facts = facts_of("a \"b\" \\ \n \xc3\xbc", STR("{\"model\":\"x\"}")),
		.presence = { .state = PRESENCE_ONLINE,
		              .since = 1700000000000,
		              .address = "127.0.0.1:5",
		              .reason = "an old one",
		              .is_child = true,
		              .epoch = 7 },
	};
	AUTO_JSON json = written(&view, STR("geheim"));
	const json_t *presence = json_object_get(json, "presence");
	const json_t *link = json_object_get(presence, "link");

	assert_str(json_member_str(json, "name"), "a \"b\" \\ \n \xc3\xbc");
	assert_str(json_member_str(json, "secret"), "geheim");
	assert_str(json_member_str(json_object_get(json, "profile"), "model"), "x");
	assert_str(json_member_str(presence, "since"), "2023-11-14T22:13:20.000Z");
	assert_true(json_is_null(json_object_get(presence, "reason")));
	assert_str(json_member_str(link, "node"), "n1");
	assert_int_equal(json_member_i64(link, "epoch", 0), 7);
	assert_str(json_member_str(link, "kind"), "child");
	device_view_done(&view);
}

static void an_event_is_written(void **state)
{
	const struct event event = {
		.id = 9, .cursor = 8, .type = STR("shop.\"x\""), .time_ms = 1
	};
	AUTO_BUF text = { 0 };

	buf_init(&text, 1024);
	api_write_event(&text, &event);
	assert_str(buf_str(&text),
	           "{\"id\":\"9\",\"cursor\":\"8\",\"time\":\"1970-01-01T00:00:00.001Z\","
	           "\"type\":\"shop.\\\"x\\\"\",\"did\":null,\"data\":{}}");
}

/* One line under one heading (may be empty). */
static enum err read_line(const char *text, struct device_spec *spec, struct import_row *row,
                          struct why *why)
{
	struct import_columns columns;
	struct csv_reader reader;
	struct csv_record record;

	*spec = (struct device_spec){ 0 };
	*why = (struct why){ 0 };
	csv_reader_init(&reader, str_of(text));
	enum err err = import_read_columns(&columns, &reader, &record, why);
	if (err != ERR_OK)
		return err;
	assert_ok(csv_read(&reader, &record));
	return import_read_row(&columns, &record, spec, row, why);
}

static void columns_are_found_by_name_or_place(void **state)
{
	static const char *const texts[] = {
		"CAM1,s,gate,gateway,any",
		"did,secret,name,kind,sign_policy\nCAM1,s,gate,gateway,any",
		"Did, Kind ,sign_policy,created_at,name,secret\nCAM1,gateway,any,x,gate,s",
	};
	struct device_spec spec;
	struct import_row row;
	struct why why;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_ok(read_line(texts[i], &spec, &row, &why));
		assert_string_equal(spec.did, "CAM1");
		assert_string_equal(spec.secret, "s");
		assert_string_equal(spec.name, "gate");
		assert_int_equal(spec.kind, DEVICE_GATEWAY);
		assert_int_equal(spec.sign_policy, SIGN_POLICY_ANY);
		assert_true(row.has_secret && row.has_name && row.has_kind && row.has_policy);
	}
}

static void what_a_line_leaves_out_is_not_set(void **state)
{
	struct device_spec spec;
	struct import_row row;
	struct why why;

	assert_ok(read_line("CAM1", &spec, &row, &why));
	assert_false(row.has_secret || row.has_name || row.has_kind || row.has_policy);
	assert_int_equal(spec.kind, DEVICE_CAMERA);
}

static void a_bad_line_names_its_field(void **state)
{
	static const struct {
		const char *text, *field;
	} cases[] = {
		{ "a_b", "did" },
		{ "did,name\n,x", "did" },
		{ "CAM1,,\xff", "name" },
		{ "CAM1,,n,toaster", "kind" },
		{ "CAM1,,n,camera,never", "sign_policy" },
		{ "CAM1,,n,camera,any,more", "" },
		{ "did,nmae\nCAM1,x", "heading" },
		{ "did,did\nCAM1,x", "heading" },
	};
	struct device_spec spec;
	struct import_row row;
	struct why why;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_err(read_line(cases[i].text, &spec, &row, &why), ERR_INVALID);
		assert_string_equal(why.field, cases[i].field);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_a_status_and_a_name),
		cmocka_unit_test(every_kind_has_a_status_and_a_name),
		cmocka_unit_test(the_printed_problems_are_these),
		cmocka_unit_test(a_new_device_is_written_with_nulls),
		cmocka_unit_test(an_online_device_shows_its_link),
		cmocka_unit_test(an_event_is_written),
		cmocka_unit_test(columns_are_found_by_name_or_place),
		cmocka_unit_test(what_a_line_leaves_out_is_not_set),
		cmocka_unit_test(a_bad_line_names_its_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
