/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device is sent on actions/{did}: at once, or in its turn when the client said how many
 * messages of QoS 1 it takes before it acknowledges one (Receive Maximum, 5.0 §4.9). Who says
 * nothing of that gets everything at once, and its acknowledgements say nothing to us: a
 * command's own answer tells more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/device/command.h"
#include "endpoints/mqtt/mqtt_private.h"

/* A whole packet that waits. */
struct mqtt_waiting {
	struct list_node node;
	int64_t since_ms;
	uint16_t packet_id;
	size_t size;
	uint8_t bytes[];
};

static struct mqtt_waiting *oldest(const struct mqtt_session *session)
{
	struct list_node *node = list_first(&session->waiting);

	return node ? CONTAINER_OF(node, struct mqtt_waiting, node) : NULL;
}

static void drop(struct mqtt_session *session, struct mqtt_waiting *one)
{
	list_remove(&one->node);
	session->waiting_count--;
	free(one);
}

void mqtt_forget_outgoing(struct mqtt_session *session)
{
	for (struct mqtt_waiting *one; (one = oldest(session)) != NULL;)
		drop(session, one);
	free(session->unacknowledged);
}

void mqtt_limit_outgoing(struct mqtt_session *session, uint16_t receive_maximum)
{
	if (receive_maximum < MQTT_RECEIVE_MAXIMUM_MOST)
		session->receive_maximum = receive_maximum < MQTT_UNACKNOWLEDGED_MAX
		                                   ? receive_maximum
		                                   : MQTT_UNACKNOWLEDGED_MAX;
}

static bool is_limited(const struct mqtt_session *session)
{
	return session->receive_maximum != 0;
}

static bool is_full(const struct mqtt_session *session)
{
	return is_limited(session) && session->unacknowledged_count >= session->receive_maximum;
}

/* A device that obeys an action whose caller gave up long ago does harm. */
static void drop_expired(struct mqtt_session *session)
{
	int64_t now_ms = clock_steady_ms();
	struct mqtt_waiting *one;

	while ((one = oldest(session)) && now_ms - one->since_ms > COMMAND_TIMEOUT_MOST_MS) {
		drop(session, one);
		metric_count(METRIC_mqtt_expired_total);
	}
}

static enum err keep(struct mqtt_session *session, const struct buf *packet, uint16_t packet_id)
{
	drop_expired(session);
	if (session->waiting_count >= MQTT_WAITING_MAX)
		return ERR_BUSY;
	struct mqtt_waiting *one = malloc(sizeof *one + packet->size);
	if (!one)
		return ERR_NO_MEMORY;
	*one = (struct mqtt_waiting){ .since_ms = clock_steady_ms(),
		                      .packet_id = packet_id,
		                      .size = packet->size };
	memcpy(one->bytes, packet->at, packet->size);
	list_add(&session->waiting, &one->node);
	session->waiting_count++;
	return ERR_OK;
}

/* A failure of the transport closes the connection, and all else follows from that. */
static enum err send_bytes(struct mqtt_session *session, const uint8_t *bytes, size_t size)
{
	enum err err = session->transport->send(session->carrier, bytes, size);

	return err == ERR_OK ? ERR_OK : ERR_CLOSED;
}

/* Sends one packet of QoS 1 that may be sent now. */
static enum err send_now(struct mqtt_session *session, const uint8_t *bytes, size_t size,
                         uint16_t packet_id)
{
	if (is_limited(session) && !session->unacknowledged)
		session->unacknowledged =
			calloc(session->receive_maximum, sizeof *session->unacknowledged);
	if (is_limited(session) && !session->unacknowledged)
		return ERR_NO_MEMORY;
	if (is_limited(session))
		session->unacknowledged[session->unacknowledged_count++] = packet_id;
	return send_bytes(session, bytes, size);
}

/* False for an id that nothing under way has. */
static bool take_back(struct mqtt_session *session, uint16_t packet_id)
{
	for (unsigned i = 0; i < session->unacknowledged_count; i++)
		if (session->unacknowledged[i] == packet_id) {
			session->unacknowledged[i] =
				session->unacknowledged[--session->unacknowledged_count];
			return true;
		}
	return false;
}

void mqtt_on_acknowledged(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_waiting *one;
	struct mqtt_ack ack;

	if (!is_limited(session))
		return;
	if (mqtt_read_ack(frame, session->version, &ack) != ERR_OK) {
		mqtt_session_close(session, MQTT_REASON_MALFORMED, "malformed PUBACK");
		return;
	}
	if (!take_back(session, ack.packet_id))
		return;
	drop_expired(session);
	while (!is_full(session) && (one = oldest(session)) != NULL) {
		enum err err = send_now(session, one->bytes, one->size, one->packet_id);
		drop(session, one);
		if (err != ERR_OK)
			return;
	}
}

static uint16_t next_packet_id(struct mqtt_session *session)
{
	session->next_packet_id =
		session->next_packet_id == UINT16_MAX ? 1 : (uint16_t)(session->next_packet_id + 1);
	return session->next_packet_id;
}

enum err mqtt_session_publish(struct mqtt_session *session, struct str did, struct str text)
{
	struct buf *packet = &session->home->packet;
	char topic[sizeof "actions/" + DID_SIZE];
	int qos = mqtt_topic_qos(session, did);

	if (qos < 0 || session->state == MQTT_ENDING)
		return ERR_CLOSED;
	(void)snprintf(topic, sizeof topic, "actions/%.*s", STR_ARG(did));
	struct mqtt_publish publish = { .topic = str_of(topic), .payload = text };
	publish.qos = qos > 0;
	if (publish.qos)
		publish.packet_id = next_packet_id(session);
	mqtt_write_publish(packet, session->version, &publish);
	enum err err = buf_err(packet);
	if (err == ERR_OK && !publish.qos)
		err = send_bytes(session, packet->at, packet->size);
	else if (err == ERR_OK && is_full(session))
		err = keep(session, packet, publish.packet_id);
	else if (err == ERR_OK)
		err = send_now(session, packet->at, packet->size, publish.packet_id);
	buf_clear(packet);
	return err;
}
