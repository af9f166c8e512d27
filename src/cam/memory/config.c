/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/memory/config.h"

#include <string.h>

#include "cam/body/ptz.h"
#include "cam/memory/presets.h"

#define FILE_NAME    "config.json"
#define CHOICES_MAX  5
#define DWELL_S_MAX  3600
#define STOPS_MAX    PTZ_CRUISE_MAX
#define MINUTES_DAY  (24 * 60)
#define SECRET_FIELD "secret_key"

struct setting;
typedef enum err check_fn(const struct setting *setting, const json_t *value, struct why *why);

/* `initial` is JSON; NULL: no value before it is written. */
struct setting {
	const char *name;
	check_fn *check;
	const char *initial;
	const char *choices[CHOICES_MAX];
};

static enum err refuse(const struct setting *setting, struct why *why, const char *words)
{
	return why_set_reason(why, ERR_INVALID, 0, setting->name, "%s %s", setting->name, words);
}

static enum err check_bool(const struct setting *setting, const json_t *value, struct why *why)
{
	return json_is_boolean(value) ? ERR_OK : refuse(setting, why, "is not true or false");
}

static enum err check_choice(const struct setting *setting, const json_t *value, struct why *why)
{
	const char *text = json_string_value(value);

	for (int i = 0; text && i < CHOICES_MAX && setting->choices[i]; i++)
		if (strcmp(text, setting->choices[i]) == 0)
			return ERR_OK;
	return refuse(setting, why, "is none of its choices");
}

static enum err check_interval(const struct setting *setting, const json_t *value, struct why *why)
{
	static const int intervals_s[] = { 3, 5, 10, 30, 60 };

	for (size_t i = 0; json_is_integer(value) && i < COUNT_OF(intervals_s); i++)
		if (json_integer_value(value) == intervals_s[i])
			return ERR_OK;
	return refuse(setting, why, "is none of 3, 5, 10, 30, 60");
}

static enum err check_flag(const struct setting *setting, const json_t *value, struct why *why)
{
	json_int_t flag = json_is_integer(value) ? json_integer_value(value) : -1;

	return flag == 0 || flag == 1 ? ERR_OK : refuse(setting, why, "is not 0 or 1");
}

/* An object with these members and no other. */
static bool has_only(const json_t *value, const char *const *names, size_t count)
{
	size_t known = 0;

	for (size_t i = 0; i < count; i++)
		known += json_object_get(value, names[i]) != NULL;
	return json_is_object(value) && json_object_size(value) == known;
}

/* "HH:MM", 00:00 to 24:00. */
static bool is_time(struct str text)
{
	int64_t hours = 0, minutes = 0;

	if (text.size != 5 || text.at[2] != ':')
		return false;
	if (str_to_i64((struct str){ text.at, 2 }, 0, 24, &hours) != ERR_OK ||
	    str_to_i64(str_from(text, 3), 0, 59, &minutes) != ERR_OK)
		return false;
	return hours * 60 + minutes <= MINUTES_DAY;
}

static bool are_days(const json_t *days)
{
	static const char *const names[] = { "monday", "tuesday",  "wednesday", "thursday",
		                             "friday", "saturday", "sunday" };
	unsigned seen = 0;
	size_t i;
	json_t *day;

	json_array_foreach(days, i, day)
	{
		const char *text = json_string_value(day);
		size_t at = 0;
		while (at < COUNT_OF(names) && (!text || strcmp(text, names[at]) != 0))
			at++;
		if (at == COUNT_OF(names) || seen & (1u << at))
			return false;
		seen |= 1u << at;
	}
	return json_is_array(days);
}

static enum err check_period(const struct setting *setting, const json_t *value, struct why *why)
{
	static const char *const names[] = { "all_day", "start", "end", "days" };
	const json_t *days = json_object_get(value, "days");

	if (!has_only(value, names, COUNT_OF(names)) ||
	    !json_is_boolean(json_object_get(value, "all_day")))
		return refuse(setting, why, "is not {all_day, start, end, days}");
	if (days && !are_days(days))
		return refuse(setting, why, "names a day that is none, or one twice");
	if (json_is_true(json_object_get(value, "all_day")))
		return ERR_OK;
	/* start after end means past midnight. */
	if (!is_time(json_member_str(value, "start")) || !is_time(json_member_str(value, "end")))
		return refuse(setting, why, "needs start and end as HH:MM");
	return ERR_OK;
}

static enum err check_cruise(const struct setting *setting, const json_t *value, struct why *why)
{
	static const char *const names[] = { "presets", "dwell_s", "speed" };
	const json_t *presets = json_object_get(value, "presets");
	int64_t dwell_s = json_member_i64(value, "dwell_s", 10);
	int64_t speed = json_member_i64(value, "speed", 1);
	size_t i;
	json_t *index;

