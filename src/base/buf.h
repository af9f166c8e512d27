/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h — bytes that grow, born with their largest size.
 *
 * Errors   sticky: after the first failure every buf_add...() does nothing, and buf_err() tells
 *          which it was (ERR_TOO_LARGE or ERR_NO_MEMORY). So a message is written straight down
 *          and checked once.
 * Memory   buf_done() frees; a zeroed buf is one that can hold nothing.
 */
#ifndef VIGIL_BASE_BUF_H
#define VIGIL_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

struct buf {
	uint8_t *at;
	size_t size;
	size_t room;
	size_t max;
	enum err err;
};

/* Takes no memory before the first byte. */
void buf_init(struct buf *buf, size_t max);
void buf_done(struct buf *buf);

/* Forgets the content and a sticky failure; keeps the memory. */
void buf_clear(struct buf *buf);

/* Drops the first `size` bytes (at most all). An emptied buf gives its memory back when it is
 * larger than `keep` bytes. */
void buf_drop(struct buf *buf, size_t size, size_t keep);

/* Room for `size` bytes behind the content, to be filled by the caller and counted by
 * buf_grew(); NULL on failure. */
uint8_t *buf_reserve(struct buf *buf, size_t size);
void buf_grew(struct buf *buf, size_t size);

void buf_add(struct buf *buf, const void *at, size_t size);
void buf_add_str(struct buf *buf, struct str text);
void buf_add_text(struct buf *buf, const char *text);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *format, ...);

/* Big-endian unless the name says little (le). */
void buf_add_u8(struct buf *buf, uint8_t value);
void buf_add_u16(struct buf *buf, uint16_t value);
void buf_add_u24(struct buf *buf, uint32_t value);
void buf_add_u32(struct buf *buf, uint32_t value);
void buf_add_u32le(struct buf *buf, uint32_t value);
void buf_add_u64(struct buf *buf, uint64_t value);

static inline enum err buf_err(const struct buf *buf)
{
	return buf->err;
}

static inline struct str buf_str(const struct buf *buf)
{
	return (struct str){ (const char *)buf->at, buf->size };
}

/* Always with a value: AUTO_BUF text = { 0 }; a return before buf_init() frees it too. */
#define AUTO_BUF __attribute__((cleanup(buf_done))) struct buf

#endif
