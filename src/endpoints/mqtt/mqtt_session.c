/* SPDX-License-Identifier: Apache-2.0 */
/* One MQTT connection: packets in, packets out, and how long it may be silent. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "endpoints/mqtt/mqtt_private.h"

static void on_timer(struct timer *timer);

static void arm(struct mqtt_session *session, int64_t delay_ms)
{
	loop_timer_start(session->home->loop, &session->timer, delay_ms, on_timer);
}

struct mqtt_session *mqtt_session_new(struct mqtt_endpoint *endpoint, struct loop *loop,
                                      const struct mqtt_transport *transport, void *carrier)
{
	struct mqtt_loop *home = mqtt_loop_of(endpoint, loop);
	struct mqtt_session *session = home ? calloc(1, sizeof *session) : NULL;

	if (!session)
		return NULL;
	session->home = home;
	session->transport = transport;
	session->carrier = carrier;
	session->received_ms = clock_steady_ms();
	/* the start of a packet, and what one read or WebSocket message brings after it */
	buf_init(&session->in, 2 * MQTT_PACKET_MAX);
	list_init(&session->registrations);
	list_init(&session->deliveries);
	list_init(&session->waiting);
	list_add(&home->sessions, &session->node);
	arm(session, MQTT_QUARANTINE_MS);
	return session;
}

/* No more packets, and nothing that is still under way may become a link: a registration that
 * outlived its session's end would take the device from whoever has it by then. */
static void end(struct mqtt_session *session)
{
	session->state = MQTT_ENDING;
	mqtt_cancel_registrations(session);
	session->transport->close(session->carrier);
}

void mqtt_session_close(struct mqtt_session *session, enum mqtt_reason reason, const char *words)
{
	if (session->state == MQTT_ENDING)
		return;
	(void)snprintf(session->reason, sizeof session->reason, "%s", words);
	if (session->version == MQTT_5 && session->state != MQTT_WAITING) {
		const struct mqtt_disconnect goodbye = { .reason = reason };
		mqtt_write_disconnect(&session->home->packet, session->version, &goodbye);
		mqtt_session_send_packet(session);
	}
	end(session);
}

/* One timer serves both waits: before registration the quarantine's end, afterwards one and a half
 * keep-alives without a packet (§3.1.2.10). Packets do not touch it: it looks when it fires. */
static void on_timer(struct timer *timer)
{
	struct mqtt_session *session = CONTAINER_OF(timer, struct mqtt_session, timer);
	int64_t silent_ms = clock_steady_ms() - session->received_ms;
	int64_t most_ms = (int64_t)session->keep_alive_s * 1500;

	if (session->state == MQTT_ENDING)
		return;
	if (session->state != MQTT_REGISTERED) {
		metric_count(METRIC_mqtt_quarantine_total);
		mqtt_session_close(session, MQTT_REASON_NOT_AUTHORIZED, "never registered");
	} else if (most_ms && silent_ms >= most_ms) {
		mqtt_session_close(session, MQTT_REASON_KEEP_ALIVE, "keep-alive timed out");
	} else if (most_ms) {
		arm(session, most_ms - silent_ms);
	}
}

void mqtt_session_watch(struct mqtt_session *session)
{
	session->state = MQTT_REGISTERED;
	loop_timer_stop(session->home->loop, &session->timer);
	if (session->keep_alive_s)
		arm(session, (int64_t)session->keep_alive_s * 1500);
}

void mqtt_session_send_packet(struct mqtt_session *session)
{
	struct buf *packet = &session->home->packet;

	if (buf_err(packet) == ERR_OK && packet->size)
		(void)session->transport->send(session->carrier, packet->at, packet->size);
	buf_clear(packet);
}

static void refuse_connect(struct mqtt_session *session, enum mqtt_version version,
                           enum mqtt_reason reason)
{
	const struct mqtt_connack refusal = { .reason = reason };

