/* SPDX-License-Identifier: Apache-2.0 */
#include <stdalign.h>

#include "base/arena.h"
#include "tests/unit/unit.h"

static bool is_zero(const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (at[i])
			return false;
	return true;
}

static void what_an_arena_gives_is_zeroed_aligned_and_apart(void **state)
{
	struct arena arena;
	uint8_t *given[200];

	arena_init(&arena, 1024 * 1024);
	for (size_t i = 0; i < COUNT_OF(given); i++) {
		given[i] = arena_alloc(&arena, i + 1);
		assert_non_null(given[i]);
		assert_int_equal((uintptr_t)given[i] % alignof(max_align_t), 0);
		assert_true(is_zero(given[i], i + 1));
		memset(given[i], (int)i + 1, i + 1);
	}
	for (size_t i = 0; i < COUNT_OF(given); i++)
		for (size_t k = 0; k <= i; k++)
			assert_int_equal(given[i][k], i + 1);
	arena_done(&arena);
}

static void an_arena_gives_up_to_its_limit_and_nothing_past_it(void **state)
{
	struct arena arena;

	arena_init(&arena, 4096);
	assert_non_null(arena_alloc(&arena, 4000));
	assert_null(arena_alloc(&arena, 97));
	assert_non_null(arena_alloc(&arena, 96));
	assert_null(arena_alloc(&arena, 1));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	arena_done(&arena);
}

static void something_larger_than_a_block_has_its_own(void **state)
{
	struct arena arena;

	arena_init(&arena, 100000);
	uint8_t *large = arena_alloc(&arena, 50000), *small = arena_alloc(&arena, 8);
	assert_non_null(large);
	assert_non_null(small);
	memset(large, 1, 50000);
	assert_true(is_zero(small, 8));
	arena_done(&arena);
}

static void a_reset_arena_gives_zeroed_memory_again(void **state)
{
	struct arena arena;

	arena_init(&arena, 100000);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 20; i++) {
			uint8_t *at = arena_alloc(&arena, 1000);
			assert_non_null(at);
			assert_true(is_zero(at, 1000));
			memset(at, 0xff, 1000);
		}
		assert_non_null(arena_alloc(&arena, 9000));
		arena_reset(&arena);
		assert_int_equal(arena.used_bytes, 0);
	}
	arena_done(&arena);
	arena_reset(&arena);
	arena_done(&arena);
}

static void a_text_is_copied_with_an_end(void **state)
{
	struct arena arena;

	arena_init(&arena, 100);
	assert_string_equal(arena_str(&arena, STR("gate")), "gate");
	assert_string_equal(arena_str(&arena, (struct str){ 0 }), "");
	assert_null(arena_str(&arena, (struct str){ "x", 100 }));
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_arena_gives_is_zeroed_aligned_and_apart),
		cmocka_unit_test(an_arena_gives_up_to_its_limit_and_nothing_past_it),
		cmocka_unit_test(something_larger_than_a_block_has_its_own),
		cmocka_unit_test(a_reset_arena_gives_zeroed_memory_again),
		cmocka_unit_test(a_text_is_copied_with_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
