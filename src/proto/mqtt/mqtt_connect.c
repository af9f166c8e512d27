/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mqtt/mqtt_property.h"

/* §3.1.2.3 */
#define FLAG_CLEAN_START 0x02
#define FLAG_WILL        0x04
#define FLAG_WILL_QOS    0x18
#define FLAG_WILL_RETAIN 0x20
#define FLAG_PASSWORD    0x40
#define FLAG_USERNAME    0x80

#define CONNACK_311_MOST 5

static enum err check_flags(uint8_t flags, enum mqtt_version version)
{
	if (flags & 0x01)
		return ERR_MALFORMED;
	if (!(flags & FLAG_WILL) && flags & (FLAG_WILL_QOS | FLAG_WILL_RETAIN))
		return ERR_MALFORMED;
	if ((flags & FLAG_WILL_QOS) == FLAG_WILL_QOS)
		return ERR_MALFORMED;
	/* 3.1.1 §3.1.2.9: no password without a user name; 5.0 allows it. */
	if (version == MQTT_3_1_1 && !(flags & FLAG_USERNAME) && flags & FLAG_PASSWORD)
		return ERR_MALFORMED;
	return ERR_OK;
}

/* §3.1.2.11 */
static bool read_connect_properties(struct bytes *body, struct mqtt_connect *out)
{
	struct mqtt_property_walk walk = mqtt_property_begin(body, MQTT_CONNECT);
	struct mqtt_property property;
	bool has_authentication_bytes = false;

	while (mqtt_property_next(&walk, &property)) {
		if (property.id == MQTT_PROPERTY_SESSION_EXPIRY)
			out->session_expiry_s = property.number;
		else if (property.id == MQTT_PROPERTY_RECEIVE_MAXIMUM)
			out->receive_maximum = (uint16_t)property.number;
		else if (property.id == MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM)
			out->topic_alias_maximum = (uint16_t)property.number;
		else if (property.id == MQTT_PROPERTY_MAXIMUM_PACKET)
			out->maximum_packet_bytes = property.number;
		else if (property.id == MQTT_PROPERTY_AUTHENTICATION_METHOD)
			out->has_authentication = true;
		else if (property.id == MQTT_PROPERTY_AUTHENTICATION_BYTES)
			has_authentication_bytes = true;
	}
	/* §3.1.2.11.10: they mean nothing without a method. */
	return !walk.is_wrong && (out->has_authentication || !has_authentication_bytes);
}

/* §3.1.3.2 */
static bool read_will(struct bytes *body, uint8_t flags, enum mqtt_version version,
                      struct mqtt_will *out)
{
	struct mqtt_will will = {
		.is_set = true,
		.retain = (flags & FLAG_WILL_RETAIN) != 0,
		.qos = (uint8_t)((flags & FLAG_WILL_QOS) >> 3),
	};

	if (version == MQTT_5) {
		struct mqtt_property_walk walk = mqtt_property_begin(body, MQTT_PLACE_WILL);
		struct mqtt_property property;
		while (mqtt_property_next(&walk, &property)) {
			if (property.id == MQTT_PROPERTY_WILL_DELAY)
				will.delay_s = property.number;
		}
		if (walk.is_wrong)
			return false;
	}
	will.topic = mqtt_read_string(body);
	will.payload = mqtt_read_binary(body);
	*out = will;
	return !body->is_short && mqtt_topic_is_name(will.topic);
}

/* §3.1.2.1, §3.1.2.2: another name is no MQTT at all, another level is one we do not speak. */
static enum err read_version(struct bytes *body, enum mqtt_version *out)
{
	struct str name = mqtt_read_string(body);
	uint8_t level = bytes_u8(body);

	if (body->is_short)
		return ERR_MALFORMED;
	if (str_equal(name, STR("MQIsdp"))) /* 3.1 and before */
		return ERR_UNSUPPORTED;
	if (!str_equal(name, STR("MQTT")))
		return ERR_MALFORMED;
	if (level != MQTT_3_1_1 && level != MQTT_5)
		return ERR_UNSUPPORTED;
	*out = (enum mqtt_version)level;
	return ERR_OK;
}

