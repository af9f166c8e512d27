/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/action/action.h"
#include "domain/reason.h"
#include "tests/unit/domain/action_fixture.h"
#include "tests/unit/unit.h"

struct accepted {
	const char *given;
	const char *name;
	const char *sent; /* NULL: as given */
};

static void check_accepted(const struct accepted *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_JSON data = json_of(rows[i].given);
		struct action_request request = { 0 };
		struct why why = { 0 };
		if (action_read(data, &request, &why) != ERR_OK)
			fail_msg("%s: %s", rows[i].given, why.text);
		assert_string_equal(action_name(request.action), rows[i].name);
		assert_str(buf_str(&request.data), rows[i].sent ? rows[i].sent : rows[i].given);
		action_request_done(&request);
	}
}

struct refused {
	const char *given;
	const char *field;
	const char *text; /* NULL: any that begins with the field */
};

static void check_refused(const struct refused *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_JSON data = json_of(rows[i].given);
		struct action_request request = { 0 };
		struct why why = { 0 };
		if (action_read(data, &request, &why) != ERR_INVALID)
			fail_msg("%s was not refused", rows[i].given);
		assert_int_equal(why.reason, REASON_INVALID_ACTION);
		assert_string_equal(why.field, rows[i].field);
		if (rows[i].text)
			assert_string_equal(why.text, rows[i].text);
		assert_memory_equal(why.text, why.field, strlen(why.field));
		assert_null(request.action);
	}
}

#define ACCEPTED(rows) check_accepted((rows), sizeof(rows) / sizeof(*(rows)))
#define REFUSED(rows)  check_refused((rows), sizeof(rows) / sizeof(*(rows)))

/* clang-format off */
static void printed_forms_are_sent_as_they_are(void **state)
{
	static const struct accepted rows[] = {
		{ "{\"play\":{\"url\":\"rtmp://host/live/cam?token=a\",\"players\":2}}", "play", NULL },
		{ "{\"play\":{\"url\":\"rtmps://host/live/cam\",\"players\":0}}", "play", NULL },
		{ "{\"play\":{}}", "play", "{\"play\":{\"players\":1}}" },
		{ "{\"stop\":{\"reason\":\"It's all play done\"}}", "stop", NULL },
		{ "{\"stop\":{}}", "stop", NULL },
		{ "{\"ptz\":{\"start\":{\"direction\":0,\"speed\":0}}}", "ptz.start", NULL },
		{ "{\"ptz\":{\"start\":{\"speed\":2,\"direction\":9}}}", "ptz.start",
		  "{\"ptz\":{\"start\":{\"direction\":9,\"speed\":2}}}" },
		{ "{\"ptz\":{\"start\":{\"direction\":2}}}", "ptz.start",
		  "{\"ptz\":{\"start\":{\"direction\":2,\"speed\":1}}}" },
		{ "{\"ptz\":{\"stop\":{}}}", "ptz.stop", NULL },
		{ "{\"preset\":{\"set\":{\"index\":1,\"name\":\"大门\"}}}", "preset.set", NULL },
		{ "{\"preset\":{\"set\":{\"index\":128}}}", "preset.set", NULL },
		{ "{\"preset\":{\"list\":{}}}", "preset.list", NULL },
		{ "{\"preset\":{\"goto\":{\"index\":1}}}", "preset.goto", NULL },
		{ "{\"preset\":{\"goto\":{\"index\":128}}}", "preset.goto", NULL },
		{ "{\"preset\":{\"remove\":{\"index\":1}}}", "preset.remove", NULL },
		{ "{\"preset\":{\"remove\":{\"index\":128}}}", "preset.remove", NULL },
		{ "{\"capture\":{\"url\":\"https://host/v2/storage/upload\"}}", "capture", NULL },
		{ "{\"capture\":{}}", "capture", NULL },
		{ "{\"read\":[\"config\"]}", "read", NULL },
		{ "{\"write\":{\"config\":{\"image.flip\":true}}}", "write", NULL },
		{ "{\"segment\":{\"find\":{\"start\":0,\"end\":253402300799999,\"channel\":65535,"
		  "\"stream\":1,\"type\":1}}}", "segment.find", NULL },
		{ "{\"segment\":{\"find\":{\"start\":1,\"end\":2}}}", "segment.find",
		  "{\"segment\":{\"find\":{\"start\":1,\"end\":2,\"channel\":1,\"stream\":0}}}" },
		{ "{\"replay\":{\"id\":\"a\",\"speed\":0.25}}", "replay", NULL },
		{ "{\"replay\":{\"id\":\"a\",\"speed\":16}}", "replay", NULL },
		{ "{\"replay\":{\"id\":\"a\",\"speed\":0.3}}", "replay", NULL },
		{ "{\"replay\":{\"id\":\"a\",\"seek\":1595647953000}}", "replay", NULL },
		{ "{\"replay\":{\"id\":\"a\",\"pause\":true}}", "replay", NULL },
		{ "{\"replay\":{\"id\":\"a\",\"resume\":{}}}", "replay",
		  "{\"replay\":{\"id\":\"a\",\"resume\":true}}" },
		{ "{\"replay\":{\"id\":\"a\",\"stop\":true}}", "replay", NULL },
		{ "{\"upload\":{\"url\":\"http://host/v2/media/upload/cam/\",\"file\":\"a.mp4\"}}",
		  "upload", NULL },
		{ "{\"upload\":{\"file\":\"a.mp4\"}}", "upload", NULL },
	};

	ACCEPTED(rows);
}

