/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.h — scope does the cleaning. AUTO, AUTO_FREE and TAKE are the whole vocabulary.
 *
 *     AUTO_DEFINE(camera)                     once, after camera_free() is declared
 *     AUTO(camera) camera = camera_new(...);  freed at the end of the scope
 *     *out = TAKE(camera);                    unless it was given away
 */
#ifndef VIGIL_BASE_MEM_H
#define VIGIL_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

#define AUTO_DEFINE(type)                                   \
	static inline void type##_free_at(struct type **at) \
	{                                                   \
		type##_free(*at);                           \
	}

#define AUTO(type) __attribute__((cleanup(type##_free_at))) struct type *
#define AUTO_FREE  __attribute__((cleanup(mem_free_at)))
#define TAKE(p)                             \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

#define COUNT_OF(array)               (sizeof(array) / sizeof(*(array)))
#define CONTAINER_OF(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

static inline void mem_free_at(void *at)
{
	free(*(void **)at);
}

/* Overwrites a secret so that the compiler cannot leave it out. NULL and 0 are fine. */
void mem_wipe(void *at, size_t size);

#endif
