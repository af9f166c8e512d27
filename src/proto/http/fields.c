/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http/fields.h"

/* One "first-last", "first-" or "-suffix". ERR_MALFORMED, or ERR_INVALID when it is well-formed
 * but lies outside. */
static enum err read_one(struct str text, uint64_t size, struct http_range *out)
{
	size_t dash = str_index(text, '-');
	struct str left = { text.at, dash }, right = str_from(text, dash + 1);
	uint64_t first = 0, last = 0;

	if (dash == text.size || (left.size == 0 && right.size == 0))
		return ERR_MALFORMED;
	if (left.size && str_to_u64(left, INT64_MAX, &first) != ERR_OK)
		return ERR_MALFORMED;
	if (right.size && str_to_u64(right, INT64_MAX, &last) != ERR_OK)
		return ERR_MALFORMED;
	if (left.size == 0) {
		if (last == 0 || size == 0)
			return ERR_INVALID;
		*out = (struct http_range){ last < size ? size - last : 0, size - 1 };
		return ERR_OK;
	}
	if (right.size && last < first)
		return ERR_MALFORMED;
	if (first >= size)
		return ERR_INVALID;
	*out = (struct http_range){ first, right.size && last < size ? last : size - 1 };
	return ERR_OK;
}

enum err http_range_read(struct str field, uint64_t size, struct http_range out[HTTP_RANGES_MAX],
                         size_t *out_count)
{
	struct http_range ranges[HTTP_RANGES_MAX];
	struct str rest = field, part;
	size_t seen = 0, count = 0;

	if (field.size < 6 || !str_equal_nocase((struct str){ field.at, 6 }, STR("bytes=")))
		return ERR_NOT_FOUND;
	rest = str_from(field, 6);
	while (str_cut(&rest, ',', &part)) {
		part = str_trim(part);
		if (++seen > HTTP_RANGES_MAX)
			return ERR_NOT_FOUND;
		enum err err = read_one(part, size, &ranges[count]);
		if (err == ERR_MALFORMED)
			return ERR_NOT_FOUND;
		count += err == ERR_OK;
	}
	if (count == 0)
		return seen ? ERR_INVALID : ERR_NOT_FOUND;
	memcpy(out, ranges, count * sizeof *ranges);
	*out_count = count;
	return ERR_OK;
}

struct str http_cookie_get(struct str field, const char *name)
{
	struct str wanted = str_of(name), part;

	while (str_cut(&field, ';', &part)) {
		part = str_trim(part);
		size_t equals = str_index(part, '=');
		if (equals == part.size || !str_equal((struct str){ part.at, equals }, wanted))
			continue;
		struct str value = str_from(part, equals + 1);
		if (value.size >= 2 && value.at[0] == '"' && value.at[value.size - 1] == '"')
			value = (struct str){ value.at + 1, value.size - 2 };
		return value;
	}
	return (struct str){ 0 };
}

/* Takes a token or a quoted string off the front. */
static enum err take_value(struct str *rest, char *out, size_t room)
{
	bool is_quoted = str_starts(*rest, STR("\""));
	size_t size = 0, at = is_quoted;

	for (; at < rest->size; at++) {
		char c = rest->at[at];
		if (is_quoted ? c == '"' : c == ';' || c == ' ' || c == '\t')
			break;
		if (is_quoted && c == '\\' && ++at < rest->size)
			c = rest->at[at];
		if (c == '\0')
			return ERR_MALFORMED;
		if (size + 1 >= room)
			return ERR_TOO_LARGE;
		out[size++] = c;
	}
	if (is_quoted && at >= rest->size)
		return ERR_MALFORMED;
	out[size] = '\0';
	*rest = str_trim(str_from(*rest, at + is_quoted));
	return ERR_OK;
}

enum err http_param_get(struct str field, const char *name, char *out, size_t room)
{
	char value[HTTP_PARAM_BYTES_MAX];
	struct str rest = str_from(field, str_index(field, ';'));

	while (str_starts(rest, STR(";"))) {
		rest = str_trim(str_from(rest, 1));
		size_t equals = str_index(rest, '=');
		if (equals == rest.size)
			return rest.size ? ERR_MALFORMED : ERR_NOT_FOUND;
		struct str found = { rest.at, equals };
		rest = str_from(rest, equals + 1);
		enum err err = take_value(&rest, value, sizeof value);
		if (err != ERR_OK)
			return err;
		if (str_equal_nocase(found, str_of(name)))
			return str_copy(str_of(value), out, room);
	}
	return rest.size ? ERR_MALFORMED : ERR_NOT_FOUND;
}
