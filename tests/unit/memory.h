/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h — makes allocations fail, one after the other; link with memory_wrap (meson.build).
 *
 * memory_sweep() runs `run` with the first, second, third ... allocation failing until it does
 * well; each failure must be ERR_NO_MEMORY.
 */
#ifndef VIGIL_TESTS_MEMORY_H
#define VIGIL_TESTS_MEMORY_H

#include "base/err.h"

/* Gives how many runs failed. */
unsigned memory_sweep(enum err (*run)(void));

#endif
