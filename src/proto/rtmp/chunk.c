/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rtmp/chunk.h"

#include <string.h>

#define TIMESTAMP_EXTENDED 0xFFFFFFU
#define FIRST_ROOM         4 /* chunk streams a usual peer needs */

/* A body buffer above this is given back after this many messages that needed less than a quarter
 * of it. */
#define BODY_KEEP        (64 * 1024)
#define BODY_IDLE_ROUNDS 256

struct rtmp_chunk_stream {
	uint32_t id;
	uint32_t timestamp_ms;
	uint32_t field_ms; /* the header's timestamp: absolute or a step; repeated by type 3 */
	uint32_t size;
	uint32_t stream_id;
	uint8_t type;
	bool is_extended;
	bool is_under_way; /* a message has begun and is not complete */
	uint16_t idle_rounds;
	struct buf body;
};

struct chunk_head {
	uint8_t format;
	uint32_t id;
	size_t basic_size;
};

static const size_t message_head_size[4] = { 11, 7, 3, 0 };

void rtmp_chunk_reader_init(struct rtmp_chunk_reader *reader)
{
	*reader = (struct rtmp_chunk_reader){ .chunk_size = RTMP_CHUNK_SIZE_FIRST };
}

void rtmp_chunk_reader_done(struct rtmp_chunk_reader *reader)
{
	if (!reader)
		return;
	for (size_t i = 0; i < reader->count; i++)
		buf_done(&reader->streams[i].body);
	free(reader->streams);
	rtmp_chunk_reader_init(reader);
}

void rtmp_chunk_reader_trim(struct rtmp_chunk_reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		struct rtmp_chunk_stream *stream = &reader->streams[i];
		if (stream->is_under_way)
			continue;
		reader->memory -= stream->body.room;
		buf_done(&stream->body);
		buf_init(&stream->body, RTMP_MESSAGE_MAX);
	}
}

static struct rtmp_chunk_stream *find_stream(const struct rtmp_chunk_reader *reader, uint32_t id)
{
	for (size_t i = 0; i < reader->count; i++)
		if (reader->streams[i].id == id)
			return &reader->streams[i];
	return NULL;
}

static enum err add_stream(struct rtmp_chunk_reader *reader, uint32_t id,
                           struct rtmp_chunk_stream **out)
{
	if (reader->count == RTMP_CHUNK_STREAMS_MAX)
		return ERR_TOO_LARGE;
	if (reader->count == reader->room) {
		size_t room = reader->room ? reader->room * 2 : FIRST_ROOM;
		void *grown = reallocarray(reader->streams, room, sizeof *reader->streams);
		if (!grown)
			return ERR_NO_MEMORY;
		reader->streams = grown;
		reader->room = room;
	}
	struct rtmp_chunk_stream *stream = &reader->streams[reader->count++];
	*stream = (struct rtmp_chunk_stream){ .id = id };
	buf_init(&stream->body, RTMP_MESSAGE_MAX);
	*out = stream;
	return ERR_OK;
}

/* Moves bytes into reader->head until `size` of them are there; false if the input is used up. */
static bool fill_head(struct rtmp_chunk_reader *reader, struct bytes *input, size_t size)
{
	size_t missing = size > reader->head_size ? size - reader->head_size : 0;
	size_t taken = missing < input->size ? missing : input->size;

	if (taken)
		memcpy(reader->head + reader->head_size, bytes_take(input, taken), taken);
	reader->head_size += taken;
	return taken == missing;
}

/* Section 5.3.1.1 of the RTMP specification. */
static bool read_basic_head(struct rtmp_chunk_reader *reader, struct bytes *input,
                            struct chunk_head *out)
{
	if (!fill_head(reader, input, 1))
		return false;
	uint8_t low = reader->head[0] & 0x3F;
	out->format = reader->head[0] >> 6;
	out->basic_size = low == 0 ? 2 : low == 1 ? 3 : 1;
	if (!fill_head(reader, input, out->basic_size))
		return false;
	out->id = low;
	if (low == 0)
		out->id = 64U + reader->head[1];
	if (low == 1)
		out->id = 64U + reader->head[1] + reader->head[2] * 256U;
	return true;
}