enum err mqtt_read_connect(const struct mqtt_frame *frame, struct mqtt_connect *out)
{
	struct bytes body = mqtt_body(frame);
	struct mqtt_connect connect = { .receive_maximum = MQTT_RECEIVE_MAXIMUM_MOST };

	enum err err = read_version(&body, &connect.version);
	if (err != ERR_OK)
		return err;
	uint8_t flags = bytes_u8(&body);
	if (check_flags(flags, connect.version) != ERR_OK)
		return ERR_MALFORMED;
	connect.clean_start = (flags & FLAG_CLEAN_START) != 0;
	connect.has_username = (flags & FLAG_USERNAME) != 0;
	connect.has_password = (flags & FLAG_PASSWORD) != 0;
	connect.keep_alive_s = bytes_u16(&body);
	if (connect.version == MQTT_5 && !read_connect_properties(&body, &connect))
		return ERR_MALFORMED;
	connect.client_id = mqtt_read_string(&body);
	if (flags & FLAG_WILL && !read_will(&body, flags, connect.version, &connect.will))
		return ERR_MALFORMED;
	if (connect.has_username)
		connect.username = mqtt_read_string(&body);
	if (connect.has_password)
		connect.password = mqtt_read_binary(&body);
	if (!mqtt_body_is_done(&body))
		return ERR_MALFORMED;
	/* 3.1.1 §3.1.3.1; in 5.0 the server may give a name either way. */
	if (connect.version == MQTT_3_1_1 && connect.client_id.size == 0 && !connect.clean_start)
		return ERR_INVALID;
	*out = connect;
	return ERR_OK;
}

/* 3.1.1 §3.2.2.3, table 3.1, as reasons of 5.0. */
static const enum mqtt_reason connack_311[CONNACK_311_MOST + 1] = {
	MQTT_REASON_OK,           MQTT_REASON_UNSUPPORTED_VERSION,
	MQTT_REASON_CLIENT_ID,    MQTT_REASON_SERVER_UNAVAILABLE,
	MQTT_REASON_BAD_PASSWORD, MQTT_REASON_NOT_AUTHORIZED,
};

/* What 3.1.1 can say is little: all it cannot is "server unavailable", which invites to return. */
static uint8_t connack_code_311(enum mqtt_reason reason)
{
	for (uint8_t i = 0; i <= CONNACK_311_MOST; i++) {
		if (connack_311[i] == reason)
			return i;
	}
	if (reason == MQTT_REASON_BANNED || reason == MQTT_REASON_AUTHENTICATION_METHOD)
		return 5;
	return 3;
}

static void take_connack_property(const struct mqtt_property *property, struct mqtt_connack *out)
{
	uint32_t number = property->number;

	/* clang-format off */
	switch (property->id) {
	case MQTT_PROPERTY_SESSION_EXPIRY:     out->has_session_expiry = true;
	                                       out->session_expiry_s = number; return;
	case MQTT_PROPERTY_SERVER_KEEP_ALIVE:  out->has_keep_alive = true;
	                                       out->keep_alive_s = (uint16_t)number; return;
	case MQTT_PROPERTY_MAXIMUM_QOS:        out->has_maximum_qos = true;
	                                       out->maximum_qos = (uint8_t)number; return;
	case MQTT_PROPERTY_RECEIVE_MAXIMUM:    out->receive_maximum = (uint16_t)number; return;
	case MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM: out->topic_alias_maximum = (uint16_t)number; return;
	case MQTT_PROPERTY_MAXIMUM_PACKET:     out->maximum_packet_bytes = number; return;
	case MQTT_PROPERTY_RETAIN_AVAILABLE:   out->no_retain = number == 0; return;
	case MQTT_PROPERTY_WILDCARD_AVAILABLE: out->no_wildcards = number == 0; return;
	case MQTT_PROPERTY_SHARED_AVAILABLE:   out->no_shared = number == 0; return;
	case MQTT_PROPERTY_SUBSCRIPTION_ID_AVAILABLE: out->no_subscription_ids = number == 0; return;
	case MQTT_PROPERTY_ASSIGNED_CLIENT_ID: out->assigned_client_id = property->text; return;
	case MQTT_PROPERTY_REASON_TEXT:        out->reason_text = property->text; return;
	case MQTT_PROPERTY_SERVER_REFERENCE:   out->server_reference = property->text; return;
	case MQTT_PROPERTY_PAYLOAD_FORMAT:
	case MQTT_PROPERTY_MESSAGE_EXPIRY:
	case MQTT_PROPERTY_CONTENT_TYPE:
	case MQTT_PROPERTY_RESPONSE_TOPIC:
	case MQTT_PROPERTY_CORRELATION:
	case MQTT_PROPERTY_SUBSCRIPTION_ID:
	case MQTT_PROPERTY_AUTHENTICATION_METHOD:
	case MQTT_PROPERTY_AUTHENTICATION_BYTES:
	case MQTT_PROPERTY_REQUEST_PROBLEM:
	case MQTT_PROPERTY_WILL_DELAY:
	case MQTT_PROPERTY_REQUEST_RESPONSE:
	case MQTT_PROPERTY_RESPONSE_TEXT:
	case MQTT_PROPERTY_TOPIC_ALIAS:
	case MQTT_PROPERTY_USER:
		return;
	}
	/* clang-format on */
}

