/* SPDX-License-Identifier: Apache-2.0 */
#include "base/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define PLACE_MAX 160

/* In the order of their rank. */
enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };

struct reader {
	const struct settings_table *table;
	void *out;
	struct why *why;
	enum source from[SETTINGS_ROWS_MAX]; /* where each row's value came from */
};

static void *member_of(const struct setting *row, void *out)
{
	return (char *)out + row->offset;
}

static struct settings_list *list_of(const struct setting *row, void *out)
{
	return (struct settings_list *)member_of(row, out);
}

static void list_clear(struct settings_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	list->count = 0;
}

void settings_done(const struct settings_table *table, void *out)
{
	for (size_t i = 0; i < table->row_count; i++) {
		const struct setting *row = &table->rows[i];
		if (row->type == SETTING_LIST)
			list_clear(list_of(row, out));
		if (row->type != SETTING_TEXT)
			continue;
		free(*(char **)member_of(row, out));
		*(char **)member_of(row, out) = NULL;
	}
}

void settings_flag_name(const char *name, char out[SETTINGS_NAME_MAX])
{
	(void)snprintf(out, SETTINGS_NAME_MAX, "--%s", name);
	for (char *c = out; *c; c++) {
		if (*c == '.' || *c == '_')
			*c = '-';
	}
}

static void environment_name(const char *prefix, const char *name, char out[SETTINGS_NAME_MAX])
{
	(void)snprintf(out, SETTINGS_NAME_MAX, "%s%s", prefix, name);
	for (char *c = out; *c; c++) {
		if (*c == '.')
			*c = '_';
		else if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	}
}

/* The values. `place` is what an error starts with: a flag, a variable, or a file's line. */

static enum err set_text(const struct setting *row, void *out, struct str value)
{
	char *copy = str_dup(value);

	if (!copy)
		return ERR_NO_MEMORY;
	free(*(char **)member_of(row, out));
	*(char **)member_of(row, out) = copy;
	return ERR_OK;
}

static enum err set_int(const struct setting *row, void *out, struct str value, const char *place,
                        struct why *why)
{
	int64_t number = SETTINGS_AUTO;
	bool may_be_auto = row->type == SETTING_AUTO;

	if (!(may_be_auto && str_equal(value, STR("auto"))) &&
	    str_to_i64(value, row->least, row->most, &number) != ERR_OK)
		return why_set(why, ERR_INVALID, "%s: %.*s is not %sin %" PRId64 "..%" PRId64,
		               place, STR_ARG(value), may_be_auto ? "auto or " : "", row->least,
		               row->most);
	*(int64_t *)member_of(row, out) = number;
	return ERR_OK;
}

static enum err set_bool(const struct setting *row, void *out, struct str value, const char *place,
                         struct why *why)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (!str_equal_nocase(value, str_of(words[i])))
			continue;
		*(bool *)member_of(row, out) = i % 2 == 1;
		return ERR_OK;
	}
	return why_set(why, ERR_INVALID, "%s: %.*s is not yes or no", place, STR_ARG(value));
}

static enum err set_choice(const struct setting *row, void *out, struct str value,
                           const char *place, struct why *why)
{
	struct str rest = str_of(row->shape), word;

	for (int i = 0; str_cut(&rest, '|', &word); i++) {
		if (!str_equal(value, word))
			continue;
		*(int *)member_of(row, out) = i;
		return ERR_OK;
	}
	return why_set(why, ERR_INVALID, "%s: %.*s is not one of %s", place, STR_ARG(value),
	               row->shape);
}

static enum err add_items(const struct setting *row, void *out, struct str value, const char *place,
                          struct why *why)
{
	struct settings_list *list = list_of(row, out);
	struct str item;

	while (str_cut(&value, ',', &item)) {
		item = str_trim(item);
		if (item.size == 0)
			continue;
		if (list->count == SETTINGS_LIST_MAX)
			return why_set(why, ERR_TOO_LARGE, "%s: more than %d values", place,
			               SETTINGS_LIST_MAX);
		if (!(list->items[list->count] = str_dup(item)))
			return ERR_NO_MEMORY;
		list->count++;
	}
	return ERR_OK;
}

