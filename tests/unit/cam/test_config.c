/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cam/body/alarm.h"
#include "cam/memory/config.h"
#include "tests/unit/cam/fixture.h"
#include "tests/unit/unit.h"

static enum err write_text(struct config *config, const char *text, struct why *why)
{
	AUTO_JSON changes = json_loads(text, 0, NULL);

	assert_non_null(changes);
	return config_write(config, changes, why);
}

static void open_config(const char *root, struct store *store, struct config *config)
{
	assert_ok(store_open(store, root, "CAM", NULL));
	assert_ok(config_init(config, store, NULL));
}

static void every_setting_takes_its_values(void **state)
{
	static const char *const good[] = {
		"{\"image.flip\":true}",
		"{\"image.day_night\":\"night\"}",
		"{\"image.watermark\":false}",
		"{\"alarm.motion\":false}",
		"{\"alarm.sensitivity\":\"low\"}",
		"{\"alarm.period\":{\"all_day\":true}}",
		"{\"alarm.period\":{\"all_day\":false,\"start\":\"22:00\",\"end\":\"24:00\","
		"\"days\":[\"monday\",\"sunday\"]}}",
		"{\"alarm.interval_s\":3}",
		"{\"alarm.person\":true}",
		"{\"ptz.cruise\":{\"presets\":[1,128],\"dwell_s\":3600,\"speed\":2}}",
		"{\"storage.mode\":\"continuous\"}",
		"{\"storage.s3\":{\"access_key\":\"a\",\"secret_key\":\"s\",\"url\":\"http://x\","
		"\"record_bucket\":\"r\",\"picture_bucket\":\"p\"}}",
		"{\"storage.activate\":1}",
	};
	struct config config;
	struct store store;

	open_config(*state, &store, &config);
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct why why = { 0 };
		if (write_text(&config, good[i], &why) != ERR_OK)
			fail_msg("%s: %s", good[i], why.text);
	}
	config_done(&config);
}

static void wrong_values_are_refused_by_name(void **state)
{
	static const struct {
		const char *text, *field;
	} bad[] = {
		{ "{\"image.flip\":1}", "image.flip" },
		{ "{\"image.day_night\":\"dusk\"}", "image.day_night" },
		{ "{\"alarm.interval_s\":4}", "alarm.interval_s" },
		{ "{\"alarm.period\":{\"all_day\":false}}", "alarm.period" },
		{ "{\"alarm.period\":{\"all_day\":true,\"x\":1}}", "alarm.period" },
		{ "{\"alarm.period\":{\"all_day\":false,\"start\":\"24:01\",\"end\":\"01:00\"}}",
		  "alarm.period" },
		{ "{\"alarm.period\":{\"all_day\":true,\"days\":[\"monday\",\"monday\"]}}",
		  "alarm.period" },
		{ "{\"alarm.period\":{\"all_day\":true,\"days\":[1]}}", "alarm.period" },
		{ "{\"ptz.cruise\":{\"presets\":[0]}}", "ptz.cruise" },
		{ "{\"ptz.cruise\":{\"presets\":[129]}}", "ptz.cruise" },
		{ "{\"ptz.cruise\":{\"presets\":[1],\"dwell_s\":3601}}", "ptz.cruise" },
		{ "{\"ptz.cruise\":{\"presets\":[1],\"speed\":3}}", "ptz.cruise" },
		{ "{\"storage.s3\":{\"access_key\":\"a\"}}", "storage.s3" },
		{ "{\"storage.activate\":2}", "storage.activate" },
		{ "{\"no.such\":true}", "no.such" },
	};
	struct config config;
	struct store store;

	open_config(*state, &store, &config);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct why why = { 0 };
		assert_err(write_text(&config, bad[i].text, &why), ERR_INVALID);
		assert_string_equal(why.field, bad[i].field);
	}
	config_done(&config);
}

static enum err write_cruise(struct config *config, int presets)
{
	AUTO_JSON list = json_array();

	for (int i = 0; i < presets; i++)
		(void)json_array_append_new(list, json_integer(1));
	AUTO_JSON changes = json_pack("{s:{s:O}}", "ptz.cruise", "presets", list);
	return config_write(config, changes, NULL);
}

static enum err write_s3(struct config *config, size_t size)
{
	char url[CONFIG_TEXT_MAX + 2] = { 0 };

