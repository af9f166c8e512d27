/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mqtt/mqtt_property.h"

#include <assert.h>

#define ID_COUNT (MQTT_PROPERTY_SHARED_AVAILABLE + 1)

enum kind {
	KIND_NONE,
	KIND_BYTE,
	KIND_U16,
	KIND_U32,
	KIND_VARINT,
	KIND_STRING,
	KIND_TOPIC, /* a string without wildcards (§3.3.2.3.5) */
	KIND_BINARY,
	KIND_PAIR,
};

#define IN(type)    (1u << MQTT_##type)
#define IN_WILL     (1u << MQTT_PLACE_WILL)
#define IN_ACKS     (IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP) | IN(SUBACK) | IN(UNSUBACK))
#define IN_MESSAGES (IN(PUBLISH) | IN_WILL)
#define IN_ALL      (~0u)

/* §2.2.2.2, table 2-4, with the ranges of the packets' own sections. */
struct rule {
	uint8_t kind;
	uint32_t places;
	uint32_t least, most;
	uint32_t repeated_in;
};

/* clang-format off */
static const struct rule rules[ID_COUNT] = {
	[MQTT_PROPERTY_PAYLOAD_FORMAT]        = { KIND_BYTE,   IN_MESSAGES, 0, 1, 0 },
	[MQTT_PROPERTY_MESSAGE_EXPIRY]        = { KIND_U32,    IN_MESSAGES, 0, UINT32_MAX, 0 },
	[MQTT_PROPERTY_CONTENT_TYPE]          = { KIND_STRING, IN_MESSAGES, 0, 0, 0 },
	[MQTT_PROPERTY_RESPONSE_TOPIC]        = { KIND_TOPIC,  IN_MESSAGES, 0, 0, 0 },
	[MQTT_PROPERTY_CORRELATION]           = { KIND_BINARY, IN_MESSAGES, 0, 0, 0 },
	[MQTT_PROPERTY_SUBSCRIPTION_ID]       = { KIND_VARINT, IN(PUBLISH) | IN(SUBSCRIBE), 1, MQTT_BODY_MAX, IN(PUBLISH) },
	[MQTT_PROPERTY_SESSION_EXPIRY]        = { KIND_U32,    IN(CONNECT) | IN(CONNACK) | IN(DISCONNECT), 0, UINT32_MAX, 0 },
	[MQTT_PROPERTY_ASSIGNED_CLIENT_ID]    = { KIND_STRING, IN(CONNACK), 0, 0, 0 },
	[MQTT_PROPERTY_SERVER_KEEP_ALIVE]     = { KIND_U16,    IN(CONNACK), 0, UINT16_MAX, 0 },
	[MQTT_PROPERTY_AUTHENTICATION_METHOD] = { KIND_STRING, IN(CONNECT) | IN(CONNACK), 0, 0, 0 },
	[MQTT_PROPERTY_AUTHENTICATION_BYTES]  = { KIND_BINARY, IN(CONNECT) | IN(CONNACK), 0, 0, 0 },
	[MQTT_PROPERTY_REQUEST_PROBLEM]       = { KIND_BYTE,   IN(CONNECT), 0, 1, 0 },
	[MQTT_PROPERTY_WILL_DELAY]            = { KIND_U32,    IN_WILL, 0, UINT32_MAX, 0 },
	[MQTT_PROPERTY_REQUEST_RESPONSE]      = { KIND_BYTE,   IN(CONNECT), 0, 1, 0 },
	[MQTT_PROPERTY_RESPONSE_TEXT]         = { KIND_STRING, IN(CONNACK), 0, 0, 0 },
	[MQTT_PROPERTY_SERVER_REFERENCE]      = { KIND_STRING, IN(CONNACK) | IN(DISCONNECT), 0, 0, 0 },
	[MQTT_PROPERTY_REASON_TEXT]           = { KIND_STRING, IN(CONNACK) | IN_ACKS | IN(DISCONNECT), 0, 0, 0 },
	[MQTT_PROPERTY_RECEIVE_MAXIMUM]       = { KIND_U16,    IN(CONNECT) | IN(CONNACK), 1, UINT16_MAX, 0 },
	[MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM]   = { KIND_U16,    IN(CONNECT) | IN(CONNACK), 0, UINT16_MAX, 0 },
	[MQTT_PROPERTY_TOPIC_ALIAS]           = { KIND_U16,    IN(PUBLISH), 1, UINT16_MAX, 0 },
	[MQTT_PROPERTY_MAXIMUM_QOS]           = { KIND_BYTE,   IN(CONNACK), 0, 1, 0 },
	[MQTT_PROPERTY_RETAIN_AVAILABLE]      = { KIND_BYTE,   IN(CONNACK), 0, 1, 0 },
	[MQTT_PROPERTY_USER]                  = { KIND_PAIR,   IN_ALL, 0, 0, IN_ALL },
	[MQTT_PROPERTY_MAXIMUM_PACKET]        = { KIND_U32,    IN(CONNECT) | IN(CONNACK), 1, UINT32_MAX, 0 },
	[MQTT_PROPERTY_WILDCARD_AVAILABLE]    = { KIND_BYTE,   IN(CONNACK), 0, 1, 0 },
	[MQTT_PROPERTY_SUBSCRIPTION_ID_AVAILABLE] = { KIND_BYTE, IN(CONNACK), 0, 1, 0 },
	[MQTT_PROPERTY_SHARED_AVAILABLE]      = { KIND_BYTE,   IN(CONNACK), 0, 1, 0 },
};
/* clang-format on */

