/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES 4096

struct arena_block {
	struct arena_block *previous;
	size_t size, used;
	alignas(max_align_t) uint8_t bytes[];
};

void arena_init(struct arena *arena, size_t max_bytes)
{
	*arena = (struct arena){ .max_bytes = max_bytes };
}

void arena_done(struct arena *arena)
{
	struct arena_block *block = arena->last;

	while (block) {
		struct arena_block *previous = block->previous;
		free(block);
		block = previous;
	}
	arena->last = NULL;
	arena->used_bytes = 0;
}

void arena_reset(struct arena *arena)
{
	struct arena_block *kept = NULL;

	while (arena->last) {
		struct arena_block *block = arena->last;
		arena->last = block->previous;
		if (!kept && block->size == ARENA_BLOCK_BYTES)
			kept = block;
		else
			free(block);
	}
	arena->used_bytes = 0;
	if (!kept)
		return;
	memset(kept->bytes, 0, kept->used);
	kept->used = 0;
	kept->previous = NULL;
	arena->last = kept;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);

	if (size > arena->max_bytes)
		return NULL;
	size = (size + align - 1) & ~(align - 1);
	if (size > arena->max_bytes - arena->used_bytes)
		return NULL;

	struct arena_block *block = arena->last;
	if (!block || size > block->size - block->used) {
		size_t block_size = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
		block = calloc(1, sizeof *block + block_size);
		if (!block)
			return NULL;
		block->size = block_size;
		block->previous = arena->last;
		arena->last = block;
	}
	void *given = block->bytes + block->used;
	block->used += size;
	arena->used_bytes += size;
	return given;
}

char *arena_str(struct arena *arena, struct str text)
{
	char *copy = arena_alloc(arena, text.size + 1);

	if (copy && text.size)
		memcpy(copy, text.at, text.size);
	return copy;
}
