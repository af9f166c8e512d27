/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rtmp/write.h"

static void write_small(struct buf *out, enum rtmp_type type, const uint8_t *body, size_t size)
{
	struct rtmp_message message = { .type = (uint8_t)type, .body = body, .size = size };

	rtmp_chunk_write(out, RTMP_CHUNK_SIZE_FIRST, RTMP_ON_CONTROL, &message);
}

void rtmp_write_control(struct buf *out, enum rtmp_type type, uint32_t value)
{
	uint8_t body[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
		            (uint8_t)value };

	write_small(out, type, body, sizeof body);
}

void rtmp_write_user_control(struct buf *out, enum rtmp_user_control event, uint32_t value)
{
	uint8_t body[6] = {
		0,
		(uint8_t)event,
		(uint8_t)(value >> 24),
		(uint8_t)(value >> 16),
		(uint8_t)(value >> 8),
		(uint8_t)value,
	};

	write_small(out, RTMP_USER_CONTROL, body, sizeof body);
}

static void write_body(struct buf *out, uint32_t chunk_size, uint8_t chunk_stream,
                       struct rtmp_message message, const struct buf *body)
{
	message.body = body->at;
	message.size = body->size;
	if (buf_err(body) != ERR_OK)
		out->err = buf_err(body);
	rtmp_chunk_write(out, chunk_size, chunk_stream, &message);
}

void rtmp_write_command(struct buf *out, uint32_t chunk_size, uint8_t chunk_stream,
                        uint32_t stream_id, const struct buf *body)
{
	struct rtmp_message message = { .type = RTMP_COMMAND, .stream_id = stream_id };

	write_body(out, chunk_size, chunk_stream, message, body);
}

void rtmp_write_data(struct buf *out, uint32_t chunk_size, uint32_t stream_id,
                     const struct buf *body)
{
	struct rtmp_message message = { .type = RTMP_DATA, .stream_id = stream_id };

	write_body(out, chunk_size, RTMP_ON_DATA, message, body);
}
