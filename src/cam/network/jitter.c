/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/network/jitter.h"

#include <string.h>

#include "base/id.h"

int64_t jitter_ms(int64_t ms)
{
	uint8_t bytes[4];
	uint32_t random;

	id_random(bytes, sizeof bytes);
	memcpy(&random, bytes, sizeof random);
	return ms / 2 + (int64_t)((uint64_t)random * (uint64_t)(ms - ms / 2) >> 32);
}
