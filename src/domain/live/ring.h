/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h — the newest bytes of one stream, in reference-counted blocks.
 *
 * Positions count bytes from the stream's beginning and never go back. No unit lies in two blocks,
 * so the end of a block is the end of a unit: who has sent half a block may finish it and go on
 * elsewhere.
 *
 * What is too old goes by two clocks, the units' timestamps and their arrival, whichever says so
 * first: a publisher whose timestamps jump or stand still cannot make it keep more, and the group
 * of pictures since the key unit stays whatever they say.
 *
 * Threads  none of its own: the stream locks. Bytes below `head` never change, so a block's
 *          content up to a head seen under the lock may be read without it.
 */
#ifndef VIGIL_DOMAIN_RING_H
#define VIGIL_DOMAIN_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"

#define RING_BLOCK_BYTES (64 * 1024)
#define RING_BLOCKS_MAX  1024
#define RING_NO_KEY      UINT64_MAX

struct block {
	_Atomic unsigned refs;
	uint64_t start;
	size_t room, size;
	int64_t newest_ms, received_ms; /* of its last unit: its timestamp, and when it came */
	uint8_t bytes[];
};

struct block *block_ref(struct block *block);
void block_unref(struct block *block);

/* Blocks in order; `first` counts all that were dropped before. */
struct block_queue {
	struct block *blocks[RING_BLOCKS_MAX];
	uint64_t first, end; /* blocks[n % RING_BLOCKS_MAX] for first <= n < end */
};

static inline struct block *block_at(const struct block_queue *queue, uint64_t n)
{
	return queue->blocks[n % RING_BLOCKS_MAX];
}

struct ring {
	struct block_queue queue;
	uint64_t head; /* the end of what was written */
	uint64_t key;  /* the newest key unit, or RING_NO_KEY */
	int64_t key_ms, key_received_ms;
	bool is_shed; /* there was a key unit, and no room to keep it until the next */
	size_t bytes; /* held by the blocks */
	size_t bytes_max;
	int64_t keep_ms;
};

/* Makes room for `size` bytes in one block, if need be by dropping the oldest: where the unit goes,
 * or NULL (no memory, or more than bytes_max). Under the lock. */
uint8_t *ring_reserve(struct ring *ring, size_t size);

/* The unit was written there: it counts. Drops what is neither of the current group of pictures
 * nor of the keep_ms before it; without a key unit, all but the last keep_ms. `received_ms` is
 * steady. Under the lock. */
void ring_commit(struct ring *ring, size_t size, bool is_key, int64_t timestamp_ms,
                 int64_t received_ms);

/* Forgets all blocks; positions go on. Under the lock. */
void ring_clear(struct ring *ring);

#endif
