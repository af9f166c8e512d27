/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric.h"
#include "domain/live/ring.h"
#include "tests/unit/unit.h"

#define KEEP_MS 2000

/* Where the oldest held byte stands. */
static uint64_t tail_of(const struct ring *ring)
{
	const struct block_queue *queue = &ring->queue;

	return queue->first == queue->end ? ring->head : block_at(queue, queue->first)->start;
}

static void ring_start(struct ring *ring, size_t bytes_max)
{
	memset(ring, 0, sizeof *ring);
	ring->key = RING_NO_KEY;
	ring->bytes_max = bytes_max;
	ring->keep_ms = KEEP_MS;
}

static bool put(struct ring *ring, size_t size, bool is_key, int64_t timestamp_ms)
{
	uint8_t *to = ring_reserve(ring, size);

	if (!to)
		return false;
	memset(to, (int)(ring->head % 251), size);
	ring_commit(ring, size, is_key, timestamp_ms, timestamp_ms);
	return true;
}

static size_t block_count(const struct ring *ring)
{
	return (size_t)(ring->queue.end - ring->queue.first);
}

static void units_fill_a_block_to_its_last_byte_and_never_lie_in_two(void **state)
{
	struct ring *ring = malloc(sizeof *ring);

	ring_start(ring, 1024 * 1024);
	assert_true(put(ring, RING_BLOCK_BYTES - 10, true, 0));
	assert_true(put(ring, 10, false, 1));
	assert_int_equal(block_count(ring), 1);
	assert_true(put(ring, 10, false, 2));
	assert_int_equal(block_count(ring), 2);
	assert_true(put(ring, RING_BLOCK_BYTES - 9, false, 3));
	assert_int_equal(block_count(ring), 3);
	const struct block *second = block_at(&ring->queue, 1), *third = block_at(&ring->queue, 2);
	assert_int_equal(second->start, RING_BLOCK_BYTES);
	assert_int_equal(second->size, 10);
	assert_int_equal(third->start, RING_BLOCK_BYTES + 10);
	assert_int_equal(ring->head, third->start + third->size);
	ring_clear(ring);
	free(ring);
}

static void a_unit_larger_than_a_block_has_one_of_its_size(void **state)
{
	struct ring *ring = malloc(sizeof *ring);

	ring_start(ring, 1024 * 1024);
	assert_true(put(ring, 100, true, 0));
	assert_true(put(ring, 3 * RING_BLOCK_BYTES, false, 1));
	assert_int_equal(block_count(ring), 2);
	assert_int_equal(block_at(&ring->queue, 1)->room, 3 * RING_BLOCK_BYTES);
	assert_int_equal(ring->bytes, 4 * RING_BLOCK_BYTES);
	assert_true(put(ring, 1, false, 2));
	assert_int_equal(block_count(ring), 3);
	ring_clear(ring);
	free(ring);
}

static void what_is_older_than_the_key_and_two_seconds_goes(void **state)
{
	struct ring *ring = malloc(sizeof *ring);

	ring_start(ring, 8 * 1024 * 1024);
	/* One block a second, a key frame every second one. */
	for (int second = 0; second < 20; second++) {
		assert_true(put(ring, RING_BLOCK_BYTES, second % 2 == 0, second * 1000));
		uint64_t oldest = ring->queue.first;
		int64_t key_ms = second / 2 * 2 * 1000;
		assert_int_equal(ring->key_ms, key_ms);
		assert_true(block_at(&ring->queue, oldest)->newest_ms >= key_ms - KEEP_MS);
		if (oldest)
			assert_true((int64_t)(oldest - 1) * 1000 < key_ms - KEEP_MS);
	}
	assert_int_equal(block_count(ring), 4);
	assert_int_equal(tail_of(ring), 16 * RING_BLOCK_BYTES);
	ring->keep_ms = 0;
	assert_true(put(ring, 1, false, 20000));
	assert_int_equal(tail_of(ring), 18 * RING_BLOCK_BYTES);
	ring_clear(ring);
	free(ring);
}

static void the_current_group_of_pictures_stays_however_long(void **state)
{
	struct ring *ring = malloc(sizeof *ring);

	ring_start(ring, 8 * 1024 * 1024);
	assert_true(put(ring, 100, true, 0));
	for (int second = 1; second < 100; second++)
		assert_true(put(ring, RING_BLOCK_BYTES, false, second * 1000));
	assert_int_equal(ring->key, 0);
	assert_int_equal(tail_of(ring), 0);
	ring_clear(ring);
	free(ring);
}

static void at_its_limit_a_ring_is_full_and_past_it_sheds_its_oldest(void **state)
{
	struct ring *ring = malloc(sizeof *ring);
	int64_t before = metric_get(METRIC_ring_bytes);

	ring_start(ring, 4 * RING_BLOCK_BYTES);
	assert_true(put(ring, 10, true, 0));
	for (int i = 1; i < 4; i++)
		assert_true(put(ring, RING_BLOCK_BYTES, false, i));
	assert_int_equal(block_count(ring), 4);
	assert_int_equal(metric_get(METRIC_ring_bytes) - before, 4 * RING_BLOCK_BYTES);
	assert_false(ring->is_shed);
	assert_true(put(ring, RING_BLOCK_BYTES, false, 5));
	assert_int_equal(block_count(ring), 4);
	assert_int_equal(ring->key, RING_NO_KEY);
	assert_true(ring->is_shed);
	assert_int_equal(ring->bytes, 4 * RING_BLOCK_BYTES);
	assert_true(put(ring, 10, true, 5));
	assert_false(ring->is_shed);

	assert_true(put(ring, 4 * RING_BLOCK_BYTES, true, 6));
	assert_false(put(ring, 4 * RING_BLOCK_BYTES + 1, true, 7));
	assert_int_equal(block_count(ring), 0);
	assert_int_equal(tail_of(ring), ring->head);
	assert_int_equal(metric_get(METRIC_ring_bytes), before);
	assert_true(put(ring, 10, true, 8));
	ring_clear(ring);
	free(ring);
}

