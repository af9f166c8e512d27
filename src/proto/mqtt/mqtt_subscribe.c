/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mqtt/mqtt_property.h"

/* 5.0 §3.8.3.1; 3.1.1 has the QoS alone. */
#define OPTION_NO_LOCAL            0x04
#define OPTION_RETAIN_AS_PUBLISHED 0x08
#define OPTION_RESERVED            0xC0
#define RETAIN_HANDLING_SHIFT      4

#define SUBACK_311_FAILURE 0x80

/* §4.8.2: "$share/", a name without separators and wildcards, and a filter. */
static bool is_shared_filter(struct str filter)
{
	struct str rest = str_from(filter, STR("$share/").size), name;

	return str_cut(&rest, '/', &name) && name.size > 0 && str_index(name, '+') == name.size &&
	       str_index(name, '#') == name.size && mqtt_topic_is_filter(rest);
}

static bool filter_is_valid(struct str filter, enum mqtt_version version, bool *out_is_shared)
{
	*out_is_shared = version == MQTT_5 && str_starts(filter, STR("$share/"));
	return *out_is_shared ? is_shared_filter(filter) : mqtt_topic_is_filter(filter);
}

static bool read_filter(struct bytes *body, enum mqtt_version version, struct mqtt_filter *out)
{
	struct mqtt_filter filter = { .filter = mqtt_read_string(body) };
	uint8_t options = bytes_u8(body);
	uint8_t reserved = version == MQTT_5 ? OPTION_RESERVED : 0xFC;

	filter.qos = options & 3;
	if (body->is_short || options & reserved || filter.qos == 3)
		return false;
	if (!filter_is_valid(filter.filter, version, &filter.is_shared))
		return false;
	filter.no_local = (options & OPTION_NO_LOCAL) != 0;
	filter.retain_as_published = (options & OPTION_RETAIN_AS_PUBLISHED) != 0;
	filter.retain_handling = options >> RETAIN_HANDLING_SHIFT & 3;
	*out = filter;
	/* §3.8.3.1: there is no handling 3, and what is shared has nobody local. */
	return filter.retain_handling != 3 && !(filter.is_shared && filter.no_local);
}

enum err mqtt_read_subscribe(const struct mqtt_frame *frame, enum mqtt_version version,
                             struct mqtt_subscribe *out)
{
	struct bytes body = mqtt_body(frame);
	uint16_t packet_id = mqtt_read_packet_id(&body);
	uint32_t subscription_id = 0;
	struct mqtt_filter filters[MQTT_FILTERS_MAX];
	size_t count = 0;

	if (version == MQTT_5) {
		struct mqtt_property_walk walk = mqtt_property_begin(&body, MQTT_SUBSCRIBE);
		struct mqtt_property property;
		while (mqtt_property_next(&walk, &property)) {
			if (property.id == MQTT_PROPERTY_SUBSCRIPTION_ID)
				subscription_id = property.number;
		}
		if (walk.is_wrong)
			return ERR_MALFORMED;
	}
	/* §3.8.3: at least one. */
	do {
		if (count == MQTT_FILTERS_MAX)
			return ERR_TOO_LARGE;
		if (!read_filter(&body, version, &filters[count++]))
			return ERR_MALFORMED;
	} while (body.size > 0);
	if (body.is_short)
		return ERR_MALFORMED;
	out->packet_id = packet_id;
	out->subscription_id = subscription_id;
	out->count = count;
	memcpy(out->filters, filters, count * sizeof *filters);
	return ERR_OK;
}

/* The packet id and properties nobody needs, as UNSUBSCRIBE and the answers begin. */
static bool read_head(struct bytes *body, enum mqtt_version version, enum mqtt_packet_type type,
                      uint16_t *out_packet_id)
{
	*out_packet_id = mqtt_read_packet_id(body);
	if (version != MQTT_5)
		return !body->is_short;
	struct mqtt_property_walk walk = mqtt_property_begin(body, type);
	return mqtt_property_skip(&walk) && !body->is_short;
}

/* 3.1.1 §3.9.3 knows the granted QoS and one failure. */
static bool is_suback_code(uint8_t code, enum mqtt_version version)
{
	if (version == MQTT_5)
		return mqtt_reason_is_for(code, MQTT_SUBACK);
	return code <= 2 || code == SUBACK_311_FAILURE;
}

static enum err read_reasons(struct bytes *body, enum mqtt_version version,
                             enum mqtt_packet_type type, struct mqtt_suback *out)
{
	if (body->size == 0)
		return ERR_MALFORMED;
	if (body->size > MQTT_FILTERS_MAX)
		return ERR_TOO_LARGE;
	while (body->size > 0) {
		uint8_t code = bytes_u8(body);
		bool is_valid = type == MQTT_SUBACK ? is_suback_code(code, version)
		                                    : mqtt_reason_is_for(code, type);
		if (!is_valid)
			return ERR_MALFORMED;
		out->reasons[out->count++] = (enum mqtt_reason)code;
	}
	return ERR_OK;
}

