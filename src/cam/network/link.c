/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/network/link.h"

#include <string.h>

#include "base/clock.h"
#include "cam/network/jitter.h"

#define GREETING_MS 10000
#define PING_MS     (LINK_KEEP_ALIVE_S * 1000 * 2 / 3)
#define STEADY_MS   30000 /* up for this long: the next wait is the least again */
#define PROTOCOL    MQTT_3_1_1
#define INPUT_KEEP  4096

static void on_attempt(struct timer *timer);

/* The one way back to WAITING. */
static void wait_again(struct link *link, const char *reason)
{
	bool was_steady =
		link->state == LINK_UP && clock_steady_ms() - link->up_since_ms >= STEADY_MS;

	link->state = LINK_WAITING;
	link->conn = NULL;
	link->is_ping_open = false;
	buf_clear(&link->input);
	if (was_steady || link->wait_ms == 0)
		link->wait_ms = LINK_WAIT_MS_MIN;
	int64_t delay_ms = jitter_ms(link->wait_ms);
	link->wait_ms = link->wait_ms * 2 < LINK_WAIT_MS_MAX ? link->wait_ms * 2 : LINK_WAIT_MS_MAX;
	loop_timer_start(link->loop, &link->timer, delay_ms, on_attempt);
	link->events->on_down(link->owner, reason);
}

/* A closed conn must not call back into a link that goes on without it. */
static void ignore_bytes(void *owner, const uint8_t *bytes, size_t size)
{
}

static void ignore_closed(void *owner, enum err err)
{
}

static const struct conn_events nobody = { .on_bytes = ignore_bytes, .on_closed = ignore_closed };

static void let_go(struct link *link, enum err why)
{
	struct conn *conn = link->conn;

	link->conn = NULL;
	if (!conn)
		return;
	conn_hand_over(conn, &nobody, NULL);
	if (why == ERR_OK)
		conn_close_gently(conn);
	else
		conn_close(conn, why);
}

void link_restart(struct link *link, const char *reason)
{
	if (link->state != LINK_GREETING && link->state != LINK_UP)
		return;
	let_go(link, ERR_CLOSED);
	wait_again(link, reason);
}

static enum err send_packet(struct link *link, const struct buf *packet)
{
	if (buf_err(packet) != ERR_OK)
		return buf_err(packet);
	return conn_send(link->conn, packet->at, packet->size);
}

static void on_ping_due(struct timer *timer)
{
	struct link *link = CONTAINER_OF(timer, struct link, timer);
	AUTO_BUF packet = { 0 };

	buf_init(&packet, 64);
	if (link->is_ping_open) {
		link_restart(link, "the server does not answer pings");
		return;
	}
	mqtt_write_ping(&packet);
	link->is_ping_open = true;
	loop_timer_start(link->loop, &link->timer, PING_MS, on_ping_due);
	(void)send_packet(link, &packet); /* a failure comes as on_closed */
}

static void on_greeting_late(struct timer *timer)
{
	link_restart(CONTAINER_OF(timer, struct link, timer), "no CONNACK in time");
}

static enum err read_connack(struct link *link, const struct mqtt_frame *frame)
{
	struct mqtt_connack connack;
	enum err err = mqtt_read_connack(frame, PROTOCOL, &connack);

	if (err != ERR_OK)
		return err;
	if (link->state != LINK_GREETING || connack.reason != MQTT_REASON_OK)
		return ERR_DENIED;
	link->state = LINK_UP;
	link->up_since_ms = clock_steady_ms();
	loop_timer_start(link->loop, &link->timer, PING_MS, on_ping_due);
	link->events->on_up(link->owner);
	return ERR_OK;
}

static enum err read_publish(struct link *link, const struct mqtt_frame *frame)
{
	struct mqtt_publish publish;
	AUTO_BUF answer = { 0 };

	buf_init(&answer, 64);
	enum err err = mqtt_read_publish(frame, PROTOCOL, &publish);
	if (err != ERR_OK)
		return err;
	if (publish.qos > 0) {
		struct mqtt_ack ack = { .packet_id = publish.packet_id, .reason = MQTT_REASON_OK };
		mqtt_write_ack(&answer, PROTOCOL, publish.qos == 1 ? MQTT_PUBACK : MQTT_PUBREC,
		               &ack);
		err = send_packet(link, &answer);
	}
	if (err == ERR_OK)
		link->events->on_message(link->owner, publish.topic, publish.payload);
	return err;
}

static enum err read_suback(struct link *link, const struct mqtt_frame *frame)
{
	struct mqtt_suback suback;
	enum err err = mqtt_read_suback(frame, PROTOCOL, &suback);

	if (err == ERR_OK)
		link->events->on_subscribed(link->owner, suback.packet_id,
		                            suback.count == 1 && suback.reasons[0] <= 2);
	return err;
}

static enum err read_pubrel(struct link *link, const struct mqtt_frame *frame)
{
	struct mqtt_ack ack;
	AUTO_BUF answer = { 0 };

	buf_init(&answer, 64);
	enum err err = mqtt_read_ack(frame, PROTOCOL, &ack);
	if (err != ERR_OK)
		return err;
	mqtt_write_ack(&answer, PROTOCOL, MQTT_PUBCOMP, &ack);
	return send_packet(link, &answer);
}

