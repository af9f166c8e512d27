/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h — rows and columns for a terminal.
 *
 * Text is measured in columns of a terminal, not bytes: East Asian wide characters count two,
 * combining marks none. Control characters and bytes that are not UTF-8 are shown as '?', because
 * names come from devices and a terminal obeys what it reads.
 *
 * Memory   cells are copied; table_done() frees.
 * Errors   sticky, told by table_write().
 */
#ifndef VIGIL_CTL_TEXT_TABLE_H
#define VIGIL_CTL_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

#define TABLE_COLUMNS_MAX 16
#define TABLE_BYTES_MAX   (16 * 1024 * 1024) /* all cells of one table */
#define TABLE_LEAST_WIDTH 4                  /* a column is not made narrower to fit the terminal */

struct table_column {
	const char *name;
	bool is_right;  /* numbers */
	bool is_pliant; /* gives way first when the terminal is narrow */
};

struct table {
	const struct table_column *columns;
	size_t count;
	struct buf cells; /* NUL-ended texts, row by row */
	size_t widths[TABLE_COLUMNS_MAX];
	size_t filled; /* cells so far */
};

/* `columns` is borrowed for the table's life; at most TABLE_COLUMNS_MAX. */
void table_init(struct table *table, const struct table_column *columns, size_t count);
void table_done(struct table *table);

/* The next cell, left to right; an empty one is shown as "-". */
void table_add(struct table *table, struct str text);

/* Appends the heading and all rows, no line wider than `width` columns if the least widths allow
 * (0: as wide as it gets); `is_bold` marks the heading with ANSI. */
enum err table_write(const struct table *table, size_t width, bool is_bold, struct buf *out);

/* Columns of a terminal `text` takes, after what is not printable became '?'. */
size_t table_text_width(struct str text);

/* Appends `text` made fit for a terminal, cut with an ellipsis to `width` columns (0: whole). */
void table_add_text(struct buf *out, struct str text, size_t width);

#endif
