/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h — reads numbers out of borrowed bytes.
 *
 * Errors   sticky: a read past the end gives 0, sets is_short and leaves the rest unread. So a
 *          message is read straight down and checked once.
 */
#ifndef VIGIL_BASE_BYTES_H
#define VIGIL_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct bytes {
	const uint8_t *at;
	size_t size; /* what is left */
	bool is_short;
};

static inline struct bytes bytes_of(const void *at, size_t size)
{
	return (struct bytes){ .at = at, .size = size };
}

/* The next `size` bytes, borrowed; NULL if there are fewer. */
const uint8_t *bytes_take(struct bytes *bytes, size_t size);

/* Big-endian unless the name says little (le). */
uint8_t bytes_u8(struct bytes *bytes);
uint16_t bytes_u16(struct bytes *bytes);
uint32_t bytes_u24(struct bytes *bytes);
uint32_t bytes_u32(struct bytes *bytes);
uint32_t bytes_u32le(struct bytes *bytes);
uint64_t bytes_u64(struct bytes *bytes);

/* The next `size` bytes as text; empty if there are fewer. */
struct str bytes_str(struct bytes *bytes, size_t size);

#endif
