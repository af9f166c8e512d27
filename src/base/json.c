/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

/* The end of the string that starts at text.at[i] == '"': the position behind its closing quote,
 * or text.size + 1 when it has none. */
static size_t string_end(struct str text, size_t i)
{
	for (i++; i < text.size; i++) {
		if (text.at[i] == '\\')
			i++;
		else if (text.at[i] == '"')
			return i + 1;
	}
	return text.size + 1;
}

/* jansson recurses, so the depth is counted here, where nothing recurses. */
static enum err check_depth(struct str text)
{
	int depth = 0;

	for (size_t i = 0; i < text.size; i++) {
		char c = text.at[i];
		if (c == '"')
			i = string_end(text, i) - 1;
		else if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return ERR_TOO_LARGE;
	}
	return ERR_OK;
}

enum err json_read(struct str text, json_t **out, struct why *why)
{
	json_error_t error;

	if (text.size > JSON_SIZE_MAX)
		return why_set(why, ERR_TOO_LARGE, "JSON of %zu bytes is over %d", text.size,
		               JSON_SIZE_MAX);
	if (check_depth(text) != ERR_OK)
		return why_set(why, ERR_TOO_LARGE, "JSON is nested deeper than %d", JSON_DEPTH_MAX);
	json_t *json = json_loadb(text.at ? text.at : "", text.size,
	                          JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!json)
		return why_set(why, ERR_MALFORMED, "JSON: line %d, column %d: %s", error.line,
		               error.column, error.text);
	*out = json;
	return ERR_OK;
}

static int add_part(const char *part, size_t size, void *owner)
{
	buf_add(owner, part, size);
	return 0;
}

enum err json_write(const json_t *json, struct buf *out)
{
	if (json_dump_callback(json, add_part, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		return ERR_NO_MEMORY;
	return buf_err(out);
}

static size_t skip_space(struct str text, size_t i)
{
	while (i < text.size && strchr(" \t\r\n", text.at[i]) && text.at[i])
		i++;
	return i;
}

/* The end of the value that starts at `i`. */
static size_t value_end(struct str text, size_t i)
{
	int depth = 0;

	for (; i < text.size; i++) {
		char c = text.at[i];
		if (c == '"') {
			i = string_end(text, i) - 1;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth-- == 0)
				return i;
		} else if (c == ',' && depth == 0) {
			return i;
		}
	}
	return text.size;
}

struct str json_raw_member(struct str text, struct str name)
{
	size_t i = skip_space(text, 0);

	if (i >= text.size || text.at[i] != '{')
		return (struct str){ 0 };
	for (i++;;) {
		i = skip_space(text, i);
		if (i >= text.size || text.at[i] != '"')
			return (struct str){ 0 };
		size_t end = string_end(text, i);
		if (end > text.size)
			return (struct str){ 0 };
		struct str key = { text.at + i + 1, end - i - 2 };
		i = skip_space(text, end);
		if (i >= text.size || text.at[i] != ':')
			return (struct str){ 0 };
		i = skip_space(text, i + 1);
		end = value_end(text, i);
		if (end > text.size)
			return (struct str){ 0 };
		if (str_equal(key, name)) {
			struct str value = { text.at + i, end - i };
			while (value.size && strchr(" \t\r\n", value.at[value.size - 1]))
				value.size--;
			return value;
		}
		if (end >= text.size || text.at[end] != ',')
			return (struct str){ 0 };
		i = end + 1;
	}
}

struct str json_member_str(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	return (struct str){ json_string_value(member), json_string_length(member) };
}

int64_t json_member_i64(const json_t *object, const char *name, int64_t fallback)
{
	const json_t *member = json_object_get(object, name);

	return json_is_integer(member) ? (int64_t)json_integer_value(member) : fallback;
}

void json_add_quoted(struct buf *out, struct str text)
{
	size_t plain = 0;

	buf_add(out, "\"", 1);
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(out, text.at + plain, i - plain);
		if (c < 0x20)
			buf_printf(out, "\\u%04x", c);
		else
			buf_printf(out, "\\%c", c);
		plain = i + 1;
	}
	if (text.size > plain)
		buf_add(out, text.at + plain, text.size - plain);
	buf_add(out, "\"", 1);
}
