/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rtmp/target.h"

#include <string.h>

#include "base/mem.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One character of `from`, decoded; -1 if its escape is broken. */
static int decode_one(struct str *from)
{
	int high, low, c = (unsigned char)from->at[0];

	if (c != '%') {
		*from = str_from(*from, 1);
		return c;
	}
	if (from->size < 3)
		return -1;
	high = hex_value(from->at[1]);
	low = hex_value(from->at[2]);
	*from = str_from(*from, 3);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static enum err decode(struct str from, char *to, size_t room)
{
	size_t size = 0;

	while (from.size) {
		int c = decode_one(&from);
		if (c < 0x20 || c == 0x7F)
			return ERR_MALFORMED;
		if (size + 1 == room)
			return ERR_TOO_LARGE;
		to[size++] = (char)c;
	}
	to[size] = 0;
	return ERR_OK;
}

/* Cuts `?query` off; the query is empty if there is none. */
static struct str cut_query(struct str *text)
{
	size_t at = str_index(*text, '?');
	struct str query = str_from(*text, at + 1);

	text->size = at;
	return query;
}

/* Leaves `to` as it is when the query has no token. */
static enum err find_token(struct str query, char *to)
{
	struct str part, key;

	while (str_cut(&query, '&', &part)) {
		struct str value = part;
		if (str_cut(&value, '=', &key) && str_equal(key, STR("token")) && value.size)
			return decode(value, to, RTMP_TOKEN_MAX + 1);
	}
	return ERR_OK;
}

static struct str trim_slashes(struct str text)
{
	while (text.size && text.at[0] == '/')
		text = str_from(text, 1);
	while (text.size && text.at[text.size - 1] == '/')
		text.size--;
	return text;
}

enum err rtmp_target_set_app(struct rtmp_target *target, struct str app, struct str tc_url)
{
	*target = (struct rtmp_target){ 0 };
	struct str app_query = cut_query(&app);
	struct str url_query = cut_query(&tc_url);

	enum err err = decode(trim_slashes(app), target->app, sizeof target->app);
	if (err == ERR_OK)
		err = find_token(app_query, target->connect_token);
	if (err == ERR_OK)
		err = find_token(url_query, target->connect_token);
	return err;
}

enum err rtmp_target_set_name(struct rtmp_target *target, struct str name)
{
	struct str query = cut_query(&name);

	memcpy(target->token, target->connect_token, sizeof target->token);
	enum err err = decode(trim_slashes(name), target->name, sizeof target->name);
	if (err == ERR_OK)
		err = find_token(query, target->token);
	if (err != ERR_OK)
		return err;
	size_t app_size = strlen(target->app), name_size = strlen(target->name);
	char *to = target->path;
	memcpy(to, target->app, app_size);
	to += app_size;
	if (app_size && name_size)
		*to++ = '/';
	memcpy(to, target->name, name_size + 1);
	return ERR_OK;
}
