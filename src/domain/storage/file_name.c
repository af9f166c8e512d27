/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/storage/file_name.h"

#include <stdio.h>

#include "base/clock.h"

#define RANDOM_DIGITS 12 /* of the id: from behind what all ids of a process share */
#define RANDOM_AT     10
#define STAMP_SIZE    15 /* 20191010-101010 */

void file_name_make(int64_t time_ms, const char *id, const char *ending, char out[FILE_NAME_SIZE])
{
	char time[CLOCK_TEXT_SIZE];

	clock_format(time_ms, time); /* 2026-01-02T03:04:05.678Z */
	(void)snprintf(out, FILE_NAME_SIZE, "%.4s%.2s%.2s-%.2s%.2s%.2s-%.*s.%s", time, time + 5,
	               time + 8, time + 11, time + 14, time + 17, RANDOM_DIGITS, id + RANDOM_AT,
	               ending);
}

static struct str last_part(struct str path)
{
	size_t at = path.size;

	while (at > 0 && path.at[at - 1] != '/' && path.at[at - 1] != '\\')
		at--;
	return str_from(path, at);
}

static bool is_harmless(char c, bool is_utf8)
{
	return str_is_word((struct str){ &c, 1 }, "-_.+=@,~") ||
	       (is_utf8 && ((unsigned char)c & 0x80));
}

void file_name_clean(struct str wish, char out[FILE_NAME_SIZE])
{
	struct str name = last_part(wish);
	bool is_utf8 = str_is_utf8(name);

	while (name.size && name.at[0] == '.')
		name = str_from(name, 1);
	size_t size = name.size < FILE_NAME_MAX ? name.size : FILE_NAME_MAX;
	while (is_utf8 && size < name.size && size > 0 &&
	       ((unsigned char)name.at[size] & 0xc0) == 0x80)
		size--; /* not inside a character */
	for (size_t i = 0; i < size; i++)
		out[i] = is_harmless(name.at[i], is_utf8) ? name.at[i] : '_';
	out[size] = '\0';
}

enum err file_name_second(struct str name, int64_t *out_ms)
{
	struct str ending = str_from(name, STAMP_SIZE);
	char text[CLOCK_TEXT_SIZE];

	if (!str_equal(ending, STR(".jpeg")) && !str_equal(ending, STR(".jpg")))
		return ERR_INVALID;
	const char *at = name.at;
	if (at[8] != '-')
		return ERR_INVALID;
	(void)snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", at, at + 4, at + 6,
	               at + 9, at + 11, at + 13);
	return clock_parse(str_of(text), out_ms);
}