/* A type 3 chunk repeats the extended timestamp, but some encoders leave it out. So it is taken for
 * one only while it equals the last; else those bytes are read again as what follows the header. */
static bool read_repeated_timestamp(struct rtmp_chunk_reader *reader, struct bytes *input,
                                    size_t offset, uint32_t expected)
{
	for (size_t i = 0; i < 4; i++) {
		if (!fill_head(reader, input, offset + i + 1))
			return false;
		if (reader->head[offset + i] == (uint8_t)(expected >> (24 - 8 * i)))
			continue;
		memmove(reader->again + i + 1, reader->again, reader->again_size);
		memcpy(reader->again, reader->head + offset, i + 1);
		reader->again_size = (uint8_t)(reader->again_size + i + 1);
		return true;
	}
	return true;
}

/* Types 0 to 2: a new message. Types 1 and 2 lack what the last message on this chunk stream had.
 */
static enum err apply_head(struct rtmp_chunk_stream *stream, const struct chunk_head *head,
                           struct bytes fields)
{
	/* A new header may not stand inside a message (section 5.3.1.2.4). */
	if (stream->is_under_way)
		return ERR_MALFORMED;
	uint32_t field_ms = bytes_u24(&fields);
	if (head->format <= 1) {
		stream->size = bytes_u24(&fields);
		stream->type = bytes_u8(&fields);
	}
	if (head->format == 0)
		stream->stream_id = bytes_u32le(&fields);
	stream->is_extended = field_ms == TIMESTAMP_EXTENDED;
	stream->field_ms = stream->is_extended ? bytes_u32(&fields) : field_ms;
	stream->timestamp_ms =
		head->format == 0 ? stream->field_ms : stream->timestamp_ms + stream->field_ms;
	return stream->size > RTMP_MESSAGE_MAX ? ERR_TOO_LARGE : ERR_OK;
}

/* Finds the header's chunk stream. The first header on one must say how long the message is; some
 * encoders begin with type 1. */
static enum err stream_of_head(struct rtmp_chunk_reader *reader, const struct chunk_head *head,
                               struct rtmp_chunk_stream **out)
{
	*out = find_stream(reader, head->id);
	if (*out)
		return ERR_OK;
	return head->format > 1 ? ERR_MALFORMED : add_stream(reader, head->id, out);
}

static enum err read_fields(struct rtmp_chunk_reader *reader, struct bytes *input,
                            const struct chunk_head *head, struct rtmp_chunk_stream *stream)
{
	size_t size = head->basic_size + message_head_size[head->format];

	if (head->format == 3) {
		if (stream->is_extended &&
		    !read_repeated_timestamp(reader, input, size, stream->field_ms))
			return ERR_MORE;
		if (!stream->is_under_way)
			stream->timestamp_ms += stream->field_ms;
		return ERR_OK;
	}
	if (!fill_head(reader, input, size))
		return ERR_MORE;
	struct bytes fields = bytes_of(reader->head + head->basic_size, 3);
	if (bytes_u24(&fields) == TIMESTAMP_EXTENDED && !fill_head(reader, input, size + 4))
		return ERR_MORE;
	fields = bytes_of(reader->head + head->basic_size, reader->head_size - head->basic_size);
	return apply_head(stream, head, fields);
}

/* Called when the next message begins: until then the body is lent out. */
static void give_back_idle(struct rtmp_chunk_reader *reader, struct rtmp_chunk_stream *stream)
{
	bool is_idle = stream->body.room > BODY_KEEP && stream->size < stream->body.room / 4;

	stream->idle_rounds = is_idle ? (uint16_t)(stream->idle_rounds + 1) : 0;
	if (stream->idle_rounds < BODY_IDLE_ROUNDS)
		return;
	reader->memory -= stream->body.room;
	buf_done(&stream->body);
	stream->idle_rounds = 0;
}