static void the_number_of_blocks_has_a_limit_too(void **state)
{
	struct ring *ring = malloc(sizeof *ring);

	ring_start(ring, SIZE_MAX / 2);
	for (int i = 0; i < RING_BLOCKS_MAX; i++)
		assert_true(put(ring, RING_BLOCK_BYTES, i == 0, i));
	assert_int_equal(block_count(ring), RING_BLOCKS_MAX);
	assert_true(put(ring, RING_BLOCK_BYTES, false, RING_BLOCKS_MAX));
	assert_int_equal(block_count(ring), RING_BLOCKS_MAX);
	assert_int_equal(tail_of(ring), RING_BLOCK_BYTES);
	assert_true(ring->is_shed);
	ring_clear(ring);
	free(ring);
}

static void a_block_that_someone_holds_outlives_the_ring(void **state)
{
	struct ring *ring = malloc(sizeof *ring);
	int64_t before = metric_get(METRIC_ring_bytes);

	ring_start(ring, 1024 * 1024);
	assert_true(put(ring, 100, true, 0));
	struct block *held = block_ref(block_at(&ring->queue, 0));
	ring_clear(ring);
	free(ring);
	assert_int_equal(held->size, 100);
	assert_int_equal(metric_get(METRIC_ring_bytes) - before, RING_BLOCK_BYTES);
	block_unref(held);
	block_unref(NULL);
	assert_int_equal(metric_get(METRIC_ring_bytes), before);
}

static bool put_at(struct ring *ring, bool is_key, int64_t timestamp_ms, int64_t received_ms)
{
	uint8_t *to = ring_reserve(ring, RING_BLOCK_BYTES);

	if (!to)
		return false;
	memset(to, 0, RING_BLOCK_BYTES);
	ring_commit(ring, RING_BLOCK_BYTES, is_key, timestamp_ms, received_ms);
	return true;
}

/* Whatever the timestamps do, after a minute of a block and a key frame a second the ring holds
 * the key frame and little more than KEEP_MS before it. */
static void timestamps_that_jump_neither_keep_all_nor_lose_the_key(void **state)
{
	static const struct {
		const char *name;
		int64_t step_ms, jump_every, jump_ms;
	} cases[] = {
		{ "steady", 1000, 100, 0 },
		{ "standing still", 0, 100, 0 },
		{ "backwards", -1000, 100, 0 },
		{ "forward by seconds", 1000, 5, 7000 },
		{ "backwards by seconds", 1000, 5, -9000 },
		{ "forward by hours", 1000, 10, 3 * 3600000 },
		{ "backwards by hours", 1000, 10, -3 * 3600000 },
		{ "to and fro by days", 1000, 1, 86400000 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ring *ring = malloc(sizeof *ring);
		int64_t timestamp_ms = 1000000000;
		ring_start(ring, 32 * 1024 * 1024);
		for (int second = 0; second < 60; second++) {
			timestamp_ms += cases[i].step_ms;
			if (second % cases[i].jump_every == 0)
				timestamp_ms += second % 2 ? cases[i].jump_ms : -cases[i].jump_ms;
			assert_true(put_at(ring, true, timestamp_ms, second * 1000));
			assert_int_equal(ring->key, ring->head - RING_BLOCK_BYTES);
			if (block_count(ring) > 4)
				fail_msg("%s: %zu blocks", cases[i].name, block_count(ring));
		}
		ring_clear(ring);
		free(ring);
	}
}

static void without_a_key_only_the_last_seconds_stay(void **state)
{
	struct ring *ring = malloc(sizeof *ring);

	ring_start(ring, 32 * 1024 * 1024);
	for (int second = 0; second < 60; second++)
		assert_true(put_at(ring, false, 0, second * 1000));
	assert_int_equal(block_count(ring), 3);
	assert_false(ring->is_shed);
	ring_clear(ring);
	free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_fill_a_block_to_its_last_byte_and_never_lie_in_two),
		cmocka_unit_test(a_unit_larger_than_a_block_has_one_of_its_size),
		cmocka_unit_test(what_is_older_than_the_key_and_two_seconds_goes),
		cmocka_unit_test(the_current_group_of_pictures_stays_however_long),
		cmocka_unit_test(at_its_limit_a_ring_is_full_and_past_it_sheds_its_oldest),
		cmocka_unit_test(the_number_of_blocks_has_a_limit_too),
		cmocka_unit_test(timestamps_that_jump_neither_keep_all_nor_lose_the_key),
		cmocka_unit_test(without_a_key_only_the_last_seconds_stay),
		cmocka_unit_test(a_block_that_someone_holds_outlives_the_ring),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
