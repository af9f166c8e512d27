/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h — a camera's folder: small JSON files that are there whole or not at all.
 *
 * Memory   a store keeps a copy of the path. A store without a folder keeps nothing: reads find
 *          nothing, writes succeed.
 * Errors   ERR_NOT_FOUND, ERR_MALFORMED, ERR_TOO_LARGE, ERR_IO, ERR_NO_SPACE.
 */
#ifndef VIGIL_CAM_STORE_H
#define VIGIL_CAM_STORE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

#define STORE_PATH_MAX 512

struct store {
	char folder[STORE_PATH_MAX]; /* empty: in memory only */
};

/* The folder `part` (one path element) inside `root`, made if absent; an empty `root` gives a store
 * without a folder. */
enum err store_open(struct store *store, const char *root, const char *part, struct why *why);

bool store_is_kept(const struct store *store);

/* The path of `name` in the folder; ERR_TOO_LARGE, ERR_INVALID for a name with a slash. */
enum err store_path(const struct store *store, const char *name, char out[STORE_PATH_MAX]);

/* Gives the file's JSON: json_decref(). */
enum err store_read(const struct store *store, const char *name, json_t **out, struct why *why);

/* Durable before it returns; the old content stays until the new one is whole. */
enum err store_write(const struct store *store, const char *name, const json_t *json);

#endif
