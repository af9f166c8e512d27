/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunked.h — bodies of unknown length (RFC 9112 §7.1), read and written.
 *
 * Extensions and trailers are read over, within limits that count for the whole body.
 *
 * Errors   ERR_MORE: all bytes are used up and the body goes on. ERR_MALFORMED, ERR_TOO_LARGE.
 */
#ifndef VIGIL_PROTO_HTTP_CHUNKED_H
#define VIGIL_PROTO_HTTP_CHUNKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define HTTP_CHUNK_DIGITS_MAX    15
#define HTTP_CHUNK_EXTENSION_MAX 4096 /* bytes of all extensions of a body */
#define HTTP_CHUNK_TRAILER_MAX   4096 /* bytes of all trailers */

enum http_chunk_state {
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_EXTENSION,
	HTTP_CHUNK_SIZE_END, /* the LF */
	HTTP_CHUNK_BODY,
	HTTP_CHUNK_BODY_CR,
	HTTP_CHUNK_BODY_LF,
	HTTP_CHUNK_TRAILER_START,
	HTTP_CHUNK_TRAILER,
	HTTP_CHUNK_TRAILER_LF,
	HTTP_CHUNK_LAST_LF,
	HTTP_CHUNK_DONE,
};

/* A zeroed one is ready for a new body. */
struct http_chunked {
	enum http_chunk_state state;
	unsigned digits;
	uint64_t left; /* of the chunk */
	size_t extension_bytes, trailer_bytes;
};

/* Gives the next piece of the body, borrowed, and how many bytes were used up. ERR_OK with an
 * empty piece: the body is complete. */
enum err http_chunked_read(struct http_chunked *chunked, const uint8_t *bytes, size_t size,
                           size_t *out_used, struct str *out_piece);

static inline bool http_chunked_is_done(const struct http_chunked *chunked)
{
	return chunked->state == HTTP_CHUNK_DONE;
}

/* The line before a chunk of `size` bytes (not 0), with its length. CRLF follows the chunk. */
#define HTTP_CHUNK_LINE_SIZE 18
size_t http_chunk_line(size_t size, char out[HTTP_CHUNK_LINE_SIZE]);

/* What ends a chunked body. */
#define HTTP_CHUNK_LAST "0\r\n\r\n"

#endif
