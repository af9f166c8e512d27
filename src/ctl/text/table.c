/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/text/table.h"

#include <assert.h>

#define GAP      2
#define ELLIPSIS "\xe2\x80\xa6"

struct range {
	uint32_t first, last;
};

/* Unicode 15, EastAsianWidth W and F, and emoji: the blocks, not each hole in them. */
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xa960, 0xa97c },
	{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
	{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
	{ 0x20000, 0x3fffd },
};

/* Combining marks and characters that take no column. */
static const struct range narrow[] = {
	{ 0x0300, 0x036f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
	{ 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};

/* Zero-width and direction-changing characters would let a name lie about itself. */
static const struct range unfit[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
};

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

struct glyph {
	struct str text;
	size_t width;
};

/* The next character of *rest as it will be shown. */
static struct glyph next_glyph(struct str *rest)
{
	static const uint8_t masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned char first = (unsigned char)rest->at[0];
	size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	struct str text = { rest->at, size };

	if (size > rest->size || first == 0 || !str_is_utf8(text)) {
		*rest = str_from(*rest, 1);
		return (struct glyph){ STR("?"), 1 };
	}
	uint32_t c = first & masks[size];
	for (size_t i = 1; i < size; i++)
		c = c << 6 | ((unsigned char)text.at[i] & 0x3f);
	*rest = str_from(*rest, size);
	if (is_in(unfit, COUNT_OF(unfit), c))
		return (struct glyph){ STR("?"), 1 };
	if (is_in(narrow, COUNT_OF(narrow), c))
		return (struct glyph){ text, 0 };
	return (struct glyph){ text, is_in(wide, COUNT_OF(wide), c) ? 2 : 1 };
}

size_t table_text_width(struct str text)
{
	size_t width = 0;

	while (text.size)
		width += next_glyph(&text).width;
	return width;
}

void table_add_text(struct buf *out, struct str text, size_t width)
{
	bool is_cut = width && table_text_width(text) > width;
	size_t left = is_cut ? width - 1 : SIZE_MAX;

	while (text.size) {
		struct glyph glyph = next_glyph(&text);
		if (glyph.width > left)
			break;
		left -= glyph.width;
		buf_add_str(out, glyph.text);
	}
	if (is_cut)
		buf_add_text(out, ELLIPSIS);
}

void table_init(struct table *table, const struct table_column *columns, size_t count)
{
	assert(count > 0 && count <= TABLE_COLUMNS_MAX);
	*table = (struct table){ .columns = columns, .count = count };
	buf_init(&table->cells, TABLE_BYTES_MAX);
	for (size_t i = 0; i < count; i++)
		table->widths[i] = table_text_width(str_of(columns[i].name));
}

void table_done(struct table *table)
{
	buf_done(&table->cells);
}

void table_add(struct table *table, struct str text)
{
	size_t *width = &table->widths[table->filled++ % table->count];
	size_t before = table->cells.size;

	table_add_text(&table->cells, text.size ? text : STR("-"), 0);
	size_t own = table_text_width(str_from(buf_str(&table->cells), before));
	buf_add_u8(&table->cells, '\0');
	*width = own > *width ? own : *width;
}

static size_t widest(const struct table *table, const size_t *widths, bool only_pliant)
{
	size_t best = table->count;

	for (size_t i = 0; i < table->count; i++) {
		if ((only_pliant && !table->columns[i].is_pliant) || widths[i] <= TABLE_LEAST_WIDTH)
			continue;
		if (best == table->count || widths[i] > widths[best])
			best = i;
	}
	return best;
}

static void fit(const struct table *table, size_t width, size_t *widths)
{
	size_t total = GAP * (table->count - 1);

	memcpy(widths, table->widths, sizeof table->widths);
	for (size_t i = 0; i < table->count; i++)
		total += widths[i];
	while (width && total > width) {
		size_t column = widest(table, widths, true);
		if (column == table->count)
			column = widest(table, widths, false);
		if (column == table->count)
			return;
		widths[column]--;
		total--;
	}
}

static void write_cell(const struct table *table, size_t column, const size_t *widths,
                       struct str text, struct buf *out)
{
	size_t before = out->size, width = widths[column], own = table_text_width(text);

	if (table->columns[column].is_right && own < width)
		buf_printf(out, "%*s", (int)(width - own), "");
	table_add_text(out, text, width);
	own = table_text_width(str_from(buf_str(out), before));
	if (column + 1 == table->count)
		buf_add_u8(out, '\n');
	else
		buf_printf(out, "%*s", (int)(GAP + (own < width ? width - own : 0)), "");
}

enum err table_write(const struct table *table, size_t width, bool is_bold, struct buf *out)
{
	size_t widths[TABLE_COLUMNS_MAX];
	struct str rest = buf_str(&table->cells), cell;

	if (buf_err(&table->cells) != ERR_OK)
		return buf_err(&table->cells);
	fit(table, width, widths);
	buf_add_text(out, is_bold ? "\033[1m" : "");
	for (size_t i = 0; i < table->count; i++)
		write_cell(table, i, widths, str_of(table->columns[i].name), out);
	buf_add_text(out, is_bold ? "\033[0m" : "");
	for (size_t i = 0; i < table->filled && str_cut(&rest, '\0', &cell); i++)
		write_cell(table, i % table->count, widths, cell, out);
	return buf_err(out);
}
