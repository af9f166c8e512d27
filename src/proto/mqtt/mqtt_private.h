/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_private.h — what the readers and writers of packets share.
 */
#ifndef VIGIL_PROTO_MQTT_MQTT_PRIVATE_H
#define VIGIL_PROTO_MQTT_MQTT_PRIVATE_H

#include "base/bytes.h"
#include "proto/mqtt/mqtt.h"

/* §1.5.5; sets is_short and gives 0 when it is cut, longer than four bytes or not the shortest. */
uint32_t mqtt_read_varint(struct bytes *bytes);
/* §1.5.4, §1.5.6: two bytes of length; sets is_short when cut or, for a string, not UTF-8. */
struct str mqtt_read_string(struct bytes *bytes);
struct str mqtt_read_binary(struct bytes *bytes);
/* §2.2.1: never 0; sets is_short if it is. */
uint16_t mqtt_read_packet_id(struct bytes *bytes);

static inline struct bytes mqtt_body(const struct mqtt_frame *frame)
{
	return bytes_of(frame->body.at, frame->body.size);
}

/* The whole body was used up and nothing was wrong. */
static inline bool mqtt_body_is_done(const struct bytes *body)
{
	return !body->is_short && body->size == 0;
}

/* §2.4: `code` may stand in a packet of this type (5.0). */
bool mqtt_reason_is_for(uint8_t code, enum mqtt_packet_type type);

/* A packet is begun, its body added with buf_add...() and mqtt_add_string(), and ended; the end
 * fills in the length, counting `extra` bytes that the caller adds afterwards. On failure the buf
 * is as it was at the beginning, but for its sticky failure. */
size_t mqtt_packet_begin(struct buf *out, enum mqtt_packet_type type, uint8_t flags);
void mqtt_packet_end(struct buf *out, size_t start, size_t extra);

/* §1.5.4, with its length; ERR_TOO_LARGE past MQTT_STRING_MAX. */
void mqtt_add_string(struct buf *out, struct str text);
void mqtt_add_varint(struct buf *out, uint32_t value);

#endif
