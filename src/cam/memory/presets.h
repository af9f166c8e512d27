/* SPDX-License-Identifier: Apache-2.0 */
/*
 * presets.h — named positions 1..PRESETS_MAX that outlive a restart.
 *
 * A change is answered with success only when it is on disk (if the store has a folder).
 * Errors   the protocol's codes: 60007 for an index outside 1..PRESETS_MAX, 60011 for an empty
 *          one, 60006 when the name is unfit or the disk refuses.
 */
#ifndef VIGIL_CAM_PRESETS_H
#define VIGIL_CAM_PRESETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "cam/body/codes.h"
#include "cam/body/ptz.h"
#include "cam/memory/store.h"

#define PRESETS_MAX     128
#define PRESET_NAME_MAX 64 /* bytes of UTF-8 */

struct preset {
	bool is_set;
	char name[PRESET_NAME_MAX + 1];
	struct ptz_position position;
};

struct presets {
	const struct store *store;
	struct preset slots[PRESETS_MAX]; /* index 1 is slots[0] */
};

/* Into a zeroed *presets, what the store holds; the store is borrowed and must outlive it. */
enum err presets_init(struct presets *presets, const struct store *store, struct why *why);

/* An empty name keeps the name the preset had. */
enum code presets_set(struct presets *presets, int64_t index, struct str name,
                      struct ptz_position position);
enum code presets_find(const struct presets *presets, int64_t index, struct ptz_position *out);
enum code presets_remove(struct presets *presets, int64_t index);

/* A new array of {index, name}, or NULL without memory. */
json_t *presets_list(const struct presets *presets);

#endif
