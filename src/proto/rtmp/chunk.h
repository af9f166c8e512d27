/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk.h — RTMP's chunk stream: messages cut into pieces, several under way at once.
 *
 *     rtmp_chunk_read(&reader, &input, &message)   until ERR_MORE; `input` moves on
 *
 * Set Chunk Size and Abort are carried out inside and not handed on.
 *
 * Memory   a message's body is borrowed until the next call with this reader: from the input when
 *          it lies there in one piece, else from a buffer that its chunk stream keeps for the next.
 * Errors   ERR_MORE (input used up), ERR_MALFORMED, ERR_TOO_LARGE (a message, the number of chunk
 *          streams, or the memory of all of them), ERR_NO_MEMORY. After any but ERR_MORE the reader
 *          can only be done.
 */
#ifndef VIGIL_PROTO_RTMP_CHUNK_H
#define VIGIL_PROTO_RTMP_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#define RTMP_MESSAGE_MAX       (4 * 1024 * 1024)
#define RTMP_CHUNK_SIZE_MAX    0xFFFFFFU
#define RTMP_CHUNK_SIZE_FIRST  128U
#define RTMP_CHUNK_STREAMS_MAX 64
#define RTMP_CHUNK_MEMORY_MAX  (8 * 1024 * 1024)
#define RTMP_CHUNK_HEAD_MAX    18 /* basic 3, message 11, extended timestamp 4 */

enum rtmp_type {
	RTMP_SET_CHUNK_SIZE = 1,
	RTMP_ABORT = 2,
	RTMP_ACK = 3,
	RTMP_USER_CONTROL = 4,
	RTMP_WINDOW_ACK_SIZE = 5,
	RTMP_SET_PEER_BANDWIDTH = 6,
	RTMP_AUDIO = 8,
	RTMP_VIDEO = 9,
	RTMP_DATA_AMF3 = 15,
	RTMP_COMMAND_AMF3 = 17,
	RTMP_DATA = 18,
	RTMP_COMMAND = 20,
	RTMP_AGGREGATE = 22,
};

struct rtmp_message {
	uint8_t type;          /* enum rtmp_type, or one we do not know */
	uint32_t timestamp_ms; /* wraps */
	uint32_t stream_id;
	const uint8_t *body;
	size_t size;
};

struct rtmp_chunk_stream;

struct rtmp_chunk_reader {
	struct rtmp_chunk_stream *streams;
	size_t count, room;
	size_t memory;     /* of all bodies */
	size_t current;    /* index of the chunk stream whose body is being read */
	size_t chunk_left; /* of that chunk; 0 while a header is awaited */
	uint32_t chunk_size;
	size_t head_size;
	uint8_t head[RTMP_CHUNK_HEAD_MAX];
	uint8_t again[8]; /* bytes looked at that turned out to be something else */
	uint8_t again_size;
};

void rtmp_chunk_reader_init(struct rtmp_chunk_reader *reader);
void rtmp_chunk_reader_done(struct rtmp_chunk_reader *reader);
/* Gives back the memory of all bodies that are not under way; for readers that will hear little. */
void rtmp_chunk_reader_trim(struct rtmp_chunk_reader *reader);
enum err rtmp_chunk_read(struct rtmp_chunk_reader *reader, struct bytes *input,
                         struct rtmp_message *out);

/* The header of a message's first chunk, always of type 0; gives its size. `chunk_stream` is
 * 2..63. */
size_t rtmp_chunk_write_head(uint8_t to[RTMP_CHUNK_HEAD_MAX], uint8_t chunk_stream,
                             const struct rtmp_message *message);

/* The whole message, cut at `chunk_size`. */
void rtmp_chunk_write(struct buf *out, uint32_t chunk_size, uint8_t chunk_stream,
                      const struct rtmp_message *message);

/* The same for a body in `count` pieces, one behind the other; message->body is not looked at and
 * message->size is the sum of the pieces. */
void rtmp_chunk_write_pieces(struct buf *out, uint32_t chunk_size, uint8_t chunk_stream,
                             const struct rtmp_message *message, const struct bytes *pieces,
                             size_t count);

#endif
