/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h — a camera's settings by name, checked against one table and kept in its folder.
 *
 * The table's rows are those of the protocol's "read" and "write" config; docs/device-guide.md
 * lists them for people. A write of several names changes all or none.
 *
 * Memory   values are borrowed until the next write.
 * Errors   ERR_INVALID with why (its field is the setting's name), and those of the store.
 */
#ifndef VIGIL_CAM_CONFIG_H
#define VIGIL_CAM_CONFIG_H

#include <stdbool.h>

#include "base/json.h"
#include "cam/memory/store.h"

#define CONFIG_TEXT_MAX 512 /* bytes in one of a setting's texts */

struct config {
	const struct store *store;
	json_t *values; /* name -> value, for every row of the table that has one */
};

/* Defaults, then what the store holds; the store is borrowed. */
enum err config_init(struct config *config, const struct store *store, struct why *why);
void config_done(struct config *config);

/* `changes` is an object {name: value, ...}; success means it is on disk. */
enum err config_write(struct config *config, const json_t *changes, struct why *why);

/* A new object for an answer, or NULL without memory; secrets are left out. */
json_t *config_read(const struct config *config);

/* NULL for a name without a value. */
const json_t *config_get(const struct config *config, const char *name);
bool config_is(const struct config *config, const char *name);
struct str config_text(const struct config *config, const char *name);

#endif
