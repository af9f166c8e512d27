/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mqtt/mqtt_private.h"

#define LENGTH_BYTES_MAX 4

/* §2.1.3: the flags a packet must have; PUBLISH carries its own. */
static const uint8_t flags_of[MQTT_AUTH + 1] = {
	[MQTT_PUBREL] = 2,
	[MQTT_SUBSCRIBE] = 2,
	[MQTT_UNSUBSCRIBE] = 2,
};

static enum err check_first_byte(uint8_t first)
{
	unsigned type = first >> 4;
	uint8_t flags = first & 0x0F;

	if (type == 0)
		return ERR_MALFORMED;
	if (type == MQTT_PUBLISH) {
		unsigned qos = (unsigned)flags >> 1 & 3;
		/* §3.3.1.2: QoS 3 is none; §3.3.1.1: QoS 0 is never a duplicate. */
		return qos == 3 || (qos == 0 && flags & 8) ? ERR_MALFORMED : ERR_OK;
	}
	return flags == flags_of[type] ? ERR_OK : ERR_MALFORMED;
}

/* §1.5.5: the number, and in *used the bytes it took. */
static enum err decode_varint(const uint8_t *at, size_t size, uint32_t *out, size_t *used)
{
	uint32_t value = 0;

	for (size_t i = 0; i < LENGTH_BYTES_MAX; i++) {
		if (i == size)
			return ERR_MORE;
		value |= (uint32_t)(at[i] & 0x7F) << (7 * i);
		if (at[i] & 0x80)
			continue;
		/* The shortest form is the only one. */
		if (i > 0 && at[i] == 0)
			return ERR_MALFORMED;
		*out = value;
		*used = i + 1;
		return ERR_OK;
	}
	return ERR_MALFORMED;
}

enum err mqtt_read_frame(const uint8_t *at, size_t size, size_t max_bytes, struct mqtt_frame *out)
{
	uint32_t length;
	size_t used;

	if (size == 0)
		return ERR_MORE;
	enum err err = check_first_byte(at[0]);
	if (err == ERR_OK)
		err = decode_varint(at + 1, size - 1, &length, &used);
	if (err != ERR_OK)
		return err;
	enum mqtt_packet_type type = (enum mqtt_packet_type)(at[0] >> 4);
	bool is_ping = type == MQTT_PINGREQ || type == MQTT_PINGRESP;
	if (is_ping && length > 0)
		return ERR_MALFORMED; /* §3.12, §3.13 */
	size_t whole = 1 + used + length;
	if (whole > max_bytes)
		return ERR_TOO_LARGE;
	if (size < whole)
		return ERR_MORE;
	*out = (struct mqtt_frame){
		.type = type,
		.flags = at[0] & 0x0F,
		.body = { (const char *)at + 1 + used, length },
		.size = whole,
	};
	return ERR_OK;
}

uint32_t mqtt_read_varint(struct bytes *bytes)
{
	uint32_t value;
	size_t used;

	if (bytes->is_short || decode_varint(bytes->at, bytes->size, &value, &used) != ERR_OK) {
		bytes->is_short = true;
		return 0;
	}
	(void)bytes_take(bytes, used);
	return value;
}

struct str mqtt_read_binary(struct bytes *bytes)
{
	return bytes_str(bytes, bytes_u16(bytes));
}

struct str mqtt_read_string(struct bytes *bytes)
{
	struct str text = mqtt_read_binary(bytes);

	if (!str_is_utf8(text))
		bytes->is_short = true;
	return text;
}

uint16_t mqtt_read_packet_id(struct bytes *bytes)
{
	uint16_t id = bytes_u16(bytes);

	if (id == 0)
		bytes->is_short = true;
	return id;
}

size_t mqtt_packet_begin(struct buf *out, enum mqtt_packet_type type, uint8_t flags)
{
	static const uint8_t room[LENGTH_BYTES_MAX];
	size_t start = out->size;

	buf_add_u8(out, (uint8_t)(type << 4 | flags));
	buf_add(out, room, sizeof room);
	return start;
}

static size_t encode_varint(uint32_t value, uint8_t to[LENGTH_BYTES_MAX])
{
	size_t count = 0;

	do {
		to[count] = (uint8_t)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
		value >>= 7;
	} while (to[count++] & 0x80);
	return count;
}

void mqtt_packet_end(struct buf *out, size_t start, size_t extra)
{
	if (out->err == ERR_OK) {
		size_t written = out->size - start - 1 - LENGTH_BYTES_MAX;
		if (extra > MQTT_BODY_MAX || written > MQTT_BODY_MAX - extra)
			out->err = ERR_TOO_LARGE;
		else {
			uint8_t length[LENGTH_BYTES_MAX];
			size_t used = encode_varint((uint32_t)(written + extra), length);
			uint8_t *at = out->at + start + 1;
			memcpy(at, length, used);
			memmove(at + used, at + LENGTH_BYTES_MAX, written);
			out->size -= LENGTH_BYTES_MAX - used;
		}
	}
	if (out->err != ERR_OK)
		out->size = start;
}

void mqtt_add_string(struct buf *out, struct str text)
{
	if (text.size > MQTT_STRING_MAX) {
		out->err = ERR_TOO_LARGE;
		return;
	}
	buf_add_u16(out, (uint16_t)text.size);
	buf_add_str(out, text);
}

void mqtt_add_varint(struct buf *out, uint32_t value)
{
	uint8_t bytes[LENGTH_BYTES_MAX];

	if (value > MQTT_BODY_MAX) {
		out->err = ERR_TOO_LARGE;
		return;
	}
	buf_add(out, bytes, encode_varint(value, bytes));
}
