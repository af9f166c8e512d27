/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/action/action_field.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "domain/action/action_field_private.h"
#include "domain/reason.h"

#define DATE_MOST_MS INT64_C(253402300799999) /* the last of the year 9999 */
#define MINUTES_DAY  (24 * 60)

struct str field_cut(struct str text, size_t most)
{
	if (text.size <= most)
		return text;
	/* Back to before the first byte of the character that does not fit. */
	while (most > 0 && ((unsigned char)text.at[most] & 0xc0) == 0x80)
		most--;
	return (struct str){ text.at, most };
}

size_t field_path_push(struct field_path *path, const char *name)
{
	size_t before = path->size;
	const char *dot = before && name[0] != '[' ? "." : "";
	size_t room = sizeof path->text - 1 - before;
	struct str fits = field_cut(str_of(name), room > strlen(dot) ? room - strlen(dot) : 0);

	if (fits.size > 0)
		path->size += (size_t)snprintf(path->text + before, room + 1, "%s%.*s", dot,
		                               STR_ARG(fits));
	return before;
}

void field_path_pop(struct field_path *path, size_t size)
{
	path->size = size;
	path->text[size] = 0;
}

enum err field_refuse(const struct field_path *path, struct why *why, const char *format, ...)
{
	char words[WHY_TEXT_MAX - WHY_FIELD_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof words, format, args);
	va_end(args);
	return why_set_reason(why, ERR_INVALID, REASON_INVALID_ACTION, path->text, "%s: %s",
	                      path->text, words);
}

static struct str text_of(const json_t *value)
{
	return (struct str){ json_string_value(value), json_string_length(value) };
}

static bool is_choice(const struct field *field, struct str text)
{
	for (size_t i = 0; i < FIELD_CHOICES_MAX && field->choices[i]; i++)
		if (str_equal(text, str_of(field->choices[i])))
			return true;
	return false;
}

static enum err refuse_choice(const struct field *field, const struct field_path *path,
                              struct why *why)
{
	char list[WHY_TEXT_MAX] = "";
	size_t size = 0;

	for (size_t i = 0; i < FIELD_CHOICES_MAX && field->choices[i]; i++)
		size += (size_t)snprintf(list + size, sizeof list - size, "%s%s", i ? ", " : "",
		                         field->choices[i]);
	return field_refuse(path, why, "must be one of %s", list);
}

static enum err read_int(const struct field *field, const json_t *value, struct field_path *path,
                         struct buf *out, struct why *why)
{
	long long number = json_integer_value(value);
	char text[24];

	if (!json_is_integer(value))
		return field_refuse(path, why, "must be a whole number");
	(void)snprintf(text, sizeof text, "%lld", number);
	if (field->choices[0] && !is_choice(field, str_of(text)))
		return refuse_choice(field, path, why);
	if ((double)number < field->least || (double)number > field->most)
		return field_refuse(path, why, "%s is not in %.15g..%.15g", text, field->least,
		                    field->most);
	buf_add_text(out, text);
	return ERR_OK;
}

static enum err read_number(const struct field *field, const json_t *value, struct field_path *path,
                            struct buf *out, struct why *why)
{
	double number = json_number_value(value);

	if (!json_is_number(value))
		return field_refuse(path, why, "must be a number");
	if (number < field->least || number > field->most)
		return field_refuse(path, why, "%.6g is not in %.15g..%.15g", number, field->least,
		                    field->most);
	buf_printf(out, "%.6g", number);
	return ERR_OK;
}

static enum err read_bool(const struct field *field, const json_t *value, struct field_path *path,
                          struct buf *out, struct why *why)
{
	if (!json_is_boolean(value))
		return field_refuse(path, why, "must be true or false");
	buf_add_text(out, json_is_true(value) ? "true" : "false");
	return ERR_OK;
}

static enum err read_mark(const struct field *field, const json_t *value, struct field_path *path,
                          struct buf *out, struct why *why)
{
	if (!json_is_true(value) && !(json_is_object(value) && json_object_size(value) == 0))
		return field_refuse(path, why, "must be true");
	buf_add_text(out, "true");
	return ERR_OK;
}

static enum err read_text(const struct field *field, const json_t *value, struct field_path *path,
                          struct buf *out, struct why *why)
{
	struct str text = text_of(value);
	size_t characters = 0;

