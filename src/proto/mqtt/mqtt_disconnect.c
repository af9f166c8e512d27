/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mqtt/mqtt_property.h"

static bool read_disconnect_properties(struct bytes *body, struct mqtt_disconnect *out)
{
	struct mqtt_property_walk walk = mqtt_property_begin(body, MQTT_DISCONNECT);
	struct mqtt_property property;

	while (mqtt_property_next(&walk, &property)) {
		if (property.id == MQTT_PROPERTY_SESSION_EXPIRY) {
			out->has_session_expiry = true;
			out->session_expiry_s = property.number;
		} else if (property.id == MQTT_PROPERTY_REASON_TEXT) {
			out->reason_text = property.text;
		} else if (property.id == MQTT_PROPERTY_SERVER_REFERENCE) {
			out->server_reference = property.text;
		}
	}
	return !walk.is_wrong;
}

enum err mqtt_read_disconnect(const struct mqtt_frame *frame, enum mqtt_version version,
                              struct mqtt_disconnect *out)
{
	struct bytes body = mqtt_body(frame);
	struct mqtt_disconnect disconnect = { 0 };
	uint8_t code = 0;

	/* §3.14.2.1: nothing means a normal end; properties may be left out too. */
	if (version == MQTT_5 && body.size > 0)
		code = bytes_u8(&body);
	if (version == MQTT_5 && body.size > 0 && !read_disconnect_properties(&body, &disconnect))
		return ERR_MALFORMED;
	if (!mqtt_body_is_done(&body) || !mqtt_reason_is_for(code, MQTT_DISCONNECT))
		return ERR_MALFORMED;
	disconnect.reason = (enum mqtt_reason)code;
	*out = disconnect;
	return ERR_OK;
}

static bool has_properties(const struct mqtt_disconnect *disconnect)
{
	return disconnect->has_session_expiry || disconnect->reason_text.size ||
	       disconnect->server_reference.size;
}

void mqtt_write_disconnect(struct buf *out, enum mqtt_version version,
                           const struct mqtt_disconnect *disconnect)
{
	size_t start = mqtt_packet_begin(out, MQTT_DISCONNECT, 0);
	bool is_long = version == MQTT_5 && has_properties(disconnect);

	if (version == MQTT_5 && (is_long || disconnect->reason != MQTT_REASON_OK))
		buf_add_u8(out, (uint8_t)disconnect->reason);
	if (is_long) {
		size_t block = mqtt_property_block_begin(out);
		if (disconnect->has_session_expiry)
			mqtt_property_add_number(out, MQTT_PROPERTY_SESSION_EXPIRY,
			                         disconnect->session_expiry_s);
		if (disconnect->reason_text.size)
			mqtt_property_add_text(out, MQTT_PROPERTY_REASON_TEXT,
			                       disconnect->reason_text);
		if (disconnect->server_reference.size)
			mqtt_property_add_text(out, MQTT_PROPERTY_SERVER_REFERENCE,
			                       disconnect->server_reference);
		mqtt_property_block_end(out, block);
	}
	mqtt_packet_end(out, start, 0);
}

void mqtt_write_ping(struct buf *out)
{
	mqtt_packet_end(out, mqtt_packet_begin(out, MQTT_PINGREQ, 0), 0);
}

void mqtt_write_ping_answer(struct buf *out)
{
	mqtt_packet_end(out, mqtt_packet_begin(out, MQTT_PINGRESP, 0), 0);
}
