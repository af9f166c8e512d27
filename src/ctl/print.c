/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/print.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"

#define INDENT          2
#define NAME_WIDTH_MOST 24 /* values stand below each other behind names up to this long */

enum exit_code print_text(struct str text)
{
	if (text.size && fwrite(text.at, 1, text.size, stdout) != text.size)
		return EXIT_FAILED; /* ctl_main() tells it once, at the end */
	return EXIT_DONE;
}

static enum exit_code print_dump(const json_t *json, size_t flags)
{
	if (json_dumpf(json, stdout, flags | JSON_ENCODE_ANY) != 0 || fputc('\n', stdout) == EOF)
		return EXIT_FAILED;
	return EXIT_DONE;
}

enum exit_code print_json(const json_t *json)
{
	return json ? print_dump(json, JSON_INDENT(2)) : EXIT_DONE;
}

enum exit_code print_json_line(const json_t *json)
{
	return print_dump(json, JSON_COMPACT);
}

static enum exit_code print_buf(const struct buf *text)
{
	if (buf_err(text) != ERR_OK)
		return ctl_fail(EXIT_FAILED, "the result: %s", err_text(buf_err(text)));
	return print_text(buf_str(text));
}

enum exit_code print_table(const struct ctl *ctl, const struct table *table)
{
	AUTO_BUF text = { 0 };

	buf_init(&text, CTL_OUTPUT_MAX);
	enum err err = table_write(table, ctl->width, ctl->has_color, &text);
	if (err != ERR_OK)
		return ctl_fail(EXIT_FAILED, "the table: %s", err_text(err));
	return print_buf(&text);
}

void print_add_scalar(const json_t *json, struct buf *out)
{
	if (json_is_string(json))
		buf_add(out, json_string_value(json), json_string_length(json));
	else if (json && !json_is_null(json))
		(void)json_write(json, out);
}

void print_add_age(struct str then, int64_t now_ms, struct buf *out)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" }, { 1000, "s" } };
	int64_t then_ms = 0;

	if (clock_parse(then, &then_ms) != ERR_OK)
		return;
	int64_t age_ms = now_ms > then_ms ? now_ms - then_ms : 0;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (age_ms < units[i].ms && i + 1 < COUNT_OF(units))
			continue;
		buf_printf(out, "%lld %s", (long long)(age_ms / units[i].ms), units[i].unit);
		return;
	}
}

void print_add_bytes(int64_t bytes, struct buf *out)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	int64_t tenths = bytes * 10;
	size_t unit = 0;

	if (bytes > INT64_MAX / 10)
		tenths = INT64_MAX;
	while (tenths >= 10000 && unit + 1 < COUNT_OF(units)) {
		tenths /= 1000;
		unit++;
	}
	if (unit == 0 || tenths >= 1000)
		buf_printf(out, "%lld %s", (long long)(tenths / 10), units[unit]);
	else
		buf_printf(out, "%lld.%lld %s", (long long)(tenths / 10), (long long)(tenths % 10),
		           units[unit]);
}

static bool is_list_of_objects(const json_t *json)
{
	for (size_t i = 0; i < json_array_size(json); i++)
		if (!json_is_object(json_array_get(json, i)))
			return false;
	return json_array_size(json) > 0;
}

/* The columns are the members of the first row. */
static void add_rows(const struct ctl *ctl, const json_t *rows, int depth, struct buf *out)
{
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t count = 0, indent = (size_t)(depth * INDENT);
	struct table table;
	AUTO_BUF text = { 0 }, cell = { 0 };
	struct str rest, line;

	for (void *at = json_object_iter(json_array_get(rows, 0)); at && count < TABLE_COLUMNS_MAX;
	     at = json_object_iter_next(json_array_get(rows, 0), at))
		columns[count++] = (struct table_column){
			.name = json_object_iter_key(at),
			.is_right = json_is_number(json_object_iter_value(at)),
			.is_pliant = json_is_string(json_object_iter_value(at)),
		};
	if (count == 0)
		return;
	buf_init(&text, CTL_OUTPUT_MAX);
	buf_init(&cell, CTL_OUTPUT_MAX);
	table_init(&table, columns, count);
	for (size_t i = 0; i < json_array_size(rows) * count; i++) {
		const json_t *row = json_array_get(rows, i / count);
		buf_clear(&cell);
		print_add_scalar(json_object_get(row, columns[i % count].name), &cell);
		table_add(&table, buf_str(&cell));
	}
	size_t width = ctl->width > indent ? ctl->width - indent : 0;
	if (table_write(&table, width, false, &text) != ERR_OK)
		out->err = ERR_TOO_LARGE;
	table_done(&table);
	rest = buf_str(&text);
	while (str_cut(&rest, '\n', &line))
		if (line.size)
			buf_printf(out, "%*s%.*s\n", (int)indent, "", STR_ARG(line));
}

/* The longest name whose value stands behind it on the same line. */
static size_t name_width(json_t *json)
{
	size_t most = 0;
	const char *name;
	json_t *value;

	json_object_foreach(json, name, value)
	{
		size_t width = table_text_width(str_of(name));
		bool is_below = json_object_size(value) || is_list_of_objects(value);
		if (!is_below && width > most && width <= NAME_WIDTH_MOST)
			most = width;
	}
	return most;
}

static void add_member(const char *name, const json_t *value, size_t width, struct buf *out)
{
	size_t used = table_text_width(str_of(name));
	AUTO_BUF text = { 0 };

	buf_init(&text, CTL_OUTPUT_MAX);
	print_add_scalar(value, &text);
	table_add_text(out, str_of(name), 0);
	buf_printf(out, "%*s", (int)(used < width ? width - used : 0) + INDENT, "");
	table_add_text(out, text.size ? buf_str(&text) : STR("-"), 0);
	buf_add_u8(out, '\n');
}

/* Below JSON_DEPTH_MAX a value is printed as JSON. */
static void add_members(const struct ctl *ctl, json_t *json, int depth, struct buf *out)
{
	size_t width = name_width(json);
	const char *name;
	json_t *value;

	json_object_foreach(json, name, value)
	{
		bool is_object = json_object_size(value) > 0;
		buf_printf(out, "%*s", depth * INDENT, "");
		if (depth >= JSON_DEPTH_MAX || (!is_object && !is_list_of_objects(value))) {
			add_member(name, value, width, out);
			continue;
		}
		table_add_text(out, str_of(name), 0);
		buf_add_u8(out, '\n');
		if (is_object)
			add_members(ctl, value, depth + 1, out);
		else
			add_rows(ctl, value, depth + 1, out);
	}
}

enum exit_code print_value(const struct ctl *ctl, json_t *json)
{
	AUTO_BUF text = { 0 };

	buf_init(&text, CTL_OUTPUT_MAX);
	if (json_is_object(json)) {
		add_members(ctl, json, 0, &text);
	} else if (is_list_of_objects(json)) {
		add_rows(ctl, json, 0, &text);
	} else {
		print_add_scalar(json, &text);
		buf_add_u8(&text, '\n');
	}
	return print_buf(&text);
}