	memset(url, 'u', size);
	AUTO_JSON changes = json_pack("{s:{s:s,s:s,s:s,s:s,s:s}}", "storage.s3", "access_key", "a",
	                              "secret_key", "s", "url", url, "record_bucket", "r",
	                              "picture_bucket", "p");
	return config_write(config, changes, NULL);
}

static void the_longest_values_fit_and_one_more_does_not(void **state)
{
	struct config config;
	struct store store;

	open_config(*state, &store, &config);
	assert_ok(write_cruise(&config, 32));
	assert_err(write_cruise(&config, 33), ERR_INVALID);
	assert_ok(write_s3(&config, CONFIG_TEXT_MAX));
	assert_err(write_s3(&config, CONFIG_TEXT_MAX + 1), ERR_INVALID);
	config_done(&config);
}

static void a_write_changes_all_or_nothing_and_is_kept(void **state)
{
	struct config config;
	struct store store;

	open_config(*state, &store, &config);
	assert_ok(write_text(&config, "{\"image.flip\":true}", NULL));
	assert_err(write_text(&config, "{\"image.flip\":false,\"alarm.motion\":7}", NULL),
	           ERR_INVALID);
	assert_true(config_is(&config, "image.flip"));
	config_done(&config);

	open_config(*state, &store, &config);
	assert_true(config_is(&config, "image.flip"));
	assert_true(config_is(&config, "image.watermark"));
	assert_str(config_text(&config, "image.day_night"), "auto");
	config_done(&config);
}

static void a_secret_is_never_read_back(void **state)
{
	struct config config;
	struct store store;

	open_config(*state, &store, &config);
	assert_ok(write_s3(&config, 1));
	AUTO_JSON answer = config_read(&config);
	const json_t *s3 = json_object_get(answer, "storage.s3");
	assert_non_null(json_object_get(s3, "access_key"));
	assert_null(json_object_get(s3, "secret_key"));
	assert_non_null(json_object_get(config_get(&config, "storage.s3"), "secret_key"));
	config_done(&config);
}

/* 2026-01-05 is a Monday. */
#define MONDAY (20458 * (int64_t)86400000)
#define HOUR   ((int64_t)3600000)

static void the_alarm_period_knows_days_and_midnight(void **state)
{
	static const struct {
		const char *period;
		int64_t at_ms;
		bool is_on;
	} cases[] = {
		{ "{\"all_day\":true}", MONDAY, true },
		{ "{\"all_day\":true,\"days\":[\"tuesday\"]}", MONDAY, false },
		{ "{\"all_day\":true,\"days\":[\"monday\"]}", MONDAY + 23 * HOUR, true },
		{ "{\"all_day\":false,\"start\":\"08:00\",\"end\":\"18:00\"}", MONDAY + 8 * HOUR,
		  true },
		{ "{\"all_day\":false,\"start\":\"08:00\",\"end\":\"18:00\"}", MONDAY + 18 * HOUR,
		  false },
		{ "{\"all_day\":false,\"start\":\"22:00\",\"end\":\"06:00\","
		  "\"days\":[\"monday\"]}",
		  MONDAY + 29 * HOUR, true },
		{ "{\"all_day\":false,\"start\":\"22:00\",\"end\":\"06:00\","
		  "\"days\":[\"monday\"]}",
		  MONDAY + 5 * HOUR, false },
	};
	struct config config;
	struct store store;
	char text[256];

	open_config(*state, &store, &config);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		(void)snprintf(text, sizeof text, "{\"alarm.period\":%s}", cases[i].period);
		assert_ok(write_text(&config, text, NULL));
		assert_int_equal(alarm_is_on(&config, cases[i].at_ms), cases[i].is_on);
	}
	assert_ok(write_text(&config,
	                     "{\"alarm.motion\":false,\"alarm.period\":{\"all_day\":true}}", NULL));
	assert_false(alarm_is_on(&config, MONDAY));
	config_done(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_setting_takes_its_values, fixture_set_up,
		                                fixture_tear_down),
		cmocka_unit_test_setup_teardown(wrong_values_are_refused_by_name, fixture_set_up,
		                                fixture_tear_down),
		cmocka_unit_test_setup_teardown(the_longest_values_fit_and_one_more_does_not,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_write_changes_all_or_nothing_and_is_kept,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_secret_is_never_read_back, fixture_set_up,
		                                fixture_tear_down),
		cmocka_unit_test_setup_teardown(the_alarm_period_knows_days_and_midnight,
		                                fixture_set_up, fixture_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
