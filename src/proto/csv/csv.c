/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/csv/csv.h"

#include <stdbool.h>
#include <string.h>

/* Where reading stands inside one record. */
struct place {
	struct str text; /* all that is left */
	size_t at;
	size_t used; /* of the record's own characters */
	size_t lines;
};

void csv_reader_init(struct csv_reader *reader, struct str text)
{
	bool has_mark = str_starts(text, STR("\xef\xbb\xbf"));

	*reader = (struct csv_reader){ has_mark ? str_from(text, 3) : text, 1 };
}

static enum err take(struct csv_record *record, struct place *place, char c)
{
	if (place->used >= CSV_RECORD_MAX)
		return ERR_TOO_LARGE;
	record->text[place->used++] = c;
	return ERR_OK;
}

/* The size of the line end at `at`; 0 if there is none. */
static size_t line_end(const struct place *place)
{
	struct str here = str_from(place->text, place->at);

	if (str_starts(here, STR("\r\n")))
		return 2;
	return str_starts(here, STR("\n")) ? 1 : 0;
}

static enum err read_plain(struct csv_record *record, struct place *place)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && place->at < place->text.size) {
		char c = place->text.at[place->at];
		if (c == ',' || line_end(place))
			return ERR_OK;
		if (c == '"')
			return ERR_MALFORMED;
		err = take(record, place, c);
		place->at++;
	}
	return err;
}

static enum err read_quoted(struct csv_record *record, struct place *place)
{
	for (place->at++; place->at < place->text.size; place->at++) {
		char c = place->text.at[place->at];
		if (c == '"') {
			bool is_double = place->at + 1 < place->text.size &&
			                 place->text.at[place->at + 1] == '"';
			place->at++;
			if (!is_double)
				return ERR_OK;
		}
		place->lines += c == '\n';
		enum err err = take(record, place, c);
		if (err != ERR_OK)
			return err;
	}
	return ERR_MALFORMED; /* never closed */
}

static enum err read_field(struct csv_record *record, struct place *place)
{
	size_t start = place->used;
	bool is_quoted = place->at < place->text.size && place->text.at[place->at] == '"';

	if (record->count == CSV_FIELDS_MAX)
		return ERR_TOO_LARGE;
	enum err err = is_quoted ? read_quoted(record, place) : read_plain(record, place);
	if (err != ERR_OK)
		return err;
	bool is_over = place->at == place->text.size || line_end(place);
	if (!is_over && place->text.at[place->at] != ',')
		return ERR_MALFORMED; /* behind a closing quote */
	record->fields[record->count++] = (struct str){ record->text + start, place->used - start };
	return ERR_OK;
}

static enum err read_record(struct csv_record *record, struct place *place)
{
	for (;;) {
		enum err err = read_field(record, place);
		if (err != ERR_OK)
			return err;
		if (place->at == place->text.size || place->text.at[place->at] != ',')
			return ERR_OK;
		place->at++;
	}
}

/* Goes on behind the first line of what could not be read. */
static void skip_line(struct csv_reader *reader)
{
	size_t end = str_index(reader->rest, '\n');

	reader->rest = str_from(reader->rest, end + 1);
	reader->line++;
}

enum err csv_read(struct csv_reader *reader, struct csv_record *out)
{
	while (str_starts(reader->rest, STR("\n")) || str_starts(reader->rest, STR("\r\n")))
		skip_line(reader);
	out->line = reader->line;
	out->count = 0;
	if (reader->rest.size == 0)
		return ERR_NOT_FOUND;
	struct place place = { .text = reader->rest };
	enum err err = read_record(out, &place);
	if (err != ERR_OK) {
		skip_line(reader);
		return err;
	}
	reader->rest = str_from(reader->rest, place.at + line_end(&place));
	reader->line += place.lines + 1;
	return ERR_OK;
}

void csv_add_field(struct buf *out, struct str field)
{
	bool is_plain = true;

	for (size_t i = 0; i < field.size && is_plain; i++)
		is_plain = !strchr(",\"\r\n", field.at[i]) || !field.at[i];
	if (is_plain) {
		buf_add_str(out, field);
		return;
	}
	buf_add(out, "\"", 1);
	for (size_t i = 0; i < field.size; i++) {
		if (field.at[i] == '"')
			buf_add(out, "\"", 1);
		buf_add(out, field.at + i, 1);
	}
	buf_add(out, "\"", 1);
}
