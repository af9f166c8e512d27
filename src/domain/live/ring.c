/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/live/ring.h"

#include <stdlib.h>

#include "base/metric.h"

struct block *block_ref(struct block *block)
{
	atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
	return block;
}

void block_unref(struct block *block)
{
	if (!block || atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel) != 1)
		return;
	metric_add(METRIC_ring_bytes, -(int64_t)block->room);
	free(block);
}

static void drop_first(struct ring *ring)
{
	struct block *block = block_at(&ring->queue, ring->queue.first);

	ring->queue.first++;
	ring->bytes -= block->room;
	if (ring->key != RING_NO_KEY && ring->key < block->start + block->size)
		ring->key = RING_NO_KEY;
	block_unref(block);
}

void ring_clear(struct ring *ring)
{
	while (ring->queue.first < ring->queue.end)
		drop_first(ring);
	ring->key = RING_NO_KEY;
	ring->is_shed = false;
}

static bool has_room(const struct ring *ring, size_t room)
{
	return ring->bytes + room <= ring->bytes_max &&
	       ring->queue.end - ring->queue.first < RING_BLOCKS_MAX;
}

static struct block *add_block(struct ring *ring, size_t size)
{
	size_t room = size > RING_BLOCK_BYTES ? size : RING_BLOCK_BYTES;
	bool had_key = ring->key != RING_NO_KEY;

	while (!has_room(ring, room) && ring->queue.first < ring->queue.end)
		drop_first(ring);
	if (had_key && ring->key == RING_NO_KEY)
		ring->is_shed = true;
	struct block *block = has_room(ring, room) ? malloc(sizeof *block + room) : NULL;
	if (!block)
		return NULL;
	*block = (struct block){ .refs = 1, .start = ring->head, .room = room };
	ring->queue.blocks[ring->queue.end++ % RING_BLOCKS_MAX] = block;
	ring->bytes += room;
	metric_add(METRIC_ring_bytes, (int64_t)room);
	return block;
}

uint8_t *ring_reserve(struct ring *ring, size_t size)
{
	struct block *last = ring->queue.first == ring->queue.end
	                             ? NULL
	                             : block_at(&ring->queue, ring->queue.end - 1);

	if (last && last->room - last->size >= size)
		return last->bytes + last->size;
	last = add_block(ring, size);
	return last ? last->bytes : NULL;
}

/* The first block may go when the key unit is in a later one and nothing in it is new enough. */
static bool is_first_old(const struct ring *ring)
{
	const struct block *first = block_at(&ring->queue, ring->queue.first);
	const struct block *last = block_at(&ring->queue, ring->queue.end - 1);
	int64_t from_ms = last->newest_ms, received_ms = last->received_ms;

	if (first == last)
		return false;
	if (ring->key != RING_NO_KEY) {
		if (first->start + first->size > ring->key)
			return false;
		from_ms = ring->key_ms;
		received_ms = ring->key_received_ms;
	}
	return ring->keep_ms == 0 || first->newest_ms < from_ms - ring->keep_ms ||
	       first->received_ms < received_ms - ring->keep_ms;
}

void ring_commit(struct ring *ring, size_t size, bool is_key, int64_t timestamp_ms,
                 int64_t received_ms)
{
	struct block *last = block_at(&ring->queue, ring->queue.end - 1);

	if (is_key) {
		ring->key = ring->head;
		ring->key_ms = timestamp_ms;
		ring->key_received_ms = received_ms;
		ring->is_shed = false;
	}
	last->size += size;
	last->newest_ms = timestamp_ms;
	last->received_ms = received_ms;
	ring->head += size;
	while (is_first_old(ring))
		drop_first(ring);
}