static enum err read_head(struct rtmp_chunk_reader *reader, struct bytes *input)
{
	struct rtmp_chunk_stream *stream;
	struct chunk_head head;

	if (!read_basic_head(reader, input, &head))
		return ERR_MORE;
	enum err err = stream_of_head(reader, &head, &stream);
	if (err == ERR_OK)
		err = read_fields(reader, input, &head, stream);
	if (err != ERR_OK)
		return err;
	if (!stream->is_under_way) {
		buf_clear(&stream->body);
		give_back_idle(reader, stream);
	}
	stream->is_under_way = true;
	size_t left = stream->size - stream->body.size;
	reader->current = (size_t)(stream - reader->streams);
	reader->chunk_left = left < reader->chunk_size ? left : reader->chunk_size;
	reader->head_size = 0;
	return ERR_OK;
}

/* Grows with what arrives, not with what was announced. */
static enum err keep_body(struct rtmp_chunk_reader *reader, struct rtmp_chunk_stream *stream,
                          struct bytes *input)
{
	size_t taken = reader->chunk_left < input->size ? reader->chunk_left : input->size;
	size_t room = stream->body.room;

	if (!taken)
		return ERR_MORE;
	buf_add(&stream->body, bytes_take(input, taken), taken);
	reader->memory += stream->body.room - room;
	reader->chunk_left -= taken;
	if (reader->memory > RTMP_CHUNK_MEMORY_MAX)
		return ERR_TOO_LARGE;
	return buf_err(&stream->body);
}

/* Gives ERR_OK when the message is complete, ERR_MORE when its chunk or the input is used up. */
static enum err read_body(struct rtmp_chunk_reader *reader, struct bytes *input,
                          struct rtmp_message *out)
{
	struct rtmp_chunk_stream *stream = &reader->streams[reader->current];

	*out = (struct rtmp_message){ .type = stream->type,
		                      .timestamp_ms = stream->timestamp_ms,
		                      .stream_id = stream->stream_id,
		                      .size = stream->size };
	/* One byte may be one that is read again and about to go, so it is always kept. */
	bool is_whole = reader->chunk_left == stream->size && input->size >= stream->size;
	if (!stream->body.size && is_whole && stream->size != 1) {
		out->body = stream->size ? bytes_take(input, stream->size) : NULL;
		reader->chunk_left = 0;
		stream->is_under_way = false;
		return ERR_OK;
	}
	enum err err = keep_body(reader, stream, input);
	if (err != ERR_OK)
		return err;
	if (stream->body.size < stream->size)
		return ERR_MORE;
	out->body = stream->body.at;
	stream->is_under_way = false;
	return ERR_OK;
}

static enum err set_chunk_size(struct rtmp_chunk_reader *reader, struct bytes body)
{
	uint32_t size = bytes_u32(&body);

	if (body.is_short || size == 0 || size > INT32_MAX)
		return ERR_MALFORMED;
	/* Above the largest message all sizes mean the same. */
	reader->chunk_size = size < RTMP_CHUNK_SIZE_MAX ? size : RTMP_CHUNK_SIZE_MAX;
	return ERR_MORE;
}

static enum err abort_message(struct rtmp_chunk_reader *reader, struct bytes body)
{
	uint32_t id = bytes_u32(&body);

	if (body.is_short)
		return ERR_MALFORMED;
	struct rtmp_chunk_stream *stream = find_stream(reader, id);
	if (stream) {
		buf_clear(&stream->body);
		stream->is_under_way = false;
	}
	return ERR_MORE;
}

