/* SPDX-License-Identifier: Apache-2.0 */
/* mqtt_echo.h — reads a packet and writes what was read; for unit tests and the fuzz target. */
#ifndef VIGIL_TESTS_MQTT_ECHO_H
#define VIGIL_TESTS_MQTT_ECHO_H

#include "proto/mqtt/mqtt.h"

static inline enum err mqtt_echo_connect(const struct mqtt_frame *frame, struct buf *out)
{
	struct mqtt_connect connect;
	enum err err = mqtt_read_connect(frame, &connect);

	if (err != ERR_OK)
		return err;
	mqtt_write_connect(out, &connect);
	return buf_err(out);
}

static inline enum err mqtt_echo_ack(const struct mqtt_frame *frame, enum mqtt_version version,
                                     struct buf *out)
{
	struct mqtt_ack ack;
	enum err err = mqtt_read_ack(frame, version, &ack);

	if (err != ERR_OK)
		return err;
	mqtt_write_ack(out, version, frame->type, &ack);
	return buf_err(out);
}

static inline enum err mqtt_echo_connack(const struct mqtt_frame *frame, enum mqtt_version version,
                                         struct buf *out)
{
	struct mqtt_connack packet;
	enum err err = mqtt_read_connack(frame, version, &packet);

	if (err != ERR_OK)
		return err;
	mqtt_write_connack(out, version, &packet);
	return buf_err(out);
}

static inline enum err mqtt_echo_publish(const struct mqtt_frame *frame, enum mqtt_version version,
                                         struct buf *out)
{
	struct mqtt_publish packet;
	enum err err = mqtt_read_publish(frame, version, &packet);

	if (err != ERR_OK)
		return err;
	mqtt_write_publish(out, version, &packet);
	return buf_err(out);
}

static inline enum err mqtt_echo_subscribe(const struct mqtt_frame *frame,
                                           enum mqtt_version version, struct buf *out)
{
	struct mqtt_subscribe packet;
	enum err err = mqtt_read_subscribe(frame, version, &packet);

	if (err != ERR_OK)
		return err;
	mqtt_write_subscribe(out, version, &packet);
	return buf_err(out);
}

static inline enum err mqtt_echo_suback(const struct mqtt_frame *frame, enum mqtt_version version,
                                        struct buf *out)
{
	struct mqtt_suback packet;
	enum err err = mqtt_read_suback(frame, version, &packet);

	if (err != ERR_OK)
		return err;
	mqtt_write_suback(out, version, &packet);
	return buf_err(out);
}

static inline enum err mqtt_echo_unsubscribe(const struct mqtt_frame *frame,
                                             enum mqtt_version version, struct buf *out)
{
	struct mqtt_unsubscribe packet;
	enum err err = mqtt_read_unsubscribe(frame, version, &packet);

	if (err != ERR_OK)
		return err;
	mqtt_write_unsubscribe(out, version, &packet);
	return buf_err(out);
}

static inline enum err mqtt_echo_unsuback(const struct mqtt_frame *frame, enum mqtt_version version,
                                          struct buf *out)
{
	struct mqtt_suback packet;
	enum err err = mqtt_read_unsuback(frame, version, &packet);

	if (err != ERR_OK)
		return err;
	mqtt_write_unsuback(out, version, &packet);
	return buf_err(out);
}

static inline enum err mqtt_echo_disconnect(const struct mqtt_frame *frame,
                                            enum mqtt_version version, struct buf *out)
{
	struct mqtt_disconnect packet;
	enum err err = mqtt_read_disconnect(frame, version, &packet);

	if (err != ERR_OK)
		return err;
	mqtt_write_disconnect(out, version, &packet);
	return buf_err(out);
}

/* The reader's failure, or the packet that was read, written into `out`. AUTH has no reader. */
static inline enum err mqtt_echo(const struct mqtt_frame *frame, enum mqtt_version version,
                                 struct buf *out)
{
	switch (frame->type) {
	case MQTT_CONNACK: return mqtt_echo_connack(frame, version, out);
	case MQTT_PUBLISH: return mqtt_echo_publish(frame, version, out);
	case MQTT_SUBSCRIBE: return mqtt_echo_subscribe(frame, version, out);
	case MQTT_SUBACK: return mqtt_echo_suback(frame, version, out);
	case MQTT_UNSUBSCRIBE: return mqtt_echo_unsubscribe(frame, version, out);
	case MQTT_UNSUBACK: return mqtt_echo_unsuback(frame, version, out);
	case MQTT_DISCONNECT: return mqtt_echo_disconnect(frame, version, out);
	case MQTT_CONNECT: return mqtt_echo_connect(frame, out);
	case MQTT_PUBACK:
	case MQTT_PUBREC:
	case MQTT_PUBREL:
	case MQTT_PUBCOMP: return mqtt_echo_ack(frame, version, out);
	case MQTT_PINGREQ: mqtt_write_ping(out); return buf_err(out);
	case MQTT_PINGRESP: mqtt_write_ping_answer(out); return buf_err(out);
	case MQTT_AUTH: return ERR_UNSUPPORTED;
	}
	return ERR_INTERNAL;
}

#endif
