/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.h — what single fields say: ranges, cookies, parameters.
 *
 * Memory   the strs given are borrowed from the field.
 */
#ifndef VIGIL_PROTO_HTTP_FIELDS_H
#define VIGIL_PROTO_HTTP_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define HTTP_RANGES_MAX      8
#define HTTP_PARAM_BYTES_MAX 512

/* Both ends count. */
struct http_range {
	uint64_t first, last;
};

/* The parts of a thing of `size` bytes that `Range: field` asks for (RFC 9110 §14), in its order.
 * ERR_NOT_FOUND: no range that we honour (other unit, bad syntax, more than HTTP_RANGES_MAX):
 * send all. ERR_INVALID: none can be satisfied: 416. */
enum err http_range_read(struct str field, uint64_t size, struct http_range out[HTTP_RANGES_MAX],
                         size_t *out_count);

/* The value of the cookie `name` in a Cookie field; an empty str whose `at` is NULL if none. */
struct str http_cookie_get(struct str field, const char *name);

/* The parameter `name` of a field such as Content-Disposition or Content-Type, unquoted (RFC 9110
 * §5.6.6). ERR_NOT_FOUND, ERR_MALFORMED, or ERR_TOO_LARGE when it does not fit `room`. */
enum err http_param_get(struct str field, const char *name, char *out, size_t room);

#endif