static void aliases_become_the_printed_form(void **state)
{
	static const struct accepted rows[] = {
		{ "{\"ptz\":{\"method\":\"start\",\"direction\":8,\"speed\":2}}", "ptz.start",
		  "{\"ptz\":{\"start\":{\"direction\":8,\"speed\":2}}}" },
		{ "{\"ptz\":{\"method\":\"stop\"}}", "ptz.stop", "{\"ptz\":{\"stop\":{}}}" },
		{ "{\"preset\":{\"read\":{}}}", "preset.list", "{\"preset\":{\"list\":{}}}" },
		{ "{\"preset\":{\"method\":\"read\"}}", "preset.list", "{\"preset\":{\"list\":{}}}" },
		{ "{\"segment\":{\"start\":1,\"end\":2,\"channel\":3,\"stream\":1,\"type\":1}}",
		  "segment.find",
		  "{\"segment\":{\"find\":{\"start\":1,\"end\":2,\"channel\":3,\"stream\":1,"
		  "\"type\":1}}}" },
		{ "{\"segment\":{\"find\":{\"start\":\"1595647953000\",\"end\":\"2020-07-25T03:32:34Z\"}}}",
		  "segment.find",
		  "{\"segment\":{\"find\":{\"start\":1595647953000,\"end\":1595647954000,\"channel\":1,"
		  "\"stream\":0}}}" },
		{ "{\"replay\":{\"id\":\"a\",\"seek\":\"2020-07-25T11:32:33.500+08:00\"}}", "replay",
		  "{\"replay\":{\"id\":\"a\",\"seek\":1595647953500}}" },
	};

	ACCEPTED(rows);
}

