/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

const uint8_t *bytes_take(struct bytes *bytes, size_t size)
{
	if (bytes->is_short || size > bytes->size) {
		bytes->is_short = true;
		return NULL;
	}
	const uint8_t *taken = bytes->at;
	bytes->at += size;
	bytes->size -= size;
	return taken;
}

static uint64_t take_be(struct bytes *bytes, size_t size)
{
	const uint8_t *at = bytes_take(bytes, size);
	uint64_t value = 0;

	for (size_t i = 0; at && i < size; i++)
		value = value << 8 | at[i];
	return value;
}

uint8_t bytes_u8(struct bytes *bytes)
{
	return (uint8_t)take_be(bytes, 1);
}

uint16_t bytes_u16(struct bytes *bytes)
{
	return (uint16_t)take_be(bytes, 2);
}

uint32_t bytes_u24(struct bytes *bytes)
{
	return (uint32_t)take_be(bytes, 3);
}

uint32_t bytes_u32(struct bytes *bytes)
{
	return (uint32_t)take_be(bytes, 4);
}

uint32_t bytes_u32le(struct bytes *bytes)
{
	return __builtin_bswap32((uint32_t)take_be(bytes, 4));
}

uint64_t bytes_u64(struct bytes *bytes)
{
	return take_be(bytes, 8);
}

struct str bytes_str(struct bytes *bytes, size_t size)
{
	const uint8_t *at = bytes_take(bytes, size);

	return at ? (struct str){ (const char *)at, size } : (struct str){ 0 };
}
