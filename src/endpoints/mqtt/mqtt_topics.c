/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may listen where: a device to actions/{its client id}, and a registered gateway to the
 * topics of children, even before it registers them. Listening is not hearing: messages go by
 * links, so a topic that is not this connection's stays silent.
 */
#include <string.h>

#include "base/id.h"
#include "endpoints/mqtt/mqtt_private.h"

struct str mqtt_topic_did(struct str topic, struct str prefix)
{
	struct str did =
		str_starts(topic, prefix) ? str_from(topic, prefix.size) : (struct str){ 0 };

	return did_is_valid(did) ? did : (struct str){ 0 };
}

int mqtt_topic_qos(const struct mqtt_session *session, struct str did)
{
	if (str_equal(did, str_of(session->did)))
		return session->is_subscribed ? session->qos : -1;
	const struct child_topic *child = map_get(&session->child_topics, did);
	return child ? child->qos : -1;
}

static bool is_gateway(const struct mqtt_session *session)
{
	struct device_view view;

	if (!session->link || device_view(session->home->endpoint->devices, (struct str){ 0 },
	                                  str_of(session->did), &view) != ERR_OK)
		return false;
	bool is_one = view.facts->kind == DEVICE_GATEWAY;
	device_view_done(&view);
	return is_one;
}

static enum err add_child_topic(struct mqtt_session *session, struct str did, uint8_t qos)
{
	struct child_topic *child = map_get(&session->child_topics, did);

	if (child) {
		child->qos = qos;
		return ERR_OK;
	}
	if (session->child_topics.count >= LINK_CHILDREN_MAX)
		return ERR_TOO_LARGE;
	if (!session->child_topics.room) {
		uint8_t seed[16];
		id_random(seed, sizeof seed);
		map_init(&session->child_topics, seed);
	}
	child = calloc(1, sizeof *child);
	if (!child || str_copy(did, child->did, sizeof child->did) != ERR_OK ||
	    map_add(&session->child_topics, str_of(child->did), child) != ERR_OK) {
		free(child);
		return ERR_NO_MEMORY;
	}
	child->qos = qos;
	return ERR_OK;
}

/* 3.1.1 knows one refusal, 0x80; the writer turns the reason into it. */
static enum mqtt_reason subscribe_one(struct mqtt_session *session,
                                      const struct mqtt_filter *filter)
{
	struct str did = mqtt_topic_did(filter->filter, STR("actions/"));
	uint8_t qos = filter->qos > 1 ? 1 : filter->qos;

	if (!did.size || filter->is_shared)
		return MQTT_REASON_NOT_AUTHORIZED;
	if (str_equal(did, str_of(session->did))) {
		session->is_subscribed = true;
		session->qos = qos;
	} else if (!is_gateway(session)) {
		return MQTT_REASON_NOT_AUTHORIZED;
	} else if (add_child_topic(session, did, qos) != ERR_OK) {
		return MQTT_REASON_QUOTA;
	}
	return (enum mqtt_reason)qos;
}

void mqtt_on_subscribe(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_subscribe subscribe;
	struct mqtt_suback suback;

	if (mqtt_read_subscribe(frame, session->version, &subscribe) != ERR_OK) {
		mqtt_session_close(session, MQTT_REASON_MALFORMED, "malformed SUBSCRIBE");
		return;
	}
	suback.packet_id = subscribe.packet_id;
	suback.count = subscribe.count;
	for (size_t i = 0; i < subscribe.count; i++)
		suback.reasons[i] = subscribe_one(session, &subscribe.filters[i]);
	mqtt_write_suback(&session->home->packet, session->version, &suback);
	mqtt_session_send_packet(session);
}

static enum mqtt_reason unsubscribe_one(struct mqtt_session *session, struct str filter)
{
	struct str did = mqtt_topic_did(filter, STR("actions/"));

	if (str_equal(did, str_of(session->did)) && session->is_subscribed) {
		session->is_subscribed = false;
		return MQTT_REASON_OK;
	}
	struct child_topic *child = map_remove(&session->child_topics, did);
	free(child);
	return child ? MQTT_REASON_OK : MQTT_REASON_NO_SUBSCRIPTION;
}

void mqtt_on_unsubscribe(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_unsubscribe unsubscribe;
	struct mqtt_suback unsuback;

	if (mqtt_read_unsubscribe(frame, session->version, &unsubscribe) != ERR_OK) {
		mqtt_session_close(session, MQTT_REASON_MALFORMED, "malformed UNSUBSCRIBE");
		return;
	}
	unsuback.packet_id = unsubscribe.packet_id;
	unsuback.count = unsubscribe.count;
	for (size_t i = 0; i < unsubscribe.count; i++)
		unsuback.reasons[i] = unsubscribe_one(session, unsubscribe.filters[i]);
	mqtt_write_unsuback(&session->home->packet, session->version, &unsuback);
	mqtt_session_send_packet(session);
}

void mqtt_forget_topics(struct mqtt_session *session)
{
	size_t at = 0;

	for (void *child; (child = map_next(&session->child_topics, &at)) != NULL;)
		free(child);
	map_done(&session->child_topics);
}