	if (!has_only(value, names, COUNT_OF(names)) || !json_is_array(presets))
		return refuse(setting, why, "is not {presets, dwell_s, speed}");
	if (json_array_size(presets) > STOPS_MAX)
		return refuse(setting, why, "has more than 32 presets");
	json_array_foreach(
		presets, i,
		index) if (!json_is_integer(index) || json_integer_value(index) < 1 ||
	                   json_integer_value(index) >
	                           PRESETS_MAX) return refuse(setting, why,
	                                                      "has a preset outside 1..128");
	if (dwell_s < 1 || dwell_s > DWELL_S_MAX)
		return refuse(setting, why, "has a dwell_s outside 1..3600");
	if (speed < 0 || speed > 2)
		return refuse(setting, why, "has a speed outside 0..2");
	return ERR_OK;
}

static enum err check_s3(const struct setting *setting, const json_t *value, struct why *why)
{
	static const char *const names[] = { "access_key", SECRET_FIELD, "url", "record_bucket",
		                             "picture_bucket" };

	if (!has_only(value, names, COUNT_OF(names)) || json_object_size(value) != COUNT_OF(names))
		return refuse(
			setting, why,
			"is not {access_key, secret_key, url, record_bucket, picture_bucket}");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct str text = json_member_str(value, names[i]);
		if (text.size == 0 || text.size > CONFIG_TEXT_MAX)
			return refuse(setting, why, "has an empty or overlong text");
	}
	return ERR_OK;
}

/* clang-format off */
static const struct setting settings[] = {
	{ "image.flip",        check_bool,     "false",              { 0 } },
	{ "image.day_night",   check_choice,   "\"auto\"",           { "day", "night", "auto" } },
	{ "image.watermark",   check_bool,     "true",               { 0 } },
	{ "alarm.motion",      check_bool,     "true",               { 0 } },
	{ "alarm.sensitivity", check_choice,   "\"medium\"",         { "high", "medium", "low" } },
	{ "alarm.period",      check_period,   "{\"all_day\":true}", { 0 } },
	{ "alarm.interval_s",  check_interval, "30",                 { 0 } },
	{ "alarm.person",      check_bool,     "false",              { 0 } },
	{ "ptz.cruise",        check_cruise,   "{\"presets\":[]}",   { 0 } },
	{ "storage.mode",      check_choice,   "\"triggered\"",      { "continuous", "triggered" } },
	{ "storage.s3",        check_s3,       NULL,                 { 0 } },
	{ "storage.activate",  check_flag,     "0",                  { 0 } },
};
/* clang-format on */

static const struct setting *find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static enum err check_all(const json_t *changes, struct why *why)
{
	const char *name;
	json_t *value;

	if (!json_is_object(changes))
		return why_set_reason(why, ERR_INVALID, 0, "config", "config is not an object");
	json_object_foreach((json_t *)(uintptr_t)changes, name, value)
	{
		const struct setting *setting = find(name);
		if (!setting)
			return why_set_reason(why, ERR_INVALID, 0, name,
			                      "there is no setting %.64s", name);
		enum err err = setting->check(setting, value, why);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err config_write(struct config *config, const json_t *changes, struct why *why)
{
	enum err err = check_all(changes, why);

	if (err != ERR_OK)
		return err;
	/* Deep copies: a request's values must not change under us, nor ours under an answer. */
	AUTO_JSON next = json_deep_copy(config->values);
	AUTO_JSON copy = json_deep_copy(changes);
	if (!next || !copy || json_object_update(next, copy) != 0)
		return ERR_NO_MEMORY;
	err = store_write(config->store, FILE_NAME, next);
	if (err != ERR_OK)
		return why_set(why, err, "the settings could not be kept");
	json_decref(config->values);
	config->values = TAKE(next);
	return ERR_OK;
}

enum err config_init(struct config *config, const struct store *store, struct why *why)
{
	AUTO_JSON kept = NULL;

	config->store = store;
	config->values = json_object();
	for (size_t i = 0; config->values && i < COUNT_OF(settings); i++)
		if (settings[i].initial)
			(void)json_object_set_new(
				config->values, settings[i].name,
				json_loads(settings[i].initial, JSON_DECODE_ANY, NULL));
	if (!config->values)
		return ERR_NO_MEMORY;
	enum err err = store_read(store, FILE_NAME, &kept, why);
	if (err == ERR_NOT_FOUND)
		return ERR_OK;
	if (err == ERR_OK)
		err = check_all(kept, why);
	if (err == ERR_OK && json_object_update(config->values, kept) != 0)
		err = ERR_NO_MEMORY;
	return err == ERR_OK ? err : why_set(why, err, "%s cannot be read", FILE_NAME);
}

void config_done(struct config *config)
{
	json_decref(config->values);
	config->values = NULL;
}

json_t *config_read(const struct config *config)
{
	json_t *answer = json_deep_copy(config->values);

	(void)json_object_del(json_object_get(answer, "storage.s3"), SECRET_FIELD);
	return answer;
}

const json_t *config_get(const struct config *config, const char *name)
{
	return json_object_get(config->values, name);
}

bool config_is(const struct config *config, const char *name)
{
	return json_is_true(config_get(config, name));
}

struct str config_text(const struct config *config, const char *name)
{
	return json_member_str(config->values, name);
}