static void one_past_a_limit_is_refused_with_its_field(void **state)
{
	static const struct refused rows[] = {
		{ "{\"ptz\":{\"start\":{\"direction\":-1}}}", "ptz.start.direction",
		  "ptz.start.direction: -1 is not in 0..9" },
		{ "{\"ptz\":{\"start\":{\"direction\":10}}}", "ptz.start.direction",
		  "ptz.start.direction: 10 is not in 0..9" },
		{ "{\"ptz\":{\"method\":\"start\",\"direction\":10}}", "ptz.start.direction",
		  "ptz.start.direction: 10 is not in 0..9" },
		{ "{\"ptz\":{\"start\":{\"direction\":1,\"speed\":3}}}", "ptz.start.speed",
		  "ptz.start.speed: 3 is not in 0..2" },
		{ "{\"ptz\":{\"start\":{\"direction\":1,\"speed\":-1}}}", "ptz.start.speed", NULL },
		{ "{\"preset\":{\"set\":{\"index\":0}}}", "preset.set.index",
		  "preset.set.index: 0 is not in 1..128" },
		{ "{\"preset\":{\"set\":{\"index\":129}}}", "preset.set.index",
		  "preset.set.index: 129 is not in 1..128" },
		{ "{\"preset\":{\"goto\":{\"index\":0}}}", "preset.goto.index", NULL },
		{ "{\"preset\":{\"goto\":{\"index\":129}}}", "preset.goto.index", NULL },
		{ "{\"preset\":{\"remove\":{\"index\":0}}}", "preset.remove.index", NULL },
		{ "{\"preset\":{\"remove\":{\"index\":129}}}", "preset.remove.index", NULL },
		{ "{\"play\":{\"players\":-1}}", "play.players", NULL },
		{ "{\"play\":{\"players\":1000001}}", "play.players", NULL },
		{ "{\"segment\":{\"find\":{\"start\":1,\"end\":2,\"channel\":0}}}",
		  "segment.find.channel", "segment.find.channel: 0 is not in 1..65535" },
		{ "{\"segment\":{\"find\":{\"start\":1,\"end\":2,\"channel\":65536}}}",
		  "segment.find.channel", NULL },
		{ "{\"segment\":{\"find\":{\"start\":1,\"end\":2,\"stream\":2}}}", "segment.find.stream",
		  NULL },
		{ "{\"segment\":{\"find\":{\"start\":1,\"end\":2,\"type\":0}}}", "segment.find.type",
		  NULL },
		{ "{\"segment\":{\"find\":{\"start\":1,\"end\":2,\"type\":256}}}", "segment.find.type",
		  NULL },
		{ "{\"segment\":{\"find\":{\"start\":-1,\"end\":2}}}", "segment.find.start",
		  "segment.find.start: must be milliseconds since 1970 or an ISO 8601 time" },
		{ "{\"segment\":{\"find\":{\"start\":1,\"end\":253402300800000}}}", "segment.find.end",
		  NULL },
		{ "{\"segment\":{\"find\":{\"start\":2,\"end\":2}}}", "segment.find.end",
		  "segment.find.end: must be later than start" },
		{ "{\"replay\":{\"id\":\"a\",\"speed\":0.24}}", "replay.speed",
		  "replay.speed: 0.24 is not in 0.25..16" },
		{ "{\"replay\":{\"id\":\"a\",\"speed\":16.5}}", "replay.speed", NULL },
		{ "{\"replay\":{\"id\":\"\",\"stop\":true}}", "replay.id", NULL },
		{ "{\"upload\":{\"file\":\"\"}}", "upload.file",
		  "upload.file: 0 characters are not in 1..255" },
	};

	REFUSED(rows);
}

