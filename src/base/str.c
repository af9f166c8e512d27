/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdlib.h>
#include <strings.h>

bool str_equal(struct str a, struct str b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

bool str_equal_nocase(struct str a, struct str b)
{
	return a.size == b.size && (a.size == 0 || strncasecmp(a.at, b.at, a.size) == 0);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.size >= prefix.size && str_equal((struct str){ s.at, prefix.size }, prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.size >= suffix.size && str_equal(str_from(s, s.size - suffix.size), suffix);
}

struct str str_from(struct str s, size_t offset)
{
	if (offset >= s.size)
		return (struct str){ 0 };
	return (struct str){ s.at + offset, s.size - offset };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
	while (s.size && is_blank(s.at[0]))
		s = str_from(s, 1);
	while (s.size && is_blank(s.at[s.size - 1]))
		s.size--;
	return s;
}

size_t str_index(struct str s, char c)
{
	const char *found = s.size ? memchr(s.at, c, s.size) : NULL;

	return found ? (size_t)(found - s.at) : s.size;
}

struct str str_before_last(struct str s, char c)
{
	size_t size = s.size;

	while (size && s.at[size - 1] != c)
		size--;
	return (struct str){ s.at, size ? size - 1 : 0 };
}

bool str_cut(struct str *rest, char separator, struct str *part)
{
	if (!rest->at) {
		*part = (struct str){ 0 };
		return false;
	}
	size_t end = str_index(*rest, separator);
	*part = (struct str){ rest->at, end };
	if (end == rest->size)
		*rest = (struct str){ 0 };
	else
		*rest = (struct str){ rest->at + end + 1, rest->size - end - 1 };
	return true;
}

enum err str_to_u64(struct str s, uint64_t most, uint64_t *out)
{
	uint64_t value = 0;

	if (s.size == 0 || s.size > 20)
		return ERR_INVALID;
	for (size_t i = 0; i < s.size; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return ERR_INVALID;
		uint64_t digit = (uint64_t)(s.at[i] - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return ERR_INVALID;
		value = value * 10 + digit;
	}
	if (value > most)
		return ERR_INVALID;
	*out = value;
	return ERR_OK;
}

enum err str_to_i64(struct str s, int64_t least, int64_t most, int64_t *out)
{
	bool is_negative = s.size && s.at[0] == '-';
	uint64_t magnitude = 0;

	if (str_to_u64(is_negative ? str_from(s, 1) : s, INT64_MAX, &magnitude) != ERR_OK)
		return ERR_INVALID;
	int64_t value = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
	if (value < least || value > most)
		return ERR_INVALID;
	*out = value;
	return ERR_OK;
}

bool str_equal_secret(struct str a, struct str b)
{
	unsigned difference = 0;

	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < b.size; i++)
		difference |= (unsigned)(unsigned char)a.at[i] ^ (unsigned char)b.at[i];
	return difference == 0;
}

char *str_dup(struct str s)
{
	char *copy = malloc(s.size + 1);

	if (!copy)
		return NULL;
	if (s.size)
		memcpy(copy, s.at, s.size);
	copy[s.size] = '\0';
	return copy;
}

enum err str_copy(struct str s, char *to, size_t room)
{
	to[0] = '\0';
	if (s.size >= room)
		return ERR_TOO_LARGE;
	if (s.size)
		memcpy(to, s.at, s.size);
	to[s.size] = '\0';
	return ERR_OK;
}

bool str_is_word(struct str s, const char *allowed)
{
	for (size_t i = 0; i < s.size; i++) {
		char c = s.at[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			continue;
		if (c == '\0' || !strchr(allowed, c))
			return false;
	}
	return true;
}

/* The length of the sequence that starts with `lead`, and the range its second byte may have. */
static size_t utf8_length(uint8_t lead, uint8_t *least, uint8_t *most)
{
	*least = 0x80;
	*most = 0xBF;
	if (lead < 0x80)
		return lead ? 1 : 0;
	if (lead >= 0xC2 && lead <= 0xDF)
		return 2;
	if (lead >= 0xE0 && lead <= 0xEF) {
		if (lead == 0xE0)
			*least = 0xA0;
		if (lead == 0xED)
			*most = 0x9F;
		return 3;
	}
	if (lead >= 0xF0 && lead <= 0xF4) {
		if (lead == 0xF0)
			*least = 0x90;
		if (lead == 0xF4)
			*most = 0x8F;
		return 4;
	}
	return 0;
}

bool str_is_utf8(struct str s)
{
	for (size_t i = 0; i < s.size;) {
		uint8_t least, most;
		size_t length = utf8_length((uint8_t)s.at[i], &least, &most);

		if (length == 0 || length > s.size - i)
			return false;
		for (size_t k = 1; k < length; k++) {
			uint8_t byte = (uint8_t)s.at[i + k];
			if (byte < (k == 1 ? least : 0x80) || byte > (k == 1 ? most : 0xBF))
				return false;
		}
		i += length;
	}
	return true;
}
