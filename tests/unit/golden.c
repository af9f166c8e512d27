/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/golden.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/unit.h"

#define GOLDEN_MAX (16 * 1024 * 1024)

void golden_read(const char *name, struct buf *out)
{
	const char *source = getenv("VIGIL_SOURCE");
	char path[PATH_MAX];
	size_t size;

	buf_init(out, GOLDEN_MAX);
	(void)snprintf(path, sizeof path, "%s/tests/golden/%s", source ? source : ".", name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	do {
		uint8_t *to = buf_reserve(out, 4096);
		size = to ? fread(to, 1, 4096, file) : 0;
		buf_grew(out, size);
	} while (size);
	(void)fclose(file);
	assert_ok(buf_err(out));
	assert_true(out->size > 0);
}
