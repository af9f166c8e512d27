/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.h — paths and queries, decoded once and only when nothing hides in them.
 *
 * Memory   what is decoded comes from the arena, ends in a NUL and lives as long as it; text
 *          without escapes is given back as it is, borrowed.
 */
#ifndef VIGIL_PROTO_HTTP_URL_H
#define VIGIL_PROTO_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Decodes %XX once; with is_form '+' is a space. ERR_MALFORMED for a broken escape or a NUL. */
enum err http_url_decode(struct str text, bool is_form, struct arena *arena, struct str *out);

/* A path as it is routed: starts with '/', no "." or ".." segment, no escaped slash or backslash,
 * no control character; ERR_MALFORMED otherwise. */
enum err http_url_path(struct str raw, struct arena *arena, struct str *out);

/* Cuts the next name=value off the query, still encoded; empty parts are skipped. */
bool http_query_next(struct str *rest, struct str *name, struct str *value);

/* The first value of `name`, decoded; ERR_NOT_FOUND or ERR_MALFORMED. */
enum err http_query_get(struct str query, const char *name, struct arena *arena, struct str *out);

/* Appends `text` with everything escaped but unreserved characters and those of `kept` (which may
 * be "/"). */
struct buf;
void http_url_encode(struct str text, const char *kept, struct buf *out);

#endif
