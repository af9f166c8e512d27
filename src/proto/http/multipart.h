/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart.h — finds one field of a multipart/form-data body (RFC 7578) as the bytes come in.
 *
 * Only the first part of the wanted name is given; the others are read over. Nothing of a part's
 * body is kept.
 *
 * Errors   ERR_MORE: goes on. ERR_OK: the last delimiter was read. ERR_MALFORMED, ERR_TOO_LARGE.
 */
#ifndef VIGIL_PROTO_HTTP_MULTIPART_H
#define VIGIL_PROTO_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define HTTP_BOUNDARY_MAX  70   /* RFC 2046 §5.1.1 */
#define HTTP_PART_HEAD_MAX 2048 /* bytes of one part's fields */
#define HTTP_PARTS_MAX     32
#define HTTP_FILE_NAME_MAX 255

struct http_multipart_events {
	/* The wanted part begins; `file_name` is empty if none was said. Borrowed for the call. */
	void (*on_part)(void *owner, const char *file_name, struct str content_type);
	void (*on_part_bytes)(void *owner, const uint8_t *bytes, size_t size);
	void (*on_part_end)(void *owner);
};

enum http_multipart_state {
	HTTP_MULTIPART_SKIP,  /* in front of the first delimiter, or in another part */
	HTTP_MULTIPART_PART,  /* in the wanted one */
	HTTP_MULTIPART_AFTER, /* behind a delimiter */
	HTTP_MULTIPART_DASH,
	HTTP_MULTIPART_LINE_END,
	HTTP_MULTIPART_HEAD,
	HTTP_MULTIPART_DONE,
};

struct http_multipart {
	enum http_multipart_state state;
	char delimiter[HTTP_BOUNDARY_MAX + 5]; /* CR LF "--" boundary */
	size_t delimiter_size;
	size_t matched, lent; /* lent: of the matched, what stood before the content */
	char head[HTTP_PART_HEAD_MAX];
	size_t head_size;
	const char *wanted;
	unsigned part_count;
	bool is_found;
};

/* `wanted`, a field's name, is borrowed for good. ERR_UNSUPPORTED unless `content_type` is
 * multipart/form-data, ERR_MALFORMED without a proper boundary. */
enum err http_multipart_init(struct http_multipart *multipart, struct str content_type,
                             const char *wanted);

enum err http_multipart_feed(struct http_multipart *multipart, const uint8_t *bytes, size_t size,
                             const struct http_multipart_events *events, void *owner);

#endif