	if (!json_is_string(value))
		return field_refuse(path, why, "must be a text");
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if (c < 0x20 || c == 0x7f)
			return field_refuse(path, why, "must not hold control characters");
		characters += (c & 0xc0) != 0x80;
	}
	if ((double)characters < field->least || (double)characters > field->most)
		return field_refuse(path, why, "%zu characters are not in %.15g..%.15g", characters,
		                    field->least, field->most);
	json_add_quoted(out, text);
	return ERR_OK;
}

static enum err read_choice(const struct field *field, const json_t *value, struct field_path *path,
                            struct buf *out, struct why *why)
{
	if (!json_is_string(value) || !is_choice(field, text_of(value)))
		return refuse_choice(field, path, why);
	json_add_quoted(out, text_of(value));
	return ERR_OK;
}

enum err field_date(const json_t *value, int64_t *out_ms)
{
	int64_t ms = json_integer_value(value);

	if (json_is_string(value)) {
		if (str_to_i64(text_of(value), 0, DATE_MOST_MS, &ms) != ERR_OK &&
		    clock_parse(text_of(value), &ms) != ERR_OK)
			return ERR_INVALID;
	} else if (!json_is_integer(value)) {
		return ERR_INVALID;
	}
	if (ms < 0 || ms > DATE_MOST_MS)
		return ERR_INVALID;
	*out_ms = ms;
	return ERR_OK;
}

static enum err read_date(const struct field *field, const json_t *value, struct field_path *path,
                          struct buf *out, struct why *why)
{
	int64_t ms;

	if (field_date(value, &ms) != ERR_OK)
		return field_refuse(path, why,
		                    "must be milliseconds since 1970 or an ISO 8601 time");
	buf_printf(out, "%lld", (long long)ms);
	return ERR_OK;
}

static enum err read_time(const struct field *field, const json_t *value, struct field_path *path,
                          struct buf *out, struct why *why)
{
	struct str text = text_of(value);
	int64_t hours = 0, minutes = 0;
	bool is_time = text.size == 5 && text.at[2] == ':' &&
	               str_to_i64((struct str){ text.at, 2 }, 0, 24, &hours) == ERR_OK &&
	               str_to_i64(str_from(text, 3), 0, 59, &minutes) == ERR_OK;

	if (!is_time || hours * 60 + minutes > MINUTES_DAY)
		return field_refuse(path, why, "must be a time HH:MM, 00:00 to 24:00");
	json_add_quoted(out, text);
	return ERR_OK;
}

static enum err read_url(const struct field *field, const json_t *value, struct field_path *path,
                         struct buf *out, struct why *why)
{
	struct str text = text_of(value), host = { 0 };

	for (size_t i = 0; i < FIELD_CHOICES_MAX && field->choices[i]; i++)
		if (str_starts(text, str_of(field->choices[i])))
			host = str_from(text, strlen(field->choices[i]));
	if (host.size == 0 || host.at[0] == '/')
		return field_refuse(path, why, "must be an address that begins with %s or %s",
		                    field->choices[0], field->choices[1]);
	if ((double)text.size > field->most)
		return field_refuse(path, why, "%zu bytes are over %.15g", text.size, field->most);
	for (size_t i = 0; i < text.size; i++)
		if (text.at[i] <= 0x20 || text.at[i] >= 0x7f)
			return field_refuse(path, why,
			                    "must not hold spaces or unescaped characters");
	json_add_quoted(out, text);
	return ERR_OK;
}

typedef enum err read_fn(const struct field *field, const json_t *value, struct field_path *path,
                         struct buf *out, struct why *why);

enum err field_read(const struct field *field, const json_t *value, struct field_path *path,
                    struct buf *out, struct why *why)
{
	static read_fn *const readers[] = {
		[FIELD_OBJECT] = field_read_object,
		[FIELD_LIST] = field_read_list,
		[FIELD_INT] = read_int,
		[FIELD_NUMBER] = read_number,
		[FIELD_BOOL] = read_bool,
		[FIELD_MARK] = read_mark,
		[FIELD_TEXT] = read_text,
		[FIELD_CHOICE] = read_choice,
		[FIELD_DATE] = read_date,
		[FIELD_TIME] = read_time,
		[FIELD_URL] = read_url,
	};

	return readers[field->type](field, value, path, out, why);
}