static bool is_number(enum kind kind)
{
	return kind == KIND_BYTE || kind == KIND_U16 || kind == KIND_U32 || kind == KIND_VARINT;
}

static void read_value(struct bytes *rest, enum kind kind, struct mqtt_property *out)
{
	switch (kind) {
	case KIND_NONE: rest->is_short = true; return;
	case KIND_BYTE: out->number = bytes_u8(rest); return;
	case KIND_U16: out->number = bytes_u16(rest); return;
	case KIND_U32: out->number = bytes_u32(rest); return;
	case KIND_VARINT: out->number = mqtt_read_varint(rest); return;
	case KIND_STRING:
	case KIND_TOPIC: out->text = mqtt_read_string(rest); return;
	case KIND_BINARY: out->text = mqtt_read_binary(rest); return;
	case KIND_PAIR:
		(void)mqtt_read_string(rest);
		out->text = mqtt_read_string(rest);
		return;
	}
}

struct mqtt_property_walk mqtt_property_begin(struct bytes *body, unsigned place)
{
	uint32_t size = mqtt_read_varint(body);
	const uint8_t *at = bytes_take(body, size);

	return (struct mqtt_property_walk){
		.rest = bytes_of(at, at ? size : 0),
		.place = 1u << place,
		.is_wrong = !at,
	};
}

bool mqtt_property_next(struct mqtt_property_walk *walk, struct mqtt_property *out)
{
	if (walk->is_wrong || walk->rest.size == 0)
		return false;
	walk->is_wrong = true;
	uint32_t id = mqtt_read_varint(&walk->rest);
	const struct rule *rule = id < ID_COUNT ? &rules[id] : &rules[0];
	if (walk->rest.is_short || !(rule->places & walk->place))
		return false;
	uint64_t bit = (uint64_t)1 << id;
	if (walk->seen & bit && !(rule->repeated_in & walk->place))
		return false;
	walk->seen |= bit;

	struct mqtt_property property = { .id = (enum mqtt_property_id)id };
	enum kind kind = (enum kind)rule->kind;
	read_value(&walk->rest, kind, &property);
	if (walk->rest.is_short)
		return false;
	if (is_number(kind) && (property.number < rule->least || property.number > rule->most))
		return false;
	if (kind == KIND_TOPIC && !mqtt_topic_is_name(property.text))
		return false;
	walk->is_wrong = false;
	*out = property;
	return true;
}

bool mqtt_property_skip(struct mqtt_property_walk *walk)
{
	struct mqtt_property property;

	while (mqtt_property_next(walk, &property))
		;
	return !walk->is_wrong;
}

/* A block of ours stays under 128 bytes unless it holds texts, so one byte is kept for its length
 * and the block is moved when that is not enough. */
size_t mqtt_property_block_begin(struct buf *out)
{
	size_t start = out->size;

	buf_add_u8(out, 0);
	return start;
}

void mqtt_property_block_end(struct buf *out, size_t start)
{
	static const uint8_t room[3];

	if (out->err != ERR_OK)
		return;
	size_t size = out->size - start - 1;
	if (size < 0x80) {
		out->at[start] = (uint8_t)size;
		return;
	}
	size_t more = size < 0x4000 ? 1 : size < 0x200000 ? 2 : 3;
	buf_add(out, room, more);
	if (out->err != ERR_OK)
		return;
	uint8_t *at = out->at + start;
	memmove(at + 1 + more, at + 1, size);
	for (size_t i = 0; i <= more; i++)
		at[i] = (uint8_t)((size >> (7 * i) & 0x7F) | (i < more ? 0x80 : 0));
}

void mqtt_property_add_number(struct buf *out, enum mqtt_property_id id, uint32_t number)
{
	buf_add_u8(out, (uint8_t)id);
	switch ((enum kind)rules[id].kind) {
	case KIND_BYTE: buf_add_u8(out, (uint8_t)number); return;
	case KIND_U16: buf_add_u16(out, (uint16_t)number); return;
	case KIND_U32: buf_add_u32(out, number); return;
	case KIND_VARINT: mqtt_add_varint(out, number); return;
	case KIND_NONE:
	case KIND_STRING:
	case KIND_TOPIC:
	case KIND_BINARY:
	case KIND_PAIR: assert(false); return; /* not a number */
	}
}

void mqtt_property_add_text(struct buf *out, enum mqtt_property_id id, struct str text)
{
	buf_add_u8(out, (uint8_t)id);
	mqtt_add_string(out, text);
}
