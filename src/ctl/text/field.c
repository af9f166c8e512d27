/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/text/field.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"

#define NAMES_MAX 120 /* characters of a list of names inside a why */

/* As much of a str as a why can hold, for "%.*s". */
#define SHOWN(s) (int)((s).size > 40 ? 40 : (s).size), (s).at

typedef enum err (*read_fn)(struct str text, const json_t *field, json_t **out, struct why *why);

/* jansson gives NULL when memory is short. */
static enum err give(json_t *json, json_t **out)
{
	if (!json)
		return ERR_NO_MEMORY;
	*out = json;
	return ERR_OK;
}

static enum err read_integer(struct str text, const json_t *field, json_t **out, struct why *why)
{
	int64_t least = json_member_i64(field, "least", INT64_MIN);
	int64_t most = json_member_i64(field, "most", INT64_MAX);
	int64_t value = 0;

	if (str_to_i64(text, INT64_MIN, INT64_MAX, &value) != ERR_OK)
		return why_set(why, ERR_INVALID, "'%.*s' is not a whole number", SHOWN(text));
	if (value < least || value > most)
		return why_set(why, ERR_INVALID, "%lld is not in %lld..%lld", (long long)value,
		               (long long)least, (long long)most);
	return give(json_integer(value), out);
}

static enum err read_json(struct str text, const json_t *field, json_t **out, struct why *why)
{
	(void)field;
	return json_read(text, out, why);
}

static enum err read_number(struct str text, const json_t *field, json_t **out, struct why *why)
{
	json_t *json = NULL;
	int64_t whole = 0;

	if (str_to_i64(text, INT64_MIN, INT64_MAX, &whole) == ERR_OK)
		return read_integer(text, field, out, why);
	if (json_read(text, &json, NULL) != ERR_OK || !json_is_number(json)) {
		json_decref(json);
		return why_set(why, ERR_INVALID, "'%.*s' is not a number", SHOWN(text));
	}
	*out = json;
	return ERR_OK;
}

static enum err read_boolean(struct str text, const json_t *field, json_t **out, struct why *why)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };

	(void)field;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_equal_nocase(text, str_of(words[i])))
			return give(json_boolean(i % 2), out);
	return why_set(why, ERR_INVALID, "'%.*s' is neither true nor false", SHOWN(text));
}

static enum err read_text(struct str text, const json_t *field, json_t **out, struct why *why)
{
	if (!str_is_utf8(text))
		return why_set(why, ERR_INVALID, "the text is not UTF-8");
	if (text.size > (uint64_t)json_member_i64(field, "most", INT64_MAX))
		return why_set(why, ERR_INVALID, "the text has %zu bytes, at most %lld are allowed",
		               text.size, (long long)json_member_i64(field, "most", 0));
	return give(json_stringn(text.at, text.size), out);
}

/* Milliseconds since 1970, or RFC 3339. */
static enum err read_time(struct str text, const json_t *field, json_t **out, struct why *why)
{
	int64_t ms = 0;

	if (clock_parse(text, &ms) == ERR_OK)
		return give(json_integer(ms), out);
	return read_integer(text, field, out, why);
}

static enum err read_guess(struct str text, const json_t *field, json_t **out, struct why *why)
{
	if (json_read(text, out, NULL) == ERR_OK)
		return ERR_OK;
	return read_text(text, NULL, out, why);
}

/* clang-format off */
static const struct {
	const char *type;
	read_fn read;
} types[] = {
	{ "integer", read_integer },
	{ "int",     read_integer },
	{ "number",  read_number },
	{ "boolean", read_boolean },
	{ "bool",    read_boolean },
	{ "string",  read_text },
	{ "text",    read_text },
	{ "url",     read_text },
	{ "time",    read_time },
	{ "object",  read_json },
	{ "array",   read_json },
	{ "json",    read_json },
};
/* clang-format on */

enum err field_value(struct str text, const json_t *field, json_t **out, struct why *why)
{
	struct str type = json_member_str(field, "type");

	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (str_equal(type, str_of(types[i].type)))
			return types[i].read(text, field, out, why);
	return read_guess(text, field, out, why);
}