	mqtt_write_connack(&session->home->packet, version, &refusal);
	mqtt_session_send_packet(session);
	end(session);
}

/* Topic and payload, kept until the connection ends without a DISCONNECT. */
static void keep_will(struct mqtt_session *session, const struct mqtt_will *will)
{
	if (!will->is_set || will->topic.size + will->payload.size > MQTT_WILL_MAX)
		return;
	session->will_size = will->topic.size + 1 + will->payload.size;
	session->will = malloc(session->will_size);
	if (!session->will)
		return;
	memcpy(session->will, will->topic.at, will->topic.size);
	session->will[will->topic.size] = '\0';
	if (will->payload.size)
		memcpy(session->will + will->topic.size + 1, will->payload.at, will->payload.size);
}

/* §3.2: no session is kept, nothing is retained, wildcards are nobody's. Who asks for no keep-alive
 * gets one (5.0), or the network's own (3.1.1): a path that died must be found. */
static void accept_connect(struct mqtt_session *session)
{
	bool is_silent = session->keep_alive_s == 0;
	const struct mqtt_connack connack = { .reason = MQTT_REASON_OK,
		                              .no_retain = true,
		                              .no_wildcards = true,
		                              .no_shared = true,
		                              .no_subscription_ids = true,
		                              .has_keep_alive = is_silent,
		                              .keep_alive_s = MQTT_SILENT_S,
		                              .receive_maximum = MQTT_INFLIGHT_MAX,
		                              .maximum_packet_bytes = MQTT_PACKET_MAX };

	if (is_silent && session->version == MQTT_5)
		session->keep_alive_s = MQTT_SILENT_S;
	else if (is_silent)
		conn_keep_alive(session->conn);
	session->state = MQTT_QUARANTINE;
	mqtt_write_connack(&session->home->packet, session->version, &connack);
	mqtt_session_send_packet(session);
}

static void on_connect(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_connect connect;
	enum err err = mqtt_read_connect(frame, &connect);

	if (err == ERR_UNSUPPORTED) {
		refuse_connect(session, MQTT_3_1_1, MQTT_REASON_UNSUPPORTED_VERSION);
	} else if (err == ERR_INVALID) {
		refuse_connect(session, MQTT_3_1_1, MQTT_REASON_CLIENT_ID);
	} else if (err != ERR_OK) {
		metric_count(METRIC_mqtt_malformed_total);
		mqtt_session_close(session, MQTT_REASON_MALFORMED, "malformed CONNECT");
	} else if (connect.has_authentication) {
		refuse_connect(session, connect.version, MQTT_REASON_AUTHENTICATION_METHOD);
	} else if (!did_is_valid(connect.client_id)) {
		refuse_connect(session, connect.version, MQTT_REASON_CLIENT_ID);
	} else {
		session->version = connect.version;
		session->keep_alive_s = connect.keep_alive_s;
		mqtt_limit_outgoing(session, connect.receive_maximum);
		(void)str_copy(connect.client_id, session->did, sizeof session->did);
		keep_will(session, &connect.will);
		accept_connect(session);
	}
}

static void on_disconnect(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_disconnect disconnect = { .reason = MQTT_REASON_OK };

	/* A clean goodbye has no will, unless 5.0 asks for it (§3.14.2.1). */
	if (mqtt_read_disconnect(frame, session->version, &disconnect) == ERR_OK &&
	    disconnect.reason != MQTT_REASON_WITH_WILL) {
		free(session->will);
		session->will = NULL;
	}
	(void)snprintf(session->reason, sizeof session->reason, "disconnected");
	end(session);
}

