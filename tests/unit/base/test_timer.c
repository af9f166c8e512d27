/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"
#include "base/timer.h"
#include "tests/unit/unit.h"

#define TIMERS 500

static void on_fired(struct timer *timer)
{
	(void)timer;
}

/* The same numbers in every run. */
static uint32_t next_number(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void timers_come_out_in_the_order_of_their_time(void **state)
{
	struct timer_heap heap = { 0 };
	struct timer timers[TIMERS] = { 0 };
	uint32_t seed = 1;
	int64_t last_ms = 0;

	for (size_t i = 0; i < TIMERS; i++)
		assert_ok(timer_start(&heap, &timers[i], next_number(&seed) % 300, on_fired));
	for (size_t i = 0; i < TIMERS; i++) {
		int64_t due_ms = timer_next_due_ms(&heap);
		assert_null(timer_take_due(&heap, due_ms - 1));
		struct timer *timer = timer_take_due(&heap, due_ms);
		assert_non_null(timer);
		assert_int_equal(timer->due_ms, due_ms);
		assert_false(timer_is_running(timer));
		assert_true(due_ms >= last_ms);
		last_ms = due_ms;
	}
	assert_true(timer_next_due_ms(&heap) == INT64_MAX);
	assert_null(timer_take_due(&heap, INT64_MAX));
	timer_heap_done(&heap);
}

/* Whatever is started, moved and stopped: the heap's first is the earliest that runs. */
static void stops_and_restarts_in_the_middle_keep_the_order(void **state)
{
	struct timer_heap heap = { 0 };
	struct timer timers[TIMERS] = { 0 };
	uint32_t seed = 7;

	for (int round = 0; round < 5000; round++) {
		struct timer *timer = &timers[next_number(&seed) % TIMERS];
		if (next_number(&seed) % 3 == 0)
			timer_stop(&heap, timer);
		else
			assert_ok(timer_start(&heap, timer, next_number(&seed) % 1000, on_fired));
		if (round % 50)
			continue;
		int64_t first_ms = INT64_MAX;
		size_t running = 0;
		for (size_t i = 0; i < TIMERS; i++) {
			if (!timer_is_running(&timers[i]))
				continue;
			running++;
			assert_ptr_equal(heap.timers[timers[i].place - 1], &timers[i]);
			if (timers[i].due_ms < first_ms)
				first_ms = timers[i].due_ms;
		}
		assert_int_equal(running, heap.count);
		assert_true(timer_next_due_ms(&heap) == first_ms);
	}
	for (size_t i = 0; i < TIMERS; i++)
		timer_stop(&heap, &timers[i]);
	assert_int_equal(heap.count, 0);
	timer_heap_done(&heap);
}

static void a_started_timer_started_again_moves(void **state)
{
	struct timer_heap heap = { 0 };
	struct timer timer = { 0 };

	assert_ok(timer_start(&heap, &timer, 10, on_fired));
	assert_ok(timer_start(&heap, &timer, 20, on_fired));
	assert_int_equal(heap.count, 1);
	assert_null(timer_take_due(&heap, 19));
	assert_ptr_equal(timer_take_due(&heap, 20), &timer);
	timer_stop(&heap, &timer);
	timer_heap_done(&heap);
}

struct item {
	struct list_node node;
	int number;
};

static void a_list_keeps_its_order_and_lets_any_item_go(void **state)
{
	struct list list;
	struct item items[5] = { 0 };
	int sum = 0;

	list_init(&list);
	assert_true(list_is_empty(&list));
	assert_null(list_first(&list));
	list_remove(&items[0].node);
	for (int i = 0; i < 5; i++) {
		items[i].number = i;
		assert_false(list_has(&items[i].node));
		list_add(&list, &items[i].node);
		assert_true(list_has(&items[i].node));
	}
	int expected = 0;
	list_each (node, &list) {
		struct item *item = CONTAINER_OF(node, struct item, node);
		assert_int_equal(item->number, expected++);
		if (item->number % 2)
			list_remove(node);
	}
	assert_int_equal(expected, 5);
	list_each (node, &list)
		sum += CONTAINER_OF(node, struct item, node)->number;
	assert_int_equal(sum, 0 + 2 + 4);
	assert_ptr_equal(list_first(&list), &items[0].node);
	for (int i = 0; i < 5; i++)
		list_remove(&items[i].node);
	assert_true(list_is_empty(&list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_come_out_in_the_order_of_their_time),
		cmocka_unit_test(stops_and_restarts_in_the_middle_keep_the_order),
		cmocka_unit_test(a_started_timer_started_again_moves),
		cmocka_unit_test(a_list_keeps_its_order_and_lets_any_item_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
