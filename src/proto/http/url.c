/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http/url.h"

#include "base/buf.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum err http_url_decode(struct str text, bool is_form, struct arena *arena, struct str *out)
{
	if (str_index(text, '%') == text.size && (!is_form || str_index(text, '+') == text.size)) {
		if (str_index(text, '\0') < text.size)
			return ERR_MALFORMED;
		*out = text.at ? text : STR("");
		return ERR_OK;
	}
	char *to = arena_alloc(arena, text.size + 1);
	size_t size = 0;
	if (!to)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < text.size; i++) {
		char c = text.at[i];
		if (c == '%') {
			int high = text.size - i > 2 ? digit_of(text.at[i + 1]) : -1;
			int low = text.size - i > 2 ? digit_of(text.at[i + 2]) : -1;
			if (high < 0 || low < 0)
				return ERR_MALFORMED;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && is_form) {
			c = ' ';
		}
		if (c == '\0')
			return ERR_MALFORMED;
		to[size++] = c;
	}
	*out = (struct str){ to, size };
	return ERR_OK;
}

static bool has_escaped_slash(struct str raw)
{
	for (size_t i = 0; i + 2 < raw.size; i++) {
		char high = raw.at[i + 1], low = (char)(raw.at[i + 2] | 0x20);
		if (raw.at[i] == '%' &&
		    ((high == '2' && low == 'f') || (high == '5' && low == 'c')))
			return true;
	}
	return false;
}

enum err http_url_path(struct str raw, struct arena *arena, struct str *out)
{
	struct str path;

	if (!str_starts(raw, STR("/")) || has_escaped_slash(raw))
		return ERR_MALFORMED;
	enum err err = http_url_decode(raw, false, arena, &path);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < path.size; i++) {
		uint8_t c = (uint8_t)path.at[i];
		if (c < ' ' || c == 0x7f || c == '\\')
			return ERR_MALFORMED;
	}
	struct str rest = path, segment;
	while (str_cut(&rest, '/', &segment)) {
		if (str_equal(segment, STR(".")) || str_equal(segment, STR("..")))
			return ERR_MALFORMED;
	}
	*out = path;
	return ERR_OK;
}

bool http_query_next(struct str *rest, struct str *name, struct str *value)
{
	struct str part;

	while (str_cut(rest, '&', &part)) {
		if (part.size == 0)
			continue;
		size_t equals = str_index(part, '=');
		*name = (struct str){ part.at, equals };
		*value = str_from(part, equals + 1);
		return true;
	}
	return false;
}

enum err http_query_get(struct str query, const char *name, struct arena *arena, struct str *out)
{
	struct str found, value, wanted = str_of(name);

	while (http_query_next(&query, &found, &value)) {
		/* A name that needs decoding is compared decoded; ours never do. */
		enum err err = http_url_decode(found, true, arena, &found);
		if (err != ERR_OK)
			return err;
		if (str_equal(found, wanted))
			return http_url_decode(value, true, arena, out);
	}
	return ERR_NOT_FOUND;
}

void http_url_encode(struct str text, const char *kept, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = (uint8_t)text.at[i];
		if (str_is_word((struct str){ text.at + i, 1 }, "-._~") ||
		    (c != 0 && strchr(kept, c))) {
			buf_add_u8(out, c);
			continue;
		}
		buf_add_u8(out, '%');
		buf_add_u8(out, (uint8_t)digits[c >> 4]);
		buf_add_u8(out, (uint8_t)digits[c & 15]);
	}
}
