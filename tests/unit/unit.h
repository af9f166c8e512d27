/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h — what every cmocka program needs, in the one order that works. */
#ifndef VIGIL_TESTS_UNIT_H
#define VIGIL_TESTS_UNIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* scripts/run-tests reads the reason; the line stands right before cmocka's own. */
#define skip_because(reason)                              \
	do {                                              \
		print_message("# skipped: %s\n", reason); \
		skip();                                   \
	} while (0)

#define assert_ok(call)       assert_int_equal((call), ERR_OK)
#define assert_err(call, err) assert_int_equal((call), (err))
#define assert_str(s, text)                                    \
	do {                                                   \
		struct str str_ = (s);                         \
		assert_int_equal(str_.size, strlen(text));     \
		assert_memory_equal(str_.at, text, str_.size); \
	} while (0)

#endif
