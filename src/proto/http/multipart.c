/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http/multipart.h"

#include <string.h>

#include "proto/http/fields.h"
#include "proto/http/head.h"

enum err http_multipart_init(struct http_multipart *multipart, struct str content_type,
                             const char *wanted)
{
	char boundary[HTTP_BOUNDARY_MAX + 1];
	struct str type = { content_type.at, str_index(content_type, ';') };

	if (!str_equal_nocase(str_trim(type), STR("multipart/form-data")))
		return ERR_UNSUPPORTED;
	if (http_param_get(content_type, "boundary", boundary, sizeof boundary) != ERR_OK ||
	    boundary[0] == '\0' || !str_is_word(str_of(boundary), "'()+_,-./:=? "))
		return ERR_MALFORMED;
	memset(multipart, 0, sizeof *multipart);
	memcpy(multipart->delimiter, "\r\n--", 4);
	memcpy(multipart->delimiter + 4, boundary, strlen(boundary));
	multipart->delimiter_size = strlen(boundary) + 4;
	/* The first delimiter needs no line in front of it. */
	multipart->matched = multipart->lent = 2;
	multipart->wanted = wanted;
	return ERR_OK;
}

/* Bytes of a part, once it is certain that they are no delimiter. */
static void give(const struct http_multipart *multipart, const void *bytes, size_t size,
                 const struct http_multipart_events *events, void *owner)
{
	if (multipart->state == HTTP_MULTIPART_PART && size)
		events->on_part_bytes(owner, bytes, size);
}

/* Reads content up to a delimiter; says how many bytes it took. A delimiter has its only CR in
 * front, so that after a mismatch the search starts anew with the same byte. */
static size_t read_content(struct http_multipart *multipart, const uint8_t *bytes, size_t size,
                           const struct http_multipart_events *events, void *owner)
{
	size_t at = 0;

	while (at < size) {
		if (multipart->matched == 0) {
			const uint8_t *found = memchr(bytes + at, '\r', size - at);
			size_t run = found ? (size_t)(found - bytes) - at : size - at;
			give(multipart, bytes + at, run, events, owner);
			at += run;
			if (!found)
				break;
			multipart->matched = 1;
			at++;
			continue;
		}
		if (bytes[at] != (uint8_t)multipart->delimiter[multipart->matched]) {
			size_t lent = multipart->lent;
			give(multipart, multipart->delimiter + lent, multipart->matched - lent,
			     events, owner);
			multipart->matched = multipart->lent = 0;
			continue;
		}
		at++;
		if (++multipart->matched < multipart->delimiter_size)
			continue;
		if (multipart->state == HTTP_MULTIPART_PART)
			events->on_part_end(owner);
		multipart->state = HTTP_MULTIPART_AFTER;
		multipart->matched = multipart->lent = 0;
		break;
	}
	return at;
}

/* The fields of a part are complete: is it the wanted one? */
static enum err begin_part(struct http_multipart *multipart,
                           const struct http_multipart_events *events, void *owner)
{
	struct str rest = { multipart->head, multipart->head_size }, line;
	char name[HTTP_FILE_NAME_MAX + 1] = "", file_name[HTTP_FILE_NAME_MAX + 1] = "";
	struct str type = STR("");

	while (str_cut(&rest, '\n', &line)) {
		size_t colon = str_index(line, ':');
		struct str field = { line.at, colon };
		struct str value = str_from(line, colon + 1);
		if (value.size && value.at[value.size - 1] == '\r')
			value.size--;
		value = str_trim(value);
		if (str_equal_nocase(field, STR("Content-Type")) && value.size)
			type = value;
		if (!str_equal_nocase(field, STR("Content-Disposition")))
			continue;
		enum err err = http_param_get(value, "name", name, sizeof name);
		if (err == ERR_OK)
			err = http_param_get(value, "filename", file_name, sizeof file_name);
		if (err != ERR_OK && err != ERR_NOT_FOUND)
			return err;
	}
	multipart->state = HTTP_MULTIPART_SKIP;
	multipart->head_size = 0;
	/* An empty body's delimiter may follow at once: its CRLF is the one that ended the head. */
	multipart->matched = multipart->lent = 2;
	if (multipart->is_found || strcmp(name, multipart->wanted) != 0)
		return ERR_MORE;
	multipart->is_found = true;
	multipart->state = HTTP_MULTIPART_PART;
	events->on_part(owner, file_name, type);
	return ERR_MORE;
}

static enum err step_head(struct http_multipart *multipart, uint8_t c,
                          const struct http_multipart_events *events, void *owner)
{
	if (multipart->head_size == sizeof multipart->head)
		return ERR_TOO_LARGE;
	multipart->head[multipart->head_size++] = (char)c;
	struct str head = { multipart->head, multipart->head_size };
	if (!str_equal(head, STR("\r\n")) && !str_ends(head, STR("\r\n\r\n")))
		return ERR_MORE;
	return begin_part(multipart, events, owner);
}

/* One byte outside of contents. */
static enum err step(struct http_multipart *multipart, uint8_t c,
                     const struct http_multipart_events *events, void *owner)
{
	switch (multipart->state) {
	case HTTP_MULTIPART_AFTER:
		if (c == ' ' || c == '\t')
			return ERR_MORE;
		multipart->state = c == '-' ? HTTP_MULTIPART_DASH : HTTP_MULTIPART_LINE_END;
		return c == '-' || c == '\r' ? ERR_MORE : ERR_MALFORMED;
	case HTTP_MULTIPART_DASH:
		multipart->state = HTTP_MULTIPART_DONE;
		return c == '-' ? ERR_OK : ERR_MALFORMED;
	case HTTP_MULTIPART_LINE_END:
		if (c != '\n')
			return ERR_MALFORMED;
		multipart->state = HTTP_MULTIPART_HEAD;
		return ++multipart->part_count > HTTP_PARTS_MAX ? ERR_TOO_LARGE : ERR_MORE;
	case HTTP_MULTIPART_HEAD: return step_head(multipart, c, events, owner);
	case HTTP_MULTIPART_SKIP:
	case HTTP_MULTIPART_PART:
	case HTTP_MULTIPART_DONE: break;
	}
	return ERR_OK;
}

enum err http_multipart_feed(struct http_multipart *multipart, const uint8_t *bytes, size_t size,
                             const struct http_multipart_events *events, void *owner)
{
	size_t at = 0;

	while (at < size && multipart->state != HTTP_MULTIPART_DONE) {
		if (multipart->state == HTTP_MULTIPART_SKIP ||
		    multipart->state == HTTP_MULTIPART_PART) {
			at += read_content(multipart, bytes + at, size - at, events, owner);
			continue;
		}
		enum err err = step(multipart, bytes[at++], events, owner);
		if (err != ERR_OK && err != ERR_MORE)
			return err;
	}
	return multipart->state == HTTP_MULTIPART_DONE ? ERR_OK : ERR_MORE;
}