enum err mqtt_read_suback(const struct mqtt_frame *frame, enum mqtt_version version,
                          struct mqtt_suback *out)
{
	struct bytes body = mqtt_body(frame);
	struct mqtt_suback suback = { 0 };

	if (!read_head(&body, version, MQTT_SUBACK, &suback.packet_id))
		return ERR_MALFORMED;
	enum err err = read_reasons(&body, version, MQTT_SUBACK, &suback);
	if (err == ERR_OK)
		*out = suback;
	return err;
}

enum err mqtt_read_unsubscribe(const struct mqtt_frame *frame, enum mqtt_version version,
                               struct mqtt_unsubscribe *out)
{
	struct bytes body = mqtt_body(frame);
	struct mqtt_unsubscribe unsubscribe = { 0 };

	if (!read_head(&body, version, MQTT_UNSUBSCRIBE, &unsubscribe.packet_id))
		return ERR_MALFORMED;
	/* §3.10.3: at least one. */
	do {
		bool is_shared;
		if (unsubscribe.count == MQTT_FILTERS_MAX)
			return ERR_TOO_LARGE;
		struct str filter = mqtt_read_string(&body);
		if (body.is_short || !filter_is_valid(filter, version, &is_shared))
			return ERR_MALFORMED;
		unsubscribe.filters[unsubscribe.count++] = filter;
	} while (body.size > 0);
	*out = unsubscribe;
	return ERR_OK;
}

enum err mqtt_read_unsuback(const struct mqtt_frame *frame, enum mqtt_version version,
                            struct mqtt_suback *out)
{
	struct bytes body = mqtt_body(frame);
	struct mqtt_suback unsuback = { 0 };

	if (!read_head(&body, version, MQTT_UNSUBACK, &unsuback.packet_id))
		return ERR_MALFORMED;
	enum err err = ERR_OK;
	if (version == MQTT_5)
		err = read_reasons(&body, version, MQTT_UNSUBACK, &unsuback);
	else if (body.size > 0)
		err = ERR_MALFORMED;
	if (err == ERR_OK)
		*out = unsuback;
	return err;
}

/* An empty property block, which only 5.0 has. */
static void add_no_properties(struct buf *out, enum mqtt_version version)
{
	if (version == MQTT_5)
		buf_add_u8(out, 0);
}

void mqtt_write_subscribe(struct buf *out, enum mqtt_version version,
                          const struct mqtt_subscribe *subscribe)
{
	size_t start = mqtt_packet_begin(out, MQTT_SUBSCRIBE, 2);

	buf_add_u16(out, subscribe->packet_id);
	if (version == MQTT_5) {
		size_t block = mqtt_property_block_begin(out);
		if (subscribe->subscription_id)
			mqtt_property_add_number(out, MQTT_PROPERTY_SUBSCRIPTION_ID,
			                         subscribe->subscription_id);
		mqtt_property_block_end(out, block);
	}
	for (size_t i = 0; i < subscribe->count; i++) {
		const struct mqtt_filter *filter = &subscribe->filters[i];
		unsigned options = filter->qos;
		if (version == MQTT_5) {
			options |= filter->no_local ? OPTION_NO_LOCAL : 0u;
			options |= filter->retain_as_published ? OPTION_RETAIN_AS_PUBLISHED : 0u;
			options |= (unsigned)filter->retain_handling << RETAIN_HANDLING_SHIFT;
		}
		mqtt_add_string(out, filter->filter);
		buf_add_u8(out, (uint8_t)options);
	}
	mqtt_packet_end(out, start, 0);
}

void mqtt_write_suback(struct buf *out, enum mqtt_version version, const struct mqtt_suback *suback)
{
	size_t start = mqtt_packet_begin(out, MQTT_SUBACK, 0);

	buf_add_u16(out, suback->packet_id);
	add_no_properties(out, version);
	for (size_t i = 0; i < suback->count; i++) {
		unsigned code = suback->reasons[i];
		if (version == MQTT_3_1_1 && code >= SUBACK_311_FAILURE)
			code = SUBACK_311_FAILURE;
		buf_add_u8(out, (uint8_t)code);
	}
	mqtt_packet_end(out, start, 0);
}

void mqtt_write_unsubscribe(struct buf *out, enum mqtt_version version,
                            const struct mqtt_unsubscribe *unsubscribe)
{
	size_t start = mqtt_packet_begin(out, MQTT_UNSUBSCRIBE, 2);

	buf_add_u16(out, unsubscribe->packet_id);
	add_no_properties(out, version);
	for (size_t i = 0; i < unsubscribe->count; i++)
		mqtt_add_string(out, unsubscribe->filters[i]);
	mqtt_packet_end(out, start, 0);
}

void mqtt_write_unsuback(struct buf *out, enum mqtt_version version,
                         const struct mqtt_suback *unsuback)
{
	size_t start = mqtt_packet_begin(out, MQTT_UNSUBACK, 0);

	buf_add_u16(out, unsuback->packet_id);
	add_no_properties(out, version);
	for (size_t i = 0; version == MQTT_5 && i < unsuback->count; i++)
		buf_add_u8(out, (uint8_t)unsuback->reasons[i]);
	mqtt_packet_end(out, start, 0);
}