static const json_t *find(const json_t *rows, struct str name)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		if (str_equal(json_member_str(row, "name"), name))
			return row;
	}
	return NULL;
}

/* "a, b, c" of the rows' names, as much as fits. */
static void list_names(const json_t *rows, char out[NAMES_MAX])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(rows); i++) {
		struct str name = json_member_str(json_array_get(rows, i), "name");
		if (used + name.size + 6 > NAMES_MAX) {
			(void)snprintf(out + used, NAMES_MAX - used, "...");
			return;
		}
		used += (size_t)snprintf(out + used, NAMES_MAX - used, "%s%.*s", i ? ", " : "",
		                         STR_ARG(name));
	}
}

static enum err add_word(const char *word, const json_t *fields, json_t *into, struct why *why)
{
	struct str text = str_of(word);
	size_t equals = str_index(text, '=');
	struct str name = { text.at, equals };
	const json_t *field = find(fields, name);
	char names[NAMES_MAX];
	json_t *value = NULL;

	if (equals == text.size || equals == 0)
		return why_set(why, ERR_INVALID, "'%.60s' is not of the form FIELD=VALUE", word);
	list_names(fields, names);
	if (!field && json_array_size(fields))
		return why_set(why, ERR_INVALID, "there is no field '%.*s'; fields: %s",
		               SHOWN(name), names);
	struct str rest = { text.at + equals + 1, text.size - equals - 1 };
	struct why inner = { 0 };
	enum err err = field_value(rest, field, &value, &inner);
	if (err != ERR_OK)
		return why_set(why, err, "%.*s: %.140s", SHOWN(name), inner.text);
	if (json_object_setn_new(into, name.at, name.size, value) != 0)
		return ERR_NO_MEMORY;
	return ERR_OK;
}

static enum err check_required(const json_t *fields, const json_t *given, struct why *why)
{
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);
		const char *name = json_string_value(json_object_get(field, "name"));
		if (!name || !json_is_true(json_object_get(field, "required")))
			continue;
		if (!json_object_get(given, name))
			return why_set(why, ERR_INVALID, "the field '%.60s' is required", name);
	}
	return ERR_OK;
}

/* {"ptz":{"start":inner}} for "ptz.start"; takes `inner`. */
static json_t *wrap(struct str name, json_t *inner)
{
	while (inner && name.size) {
		size_t dot = name.size;
		while (dot > 0 && name.at[dot - 1] != '.')
			dot--;
		json_t *outer = json_object();
		if (json_object_setn_new(outer, name.at + dot, name.size - dot, inner) != 0) {
			json_decref(outer);
			return NULL;
		}
		inner = outer;
		name.size = dot ? dot - 1 : 0;
	}
	return inner;
}

/* Reading settings names them in a list: {"read":["config"]}; writing has them inside. The table
 * of the server may call the two either way round. */
static const struct {
	const char *name;
	const char *path; /* NULL: the list */
} settings[] = {
	{ "read", NULL },
	{ "read.config", NULL },
	{ "config.read", NULL },
	{ "write", "write.config" },
	{ "config.write", "write.config" },
};

/* Takes `inner`. */
static json_t *shape(struct str name, json_t *inner)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		if (!str_equal(name, str_of(settings[i].name)))
			continue;
		if (settings[i].path)
			return wrap(str_of(settings[i].path), inner);
		json_decref(inner);
		return json_pack("{s:[s]}", "read", "config");
	}
	return wrap(name, inner);
}

enum err field_action(struct str name, const json_t *actions, const char *const *words,
                      size_t count, json_t **out, struct why *why)
{
	const json_t *action = find(actions, name);
	const json_t *fields = json_object_get(action, "fields");
	char names[NAMES_MAX];

	list_names(actions, names);
	if (!action)
		return why_set(why, ERR_NOT_FOUND, "there is no action '%.*s'; actions: %s",
		               SHOWN(name), names);
	AUTO_JSON inner = json_object();
	for (size_t i = 0; inner && i < count; i++) {
		enum err err = add_word(words[i], fields, inner, why);
		if (err != ERR_OK)
			return err;
	}
	enum err err = check_required(fields, inner, why);
	if (err != ERR_OK)
		return err;
	return give(shape(name, json_incref(inner)), out);
}