static void what_is_missing_or_of_a_wrong_type_is_named(void **state)
{
	static const struct refused rows[] = {
		{ "{}", "data", "data: must hold exactly one action" },
		{ "[]", "data", NULL },
		{ "3", "data", NULL },
		{ "{\"ptz\":{\"stop\":{}},\"stop\":{}}", "data", "data: must hold exactly one action" },
		{ "{\"dance\":{}}", "dance", "dance: there is no such action" },
		{ "{\"ptz.start\":{\"direction\":1}}", "ptz.start", NULL },
		{ "{\"ptz\":{}}", "ptz", "ptz: must hold exactly one of start, stop" },
		{ "{\"ptz\":{\"start\":{\"direction\":1},\"stop\":{}}}", "ptz",
		  "ptz: must hold exactly one of start, stop" },
		{ "{\"ptz\":[]}", "ptz", "ptz: must be an object" },
		{ "{\"ptz\":{\"spin\":{}}}", "ptz.spin", "ptz.spin: there is no such action" },
		{ "{\"ptz\":{\"method\":\"spin\"}}", "ptz.spin", NULL },
		{ "{\"ptz\":{\"method\":3}}", "ptz.method", NULL },
		{ "{\"ptz\":{\"method\":\"start\",\"start\":{\"direction\":1}}}", "ptz.start.start",
		  "ptz.start.start: there is no such field" },
		{ "{\"preset\":{}}", "preset", "preset: must hold exactly one of set, list, goto, remove" },
		{ "{\"segment\":{}}", "segment", "segment: must hold exactly one of find" },
		{ "{\"ptz\":{\"start\":{}}}", "ptz.start.direction", "ptz.start.direction: is missing" },
		{ "{\"ptz\":{\"start\":{\"direction\":\"1\"}}}", "ptz.start.direction",
		  "ptz.start.direction: must be a whole number" },
		{ "{\"ptz\":{\"start\":{\"direction\":1.5}}}", "ptz.start.direction", NULL },
		{ "{\"ptz\":{\"start\":{\"direction\":null}}}", "ptz.start.direction", NULL },
		{ "{\"ptz\":{\"start\":{\"direction\":1,\"pace\":1}}}", "ptz.start.pace",
		  "ptz.start.pace: there is no such field" },
		{ "{\"ptz\":{\"stop\":{\"direction\":1}}}", "ptz.stop.direction", NULL },
		{ "{\"ptz\":{\"stop\":true}}", "ptz.stop", "ptz.stop: must be an object" },
		{ "{\"preset\":{\"list\":{\"index\":1}}}", "preset.list.index", NULL },
		{ "{\"preset\":{\"set\":{\"name\":\"gate\"}}}", "preset.set.index", NULL },
		{ "{\"preset\":{\"set\":{\"index\":1,\"name\":2}}}", "preset.set.name",
		  "preset.set.name: must be a text" },
		{ "{\"preset\":{\"set\":{\"index\":1,\"name\":\"a\\nb\"}}}", "preset.set.name",
		  "preset.set.name: must not hold control characters" },
		{ "{\"read\":{}}", "read", "read: must be a list" },
		{ "{\"read\":[]}", "read", "read: 0 items are not in 1..1" },
		{ "{\"read\":[\"config\",\"config\"]}", "read", NULL },
		{ "{\"read\":[\"secret\"]}", "read[0]", "read[0]: must be one of config" },
		{ "{\"read\":[1]}", "read[0]", NULL },
		{ "{\"write\":{}}", "write.config", "write.config: is missing" },
		{ "{\"write\":{\"config\":{}}}", "write.config",
		  "write.config: must hold at least one member" },
		{ "{\"write\":{\"config\":{\"image.mirror\":true}}}", "write.config.image.mirror",
		  "write.config.image.mirror: there is no such field" },
		{ "{\"segment\":{\"find\":{\"end\":2}}}", "segment.find.start", NULL },
		{ "{\"segment\":{\"start\":2}}", "segment.find.end", "segment.find.end: is missing" },
		{ "{\"segment\":{\"find\":{\"start\":\"soon\",\"end\":2}}}", "segment.find.start", NULL },
		{ "{\"segment\":{\"find\":{\"start\":1.5,\"end\":2}}}", "segment.find.start", NULL },
		{ "{\"segment\":{\"find\":{\"start\":1,\"end\":2},\"start\":1}}", "segment", NULL },
		{ "{\"replay\":{\"id\":\"a\"}}", "replay",
		  "replay: must hold exactly one of speed, seek, pause, resume, stop" },
		{ "{\"replay\":{\"id\":\"a\",\"pause\":true,\"speed\":2}}", "replay", NULL },
		{ "{\"replay\":{\"pause\":true}}", "replay.id", NULL },
		{ "{\"replay\":{\"id\":\"a\",\"pause\":false}}", "replay.pause",
		  "replay.pause: must be true" },
		{ "{\"replay\":{\"id\":\"a\",\"speed\":\"2\"}}", "replay.speed",
		  "replay.speed: must be a number" },
		{ "{\"upload\":{}}", "upload.file", NULL },
		{ "{\"play\":{\"url\":\"http://host/live/cam\"}}", "play.url",
		  "play.url: must be an address that begins with rtmp:// or rtmps://" },
		{ "{\"play\":{\"url\":\"rtmp://\"}}", "play.url", NULL },
		{ "{\"play\":{\"url\":\"rtmp:///live\"}}", "play.url", NULL },
		{ "{\"play\":{\"url\":\"rtmp://host/a b\"}}", "play.url",
		  "play.url: must not hold spaces or unescaped characters" },
		{ "{\"play\":{\"url\":3}}", "play.url", NULL },
		{ "{\"capture\":{\"url\":\"file:///etc/passwd\"}}", "capture.url",
		  "capture.url: must be an address that begins with http:// or https://" },
		{ "{\"upload\":{\"url\":\"ftp://host/\",\"file\":\"a\"}}", "upload.url", NULL },
	};

	REFUSED(rows);
}

struct setting {
	const char *name;
	const char *good;
	const char *bad;
	const char *field; /* at fault, below the setting */
};