static enum err read_frame(struct link *link, const struct mqtt_frame *frame)
{
	if (link->state == LINK_GREETING && frame->type != MQTT_CONNACK)
		return ERR_MALFORMED;
	switch (frame->type) {
	case MQTT_CONNACK: return read_connack(link, frame);
	case MQTT_PUBLISH: return read_publish(link, frame);
	case MQTT_SUBACK: return read_suback(link, frame);
	case MQTT_PUBREL: return read_pubrel(link, frame);
	case MQTT_PINGRESP: link->is_ping_open = false; return ERR_OK;
	case MQTT_PUBACK:
	case MQTT_PUBREC:
	case MQTT_PUBCOMP:
	case MQTT_UNSUBACK: return ERR_OK;
	case MQTT_DISCONNECT: return ERR_CLOSED;
	case MQTT_CONNECT:
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
	case MQTT_PINGREQ:
	case MQTT_AUTH: return ERR_MALFORMED;
	}
	return ERR_MALFORMED;
}

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	struct link *link = owner;
	struct mqtt_frame frame;
	enum err err = ERR_OK;
	size_t used = 0;

	buf_add(&link->input, bytes, size);
	if (buf_err(&link->input) != ERR_OK) {
		link_restart(link, err_text(buf_err(&link->input)));
		return;
	}
	/* An event may restart or stop the link: then it has no conn, and its input is empty. */
	while (link->conn && err == ERR_OK) {
		err = mqtt_read_frame(link->input.at + used, link->input.size - used,
		                      LINK_PACKET_MAX, &frame);
		if (err == ERR_OK) {
			used += frame.size;
			err = read_frame(link, &frame);
		}
	}
	if (!link->conn)
		return;
	if (err != ERR_MORE) {
		link_restart(link, err == ERR_DENIED ? "the server refused the connection"
		                                     : err_text(err));
		return;
	}
	buf_drop(&link->input, used, INPUT_KEEP);
}

static void on_closed(void *owner, enum err err)
{
	struct link *link = owner;

	link->conn = NULL;
	loop_timer_stop(link->loop, &link->timer);
	wait_again(link, err_text(err));
}

static const struct conn_events conn_events = { .on_bytes = on_bytes, .on_closed = on_closed };

static void on_dialled(struct dial *dial, struct conn *conn, enum err err)
{
	struct link *link = dial->owner;
	AUTO_BUF packet = { 0 };

	buf_init(&packet, LINK_PACKET_MAX);
	if (!conn) {
		wait_again(link, err_text(err));
		return;
	}
	struct mqtt_connect connect = {
		.version = PROTOCOL,
		.clean_start = true,
		.keep_alive_s = LINK_KEEP_ALIVE_S,
		.client_id = str_of(link->client_id),
		.will = { .is_set = link->will_topic.size > 0,
		          .qos = 1,
		          .topic = link->will_topic,
		          .payload = link->will_payload },
	};
	link->conn = conn;
	link->state = LINK_GREETING;
	mqtt_write_connect(&packet, &connect);
	loop_timer_start(link->loop, &link->timer, GREETING_MS, on_greeting_late);
	(void)send_packet(link, &packet);
}

static void on_attempt(struct timer *timer)
{
	struct link *link = CONTAINER_OF(timer, struct link, timer);

	link->state = LINK_DIALLING;
	link->dial = (struct dial){
		.on_done = on_dialled, .events = &conn_events, .owner = link, .tls = link->tls
	};
	enum err err = dial_start(&link->dial, link->loop, link->policy, link->server);
	if (err != ERR_OK)
		wait_again(link, err_text(err));
}

void link_start(struct link *link, int64_t delay_ms)
{
	buf_init(&link->input, LINK_PACKET_MAX + LOOP_READ_BYTES);
	link->state = LINK_WAITING;
	loop_timer_start(link->loop, &link->timer, delay_ms, on_attempt);
}

void link_stop(struct link *link)
{
	AUTO_BUF packet = { 0 };

	buf_init(&packet, 64);
	if (link->state == LINK_DIALLING)
		dial_cancel(&link->dial);
	if (link->state == LINK_UP) {
		mqtt_write_disconnect(&packet, PROTOCOL, &(struct mqtt_disconnect){ 0 });
		(void)send_packet(link, &packet);
	}
	let_go(link, link->state == LINK_UP ? ERR_OK : ERR_CLOSED);
	if (link->state != LINK_STOPPED)
		loop_timer_stop(link->loop, &link->timer);
	link->state = LINK_STOPPED;
	buf_done(&link->input);
}

bool link_is_up(const struct link *link)
{
	return link->state == LINK_UP;
}

static uint16_t next_packet_id(struct link *link)
{
	link->last_packet_id = (uint16_t)(link->last_packet_id + 1);
	if (link->last_packet_id == 0)
		link->last_packet_id = 1;
	return link->last_packet_id;
}

uint16_t link_subscribe(struct link *link, struct str filter)
{
	AUTO_BUF packet = { 0 };

	buf_init(&packet, LINK_PACKET_MAX);
	if (!link_is_up(link))
		return 0;
	struct mqtt_subscribe subscribe = { .packet_id = next_packet_id(link), .count = 1 };
	subscribe.filters[0] = (struct mqtt_filter){ .filter = filter, .qos = 1 };
	mqtt_write_subscribe(&packet, PROTOCOL, &subscribe);
	return send_packet(link, &packet) == ERR_OK ? subscribe.packet_id : 0;
}

enum err link_publish(struct link *link, struct str topic, struct str payload)
{
	AUTO_BUF packet = { 0 };

	buf_init(&packet, LINK_PACKET_MAX);
	if (!link_is_up(link))
		return ERR_CLOSED;
	struct mqtt_publish publish = {
		.topic = topic, .payload = payload, .packet_id = next_packet_id(link), .qos = 1
	};
	mqtt_write_publish(&packet, PROTOCOL, &publish);
	return send_packet(link, &packet);
}