static enum err read_step(struct rtmp_chunk_reader *reader, struct bytes *input,
                          struct rtmp_message *out)
{
	if (!reader->chunk_left) {
		enum err err = read_head(reader, input);
		if (err != ERR_OK)
			return err;
		if (reader->again_size && reader->chunk_left)
			return ERR_MORE;
	}
	enum err err = read_body(reader, input, out);
	if (err != ERR_OK)
		return err;
	struct bytes body = bytes_of(out->body, out->size);
	if (out->type == RTMP_SET_CHUNK_SIZE)
		return set_chunk_size(reader, body);
	if (out->type == RTMP_ABORT)
		return abort_message(reader, body);
	return ERR_OK;
}

/* Bytes to be read again come before the input. They are few, so they go one at a time: what a step
 * puts back then lands in front of the ones that are left. */
static enum err read_again(struct rtmp_chunk_reader *reader, struct rtmp_message *out)
{
	uint8_t first = reader->again[0];
	struct bytes input = bytes_of(&first, 1);

	reader->again_size--;
	memmove(reader->again, reader->again + 1, reader->again_size);
	return read_step(reader, &input, out);
}

enum err rtmp_chunk_read(struct rtmp_chunk_reader *reader, struct bytes *input,
                         struct rtmp_message *out)
{
	enum err err = ERR_MORE;

	while (err == ERR_MORE && (reader->again_size || input->size))
		err = reader->again_size ? read_again(reader, out) : read_step(reader, input, out);
	return err;
}

static size_t put_u32(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 24);
	to[1] = (uint8_t)(value >> 16);
	to[2] = (uint8_t)(value >> 8);
	to[3] = (uint8_t)value;
	return 4;
}

static size_t put_u24(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 16);
	to[1] = (uint8_t)(value >> 8);
	to[2] = (uint8_t)value;
	return 3;
}

size_t rtmp_chunk_write_head(uint8_t to[RTMP_CHUNK_HEAD_MAX], uint8_t chunk_stream,
                             const struct rtmp_message *message)
{
	bool is_extended = message->timestamp_ms >= TIMESTAMP_EXTENDED;
	size_t size = 0;

	to[size++] = chunk_stream;
	size += put_u24(to + size, is_extended ? TIMESTAMP_EXTENDED : message->timestamp_ms);
	size += put_u24(to + size, (uint32_t)message->size);
	to[size++] = message->type;
	size += put_u32(to + size, __builtin_bswap32(message->stream_id));
	if (is_extended)
		size += put_u32(to + size, message->timestamp_ms);
	return size;
}

/* The header between two chunks of one message: type 3. */
static void add_next_head(struct buf *out, uint8_t chunk_stream, uint32_t timestamp_ms)
{
	buf_add_u8(out, 0xC0 | chunk_stream);
	if (timestamp_ms >= TIMESTAMP_EXTENDED)
		buf_add_u32(out, timestamp_ms);
}

void rtmp_chunk_write_pieces(struct buf *out, uint32_t chunk_size, uint8_t chunk_stream,
                             const struct rtmp_message *message, const struct bytes *pieces,
                             size_t count)
{
	uint8_t head[RTMP_CHUNK_HEAD_MAX];
	size_t written = 0;

	buf_add(out, head, rtmp_chunk_write_head(head, chunk_stream, message));
	for (size_t i = 0; i < count; i++) {
		struct bytes piece = pieces[i];
		while (piece.size) {
			size_t left = chunk_size - written % chunk_size;
			if (written && left == chunk_size)
				add_next_head(out, chunk_stream, message->timestamp_ms);
			size_t taken = piece.size < left ? piece.size : left;
			buf_add(out, bytes_take(&piece, taken), taken);
			written += taken;
		}
	}
}

void rtmp_chunk_write(struct buf *out, uint32_t chunk_size, uint8_t chunk_stream,
                      const struct rtmp_message *message)
{
	struct bytes piece = bytes_of(message->body, message->size);

	rtmp_chunk_write_pieces(out, chunk_size, chunk_stream, message, &piece, 1);
}