static const struct setting settings[] = {
	{ "image.flip", "true", "1", "" },
	{ "image.day_night", "\"auto\"", "\"dusk\"", "" },
	{ "image.watermark", "false", "\"no\"", "" },
	{ "alarm.motion", "true", "null", "" },
	{ "alarm.sensitivity", "\"high\"", "\"highest\"", "" },
	{ "alarm.period", "{\"all_day\":true}", "{}", ".all_day" },
	{ "alarm.period", "{\"all_day\":false,\"start\":\"22:00\",\"end\":\"06:00\","
	  "\"days\":[\"monday\",\"sunday\"]}", "{\"all_day\":false,\"start\":\"22:00\"}", ".end" },
	{ "alarm.period", "{\"all_day\":false,\"start\":\"00:00\",\"end\":\"24:00\"}",
	  "{\"all_day\":false,\"start\":\"00:00\",\"end\":\"24:01\"}", ".end" },
	{ "alarm.period", "{\"all_day\":true,\"days\":[]}",
	  "{\"all_day\":true,\"days\":[\"monday\",\"monday\"]}", ".days" },
	{ "alarm.period", "{\"all_day\":true,\"days\":[\"friday\"]}",
	  "{\"all_day\":true,\"days\":[\"friday\",\"someday\"]}", ".days[1]" },
	{ "alarm.interval_s", "3", "4", "" },
	{ "alarm.interval_s", "60", "61", "" },
	{ "alarm.person", "false", "0", "" },
	{ "ptz.cruise", "{\"presets\":[1,128,1],\"dwell_s\":3600,\"speed\":2}",
	  "{\"presets\":[1,129]}", ".presets[1]" },
	{ "ptz.cruise", "{\"presets\":[],\"dwell_s\":1,\"speed\":0}",
	  "{\"presets\":[],\"dwell_s\":0}", ".dwell_s" },
	{ "ptz.cruise", "{\"presets\":[]}", "{\"presets\":[],\"speed\":3}", ".speed" },
	{ "storage.mode", "\"continuous\"", "\"never\"", "" },
	{ "storage.s3", "{\"access_key\":\"a\",\"secret_key\":\"b\",\"url\":\"http://host:9000\","
	  "\"record_bucket\":\"c\",\"picture_bucket\":\"d\"}",
	  "{\"access_key\":\"a\",\"secret_key\":\"b\",\"url\":\"\",\"record_bucket\":\"c\","
	  "\"picture_bucket\":\"d\"}", ".url" },
	{ "storage.activate", "0", "-1", "" },
	{ "storage.activate", "1", "2", "" },
};
/* clang-format on */

static void each_setting_has_its_type_and_range(void **state)
{
	char text[512], field[WHY_FIELD_MAX];

	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		const struct setting *row = &settings[i];
		(void)snprintf(text, sizeof text, "{\"write\":{\"config\":{\"%s\":%s}}}", row->name,
		               row->good);
		const struct accepted good = { text, "write", NULL };
		check_accepted(&good, 1);
		(void)snprintf(text, sizeof text, "{\"write\":{\"config\":{\"%s\":%s}}}", row->name,
		               row->bad);
		(void)snprintf(field, sizeof field, "write.config.%s%s", row->name, row->field);
		const struct refused bad = { text, field, NULL };
		check_refused(&bad, 1);
	}
}

static void check_length(const char *format, const char *unit, size_t most, const char *name,
                         const char *field)
{
	AUTO_FREE char *fits = long_text(format, unit, most);
	AUTO_FREE char *past = long_text(format, unit, most + 1);

	check_accepted(&(struct accepted){ fits, name, NULL }, 1);
	check_refused(&(struct refused){ past, field, NULL }, 1);
}

static void texts_are_counted_in_characters(void **state)
{
	static const char set[] = "{\"preset\":{\"set\":{\"index\":1,\"name\":\"%s\"}}}";

	check_length(set, "a", 64, "preset.set", "preset.set.name");
	check_length(set, "门", 64, "preset.set", "preset.set.name");
	check_length("{\"stop\":{\"reason\":\"%s\"}}", "r", 200, "stop", "stop.reason");
	check_length("{\"replay\":{\"id\":\"%s\",\"stop\":true}}", "i", 128, "replay", "replay.id");
	check_length("{\"upload\":{\"file\":\"%s\"}}", "f", 255, "upload", "upload.file");
	check_length("{\"write\":{\"config\":{\"storage.s3\":{\"access_key\":\"%s\","
	             "\"secret_key\":\"b\",\"url\":\"c\",\"record_bucket\":\"d\","
	             "\"picture_bucket\":\"e\"}}}}",
	             "k", 512, "write", "write.config.storage.s3.access_key");
	check_length("{\"play\":{\"url\":\"rtmp://%s\",\"players\":1}}", "h", ACTION_URL_MAX - 7,
	             "play", "play.url");
	check_length("{\"capture\":{\"url\":\"https://%s\"}}", "h", ACTION_URL_MAX - 8, "capture",
	             "capture.url");
	check_length("{\"write\":{\"config\":{\"ptz.cruise\":{\"presets\":[1%s]}}}}", ",2", 31,
	             "write", "write.config.ptz.cruise.presets");
}

