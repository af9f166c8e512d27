/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head.h — reads the head of an HTTP/1.1 request (RFC 9112), in place and strictly.
 *
 * Whatever two servers in a row could understand differently is refused: two lengths, a length
 * and a coding, folded lines, spaces before colons, bare CR or LF, control characters, no or
 * several Host fields. So a request that is accepted here cannot hide another one.
 *
 * Memory   a head's strs point into the bytes it was read from.
 * Errors   ERR_MORE: not whole yet. Else ERR_MALFORMED, ERR_TOO_LARGE or ERR_UNSUPPORTED, and
 *          head->status is what to answer (400, 413, 414, 417, 431, 501, 505) before closing.
 */
#ifndef VIGIL_PROTO_HTTP_HEAD_H
#define VIGIL_PROTO_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define HTTP_HEAD_BYTES_MAX   (16 * 1024)
#define HTTP_TARGET_BYTES_MAX (8 * 1024)
#define HTTP_HEADERS_MAX      64

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_METHOD_COUNT
};

/* Zero members mean the constants above; headers never exceed HTTP_HEADERS_MAX. */
struct http_limits {
	size_t head_bytes, target_bytes, headers;
};

struct http_header {
	struct str name, value; /* value without the spaces around it */
};

struct http_head {
	int status; /* what to answer when reading failed; 0 otherwise */
	enum http_method method;
	unsigned minor;         /* of HTTP/1.minor */
	struct str target;      /* as sent */
	struct str path, query; /* of the target, raw; query without '?', `at` NULL if none */
	struct str host;        /* from an absolute target, else from Host; empty in HTTP/1.0 */
	struct str upgrade;     /* only if Connection names it */
	int64_t content_length; /* -1: none said */
	bool is_chunked;
	bool is_keep_alive;
	bool is_continue_expected;
	size_t header_count;
	struct http_header headers[HTTP_HEADERS_MAX];
};

/* How far a head was searched; zeroed for a new one. So a slow sender costs no more. */
struct http_scan {
	size_t line, at;
};

/* The method's name, and the other way round; ERR_UNSUPPORTED for others. */
const char *http_method_text(enum http_method method);
enum err http_method_find(struct str text, enum http_method *out);

/* Finds the end of the head that starts the bytes: *out_size counts it, with its empty line.
 * On failure *out_status is what to answer. */
enum err http_head_find(const uint8_t *bytes, size_t size, const struct http_limits *limits,
                        struct http_scan *scan, size_t *out_size, int *out_status);

/* Reads exactly one head, as found by http_head_find(). */
enum err http_head_parse(const uint8_t *bytes, size_t size, const struct http_limits *limits,
                         struct http_head *head);

/* Both at once, from the start of the bytes. */
enum err http_head_read(const uint8_t *bytes, size_t size, const struct http_limits *limits,
                        struct http_head *head, size_t *out_size);

/* The first field of that name; an empty str whose `at` is NULL if there is none. */
struct str http_head_get(const struct http_head *head, const char *name);

/* A comma-separated list holds this token (no case). */
bool http_list_has(struct str list, const char *token);

/* RFC 9110 §5.6.2: one or more token characters. */
bool http_is_token(struct str text);

#endif
