/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h — jansson, bounded: depth and size are checked before it sees a byte.
 *
 * Memory   json_read() gives a reference: AUTO_JSON or json_decref().
 * Errors   ERR_TOO_LARGE, ERR_MALFORMED (with why), ERR_NO_MEMORY.
 */
#ifndef VIGIL_BASE_JSON_H
#define VIGIL_BASE_JSON_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define JSON_DEPTH_MAX 16
#define JSON_SIZE_MAX  (256 * 1024)

/* One value of RFC 8259, at most JSON_SIZE_MAX bytes and JSON_DEPTH_MAX deep; duplicate keys are
 * refused. */
enum err json_read(struct str text, json_t **out, struct why *why);

/* Compact text, appended to `out`. */
enum err json_write(const json_t *json, struct buf *out);

/* The text of member `name` as it stands in `text` (an object), quotes included; empty if absent.
 * For signatures that cover the exact characters received. Only the outermost level is looked at.
 */
struct str json_raw_member(struct str text, struct str name);

/* Members of an object; the fallback if absent or of another type. The str is borrowed. */
struct str json_member_str(const json_t *object, const char *name);
int64_t json_member_i64(const json_t *object, const char *name, int64_t fallback);

/* `text` as a quoted JSON string, appended to `out`; must be UTF-8. */
void json_add_quoted(struct buf *out, struct str text);

static inline void json_decref_at(json_t **at)
{
	json_decref(*at);
}
#define AUTO_JSON __attribute__((cleanup(json_decref_at))) json_t *

#endif
