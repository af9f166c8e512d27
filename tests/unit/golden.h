/* SPDX-License-Identifier: Apache-2.0 */
/* golden.h — bytes captured from foreign peers, below tests/golden. */
#ifndef VIGIL_TESTS_GOLDEN_H
#define VIGIL_TESTS_GOLDEN_H

#include "base/buf.h"

/* Reads tests/golden/`name` below VIGIL_SOURCE (else the working folder); the test fails if it
 * cannot. */
void golden_read(const char *name, struct buf *out);

#endif
