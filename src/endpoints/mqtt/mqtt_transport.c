/* SPDX-License-Identifier: Apache-2.0 */
/* What carries MQTT: plain or TLS connections here, WebSockets in mqtt_websocket.c. */
#include "base/log.h"
#include "endpoints/mqtt/mqtt_private.h"

enum err mqtt_endpoint_new(struct devices *devices, struct mqtt_endpoint **out)
{
	struct mqtt_endpoint *endpoint = calloc(1, sizeof *endpoint);

	if (!endpoint)
		return ERR_NO_MEMORY;
	endpoint->devices = devices;
	*out = endpoint;
	return ERR_OK;
}

void mqtt_endpoint_free(struct mqtt_endpoint *endpoint)
{
	if (!endpoint)
		return;
	for (size_t i = 0; i < MQTT_LOOPS_MAX; i++) {
		if (!endpoint->loops[i])
			continue;
		buf_done(&endpoint->loops[i]->packet);
		buf_done(&endpoint->loops[i]->text);
		free(endpoint->loops[i]);
	}
	free(endpoint);
}

struct mqtt_loop *mqtt_loop_of(struct mqtt_endpoint *endpoint, struct loop *loop)
{
	struct mqtt_loop *home = endpoint->loops[loop_index(loop)];

	if (home)
		return home;
	home = calloc(1, sizeof *home);
	if (!home)
		return NULL;
	home->endpoint = endpoint;
	home->loop = loop;
	list_init(&home->sessions);
	buf_init(&home->packet, MQTT_PACKET_MAX + 256);
	buf_init(&home->text, MQTT_PACKET_MAX);
	endpoint->loops[loop_index(loop)] = home;
	return home;
}

static enum err send_bytes(void *carrier, const uint8_t *bytes, size_t size)
{
	return conn_send(carrier, bytes, size);
}

static void close_conn(void *carrier)
{
	conn_close_gently(carrier);
}

static const struct mqtt_transport plain_transport = { .send = send_bytes, .close = close_conn };

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	mqtt_session_feed(owner, bytes, size);
}

static void on_closed(void *owner, enum err err)
{
	mqtt_session_gone(owner, err);
}

static const struct conn_events events = { .on_bytes = on_bytes, .on_closed = on_closed };

static enum err on_accept(void *owner, struct loop *loop, struct conn_setup *setup)
{
	struct mqtt_session *session = mqtt_session_new(owner, loop, &plain_transport, NULL);
	struct conn *conn;

	if (!session)
		return ERR_NO_MEMORY;
	setup->events = &events;
	setup->owner = session;
	enum err err = conn_new(loop, setup, &conn);
	if (err != ERR_OK) {
		mqtt_session_gone(session, err);
		return err;
	}
	session->conn = conn;
	session->carrier = conn;
	return ERR_OK;
}

void mqtt_endpoint_listen(struct mqtt_endpoint *endpoint, struct listener_setup *setup)
{
	setup->on_accept = on_accept;
	setup->owner = endpoint;
}

static void drain_some(struct timer *timer)
{
	struct mqtt_loop *home = CONTAINER_OF(timer, struct mqtt_loop, drain);
	int count = 0;

	list_each (node, &home->sessions) {
		struct mqtt_session *session = CONTAINER_OF(node, struct mqtt_session, node);
		if (session->state == MQTT_ENDING)
			continue;
		if (count++ == MQTT_DRAIN_STEP)
			break;
		mqtt_session_close(session, MQTT_REASON_USE_ANOTHER_SERVER, "server stopping");
	}
	if (!list_is_empty(&home->sessions))
		loop_timer_start(home->loop, &home->drain, MQTT_DRAIN_MS, drain_some);
}

void mqtt_endpoint_drain(struct mqtt_endpoint *endpoint, struct loop *loop)
{
	struct mqtt_loop *home = mqtt_loop_of(endpoint, loop);

	if (home)
		drain_some(&home->drain);
}
