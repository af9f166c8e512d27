/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/text/url.h"

#include <string.h>

static void add_encoded(struct buf *out, struct str text, const char *plain)
{
	for (size_t i = 0; i < text.size; i++) {
		struct str one = { text.at + i, 1 };
		if (text.at[i] && str_is_word(one, plain))
			buf_add_str(out, one);
		else
			buf_printf(out, "%%%02X", (unsigned char)text.at[i]);
	}
}

void url_add_segment(struct buf *out, struct str text)
{
	bool is_dots = str_equal(text, STR(".")) || str_equal(text, STR(".."));

	add_encoded(out, text, is_dots ? "-_~" : "-_~.");
}

void url_add_query(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	bool is_first = !out->size || !memchr(out->at, '?', out->size);
	buf_add_u8(out, is_first ? '?' : '&');
	add_encoded(out, str_of(name), "-_~.");
	buf_add_u8(out, '=');
	add_encoded(out, str_of(value), "-_~.");
}

static struct str after_scheme(struct str url)
{
	if (str_starts(url, STR("http://")))
		return str_from(url, 7);
	if (str_starts(url, STR("https://")))
		return str_from(url, 8);
	return (struct str){ NULL, 0 };
}

enum err url_check_base(struct str url, struct str *out, struct why *why)
{
	while (str_ends(url, STR("/")))
		url.size--;
	struct str rest = after_scheme(url);
	if (rest.size == 0 || rest.at[0] == '/' || rest.at[0] == ':')
		return why_set(why, ERR_INVALID, "a server's address looks like http://HOST:PORT");
	if (str_index(rest, '@') < rest.size)
		return why_set(why, ERR_INVALID, "a server's address holds no user or password");
	for (size_t i = 0; i < rest.size; i++)
		if (rest.at[i] <= ' ' || rest.at[i] == 0x7f || strchr("?#\\\"", rest.at[i]))
			return why_set(why, ERR_INVALID,
			               "character %zu of the address is not allowed",
			               url.size - rest.size + i + 1);
	*out = url;
	return ERR_OK;
}

bool url_is_loopback(struct str url)
{
	struct str host = after_scheme(url);

	if (str_starts(host, STR("[::1]")))
		return true;
	host.size = str_index(host, '/');
	host.size = str_index(host, ':');
	for (size_t i = 0; str_starts(host, STR("127.")); i++) {
		if (i == host.size)
			return true;
		if (!strchr("0123456789.", host.at[i]))
			break;
	}
	return str_equal_nocase(host, STR("localhost"));
}
