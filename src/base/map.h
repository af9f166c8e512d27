/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h — text to pointer, with a keyed hash so that peers cannot choose collisions.
 *
 * Memory   keys are borrowed and must live as long as their entry (usually inside the value).
 * Threads  none of its own: the owner locks.
 */
#ifndef VIGIL_BASE_MAP_H
#define VIGIL_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct map_entry {
	struct str key;
	void *value; /* NULL: an unused entry */
	uint64_t hash;
};

struct map {
	struct map_entry *entries;
	size_t room; /* a power of two, or 0 */
	size_t count;
	uint64_t seed[2];
};

/* `seed` is 16 unguessable bytes (base/id). */
void map_init(struct map *map, const uint8_t seed[16]);
void map_done(struct map *map);

/* The value, or NULL. */
void *map_get(const struct map *map, struct str key);

/* `value` must not be NULL. ERR_EXISTS leaves the map as it was; ERR_NO_MEMORY. */
enum err map_add(struct map *map, struct str key, void *value);

/* The value that was removed, or NULL. */
void *map_remove(struct map *map, struct str key);

/* Walks all values; start with *at = 0; NULL ends it. The map must not change meanwhile. */
void *map_next(const struct map *map, size_t *at);

/* SipHash-1-3 of `text` under the map's seed. */
uint64_t map_hash(const struct map *map, struct str text);

#endif
