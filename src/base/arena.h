/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h — memory that lives as long as one request and is freed at once.
 *
 * Memory   what an arena gives is valid until arena_done(); nothing is freed on its own.
 * Errors   NULL when memory or the arena's own limit is used up.
 */
#ifndef VIGIL_BASE_ARENA_H
#define VIGIL_BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *last;
	size_t used_bytes;
	size_t max_bytes;
};

/* max_bytes limits everything the arena will ever give. */
void arena_init(struct arena *arena, size_t max_bytes);
void arena_done(struct arena *arena);

/* Takes everything back but keeps one block for the next request. */
void arena_reset(struct arena *arena);

/* Zeroed memory aligned for any type, or NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy that ends in a NUL which `size` does not count, or NULL. */
char *arena_str(struct arena *arena, struct str text);

#endif