static enum err set_value(struct reader *reader, const struct setting *row, enum source source,
                          struct str value, const char *place)
{
	enum source *from = &reader->from[row - reader->table->rows];

	if (value.size > SETTINGS_TEXT_MAX)
		return why_set(reader->why, ERR_TOO_LARGE, "%s: more than %d characters", place,
		               SETTINGS_TEXT_MAX);
	/* A list of higher rank replaces the one below; of the same rank it goes on. */
	if (row->type == SETTING_LIST && *from != source)
		list_clear(list_of(row, reader->out));
	*from = source;
	switch (row->type) {
	case SETTING_TEXT: return set_text(row, reader->out, value);
	case SETTING_INT:
	case SETTING_AUTO: return set_int(row, reader->out, value, place, reader->why);
	case SETTING_BOOL: return set_bool(row, reader->out, value, place, reader->why);
	case SETTING_CHOICE: return set_choice(row, reader->out, value, place, reader->why);
	case SETTING_LIST: return add_items(row, reader->out, value, place, reader->why);
	}
	return ERR_INTERNAL;
}

/* The sources. */

static bool is_config(const struct setting *row)
{
	return strcmp(row->name, "config") == 0;
}

static bool is_flag_only(const struct setting *row)
{
	return is_config(row) || strcmp(row->name, "check") == 0;
}

static enum err read_defaults(struct reader *reader)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < reader->table->row_count && err == ERR_OK; i++) {
		const struct setting *row = &reader->table->rows[i];
		err = set_value(reader, row, SOURCE_DEFAULT, str_of(row->fallback), row->name);
	}
	return err;
}

static const char *variable(char *const *environment, const char *name)
{
	size_t size = strlen(name);

	for (; *environment; environment++) {
		if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=')
			return *environment + size + 1;
	}
	return NULL;
}

/* Only the row "config", or all others: the file lies between them in rank. */
static enum err read_environment(struct reader *reader, char *const *environment, bool config)
{
	char name[SETTINGS_NAME_MAX];
	enum err err = ERR_OK;

	for (size_t i = 0; i < reader->table->row_count && err == ERR_OK; i++) {
		const struct setting *row = &reader->table->rows[i];
		environment_name(reader->table->prefix, row->name, name);
		const char *value = environment ? variable(environment, name) : NULL;
		if (value && is_config(row) == config)
			err = set_value(reader, row, SOURCE_ENVIRONMENT, str_of(value), name);
	}
	return err;
}

static const struct setting *row_of_flag(const struct settings_table *table, struct str flag)
{
	char name[SETTINGS_NAME_MAX];

	for (size_t i = 0; i < table->row_count; i++) {
		settings_flag_name(table->rows[i].name, name);
		if (str_equal(flag, str_of(name)))
			return &table->rows[i];
	}
	return NULL;
}

/* One flag of argv[*at], with its value where it takes one; moves *at to its last word. */
static enum err read_flag(struct reader *reader, int argc, char *const *argv, int *at, bool config)
{
	struct str value = str_of(argv[*at]), flag;
	char place[SETTINGS_NAME_MAX];

	(void)str_cut(&value, '=', &flag);
	const struct setting *row = row_of_flag(reader->table, flag);
	if (!row)
		return why_set(reader->why, ERR_INVALID, "%.*s is unknown; see --help",
		               STR_ARG(flag));
	settings_flag_name(row->name, place);
	if (!value.at && row->type == SETTING_BOOL) {
		value = STR("yes");
	} else if (!value.at) {
		if (*at + 1 >= argc || strncmp(argv[*at + 1], "--", 2) == 0)
			return why_set(reader->why, ERR_INVALID, "%s: needs a value: %s", place,
			               row->shape);
		value = str_of(argv[++*at]);
	}
	if (is_config(row) != config)
		return ERR_OK;
	return set_value(reader, row, SOURCE_FLAG, value, place);
}

static enum err read_flags(struct reader *reader, int argc, char *const *argv, bool config)
{
	enum err err = ERR_OK;

