/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write.h — the small messages both sides of RTMP send.
 *
 * Errors   in the buf (sticky).
 */
#ifndef VIGIL_PROTO_RTMP_WRITE_H
#define VIGIL_PROTO_RTMP_WRITE_H

#include "base/buf.h"
#include "proto/rtmp/chunk.h"

#define RTMP_COMMAND_MAX (16 * 1024) /* bytes of one command's body, in and out */
#define RTMP_DATA_MAX    (64 * 1024) /* bytes of one data message's body */

/* Chunk streams; the numbers are custom, only 2 is given by the specification. */
enum rtmp_chunk_stream_id {
	RTMP_ON_CONTROL = 2,
	RTMP_ON_COMMAND = 3,
	RTMP_ON_AUDIO = 4,
	RTMP_ON_STATUS = 5,
	RTMP_ON_VIDEO = 6,
	RTMP_ON_DATA = 8,
};

enum rtmp_user_control {
	RTMP_STREAM_BEGIN = 0,
	RTMP_STREAM_EOF = 1,
	RTMP_SET_BUFFER_LENGTH = 3,
	RTMP_PING = 6,
	RTMP_PONG = 7,
};

/* Set Chunk Size, Ack, Window Ack Size: four bytes. */
void rtmp_write_control(struct buf *out, enum rtmp_type type, uint32_t value);
void rtmp_write_user_control(struct buf *out, enum rtmp_user_control event, uint32_t value);

/* `body` is AMF0. */
void rtmp_write_command(struct buf *out, uint32_t chunk_size, uint8_t chunk_stream,
                        uint32_t stream_id, const struct buf *body);

/* The same for a data message. */
void rtmp_write_data(struct buf *out, uint32_t chunk_size, uint32_t stream_id,
                     const struct buf *body);

#endif
