/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_endpoint.h — devices come in by MQTT 3.1.1 and 5.0, over TCP, TLS or WebSocket.
 *
 * A front end for devices, not a general broker: a connection's identity is proven by its register
 * message alone. Until then it is quarantined: it may subscribe to its own topic, but hears
 * nothing but the answer to its registration, and is cut after MQTT_QUARANTINE_MS.
 *
 * Threads  each session lives on its connection's loop.
 */
#ifndef VIGIL_ENDPOINTS_MQTT_ENDPOINT_H
#define VIGIL_ENDPOINTS_MQTT_ENDPOINT_H

#include "base/err.h"
#include "base/mem.h"
#include "domain/device/device.h"
#include "http/router.h"
#include "io/listener.h"
#include "io/loop.h"

#define MQTT_PACKET_MAX        (128 * 1024)
#define MQTT_QUARANTINE_MS     10000
#define MQTT_FOREIGN_MAX       10 /* foreign messages in a minute: the tenth closes */
#define MQTT_REGISTRATIONS_MAX 16 /* of one connection, under way at once */

struct mqtt_endpoint;

enum err mqtt_endpoint_new(struct devices *devices, struct mqtt_endpoint **out);
void mqtt_endpoint_free(struct mqtt_endpoint *endpoint);
AUTO_DEFINE(mqtt_endpoint)

/* Fills on_accept and owner of a listener that speaks MQTT from its first byte. */
void mqtt_endpoint_listen(struct mqtt_endpoint *endpoint, struct listener_setup *setup);

/* GET /mqtt with subprotocol "mqtt"; the owner to add it with is the endpoint. */
extern const struct route mqtt_routes[];
extern const size_t mqtt_route_count;

/* Closes this loop's sessions, MQTT_DRAIN_STEP every MQTT_DRAIN_MS, so that a whole fleet does not
 * come back at one moment. On the loop's thread. True when none is left. */
#define MQTT_DRAIN_STEP 200
#define MQTT_DRAIN_MS   50
void mqtt_endpoint_drain(struct mqtt_endpoint *endpoint, struct loop *loop);

#endif