static void a_long_foreign_name_is_cut_between_characters(void **state)
{
	AUTO_FREE char *text = long_text("{\"%s\":1}", "门", 100);
	AUTO_JSON data = json_of(text);
	struct action_request request;
	struct why why = { 0 };

	assert_err(action_read(data, &request, &why), ERR_INVALID);

	assert_int_equal(strlen(why.field), 63);
	assert_true(str_is_utf8(str_of(why.field)));
	assert_true(str_is_utf8(str_of(why.text)));
}

static void every_largest_request_fits(void **state)
{
	AUTO_FREE char *key = long_text("%s", "\\\"", 512);
	AUTO_FREE char *text = NULL;
	struct action_request request;

	assert_true(asprintf(&text,
	                     "{\"write\":{\"config\":{\"storage.s3\":{\"access_key\":\"%s\","
	                     "\"secret_key\":\"%s\",\"url\":\"%s\",\"record_bucket\":\"%s\","
	                     "\"picture_bucket\":\"%s\"}}}}",
	                     key, key, key, key, key) > 0);
	AUTO_JSON data = json_of(text);

	assert_ok(action_read(data, &request, NULL));
	assert_str(buf_str(&request.data), text);
	action_request_done(&request);
}

static void a_missing_url_is_added_by_the_server(void **state)
{
	/* clang-format off */
	static const struct { const char *given, *url, *sent; } rows[] = {
		{ "{\"play\":{\"players\":3}}", "rtmp://h/live/c",
		  "{\"play\":{\"url\":\"rtmp://h/live/c\",\"players\":3}}" },
		{ "{\"capture\":{}}", "http://h/up", "{\"capture\":{\"url\":\"http://h/up\"}}" },
		{ "{\"upload\":{\"file\":\"a\"}}", "http://h/up",
		  "{\"upload\":{\"url\":\"http://h/up\",\"file\":\"a\"}}" },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_JSON data = json_of(rows[i].given);
		struct action_request request;
		assert_ok(action_read(data, &request, NULL));
		assert_true(request.lacks_url);
		assert_ok(action_request_add_url(&request, str_of(rows[i].url)));
		assert_false(request.lacks_url);
		assert_str(buf_str(&request.data), rows[i].sent);
		action_request_done(&request);
		const struct accepted again = { rows[i].sent, action_name(request.action), NULL };
		check_accepted(&again, 1);
	}
}

static void an_action_without_url_lacks_none(void **state)
{
	static const char *const given[] = { "{\"ptz\":{\"stop\":{}}}", "{\"read\":[\"config\"]}",
		                             "{\"capture\":{\"url\":\"http://h/\"}}" };

	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		AUTO_JSON data = json_of(given[i]);
		struct action_request request;
		assert_ok(action_read(data, &request, NULL));
		assert_false(request.lacks_url);
		action_request_done(&request);
	}
}

static void the_servers_own_actions_are_canonical(void **state)
{
	AUTO_BUF out = { 0 };

	buf_init(&out, ACTION_DATA_MAX);
	action_play(&out, STR("rtmp://h/live/c?token=\"t\""), 2);
	assert_str(buf_str(&out),
	           "{\"play\":{\"url\":\"rtmp://h/live/c?token=\\\"t\\\"\",\"players\":2}}");
	buf_clear(&out);
	action_stop(&out, STR("no viewer"));
	assert_str(buf_str(&out), "{\"stop\":{\"reason\":\"no viewer\"}}");
	buf_clear(&out);
	action_capture(&out, STR("http://h/up"));
	assert_str(buf_str(&out), "{\"capture\":{\"url\":\"http://h/up\"}}");
	buf_clear(&out);
	action_upload(&out, STR("http://h/up"), STR("a.mp4"));
	assert_str(buf_str(&out), "{\"upload\":{\"url\":\"http://h/up\",\"file\":\"a.mp4\"}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printed_forms_are_sent_as_they_are),
		cmocka_unit_test(aliases_become_the_printed_form),
		cmocka_unit_test(one_past_a_limit_is_refused_with_its_field),
		cmocka_unit_test(what_is_missing_or_of_a_wrong_type_is_named),
		cmocka_unit_test(each_setting_has_its_type_and_range),
		cmocka_unit_test(texts_are_counted_in_characters),
		cmocka_unit_test(a_long_foreign_name_is_cut_between_characters),
		cmocka_unit_test(every_largest_request_fits),
		cmocka_unit_test(a_missing_url_is_added_by_the_server),
		cmocka_unit_test(an_action_without_url_lacks_none),
		cmocka_unit_test(the_servers_own_actions_are_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
