/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#ifdef VIGIL_TEST_CLOCK
#include <stdatomic.h>

static _Atomic int64_t advanced_ms; /* the test clock's one exception to "no mutable globals" */

void clock_advance(int64_t ms)
{
	atomic_fetch_add(&advanced_ms, ms);
}

static int64_t moved_ms(void)
{
	return atomic_load_explicit(&advanced_ms, memory_order_relaxed);
}
#else
static int64_t moved_ms(void)
{
	return 0;
}
#endif

static int64_t read_us(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + moved_ms() * 1000;
}

int64_t clock_now_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_steady_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_steady_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

void clock_format(int64_t now_ms, char out[CLOCK_TEXT_SIZE])
{
	int64_t ms = ((now_ms % 1000) + 1000) % 1000; /* before 1970 too */
	time_t seconds = (time_t)((now_ms - ms) / 1000);
	struct tm utc = { 0 };

	(void)gmtime_r(&seconds, &utc);
	(void)snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	               (unsigned)(utc.tm_year + 1900) % 10000u, (unsigned)(utc.tm_mon + 1) % 100u,
	               (unsigned)utc.tm_mday % 100u, (unsigned)utc.tm_hour % 100u,
	               (unsigned)utc.tm_min % 100u, (unsigned)utc.tm_sec % 100u, (unsigned)ms);
}

/* Two or four digits at the head of *rest. */
static enum err take_digits(struct str *rest, size_t count, int64_t least, int64_t most,
                            int64_t *out)
{
	if (rest->size < count || rest->at[0] == '-')
		return ERR_INVALID;
	enum err err = str_to_i64((struct str){ rest->at, count }, least, most, out);
	*rest = str_from(*rest, count);
	return err;
}

static enum err take_char(struct str *rest, const char *any_of)
{
	if (!rest->size || rest->at[0] == '\0' || !strchr(any_of, rest->at[0]))
		return ERR_INVALID;
	*rest = str_from(*rest, 1);
	return ERR_OK;
}

/* Nothing, or a point and one digit at least. */
static enum err take_fraction_ms(struct str *rest, int64_t *out_ms)
{
	int64_t ms = 0;

	*out_ms = 0;
	if (take_char(rest, ".") != ERR_OK)
		return ERR_OK;
	if (!rest->size || rest->at[0] < '0' || rest->at[0] > '9')
		return ERR_INVALID;
	for (int weight = 100; rest->size && rest->at[0] >= '0' && rest->at[0] <= '9';
	     weight /= 10) {
		ms += (rest->at[0] - '0') * weight;
		*rest = str_from(*rest, 1);
	}
	*out_ms = ms;
	return ERR_OK;
}

static enum err take_offset_ms(struct str *rest, int64_t *out_ms)
{
	int64_t hours, minutes;

	if (take_char(rest, "Zz") == ERR_OK) {
		*out_ms = 0;
		return ERR_OK;
	}
	int64_t sign = rest->size && rest->at[0] == '-' ? -1 : 1;
	if (take_char(rest, "+-") != ERR_OK || take_digits(rest, 2, 0, 23, &hours) != ERR_OK ||
	    take_char(rest, ":") != ERR_OK || take_digits(rest, 2, 0, 59, &minutes) != ERR_OK)
		return ERR_INVALID;
	*out_ms = sign * (hours * 60 + minutes) * 60000;
	return ERR_OK;
}

enum err clock_parse(struct str text, int64_t *out_ms)
{
	int64_t year, month, day, hour, minute, second, ms, offset_ms;

	if (take_digits(&text, 4, 1970, 9999, &year) != ERR_OK || take_char(&text, "-") != ERR_OK ||
	    take_digits(&text, 2, 1, 12, &month) != ERR_OK || take_char(&text, "-") != ERR_OK ||
	    take_digits(&text, 2, 1, 31, &day) != ERR_OK || take_char(&text, "Tt ") != ERR_OK ||
	    take_digits(&text, 2, 0, 23, &hour) != ERR_OK || take_char(&text, ":") != ERR_OK ||
	    take_digits(&text, 2, 0, 59, &minute) != ERR_OK || take_char(&text, ":") != ERR_OK ||
	    take_digits(&text, 2, 0, 60, &second) != ERR_OK)
		return ERR_INVALID;
	if (take_fraction_ms(&text, &ms) != ERR_OK || take_offset_ms(&text, &offset_ms) != ERR_OK ||
	    text.size)
		return ERR_INVALID;

	struct tm utc = { .tm_year = (int)year - 1900,
		          .tm_mon = (int)month - 1,
		          .tm_mday = (int)day };
	time_t midnight = timegm(&utc);
	if (utc.tm_mday != (int)day)
		return ERR_INVALID; /* February 30 and its kind */
	/* A leap second is the next day's first. */
	*out_ms = ((int64_t)midnight + hour * 3600 + minute * 60 + second) * 1000 + ms - offset_ms;
	return ERR_OK;
}