	for (int at = 1; at < argc && err == ERR_OK; at++)
		err = read_flag(reader, argc, argv, &at, config);
	return err;
}

static const struct setting *row_of_name(const struct settings_table *table, struct str name)
{
	for (size_t i = 0; i < table->row_count; i++) {
		if (str_equal(name, str_of(table->rows[i].name)))
			return &table->rows[i];
	}
	return NULL;
}

static enum err read_line(struct reader *reader, struct str line, const char *path, int number)
{
	char place[PLACE_MAX];
	struct str name;

	if (line.size && line.at[line.size - 1] == '\r')
		line.size--;
	line = str_trim(line);
	if (line.size == 0 || line.at[0] == '#')
		return ERR_OK;
	bool has_value = str_index(line, '=') < line.size;
	(void)str_cut(&line, '=', &name);
	name = str_trim(name);
	(void)snprintf(place, sizeof place, "%s:%d: %.*s", path, number, STR_ARG(name));

	const struct setting *row = row_of_name(reader->table, name);
	if (!row)
		return why_set(reader->why, ERR_INVALID, "%s: is unknown; see --example", place);
	if (!has_value)
		return why_set(reader->why, ERR_INVALID, "%s: has no '='", place);
	if (is_flag_only(row))
		return why_set(reader->why, ERR_INVALID, "%s: cannot stand in a file", place);
	if (reader->from[row - reader->table->rows] == SOURCE_FILE && row->type != SETTING_LIST)
		return why_set(reader->why, ERR_INVALID, "%s: is set twice", place);
	return set_value(reader, row, SOURCE_FILE, str_trim(line), place);
}

static enum err load(const char *path, struct buf *text, struct why *why)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return why_set(why, err_from_errno(errno), "%s: %s", path, strerror(errno));
	uint8_t *at = buf_reserve(text, SETTINGS_FILE_MAX + 1);
	if (at)
		buf_grew(text, fread(at, 1, SETTINGS_FILE_MAX + 1, file));
	bool is_broken = ferror(file);
	(void)fclose(file);
	if (is_broken)
		return why_set(why, ERR_IO, "%s: cannot be read", path);
	if (text->size > SETTINGS_FILE_MAX)
		return why_set(why, ERR_TOO_LARGE, "%s: more than %d bytes", path,
		               SETTINGS_FILE_MAX);
	return buf_err(text);
}

static enum err read_lines(struct reader *reader, struct str text, const char *path)
{
	enum err err = ERR_OK;
	struct str line;

	for (int number = 1; err == ERR_OK && str_cut(&text, '\n', &line); number++)
		err = read_line(reader, line, path, number);
	return err;
}

static enum err read_file(struct reader *reader)
{
	const struct setting *row = row_of_name(reader->table, STR("config"));
	const char *path = row ? *(char **)member_of(row, reader->out) : "";
	AUTO_BUF text = { 0 };

	if (path[0] == '\0')
		return ERR_OK;
	buf_init(&text, SETTINGS_FILE_MAX + 1);
	enum err err = load(path, &text, reader->why);
	return err == ERR_OK ? read_lines(reader, buf_str(&text), path) : err;
}

enum err settings_read_text(const struct settings_table *table, struct str text, const char *path,
                            void *out, struct why *why)
{
	struct reader reader = { .table = table, .out = out, .why = why };
	enum err err = read_defaults(&reader);

	return err == ERR_OK ? read_lines(&reader, text, path) : err;
}

enum err settings_read(const struct settings_table *table, int argc, char *const *argv,
                       char *const *environment, void *out, struct why *why)
{
	struct reader reader = { .table = table, .out = out, .why = why };
	enum err err;

	if (table->row_count > SETTINGS_ROWS_MAX)
		return ERR_INTERNAL;
	if ((err = read_defaults(&reader)) != ERR_OK ||
	    (err = read_environment(&reader, environment, true)) != ERR_OK ||
	    (err = read_flags(&reader, argc, argv, true)) != ERR_OK ||
	    (err = read_file(&reader)) != ERR_OK ||
	    (err = read_environment(&reader, environment, false)) != ERR_OK)
		return err;
	return read_flags(&reader, argc, argv, false);
}
