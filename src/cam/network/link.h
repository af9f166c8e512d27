/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h — one MQTT connection of a device or gateway that comes back by itself.
 *
 *     WAITING --timer--> DIALLING --> GREETING --CONNACK--> UP --failure--> WAITING
 *
 * The waits between attempts double from LINK_WAIT_MS_MIN to LINK_WAIT_MS_MAX, each shortened by a
 * random part of up to half, so that many devices do not come back at once; a connection that
 * stayed up for a while starts over from the least.
 *
 * Threads  the loop's own.
 * Memory   a link lives inside its owner, which calls link_stop() first and keeps it until the end
 *          of the loop's turn.
 */
#ifndef VIGIL_CAM_LINK_H
#define VIGIL_CAM_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/dial.h"
#include "proto/mqtt/mqtt.h"

#define LINK_WAIT_MS_MIN  1000
#define LINK_WAIT_MS_MAX  60000
#define LINK_KEEP_ALIVE_S 45
#define LINK_PACKET_MAX   (128 * 1024)

struct link_events {
	void (*on_up)(void *owner);
	/* A message on one of our topics; borrowed for the call. */
	void (*on_message)(void *owner, struct str topic, struct str payload);
	/* The server took (or refused) the subscription. */
	void (*on_subscribed)(void *owner, uint16_t packet_id, bool is_accepted);
	void (*on_down)(void *owner, const char *reason);
};

enum link_state { LINK_STOPPED, LINK_WAITING, LINK_DIALLING, LINK_GREETING, LINK_UP };

struct link {
	struct loop *loop;
	const struct dial_policy *policy;
	struct tls *tls;       /* NULL: plain */
	const char *server;    /* "host:port", borrowed */
	const char *client_id; /* borrowed */
	struct str will_topic; /* empty: no will */
	struct str will_payload;
	const struct link_events *events;
	void *owner;
	/* private from here */
	enum link_state state;
	struct dial dial;
	struct conn *conn;
	struct buf input;
	struct timer timer; /* the next attempt, the greeting's limit, or the next ping */
	int64_t wait_ms, up_since_ms;
	uint16_t last_packet_id;
	bool is_ping_open;
};

/* The first attempt comes after delay_ms; the fields above `private` are set by the owner. */
void link_start(struct link *link, int64_t delay_ms);

/* Says goodbye, so that no will is sent. No event comes after it. */
void link_stop(struct link *link);

/* Closes, as after a failure, and comes back later. */
void link_restart(struct link *link, const char *reason);

bool link_is_up(const struct link *link);

/* The packet's id, or 0 when the link is not up. QoS 1. */
uint16_t link_subscribe(struct link *link, struct str filter);

/* QoS 1, not kept for later: ERR_CLOSED when the link is not up, ERR_BUSY when its queue is full.
 */
enum err link_publish(struct link *link, struct str topic, struct str payload);

#endif
