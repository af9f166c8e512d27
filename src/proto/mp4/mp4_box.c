/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mp4/mp4_private.h"

size_t box_begin(struct buf *out, const char type[4])
{
	size_t box = out->size;

	buf_add_u32(out, 0);
	buf_add(out, type, 4);
	return box;
}

size_t box_begin_full(struct buf *out, const char type[4], uint8_t version, uint32_t flags)
{
	size_t box = box_begin(out, type);

	buf_add_u8(out, version);
	buf_add_u24(out, flags);
	return box;
}

void box_set_u32(struct buf *out, size_t at, uint32_t value)
{
	if (buf_err(out) != ERR_OK)
		return;
	for (size_t i = 0; i < 4; i++)
		out->at[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

void box_end(struct buf *out, size_t box)
{
	box_set_u32(out, box, (uint32_t)(out->size - box));
}

void box_add_zeros(struct buf *out, size_t count)
{
	static const uint8_t zeros[32];

	for (; count > sizeof zeros; count -= sizeof zeros)
		buf_add(out, zeros, sizeof zeros);
	buf_add(out, zeros, count);
}