enum err mqtt_read_connack(const struct mqtt_frame *frame, enum mqtt_version version,
                           struct mqtt_connack *out)
{
	struct bytes body = mqtt_body(frame);
	struct mqtt_connack connack = { .receive_maximum = MQTT_RECEIVE_MAXIMUM_MOST };
	uint8_t flags = bytes_u8(&body);
	uint8_t code = bytes_u8(&body);

	if (body.is_short || flags > 1)
		return ERR_MALFORMED;
	connack.session_present = flags == 1;
	if (version == MQTT_3_1_1 && code <= CONNACK_311_MOST) {
		connack.reason = connack_311[code];
	} else if (version == MQTT_5 && mqtt_reason_is_for(code, MQTT_CONNACK)) {
		struct mqtt_property_walk walk = mqtt_property_begin(&body, MQTT_CONNACK);
		struct mqtt_property property;
		while (mqtt_property_next(&walk, &property))
			take_connack_property(&property, &connack);
		if (walk.is_wrong)
			return ERR_MALFORMED;
		connack.reason = (enum mqtt_reason)code;
	} else {
		return ERR_MALFORMED;
	}
	/* §3.2.2.1.1: a refused connection has no session. */
	if (!mqtt_body_is_done(&body) || (code != 0 && connack.session_present))
		return ERR_MALFORMED;
	*out = connack;
	return ERR_OK;
}

static void add_number_unless(struct buf *out, enum mqtt_property_id id, uint32_t number,
                              uint32_t absent)
{
	if (number != absent)
		mqtt_property_add_number(out, id, number);
}

static void add_receive_maximum(struct buf *out, uint16_t maximum)
{
	if (maximum != 0)
		add_number_unless(out, MQTT_PROPERTY_RECEIVE_MAXIMUM, maximum,
		                  MQTT_RECEIVE_MAXIMUM_MOST);
}

static void add_will(struct buf *out, enum mqtt_version version, const struct mqtt_will *will)
{
	if (version == MQTT_5) {
		size_t block = mqtt_property_block_begin(out);
		add_number_unless(out, MQTT_PROPERTY_WILL_DELAY, will->delay_s, 0);
		mqtt_property_block_end(out, block);
	}
	mqtt_add_string(out, will->topic);
	mqtt_add_string(out, will->payload);
}

static uint8_t connect_flags(const struct mqtt_connect *connect)
{
	const struct mqtt_will *will = &connect->will;
	unsigned flags = 0;

	flags |= connect->clean_start ? FLAG_CLEAN_START : 0u;
	flags |= connect->has_username ? FLAG_USERNAME : 0u;
	flags |= connect->has_password ? FLAG_PASSWORD : 0u;
	if (will->is_set) {
		flags |= FLAG_WILL | (unsigned)will->qos << 3;
		flags |= will->retain ? FLAG_WILL_RETAIN : 0u;
	}
	return (uint8_t)flags;
}

