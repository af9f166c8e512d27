/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/flv/flv.h"

#include <string.h>

#define FLAG_VIDEO 0x01
#define FLAG_AUDIO 0x04

/* Adobe FLV specification 10.1, annex E.2. The header's own size is 9 by version 1. */
#define HEADER_SIZE_MAX 4096

static void put_u32(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 24);
	to[1] = (uint8_t)(value >> 16);
	to[2] = (uint8_t)(value >> 8);
	to[3] = (uint8_t)value;
}

void flv_write_header(uint8_t to[FLV_HEADER_SIZE], bool has_audio, bool has_video)
{
	static const uint8_t header[FLV_HEADER_SIZE] = { 'F', 'L', 'V', 1, 0, 0, 0, 0, 9 };

	memcpy(to, header, sizeof header);
	to[4] = (uint8_t)((has_audio ? FLAG_AUDIO : 0) | (has_video ? FLAG_VIDEO : 0));
}

void flv_write_tag_head(uint8_t to[FLV_TAG_HEAD_SIZE], enum flv_kind kind, uint32_t timestamp_ms,
                        size_t size)
{
	put_u32(to, (uint32_t)kind << 24 | ((uint32_t)size & 0xFFFFFF));
	/* The low 24 bits, then the high 8. */
	put_u32(to + 4, timestamp_ms << 8 | timestamp_ms >> 24);
	memset(to + 8, 0, 3);
}

void flv_write_tag_tail(uint8_t to[FLV_TAG_TAIL_SIZE], size_t size)
{
	put_u32(to, (uint32_t)size + FLV_TAG_HEAD_SIZE);
}

enum err flv_read_header(struct bytes *input, struct flv_header *out)
{
	struct bytes rest = *input;
	const uint8_t *mark = bytes_take(&rest, 4);
	uint8_t flags = bytes_u8(&rest);
	uint32_t size = bytes_u32(&rest);
	size_t seen = input->size < 4 ? input->size : 4;

	if (seen && memcmp(input->at, "FLV\1", seen) != 0)
		return ERR_MALFORMED;
	if (!mark || rest.is_short)
		return ERR_MORE;
	if (size < 9 || size > HEADER_SIZE_MAX)
		return ERR_MALFORMED;
	(void)bytes_take(&rest, size - 9 + FLV_TAG_TAIL_SIZE);
	if (rest.is_short)
		return ERR_MORE;
	*out = (struct flv_header){ .has_audio = flags & FLAG_AUDIO,
		                    .has_video = flags & FLAG_VIDEO };
	*input = rest;
	return ERR_OK;
}

enum err flv_read_tag(struct bytes *input, struct flv_tag *out)
{
	struct bytes rest = *input;
	struct flv_tag tag = { .kind = bytes_u8(&rest) & 0x1F };

	tag.size = bytes_u24(&rest);
	tag.timestamp_ms = bytes_u24(&rest);
	tag.timestamp_ms |= (uint32_t)bytes_u8(&rest) << 24;
	(void)bytes_u24(&rest);
	if (!rest.is_short && tag.size > FLV_BODY_MAX)
		return ERR_TOO_LARGE;
	tag.body = bytes_take(&rest, tag.size);
	/* Its value is not checked: writers disagree about it. */
	(void)bytes_u32(&rest);
	if (rest.is_short)
		return ERR_MORE;
	*input = rest;
	*out = tag;
	return ERR_OK;
}
