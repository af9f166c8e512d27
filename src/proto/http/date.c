/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http/date.h"

#include <stdio.h>
#include <time.h>

static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

void http_date_write(int64_t seconds, char out[HTTP_DATE_SIZE])
{
	time_t when = (time_t)seconds;
	struct tm tm = { 0 };

	(void)gmtime_r(&when, &tm);
	(void)snprintf(out, HTTP_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT",
	               days[(unsigned)tm.tm_wday % 7], (unsigned)tm.tm_mday % 32u,
	               months[(unsigned)tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000u,
	               (unsigned)tm.tm_hour % 24u, (unsigned)tm.tm_min % 60u,
	               (unsigned)tm.tm_sec % 61u);
}

/* `count` digits at `offset`, 0..most. */
static int number(struct str text, size_t offset, size_t count, int64_t least, int64_t most)
{
	int64_t value;

	if (str_to_i64((struct str){ text.at + offset, count }, least, most, &value) != ERR_OK)
		return -1;
	return (int)value;
}

enum err http_date_read(struct str text, int64_t *out_seconds)
{
	char again[HTTP_DATE_SIZE];
	struct tm tm = { 0 };

	if (text.size != HTTP_DATE_SIZE - 1)
		return ERR_INVALID;
	tm.tm_mday = number(text, 5, 2, 1, 31);
	tm.tm_year = number(text, 12, 4, 1970, 9999) - 1900;
	tm.tm_hour = number(text, 17, 2, 0, 23);
	tm.tm_min = number(text, 20, 2, 0, 59);
	tm.tm_sec = number(text, 23, 2, 0, 60);
	tm.tm_mon = -1;
	for (int i = 0; i < 12; i++) {
		if (memcmp(text.at + 8, months[i], 3) == 0)
			tm.tm_mon = i;
	}
	if (tm.tm_mday < 0 || tm.tm_year < 0 || tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0 ||
	    tm.tm_mon < 0)
		return ERR_INVALID;
	int64_t seconds = (int64_t)timegm(&tm);
	/* Writing it again finds every wrong separator, day name and day of month at once. */
	http_date_write(seconds, again);
	if (memcmp(again, text.at, text.size) != 0)
		return ERR_INVALID;
	*out_seconds = seconds;
	return ERR_OK;
}
