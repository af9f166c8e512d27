/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mqtt/mqtt_property.h"

/* §3.3.1 */
#define FLAG_RETAIN    0x01
#define FLAG_DUPLICATE 0x08
#define QOS_SHIFT      1

/* §3.3.2.3 */
static bool read_publish_properties(struct bytes *body, struct mqtt_publish *out)
{
	struct mqtt_property_walk walk = mqtt_property_begin(body, MQTT_PUBLISH);
	struct mqtt_property property;

	while (mqtt_property_next(&walk, &property)) {
		if (property.id == MQTT_PROPERTY_TOPIC_ALIAS) {
			out->topic_alias = (uint16_t)property.number;
		} else if (property.id == MQTT_PROPERTY_MESSAGE_EXPIRY) {
			out->has_message_expiry = true;
			out->message_expiry_s = property.number;
		} else if (property.id == MQTT_PROPERTY_SUBSCRIPTION_ID) {
			out->subscription_id = property.number;
		}
	}
	return !walk.is_wrong;
}

enum err mqtt_read_publish(const struct mqtt_frame *frame, enum mqtt_version version,
                           struct mqtt_publish *out)
{
	struct bytes body = mqtt_body(frame);
	struct mqtt_publish publish = {
		.qos = frame->flags >> QOS_SHIFT & 3,
		.retain = (frame->flags & FLAG_RETAIN) != 0,
		.is_duplicate = (frame->flags & FLAG_DUPLICATE) != 0,
	};

	publish.topic = mqtt_read_string(&body);
	if (publish.qos > 0)
		publish.packet_id = mqtt_read_packet_id(&body);
	if (version == MQTT_5 && !read_publish_properties(&body, &publish))
		return ERR_MALFORMED;
	if (body.is_short)
		return ERR_MALFORMED;
	/* §3.3.2.1: no topic only where an alias stands for it. */
	bool is_aliased = publish.topic.size == 0 && publish.topic_alias != 0;
	if (!is_aliased && !mqtt_topic_is_name(publish.topic))
		return ERR_MALFORMED;
	publish.payload = (struct str){ (const char *)body.at, body.size };
	*out = publish;
	return ERR_OK;
}

enum err mqtt_read_ack(const struct mqtt_frame *frame, enum mqtt_version version,
                       struct mqtt_ack *out)
{
	struct bytes body = mqtt_body(frame);
	struct mqtt_ack ack = { .packet_id = mqtt_read_packet_id(&body) };
	uint8_t code = 0;

	/* §3.4.2.1: without more the reason is success; from the reason on properties may be left
	 * out. */
	if (version == MQTT_5 && body.size > 0)
		code = bytes_u8(&body);
	if (version == MQTT_5 && body.size > 0) {
		struct mqtt_property_walk walk = mqtt_property_begin(&body, frame->type);
		if (!mqtt_property_skip(&walk))
			return ERR_MALFORMED;
	}
	if (!mqtt_body_is_done(&body) || !mqtt_reason_is_for(code, frame->type))
		return ERR_MALFORMED;
	ack.reason = (enum mqtt_reason)code;
	*out = ack;
	return ERR_OK;
}

static size_t begin_publish(struct buf *out, enum mqtt_version version,
                            const struct mqtt_publish *publish)
{
	unsigned flags = (unsigned)publish->qos << QOS_SHIFT;

	flags |= publish->retain ? FLAG_RETAIN : 0u;
	flags |= publish->is_duplicate ? FLAG_DUPLICATE : 0u;
	size_t start = mqtt_packet_begin(out, MQTT_PUBLISH, (uint8_t)flags);
	mqtt_add_string(out, publish->topic);
	if (publish->qos > 0)
		buf_add_u16(out, publish->packet_id);
	if (version != MQTT_5)
		return start;
	size_t block = mqtt_property_block_begin(out);
	if (publish->has_message_expiry)
		mqtt_property_add_number(out, MQTT_PROPERTY_MESSAGE_EXPIRY,
		                         publish->message_expiry_s);
	if (publish->topic_alias)
		mqtt_property_add_number(out, MQTT_PROPERTY_TOPIC_ALIAS, publish->topic_alias);
	if (publish->subscription_id)
		mqtt_property_add_number(out, MQTT_PROPERTY_SUBSCRIPTION_ID,
		                         publish->subscription_id);
	mqtt_property_block_end(out, block);
	return start;
}

void mqtt_write_publish(struct buf *out, enum mqtt_version version,
                        const struct mqtt_publish *publish)
{
	size_t start = begin_publish(out, version, publish);

	buf_add_str(out, publish->payload);
	mqtt_packet_end(out, start, 0);
}

void mqtt_write_publish_head(struct buf *out, enum mqtt_version version,
                             const struct mqtt_publish *publish)
{
	size_t start = begin_publish(out, version, publish);

	mqtt_packet_end(out, start, publish->payload.size);
}

void mqtt_write_ack(struct buf *out, enum mqtt_version version, enum mqtt_packet_type type,
                    const struct mqtt_ack *ack)
{
	/* §3.6.1: a PUBREL alone has a flag. */
	size_t start = mqtt_packet_begin(out, type, type == MQTT_PUBREL ? 2 : 0);

	buf_add_u16(out, ack->packet_id);
	if (version == MQTT_5 && ack->reason != MQTT_REASON_OK)
		buf_add_u8(out, (uint8_t)ack->reason);
	mqtt_packet_end(out, start, 0);
}
