/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_property.h — the properties of MQTT 5 (§2.2.2), walked and written.
 *
 * The walk checks every property against one table: its type and range, the packets it belongs
 * to, and whether it may be repeated. So a reader picks out what it knows and drops the rest.
 */
#ifndef VIGIL_PROTO_MQTT_MQTT_PROPERTY_H
#define VIGIL_PROTO_MQTT_MQTT_PROPERTY_H

#include "proto/mqtt/mqtt_private.h"

/* §2.2.2.2 */
enum mqtt_property_id {
	MQTT_PROPERTY_PAYLOAD_FORMAT = 0x01,
	MQTT_PROPERTY_MESSAGE_EXPIRY = 0x02,
	MQTT_PROPERTY_CONTENT_TYPE = 0x03,
	MQTT_PROPERTY_RESPONSE_TOPIC = 0x08,
	MQTT_PROPERTY_CORRELATION = 0x09,
	MQTT_PROPERTY_SUBSCRIPTION_ID = 0x0B,
	MQTT_PROPERTY_SESSION_EXPIRY = 0x11,
	MQTT_PROPERTY_ASSIGNED_CLIENT_ID = 0x12,
	MQTT_PROPERTY_SERVER_KEEP_ALIVE = 0x13,
	MQTT_PROPERTY_AUTHENTICATION_METHOD = 0x15,
	MQTT_PROPERTY_AUTHENTICATION_BYTES = 0x16,
	MQTT_PROPERTY_REQUEST_PROBLEM = 0x17,
	MQTT_PROPERTY_WILL_DELAY = 0x18,
	MQTT_PROPERTY_REQUEST_RESPONSE = 0x19,
	MQTT_PROPERTY_RESPONSE_TEXT = 0x1A,
	MQTT_PROPERTY_SERVER_REFERENCE = 0x1C,
	MQTT_PROPERTY_REASON_TEXT = 0x1F,
	MQTT_PROPERTY_RECEIVE_MAXIMUM = 0x21,
	MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM = 0x22,
	MQTT_PROPERTY_TOPIC_ALIAS = 0x23,
	MQTT_PROPERTY_MAXIMUM_QOS = 0x24,
	MQTT_PROPERTY_RETAIN_AVAILABLE = 0x25,
	MQTT_PROPERTY_USER = 0x26,
	MQTT_PROPERTY_MAXIMUM_PACKET = 0x27,
	MQTT_PROPERTY_WILDCARD_AVAILABLE = 0x28,
	MQTT_PROPERTY_SUBSCRIPTION_ID_AVAILABLE = 0x29,
	MQTT_PROPERTY_SHARED_AVAILABLE = 0x2A,
};

/* The will's properties are a place of their own, behind all packet types. */
#define MQTT_PLACE_WILL 16

struct mqtt_property {
	enum mqtt_property_id id;
	uint32_t number;
	struct str text; /* strings and binary; of a user property the value */
};

struct mqtt_property_walk {
	struct bytes rest;
	uint64_t seen; /* a bit for each id */
	unsigned place;
	bool is_wrong;
};

/* Takes the property block off *body, which becomes short when the block is cut. `place` is a
 * packet type or MQTT_PLACE_WILL. */
struct mqtt_property_walk mqtt_property_begin(struct bytes *body, unsigned place);

/* False at the end; then is_wrong tells whether it ended well. */
bool mqtt_property_next(struct mqtt_property_walk *walk, struct mqtt_property *out);

/* Walks the rest for its checks alone. */
bool mqtt_property_skip(struct mqtt_property_walk *walk);

/* A block is begun, filled and ended, like a packet; the length is filled in at the end. */
size_t mqtt_property_block_begin(struct buf *out);
void mqtt_property_block_end(struct buf *out, size_t start);
/* Written with the width of the id's type. */
void mqtt_property_add_number(struct buf *out, enum mqtt_property_id id, uint32_t number);
void mqtt_property_add_text(struct buf *out, enum mqtt_property_id id, struct str text);

#endif
