/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of base fails once: an error comes back, nothing leaks, nothing breaks. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/timer.h"
#include "tests/unit/memory.h"
#include "tests/unit/unit.h"

static enum err fill_buf(void)
{
	AUTO_BUF buf = { 0 };

	buf_init(&buf, 100000);
	for (int i = 0; i < 100; i++)
		buf_printf(&buf, "line %d of a text that grows\n", i);
	if (buf_err(&buf) != ERR_OK)
		buf_add_text(&buf, "this does nothing");
	return buf_err(&buf);
}

static enum err fill_arena(void)
{
	struct arena arena;
	bool is_full = false;

	arena_init(&arena, 100000);
	for (int i = 0; i < 30 && !is_full; i++)
		is_full = !arena_str(&arena, STR("a text")) || !arena_alloc(&arena, 1000);
	arena_done(&arena);
	return is_full ? ERR_NO_MEMORY : ERR_OK;
}

static enum err fill_map(void)
{
	static char keys[200][4];
	struct map map;
	enum err err = ERR_OK;

	map_init(&map, (const uint8_t *)"0123456789abcdef");
	for (size_t i = 0; i < COUNT_OF(keys) && err == ERR_OK; i++) {
		keys[i][0] = (char)('a' + i % 26);
		keys[i][1] = (char)('a' + i / 26);
		size_t count = map.count;
		err = map_add(&map, str_of(keys[i]), keys[i]);
		assert_int_equal(map.count, err == ERR_OK ? count + 1 : count);
		assert_true((map_get(&map, str_of(keys[i])) != NULL) == (err == ERR_OK));
	}
	map_done(&map);
	return err;
}

static void on_fired(struct timer *timer)
{
	(void)timer;
}

static enum err fill_heap(void)
{
	struct timer_heap heap = { 0 };
	struct timer timers[200] = { 0 };
	enum err err = ERR_OK;

	for (size_t i = 0; i < COUNT_OF(timers) && err == ERR_OK; i++) {
		err = timer_start(&heap, &timers[i], (int64_t)i, on_fired);
		assert_true(timer_is_running(&timers[i]) == (err == ERR_OK));
	}
	timer_heap_done(&heap);
	return err;
}

static enum err copy_text(void)
{
	AUTO_FREE char *copy = str_dup(STR("text"));

	return copy ? ERR_OK : ERR_NO_MEMORY;
}

static void each_failing_allocation_is_an_error_and_no_more(void **state)
{
	assert_true(memory_sweep(fill_buf) >= 2);
	assert_true(memory_sweep(fill_arena) >= 2);
	assert_true(memory_sweep(fill_map) >= 2);
	assert_int_equal(memory_sweep(fill_heap), 3);
	assert_int_equal(memory_sweep(copy_text), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failing_allocation_is_an_error_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
