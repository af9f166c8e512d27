/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "domain/reason.h"
#include "endpoints/api/api_import.h"

static const struct import_columns usual = { 0, 1, 2, 3, 4, 5 };
static const struct import_columns none = { -1, -1, -1, -1, -1, 0 };

/* Where a heading's name goes; NULL for one that is not known. */
static int *column_of(struct import_columns *columns, struct str name, int *ignored)
{
	const struct {
		struct str name;
		int *column;
	} known[] = {
		{ STR("did"), &columns->did },
		{ STR("secret"), &columns->secret },
		{ STR("name"), &columns->name },
		{ STR("kind"), &columns->kind },
		{ STR("sign_policy"), &columns->sign_policy },
		{ STR("created_at"), ignored }, /* of an export */
	};

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (str_equal_nocase(known[i].name, str_trim(name)))
			return known[i].column;
	}
	return NULL;
}

enum err import_read_columns(struct import_columns *out, struct csv_reader *reader,
                             struct csv_record *record, struct why *why)
{
	struct csv_reader ahead = *reader;

	*out = usual;
	if (csv_read(&ahead, record) != ERR_OK ||
	    !str_equal_nocase(str_trim(record->fields[0]), STR("did")))
		return ERR_OK;
	*reader = ahead;
	*out = none;
	for (size_t i = 0; i < record->count; i++) {
		int ignored = -1;
		int *column = column_of(out, record->fields[i], &ignored);
		if (!column || *column != -1)
			return why_set_reason(why, ERR_INVALID, REASON_NONE, "heading",
			                      "line %zu: column %zu of the heading is %s",
			                      record->line, i + 1,
			                      column ? "there twice" : "none we know");
		*column = (int)i;
	}
	out->count = record->count;
	return ERR_OK;
}

static struct str field_of(const struct csv_record *record, int column)
{
	if (column < 0 || (size_t)column >= record->count)
		return (struct str){ 0 };
	return record->fields[column];
}

/* Copies a text that must be UTF-8 without NUL. */
static enum err read_text(struct str field, const char *name, char *out, size_t room,
                          struct why *why)
{
	if (!str_is_utf8(field) || str_copy(field, out, room) != ERR_OK)
		return why_set_reason(why, ERR_INVALID, REASON_NONE, name,
		                      "%s: is not UTF-8 text of at most %zu bytes", name, room - 1);
	return ERR_OK;
}

static enum err refuse_word(struct why *why, const char *name)
{
	return why_set_reason(why, ERR_INVALID, REASON_NONE, name, "%s: is none of its values",
	                      name);
}

/* How many bytes the character at `at` has, of a text that is UTF-8. */
static size_t character_size(uint8_t first)
{
	return first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

static void tell(struct str sent, char out[IMPORT_TOLD_MAX + sizeof "..."])
{
	bool is_text = str_is_utf8(sent);
	size_t size = 0;

	for (size_t at = 0; at < sent.size;) {
		uint8_t first = (uint8_t)sent.at[at];
		bool is_escaped = first < ' ' || first == 0x7F || (first > 0x7F && !is_text);
		size_t taken = is_escaped ? 1 : character_size(first);
		size_t made = is_escaped ? sizeof "\\xHH" - 1 : taken;
		if (size + made > IMPORT_TOLD_MAX) {
			memcpy(out + size, "...", 3);
			size += 3;
			break;
		}
		if (is_escaped)
			(void)snprintf(out + size, made + 1, "\\x%02x", first);
		else
			memcpy(out + size, sent.at + at, taken);
		size += made;
		at += taken;
	}
	out[size] = '\0';
}

enum err import_read_row(const struct import_columns *columns, const struct csv_record *record,
                         struct device_spec *spec, struct import_row *out, struct why *why)
{
	struct str did = str_trim(field_of(record, columns->did));
	struct str secret = field_of(record, columns->secret);
	struct str name = field_of(record, columns->name);
	struct str kind = str_trim(field_of(record, columns->kind));
	struct str policy = str_trim(field_of(record, columns->sign_policy));

	*out = (struct import_row){
		.line = record->line,
		.has_secret = secret.size != 0,
		.has_name = columns->name >= 0 && (size_t)columns->name < record->count,
		.has_kind = kind.size != 0,
		.has_policy = policy.size != 0,
	};
	if (!did_is_valid(did) || str_copy(did, spec->did, sizeof spec->did) != ERR_OK) {
		tell(did, out->told);
		return why_set_reason(why, ERR_INVALID, REASON_INVALID_DID, "did", "%s",
		                      reason_words(REASON_INVALID_DID));
	}
	if (record->count > columns->count)
		return why_set(why, ERR_INVALID, "%zu fields, but there are %zu columns",
		               record->count, columns->count);
	enum err err = read_text(secret, "secret", spec->secret, sizeof spec->secret, why);
	if (err == ERR_OK)
		err = read_text(name, "name", spec->name, sizeof spec->name, why);
	if (err == ERR_OK && kind.size && device_kind_parse(kind, &spec->kind) != ERR_OK)
		err = refuse_word(why, "kind");
	if (err == ERR_OK && policy.size && sign_policy_parse(policy, &spec->sign_policy) != ERR_OK)
		err = refuse_word(why, "sign_policy");
	return err;
}