void mqtt_write_connect(struct buf *out, const struct mqtt_connect *connect)
{
	size_t start = mqtt_packet_begin(out, MQTT_CONNECT, 0);

	mqtt_add_string(out, STR("MQTT"));
	buf_add_u8(out, (uint8_t)connect->version);
	buf_add_u8(out, connect_flags(connect));
	buf_add_u16(out, connect->keep_alive_s);
	if (connect->version == MQTT_5) {
		size_t block = mqtt_property_block_begin(out);
		add_number_unless(out, MQTT_PROPERTY_SESSION_EXPIRY, connect->session_expiry_s, 0);
		add_receive_maximum(out, connect->receive_maximum);
		add_number_unless(out, MQTT_PROPERTY_MAXIMUM_PACKET, connect->maximum_packet_bytes,
		                  0);
		add_number_unless(out, MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM,
		                  connect->topic_alias_maximum, 0);
		mqtt_property_block_end(out, block);
	}
	mqtt_add_string(out, connect->client_id);
	if (connect->will.is_set)
		add_will(out, connect->version, &connect->will);
	if (connect->has_username)
		mqtt_add_string(out, connect->username);
	if (connect->has_password)
		mqtt_add_string(out, connect->password);
	mqtt_packet_end(out, start, 0);
}

static void add_text_if_any(struct buf *out, enum mqtt_property_id id, struct str text)
{
	if (text.size)
		mqtt_property_add_text(out, id, text);
}

static void add_connack_properties(struct buf *out, const struct mqtt_connack *connack)
{
	size_t block = mqtt_property_block_begin(out);

	if (connack->has_session_expiry)
		mqtt_property_add_number(out, MQTT_PROPERTY_SESSION_EXPIRY,
		                         connack->session_expiry_s);
	add_receive_maximum(out, connack->receive_maximum);
	if (connack->has_maximum_qos)
		mqtt_property_add_number(out, MQTT_PROPERTY_MAXIMUM_QOS, connack->maximum_qos);
	add_number_unless(out, MQTT_PROPERTY_RETAIN_AVAILABLE, !connack->no_retain, 1);
	add_number_unless(out, MQTT_PROPERTY_MAXIMUM_PACKET, connack->maximum_packet_bytes, 0);
	add_text_if_any(out, MQTT_PROPERTY_ASSIGNED_CLIENT_ID, connack->assigned_client_id);
	add_number_unless(out, MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM, connack->topic_alias_maximum, 0);
	add_text_if_any(out, MQTT_PROPERTY_REASON_TEXT, connack->reason_text);
	add_number_unless(out, MQTT_PROPERTY_WILDCARD_AVAILABLE, !connack->no_wildcards, 1);
	add_number_unless(out, MQTT_PROPERTY_SUBSCRIPTION_ID_AVAILABLE,
	                  !connack->no_subscription_ids, 1);
	add_number_unless(out, MQTT_PROPERTY_SHARED_AVAILABLE, !connack->no_shared, 1);
	if (connack->has_keep_alive)
		mqtt_property_add_number(out, MQTT_PROPERTY_SERVER_KEEP_ALIVE,
		                         connack->keep_alive_s);
	add_text_if_any(out, MQTT_PROPERTY_SERVER_REFERENCE, connack->server_reference);
	mqtt_property_block_end(out, block);
}

void mqtt_write_connack(struct buf *out, enum mqtt_version version,
                        const struct mqtt_connack *connack)
{
	size_t start = mqtt_packet_begin(out, MQTT_CONNACK, 0);

	buf_add_u8(out, connack->session_present);
	if (version == MQTT_5) {
		buf_add_u8(out, (uint8_t)connack->reason);
		add_connack_properties(out, connack);
	} else {
		buf_add_u8(out, connack_code_311(connack->reason));
	}
	mqtt_packet_end(out, start, 0);
}
