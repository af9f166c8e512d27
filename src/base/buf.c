/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUF_FIRST_ROOM 64

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){ .max = max };
}

void buf_done(struct buf *buf)
{
	if (!buf)
		return;
	free(buf->at);
	buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf)
{
	buf->size = 0;
	buf->err = ERR_OK;
}

void buf_drop(struct buf *buf, size_t size, size_t keep)
{
	if (size < buf->size) {
		memmove(buf->at, buf->at + size, buf->size - size);
		buf->size -= size;
		return;
	}
	buf->size = 0;
	if (buf->room > keep) {
		free(buf->at);
		buf->at = NULL;
		buf->room = 0;
	}
}

uint8_t *buf_reserve(struct buf *buf, size_t size)
{
	if (buf->err != ERR_OK)
		return NULL;
	if (size > buf->max || buf->size > buf->max - size) {
		buf->err = ERR_TOO_LARGE;
		return NULL;
	}
	size_t need = buf->size + size;
	if (need > buf->room || !buf->at) {
		size_t room = buf->room ? buf->room : BUF_FIRST_ROOM;
		while (room < need)
			room *= 2;
		if (room > buf->max && buf->max >= need)
			room = buf->max;
		uint8_t *grown = realloc(buf->at, room ? room : 1);
		if (!grown) {
			buf->err = ERR_NO_MEMORY;
			return NULL;
		}
		buf->at = grown;
		buf->room = room;
	}
	return buf->at + buf->size;
}

void buf_grew(struct buf *buf, size_t size)
{
	buf->size += size;
}

void buf_add(struct buf *buf, const void *at, size_t size)
{
	uint8_t *to = buf_reserve(buf, size);

	if (to && size) {
		memcpy(to, at, size);
		buf->size += size;
	}
}

void buf_add_str(struct buf *buf, struct str text)
{
	buf_add(buf, text.at, text.size);
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	uint8_t *to = size < 0 ? NULL : buf_reserve(buf, (size_t)size + 1);
	if (to) {
		(void)vsnprintf((char *)to, (size_t)size + 1, format, again);
		buf->size += (size_t)size;
	}
	va_end(again);
}

static void add_be(struct buf *buf, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
	buf_add(buf, bytes, size);
}

void buf_add_u8(struct buf *buf, uint8_t value)
{
	add_be(buf, value, 1);
}

void buf_add_u16(struct buf *buf, uint16_t value)
{
	add_be(buf, value, 2);
}

void buf_add_u24(struct buf *buf, uint32_t value)
{
	add_be(buf, value, 3);
}

void buf_add_u32(struct buf *buf, uint32_t value)
{
	add_be(buf, value, 4);
}

void buf_add_u32le(struct buf *buf, uint32_t value)
{
	add_be(buf, __builtin_bswap32(value), 4);
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
	add_be(buf, value, 8);
}
