/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http/chunked.h"

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte that may stand in an extension or a trailer. */
static bool is_text(uint8_t c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

static enum err step_size(struct http_chunked *chunked, uint8_t c)
{
	int digit = digit_of(c);

	if (digit >= 0) {
		if (++chunked->digits > HTTP_CHUNK_DIGITS_MAX)
			return ERR_TOO_LARGE;
		chunked->left = chunked->left * 16 + (unsigned)digit;
		return ERR_OK;
	}
	if (chunked->digits == 0)
		return ERR_MALFORMED;
	if (c == '\r')
		chunked->state = HTTP_CHUNK_SIZE_END;
	else if (c == ';')
		chunked->state = HTTP_CHUNK_EXTENSION;
	else
		return ERR_MALFORMED;
	return ERR_OK;
}

static enum err step_text(struct http_chunked *chunked, uint8_t c, size_t *count, size_t most,
                          enum http_chunk_state at_end)
{
	if (c == '\r') {
		chunked->state = at_end;
		return ERR_OK;
	}
	if (!is_text(c))
		return ERR_MALFORMED;
	return ++*count > most ? ERR_TOO_LARGE : ERR_OK;
}

static enum err expect(struct http_chunked *chunked, uint8_t c, uint8_t wanted,
                       enum http_chunk_state next)
{
	if (c != wanted)
		return ERR_MALFORMED;
	chunked->state = next;
	return ERR_OK;
}

static enum err step(struct http_chunked *chunked, uint8_t c)
{
	switch (chunked->state) {
	case HTTP_CHUNK_SIZE: return step_size(chunked, c);
	case HTTP_CHUNK_EXTENSION:
		return step_text(chunked, c, &chunked->extension_bytes, HTTP_CHUNK_EXTENSION_MAX,
		                 HTTP_CHUNK_SIZE_END);
	case HTTP_CHUNK_SIZE_END:
		chunked->digits = 0;
		return expect(chunked, c, '\n',
		              chunked->left ? HTTP_CHUNK_BODY : HTTP_CHUNK_TRAILER_START);
	case HTTP_CHUNK_BODY_CR: return expect(chunked, c, '\r', HTTP_CHUNK_BODY_LF);
	case HTTP_CHUNK_BODY_LF: return expect(chunked, c, '\n', HTTP_CHUNK_SIZE);
	case HTTP_CHUNK_TRAILER_START:
		if (c == '\r') {
			chunked->state = HTTP_CHUNK_LAST_LF;
			return ERR_OK;
		}
		chunked->state = HTTP_CHUNK_TRAILER;
		/* A line that starts with a space is a folded one. */
		if (c == ' ' || c == '\t')
			return ERR_MALFORMED;
		return step_text(chunked, c, &chunked->trailer_bytes, HTTP_CHUNK_TRAILER_MAX,
		                 HTTP_CHUNK_TRAILER_LF);
	case HTTP_CHUNK_TRAILER:
		return step_text(chunked, c, &chunked->trailer_bytes, HTTP_CHUNK_TRAILER_MAX,
		                 HTTP_CHUNK_TRAILER_LF);
	case HTTP_CHUNK_TRAILER_LF: return expect(chunked, c, '\n', HTTP_CHUNK_TRAILER_START);
	case HTTP_CHUNK_LAST_LF: return expect(chunked, c, '\n', HTTP_CHUNK_DONE);
	case HTTP_CHUNK_BODY:
	case HTTP_CHUNK_DONE: break;
	}
	return ERR_INTERNAL;
}

enum err http_chunked_read(struct http_chunked *chunked, const uint8_t *bytes, size_t size,
                           size_t *out_used, struct str *out_piece)
{
	size_t at = 0;

	*out_piece = (struct str){ 0 };
	while (at < size && chunked->state != HTTP_CHUNK_BODY &&
	       chunked->state != HTTP_CHUNK_DONE) {
		enum err err = step(chunked, bytes[at]);
		if (err != ERR_OK)
			return err;
		at++;
	}
	if (chunked->state == HTTP_CHUNK_BODY && at < size) {
		size_t piece = size - at < chunked->left ? size - at : (size_t)chunked->left;
		*out_piece = (struct str){ (const char *)bytes + at, piece };
		at += piece;
		chunked->left -= piece;
		if (chunked->left == 0)
			chunked->state = HTTP_CHUNK_BODY_CR;
	}
	*out_used = at;
	return out_piece->size || chunked->state == HTTP_CHUNK_DONE ? ERR_OK : ERR_MORE;
}

size_t http_chunk_line(size_t size, char out[HTTP_CHUNK_LINE_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t count = 1;

	while (count < 16 && size >> (4 * count))
		count++;
	for (size_t i = 0; i < count; i++)
		out[i] = digits[(size >> (4 * (count - 1 - i))) & 15];
	out[count] = '\r';
	out[count + 1] = '\n';
	return count + 2;
}