static void on_packet(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	if (session->state == MQTT_WAITING) {
		if (frame->type == MQTT_CONNECT)
			on_connect(session, frame);
		else
			mqtt_session_close(session, MQTT_REASON_PROTOCOL, "no CONNECT");
		return;
	}
	switch (frame->type) {
	case MQTT_PUBLISH: mqtt_on_publish(session, frame); return;
	case MQTT_SUBSCRIBE: mqtt_on_subscribe(session, frame); return;
	case MQTT_UNSUBSCRIBE: mqtt_on_unsubscribe(session, frame); return;
	case MQTT_PUBREL: mqtt_on_release(session, frame); return;
	case MQTT_PUBACK: mqtt_on_acknowledged(session, frame); return;
	case MQTT_PINGREQ:
		mqtt_write_ping_answer(&session->home->packet);
		mqtt_session_send_packet(session);
		return;
	case MQTT_DISCONNECT: on_disconnect(session, frame); return;
	case MQTT_CONNECT:
	case MQTT_CONNACK:
	case MQTT_PUBREC:
	case MQTT_PUBCOMP:
	case MQTT_SUBACK:
	case MQTT_UNSUBACK:
	case MQTT_PINGRESP:
	case MQTT_AUTH: break;
	}
	metric_count(METRIC_mqtt_malformed_total);
	mqtt_session_close(session, MQTT_REASON_PROTOCOL, "unexpected packet");
}

/* Takes whole packets off `input`; gives what is left over. */
static struct bytes take_packets(struct mqtt_session *session, struct bytes input)
{
	while (session->state != MQTT_ENDING && input.size) {
		struct mqtt_frame frame;
		enum err err = mqtt_read_frame(input.at, input.size, MQTT_PACKET_MAX, &frame);
		if (err == ERR_MORE)
			break;
		if (err != ERR_OK) {
			metric_count(METRIC_mqtt_malformed_total);
			mqtt_session_close(session,
			                   err == ERR_TOO_LARGE ? MQTT_REASON_PACKET_TOO_LARGE
			                                        : MQTT_REASON_MALFORMED,
			                   err == ERR_TOO_LARGE ? "packet too large" : "malformed");
			break;
		}
		on_packet(session, &frame);
		(void)bytes_take(&input, frame.size);
	}
	return input;
}

void mqtt_session_feed(struct mqtt_session *session, const uint8_t *bytes, size_t size)
{
	session->received_ms = clock_steady_ms();
	if (session->link)
		link_seen(session->link);
	if (session->in.size == 0) {
		struct bytes left = take_packets(session, bytes_of(bytes, size));
		if (session->state != MQTT_ENDING)
			buf_add(&session->in, left.at, left.size);
		return;
	}
	buf_add(&session->in, bytes, size);
	if (buf_err(&session->in) != ERR_OK) {
		mqtt_session_close(session, MQTT_REASON_PACKET_TOO_LARGE, "packet too large");
		return;
	}
	size_t before = session->in.size;
	struct bytes left = take_packets(session, bytes_of(session->in.at, session->in.size));
	buf_drop(&session->in, before - left.size, 0);
}

/* The will is a message of the connection that left it, and has no other rights. */
static void fire_will(struct mqtt_session *session)
{
	struct str will = { session->will, session->will_size };
	size_t topic_size = str_index(will, '\0');

	const struct mqtt_publish publish = { .topic = { will.at, topic_size },
		                              .payload = str_from(will, topic_size + 1) };

	if (session->link)
		(void)mqtt_take_message(session, &publish);
}

void mqtt_session_gone(struct mqtt_session *session, enum err err)
{
	const char *reason = session->reason[0]  ? session->reason
	                     : err == ERR_CLOSED ? "connection closed"
	                                         : "connection lost";

	session->state = MQTT_ENDING;
	if (session->will)
		fire_will(session);
	mqtt_cancel_registrations(session);
	mqtt_cancel_deliveries(session);
	mqtt_forget_outgoing(session);
	loop_timer_stop(session->home->loop, &session->timer);
	list_remove(&session->node);
	if (session->link)
		log_debug("device.gone", "did=%s reason=\"%s\"", session->did, reason);
	link_close(session->link, reason);
	mqtt_forget_topics(session);
	buf_done(&session->in);
	free(session->will);
	free(session->inflight);
	free(session);
}
