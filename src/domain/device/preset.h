/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preset.h — the positions a camera remembers, as last told by it or set through us.
 *
 * The camera's own list is the truth: whenever it is read, ours becomes it. Rows survive; the
 * registry holds them in memory for reading.
 *
 * Threads  a loop; the lists are immutable and shared.
 */
#ifndef VIGIL_DOMAIN_PRESET_H
#define VIGIL_DOMAIN_PRESET_H

#include "base/str.h"
#include "domain/device/device.h"

#define PRESET_INDEX_LEAST 1
#define PRESET_INDEX_MOST  128
#define PRESETS_MAX        128
#define PRESET_NAME_SIZE   65 /* UTF-8, 64 bytes; longer names are cut */

struct preset {
	int index;
	char name[PRESET_NAME_SIZE];
};

struct preset_list {
	_Atomic unsigned refs;
	size_t count; /* ordered by index */
	struct preset items[];
};

void preset_list_unref(struct preset_list *list);

/* A change of one device's list; lives inside its owner until `done`. */
struct preset_change {
	char did[DID_SIZE];
	enum { PRESET_SET, PRESET_REMOVE, PRESET_REPLACE } kind;
	struct preset items[PRESETS_MAX]; /* SET and REMOVE: the first; REPLACE: `count` of them */
	size_t count;
	void (*done)(struct preset_change *change, enum err err);
	struct db_job job; /* private from here */
	struct devices *devices;
};

/* Adds one to `items`: ERR_INVALID for an index out of range, a double one or one too many. */
enum err preset_add(struct preset_change *change, int64_t index, struct str name);

/* `done` comes with ERR_OK when rows and memory agree, maybe within the call when they did so
 * already. ERR_NOT_FOUND: the device is gone. */
void preset_change(struct devices *devices, struct preset_change *change);

/* Loads all rows: part of devices_new(). */
enum err presets_load(struct devices *devices);

#endif
