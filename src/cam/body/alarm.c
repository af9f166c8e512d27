/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/body/alarm.h"

#include <string.h>

#define DAY_MS    (24 * 60 * 60 * (int64_t)1000)
#define MINUTE_MS (60 * (int64_t)1000)

/* "HH:MM" in minutes; the settings' table let nothing else in. */
static int minutes(struct str text)
{
	int64_t hour = 0, minute = 0;

	(void)!str_to_i64((struct str){ text.at, 2 }, 0, 24, &hour);
	(void)!str_to_i64(str_from(text, 3), 0, 59, &minute);
	return (int)(hour * 60 + minute);
}

/* No days mean every day. `day` counts from 1970-01-01, a Thursday. */
static bool has_day(const json_t *days, int64_t day)
{
	static const char *const names[] = { "thursday", "friday",  "saturday", "sunday",
		                             "monday",   "tuesday", "wednesday" };
	size_t i;
	json_t *item;

	if (json_array_size(days) == 0)
		return true;
	json_array_foreach(days, i, item) if (strcmp(json_string_value(item), names[day % 7]) ==
	                                      0) return true;
	return false;
}

bool alarm_is_on(const struct config *config, int64_t now_ms)
{
	const json_t *period = config_get(config, "alarm.period");
	const json_t *days = json_object_get(period, "days");
	int64_t day = now_ms / DAY_MS;
	int now = (int)(now_ms % DAY_MS / MINUTE_MS);

	if (!config_is(config, "alarm.motion"))
		return false;
	if (json_is_true(json_object_get(period, "all_day")))
		return has_day(days, day);
	int start = minutes(json_member_str(period, "start"));
	int end = minutes(json_member_str(period, "end"));
	if (start <= end)
		return now >= start && now < end && has_day(days, day);
	return now >= start ? has_day(days, day) : now < end && has_day(days, day - 1);
}
