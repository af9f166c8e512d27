/* SPDX-License-Identifier: Apache-2.0 */
/* action_fixture.h — what the tests of the action table share. */
#ifndef VIGIL_TESTS_ACTION_FIXTURE_H
#define VIGIL_TESTS_ACTION_FIXTURE_H

#include "base/json.h"

/* The value of a well-formed text; free it with json_decref(). */
json_t *json_of(const char *text);

/* `format` with `count` times `unit` in the place of its %s; free() it. */
char *long_text(const char *format, const char *unit, size_t count);

#endif
