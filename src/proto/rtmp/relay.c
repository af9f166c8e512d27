/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rtmp/relay.h"

#include <string.h>

#include "proto/flv/flv.h"
#include "proto/flv/flv_media.h"
#include "proto/rtmp/write.h"

void rtmp_relay_init(struct rtmp_relay *relay)
{
	*relay = (struct rtmp_relay){ .skip = FLV_HEADER_SIZE };
	flv_clock_init(&relay->clock, 0);
}

bool rtmp_relay_is_between(const struct rtmp_relay *relay)
{
	return relay->head_size == 0;
}

static void add_part(struct rtmp_batch *batch, const void *at, size_t size)
{
	struct iovec *part = &batch->parts[batch->part_count];

	if (!size)
		return;
	/* iovec has no const, and nothing is written through it. */
	memcpy(&part->iov_base, &at, sizeof at);
	part->iov_len = size;
	batch->part_count++;
	batch->size += size;
}

static void add_message(struct rtmp_batch *batch, const uint8_t *body)
{
	const struct rtmp_batch_message *message = &batch->messages[batch->message_count++];

	add_part(batch, message->head, message->head_size);
	add_part(batch, body, message->body_size);
}

/* Bytes of FLV, one part behind the other. */
struct source {
	const struct iovec *parts;
	size_t count;
	struct bytes part;
};

static bool is_at_end(struct source *source)
{
	while (!source->part.size && source->count) {
		source->part = bytes_of(source->parts->iov_base, source->parts->iov_len);
		source->parts++;
		source->count--;
	}
	return source->part.size == 0;
}

static void skip_header(struct source *source, size_t size)
{
	while (size && !is_at_end(source)) {
		size_t taken = size < source->part.size ? size : source->part.size;
		(void)bytes_take(&source->part, taken);
		size -= taken;
	}
}

/* What viewers get first of all counts from nowhere: it is sent with the time there is. */
static bool is_untimed(const struct flv_tag *tag)
{
	struct flv_video video;
	struct flv_audio audio;

	if (tag->timestamp_ms != 0)
		return false;
	if (tag->kind == FLV_VIDEO)
		return flv_read_video(tag->body, tag->size, &video) == ERR_OK && video.is_header;
	if (tag->kind == FLV_AUDIO)
		return flv_read_audio(tag->body, tag->size, &audio) == ERR_OK && audio.is_header;
	return true;
}

static uint8_t chunk_stream_of(uint8_t kind)
{
	return kind == FLV_AUDIO ? RTMP_ON_AUDIO : kind == FLV_VIDEO ? RTMP_ON_VIDEO : RTMP_ON_DATA;
}

static void write_head(struct rtmp_batch_message *message, uint32_t stream_id,
                       const struct flv_tag *tag)
{
	struct rtmp_message head = { .type = tag->kind, .stream_id = stream_id, .size = tag->size };

	head.timestamp_ms = is_untimed(tag)
	                            ? message->clock.newest
	                            : flv_clock_stamp(&message->clock, (enum flv_kind)tag->kind,
	                                              tag->timestamp_ms);
	message->head_size =
		rtmp_chunk_write_head(message->head, chunk_stream_of(tag->kind), &head);
	message->body_size = tag->size;
}

static bool is_media(const struct flv_tag *tag)
{
	return tag->size &&
	       (tag->kind == FLV_AUDIO || tag->kind == FLV_VIDEO || tag->kind == FLV_SCRIPT);
}

/* The rest of the message that was half sent. */
static void add_rest(const struct rtmp_relay *relay, struct source *source,
                     struct rtmp_batch *batch)
{
	struct rtmp_batch_message *rest = &batch->messages[0];

	if (is_at_end(source) || source->part.size < relay->body_left + FLV_TAG_TAIL_SIZE)
		return;
	*rest = (struct rtmp_batch_message){ .body_size = relay->body_left, .clock = relay->clock };
	rest->head_size = (size_t)(relay->head_size - relay->head_at);
	memcpy(rest->head, relay->head + relay->head_at, rest->head_size);
	const uint8_t *body = bytes_take(&source->part, relay->body_left);
	(void)bytes_take(&source->part, FLV_TAG_TAIL_SIZE);
	add_message(batch, body);
}

void rtmp_relay_fill(const struct rtmp_relay *relay, const struct iovec parts[], size_t count,
                     struct rtmp_batch *batch)
{
	struct source source = { .parts = parts, .count = count };
	struct flv_clock clock = relay->clock;
	size_t lead = relay->skip;
	struct flv_tag tag;

	batch->part_count = batch->size = batch->message_count = 0;
	skip_header(&source, relay->skip);
	if (!rtmp_relay_is_between(relay)) {
		add_rest(relay, &source, batch);
		if (!batch->message_count)
			return;
	}
	while (batch->message_count < RTMP_BATCH_MAX && !is_at_end(&source)) {
		size_t before = source.part.size;
		if (flv_read_tag(&source.part, &tag) != ERR_OK)
			return;
		if (!is_media(&tag)) {
			lead += before - source.part.size;
			continue;
		}
		struct rtmp_batch_message *message = &batch->messages[batch->message_count];
		message->clock = clock;
		message->lead = lead + FLV_TAG_HEAD_SIZE;
		write_head(message, relay->stream_id, &tag);
		clock = message->clock;
		lead = 0;
		add_message(batch, tag.body);
	}
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A message went out in part; gives the bytes of its body that did. */
static size_t keep_rest(struct rtmp_relay *relay, const struct rtmp_batch_message *message,
                        size_t sent)
{
	size_t of_head = least(sent, message->head_size);
	size_t of_body = sent - of_head;

	memcpy(relay->head, message->head, message->head_size);
	/* A head that is through still marks the message as half sent. */
	relay->head_size = (uint8_t)(message->head_size ? message->head_size : relay->head_size);
	relay->head_at = (uint8_t)(message->head_size ? of_head : relay->head_size);
	relay->body_left = (uint32_t)(message->body_size - of_body);
	return of_body;
}

size_t rtmp_relay_sent(struct rtmp_relay *relay, const struct rtmp_batch *batch, size_t sent)
{
	size_t done = 0;

	for (size_t i = 0; i < batch->message_count && sent; i++) {
		const struct rtmp_batch_message *message = &batch->messages[i];
		relay->clock = message->clock;
		relay->skip = 0;
		done += message->lead;
		if (sent < message->head_size + message->body_size)
			return done + keep_rest(relay, message, sent);
		sent -= message->head_size + message->body_size;
		relay->head_size = relay->head_at = 0;
		relay->body_left = 0;
		done += message->body_size + FLV_TAG_TAIL_SIZE;
	}
	return done;
}
