/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/memory.h"

#include "tests/unit/unit.h"

/* Allocations until one fails; 0: none does. */
static unsigned countdown;

static bool fails(void)
{
	return countdown && --countdown == 0;
}

/* The names are the linker's: --wrap sends each call of malloc() here. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__real_reallocarray(void *at, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void *__wrap_reallocarray(void *at, size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return fails() ? NULL : __real_realloc(at, size);
}

void *__wrap_reallocarray(void *at, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(at, count, size);
}

unsigned memory_sweep(enum err (*run)(void))
{
	for (unsigned failing = 1;; failing++) {
		countdown = failing;
		enum err err = run();
		bool is_over = countdown != 0;
		countdown = 0;
		if (is_over) {
			assert_ok(err);
			return failing - 1;
		}
		assert_err(err, ERR_NO_MEMORY);
	}
}
