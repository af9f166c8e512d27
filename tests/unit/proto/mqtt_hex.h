/* SPDX-License-Identifier: Apache-2.0 */
/* mqtt_hex.h — packets as hexadecimal text with spaces, in memory of exactly their size, so that
 * the sanitizer sees a read past the end. */
#ifndef VIGIL_TESTS_MQTT_HEX_H
#define VIGIL_TESTS_MQTT_HEX_H

#include "base/digest.h"
#include "tests/unit/unit.h"

static inline uint8_t *mqtt_from_hex(const char *text, size_t *out_size)
{
	char digits[4096];
	size_t count = 0;

	for (; *text; text++) {
		assert_true(count < sizeof digits);
		if (*text != ' ')
			digits[count++] = *text;
	}
	uint8_t *bytes = malloc(count / 2 + (count == 0));
	assert_non_null(bytes);
	assert_ok(digest_unhex((struct str){ digits, count }, bytes, count / 2));
	*out_size = count / 2;
	return bytes;
}

#endif
