/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric.h"
#include "domain/live/ring.h"
#include "tests/unit/unit.h"

#define KEEP_MS 2000

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
	ring_commit(ring, size, is_key, timestamp_ms);
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
	assert_int_equal(ring_tail(ring), 16 * RING_BLOCK_BYTES);
	ring->keep_ms = 0;
	assert_true(put(ring, 1, false, 20000));
	assert_int_equal(ring_tail(ring), 18 * RING_BLOCK_BYTES);
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
	assert_int_equal(ring_tail(ring), 0);
	ring_clear(ring);
	free(ring);
}

static void at_its_limit_a_ring_is_full_and_past_it_starts_anew(void **state)
{
	struct ring *ring = malloc(sizeof *ring);
	int64_t before = metric_get(METRIC_ring_bytes);

	ring_start(ring, 4 * RING_BLOCK_BYTES);
	assert_true(put(ring, 10, true, 0));
	for (int i = 1; i < 4; i++)
		assert_true(put(ring, RING_BLOCK_BYTES, false, i));
	assert_int_equal(block_count(ring), 4);
	assert_int_equal(metric_get(METRIC_ring_bytes) - before, 4 * RING_BLOCK_BYTES);
	uint64_t head = ring->head;
	assert_true(put(ring, RING_BLOCK_BYTES, false, 5));
	assert_int_equal(block_count(ring), 1);
	assert_int_equal(ring->key, RING_NO_KEY);
	assert_int_equal(ring_tail(ring), head);
	assert_int_equal(ring->bytes, RING_BLOCK_BYTES);

	assert_true(put(ring, 4 * RING_BLOCK_BYTES, true, 6));
	assert_false(put(ring, 4 * RING_BLOCK_BYTES + 1, true, 7));
	assert_int_equal(block_count(ring), 0);
	assert_int_equal(ring_tail(ring), ring->head);
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
	assert_true(put(ring, RING_BLOCK_BYTES, false, 9000));
	assert_int_equal(block_count(ring), 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_fill_a_block_to_its_last_byte_and_never_lie_in_two),
		cmocka_unit_test(a_unit_larger_than_a_block_has_one_of_its_size),
		cmocka_unit_test(what_is_older_than_the_key_and_two_seconds_goes),
		cmocka_unit_test(the_current_group_of_pictures_stays_however_long),
		cmocka_unit_test(at_its_limit_a_ring_is_full_and_past_it_starts_anew),
		cmocka_unit_test(the_number_of_blocks_has_a_limit_too),
		cmocka_unit_test(a_block_that_someone_holds_outlives_the_ring),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
