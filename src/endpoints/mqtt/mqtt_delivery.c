/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device is told of its messages: QoS 1 and 2 from the receiver's side (§4.3). An event is
 * acknowledged when it is committed, all else when it was taken.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "endpoints/mqtt/mqtt_private.h"

/* An event on its way to the database; outlives its session if that ends first. */
struct mqtt_delivery {
	struct mqtt_session *session; /* NULL: gone */
	struct list_node node;
	uint16_t packet_id;
	uint8_t qos;
};

static void send_ack(struct mqtt_session *session, enum mqtt_packet_type type, uint16_t packet_id,
                     enum mqtt_reason reason)
{
	const struct mqtt_ack ack = { .packet_id = packet_id, .reason = reason };

	if (session->state == MQTT_ENDING)
		return;
	mqtt_write_ack(&session->home->packet, session->version, type, &ack);
	mqtt_session_send_packet(session);
}

static void acknowledge(struct mqtt_session *session, uint8_t qos, uint16_t packet_id,
                        enum mqtt_reason reason)
{
	static const enum mqtt_packet_type answers[] = { 0, MQTT_PUBACK, MQTT_PUBREC };

	if (qos)
		send_ack(session, answers[qos], packet_id, reason);
}

/* False when a QoS 2 message of this packet id was taken before. */
static bool is_first(struct mqtt_session *session, uint16_t packet_id)
{
	for (unsigned i = 0; i < session->inflight_count; i++)
		if (session->inflight[i] == packet_id)
			return false;
	if (!session->inflight)
		session->inflight = calloc(MQTT_INFLIGHT_MAX, sizeof *session->inflight);
	if (!session->inflight || session->inflight_count == MQTT_INFLIGHT_MAX) {
		mqtt_session_close(session, MQTT_REASON_RECEIVE_MAXIMUM, "too many QoS 2 messages");
		return false;
	}
	session->inflight[session->inflight_count++] = packet_id;
	return true;
}

static void forget(struct mqtt_session *session, uint16_t packet_id)
{
	for (unsigned i = 0; i < session->inflight_count; i++)
		if (session->inflight[i] == packet_id)
			session->inflight[i] = session->inflight[--session->inflight_count];
}

void mqtt_on_release(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_ack ack;

	if (mqtt_read_ack(frame, session->version, &ack) != ERR_OK) {
		mqtt_session_close(session, MQTT_REASON_MALFORMED, "malformed PUBREL");
		return;
	}
	forget(session, ack.packet_id);
	send_ack(session, MQTT_PUBCOMP, ack.packet_id, MQTT_REASON_OK);
}

/* Committed, or not: 3.1.1 has no words for a refusal, so there the device hears nothing and sends
 * it again when it comes back. */
static void on_stored(void *owner, enum err err)
{
	struct mqtt_delivery *delivery = owner;
	struct mqtt_session *session = delivery->session;

	if (session) {
		list_remove(&delivery->node);
		session->delivery_count--;
		if (err != ERR_OK)
			forget(session, delivery->packet_id);
		if (err == ERR_OK || session->version == MQTT_5)
			acknowledge(session, delivery->qos, delivery->packet_id,
			            err == ERR_OK ? MQTT_REASON_OK : MQTT_REASON_QUOTA);
	}
	free(delivery);
}

void mqtt_store_event(struct mqtt_session *session, struct link *link,
                      const struct mqtt_publish *publish, int64_t time_ms, struct str data)
{
	struct mqtt_delivery *delivery = NULL;

	if (publish->qos) {
		delivery = session->delivery_count < MQTT_DELIVERIES_MAX
		                   ? calloc(1, sizeof *delivery)
		                   : NULL;
		if (!delivery) {
			mqtt_session_close(session, MQTT_REASON_RECEIVE_MAXIMUM,
			                   "too many events at once");
			return;
		}
		delivery->session = session;
		delivery->packet_id = publish->packet_id;
		delivery->qos = publish->qos;
		session->delivery_count++;
		list_add(&session->deliveries, &delivery->node);
	}
	enum err err = link_event(link, time_ms, data, delivery ? on_stored : NULL, delivery);
	if (err == ERR_OK)
		return;
	if (err != ERR_TOO_LARGE)
		log_warn("device.event.lost", "did=%s: %s", link_did(link), err_text(err));
	else
		metric_count(METRIC_device_malformed_total);
	if (delivery)
		on_stored(delivery, err);
}

void mqtt_cancel_deliveries(struct mqtt_session *session)
{
	list_each (node, &session->deliveries) {
		list_remove(node);
		CONTAINER_OF(node, struct mqtt_delivery, node)->session = NULL;
	}
	session->delivery_count = 0;
}

/* True when the connection is closed for naming others' topics again and again. */
static bool count_foreign(struct mqtt_session *session)
{
	int64_t now_ms = clock_steady_ms();

	metric_count(METRIC_device_foreign_total);
	if (now_ms - session->foreign_since_ms > 60000) {
		session->foreign_since_ms = now_ms;
		session->foreign_count = 0;
	}
	if (++session->foreign_count < MQTT_FOREIGN_MAX)
		return false;
	mqtt_session_close(session, MQTT_REASON_NOT_AUTHORIZED, "foreign topics");
	return true;
}

void mqtt_on_publish(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_publish publish;

	if (mqtt_read_publish(frame, session->version, &publish) != ERR_OK || publish.topic_alias ||
	    publish.subscription_id) {
		metric_count(METRIC_mqtt_malformed_total);
		mqtt_session_close(session, MQTT_REASON_MALFORMED, "malformed PUBLISH");
		return;
	}
	enum mqtt_outcome outcome = MQTT_TAKEN;
	if (publish.qos < 2 || is_first(session, publish.packet_id))
		outcome = mqtt_take_message(session, &publish);
	switch (outcome) {
	case MQTT_STORING: return; /* on_stored() answers */
	case MQTT_TAKEN:
		acknowledge(session, publish.qos, publish.packet_id, MQTT_REASON_OK);
		return;
	case MQTT_FOREIGN: break;
	}
	if (count_foreign(session))
		return;
	if (session->version == MQTT_5)
		forget(session, publish.packet_id); /* refused: no PUBREL follows (§4.3.3) */
	acknowledge(session, publish.qos, publish.packet_id, MQTT_REASON_NOT_AUTHORIZED);
}
