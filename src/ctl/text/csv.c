/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/text/csv.h"

/* The size of the first record with its line end, and the lines it covers; 0 when its quote is
 * never closed. */
static size_t record_size(struct str text, size_t *lines)
{
	bool is_quoted = false;

	*lines = 0;
	for (size_t i = 0; i < text.size; i++) {
		char c = text.at[i];
		if (c == '"')
			is_quoted = !is_quoted;
		if (c != '\n')
			continue;
		(*lines)++;
		if (!is_quoted)
			return i + 1;
	}
	(*lines)++;
	return is_quoted ? 0 : text.size;
}

static bool is_heading(struct str record)
{
	struct str first = { record.at, str_index(record, ',') };

	while (first.size && strchr("\r\n \t\"", first.at[first.size - 1]))
		first.size--;
	while (first.size && strchr(" \t\"", first.at[0]))
		first = str_from(first, 1);
	return str_equal_nocase(first, STR("did"));
}

void csv_init(struct csv *csv, struct str text)
{
	size_t lines;

	*csv = (struct csv){ .rest = text, .line = 1 };
	if (str_starts(text, STR("\xef\xbb\xbf")))
		csv->rest = str_from(text, 3);
	size_t size = record_size(csv->rest, &lines);
	struct str first = { csv->rest.at, size };
	if (size == 0 || !is_heading(first))
		return;
	csv->heading = first;
	csv->rest = str_from(csv->rest, size);
	csv->line += lines;
}

enum err csv_next(struct csv *csv, struct csv_part *out, struct why *why)
{
	struct csv_part part = { { csv->rest.at, 0 }, csv->line, 0 };

	if (csv->rest.size == 0)
		return ERR_NOT_FOUND;
	for (size_t records = 0; records < CSV_PART_RECORDS_MAX; records++) {
		struct str rest = str_from(csv->rest, part.text.size);
		size_t lines, size = rest.size ? record_size(rest, &lines) : 0;
		if (rest.size == 0)
			break;
		if (size == 0)
			return why_set(why, ERR_MALFORMED, "line %zu: a quote is never closed",
			               part.first_line + part.lines);
		if (size > CSV_PART_BYTES_MAX)
			return why_set(why, ERR_TOO_LARGE,
			               "line %zu: a record of %zu bytes is over %d",
			               part.first_line + part.lines, size, CSV_PART_BYTES_MAX);
		if (part.text.size + size > CSV_PART_BYTES_MAX)
			break;
		part.text.size += size;
		part.lines += lines;
	}
	csv->rest = str_from(csv->rest, part.text.size);
	csv->line += part.lines;
	*out = part;
	return ERR_OK;
}

size_t csv_file_line(const struct csv *csv, const struct csv_part *part, size_t line)
{
	size_t heading = csv->heading.size ? 1 : 0;

	return line > heading ? part->first_line + line - heading - 1 : line;
}
