/* SPDX-License-Identifier: Apache-2.0 */
/* mqtt_private.h — what the files of endpoints/mqtt share. */
#ifndef VIGIL_ENDPOINTS_MQTT_PRIVATE_H
#define VIGIL_ENDPOINTS_MQTT_PRIVATE_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/list.h"
#include "base/map.h"
#include "base/timer.h"
#include "domain/device/link.h"
#include "domain/device/registration.h"
#include "endpoints/mqtt/mqtt_endpoint.h"
#include "io/conn.h"
#include "proto/envelope/envelope.h"
#include "proto/mqtt/mqtt.h"

#define MQTT_LOOPS_MAX      64
#define MQTT_WILL_MAX       4096
#define MQTT_DELIVERIES_MAX 256 /* events of one connection that wait for their commit */
#define MQTT_SILENT_S       60  /* the keep-alive of who asks for none, where the version lets us */
#define MQTT_REFUSED_MAX    10  /* refused registrations: the tenth closes */
#define MQTT_INFLIGHT_MAX   20  /* QoS 2 messages of a peer that wait for their PUBREL */
/* Messages sent to a device that announced how many, and not acknowledged. */
#define MQTT_UNACKNOWLEDGED_MAX 64
#define MQTT_WAITING_MAX        64 /* messages to a device that wait for its PUBACKs */

/* One loop's share: its sessions, and buffers that every packet out is written into. */
struct mqtt_loop {
	struct list sessions;
	struct buf packet, text;
	struct timer drain;
	struct mqtt_endpoint *endpoint;
	struct loop *loop;
};

struct mqtt_endpoint {
	struct devices *devices;
	struct mqtt_loop *loops[MQTT_LOOPS_MAX];
};

/* What carries the bytes: a plain connection or a WebSocket. */
struct mqtt_transport {
	enum err (*send)(void *carrier, const uint8_t *bytes, size_t size);
	/* Says goodbye and ends; mqtt_session_gone() follows. */
	void (*close)(void *carrier);
};

enum mqtt_state {
	MQTT_WAITING,    /* for CONNECT */
	MQTT_QUARANTINE, /* connected, not registered */
	MQTT_REGISTERED,
	MQTT_ENDING,
};

struct mqtt_session {
	struct mqtt_loop *home;
	const struct mqtt_transport *transport;
	void *carrier;
	struct conn *conn;
	struct list_node node;
	struct buf in; /* a packet that is not whole yet */
	struct link *link;
	struct list registrations; /* under way */
	struct list deliveries;    /* events on their way to the database */
	struct list waiting;       /* messages to the device whose turn has not come */
	struct map child_topics;   /* a gateway's subscriptions: did -> struct child_topic */
	struct timer timer;        /* quarantine, then keep-alive */
	int64_t received_ms;
	int64_t foreign_since_ms;
	uint16_t *inflight;       /* packet ids; NULL until the first QoS 2 message */
	uint16_t *unacknowledged; /* packet ids; NULL until the first, or without a limit */
	char *will;               /* topic, NUL, payload; NULL: none */
	size_t will_size;
	char did[DID_SIZE]; /* the client id */
	char reason[32];    /* why it ended, when we know better than the socket */
	enum mqtt_state state;
	enum mqtt_version version;
	uint16_t keep_alive_s, next_packet_id;
	uint8_t registration_count, foreign_count, inflight_count, refused_count;
	uint16_t delivery_count, waiting_count;
	uint16_t receive_maximum; /* 0: no limit was announced */
	uint16_t unacknowledged_count;
	uint8_t qos; /* of the own topic's subscription */
	bool is_subscribed;
};

struct child_topic {
	char did[DID_SIZE];
	uint8_t qos;
};

/* mqtt_session.c */
struct mqtt_session *mqtt_session_new(struct mqtt_endpoint *endpoint, struct loop *loop,
                                      const struct mqtt_transport *transport, void *carrier);
void mqtt_session_feed(struct mqtt_session *session, const uint8_t *bytes, size_t size);
/* The transport has ended; frees the session. */
void mqtt_session_gone(struct mqtt_session *session, enum err err);
/* Ends it with a reason (told to 5.0 clients once connected). */
void mqtt_session_close(struct mqtt_session *session, enum mqtt_reason reason, const char *words);
/* Registered: from now on the timer watches the keep-alive. */
void mqtt_session_watch(struct mqtt_session *session);
/* Sends home->packet. */
void mqtt_session_send_packet(struct mqtt_session *session);

/* mqtt_outgoing.c: messages to the device. On actions/{did}, now or when the client takes more;
 * ERR_CLOSED when the session has not subscribed to that, ERR_BUSY when too many wait. */
enum err mqtt_session_publish(struct mqtt_session *session, struct str did, struct str text);
/* What CONNECT said of it; 65535 is no limit. */
void mqtt_limit_outgoing(struct mqtt_session *session, uint16_t receive_maximum);
/* A PUBACK came: a waiting message has its turn. */
void mqtt_on_acknowledged(struct mqtt_session *session, const struct mqtt_frame *frame);
void mqtt_forget_outgoing(struct mqtt_session *session);

/* mqtt_topics.c: subscriptions. */
void mqtt_on_subscribe(struct mqtt_session *session, const struct mqtt_frame *frame);
void mqtt_on_unsubscribe(struct mqtt_session *session, const struct mqtt_frame *frame);
void mqtt_forget_topics(struct mqtt_session *session);
/* -1: not subscribed to actions/{did}; else the QoS. */
int mqtt_topic_qos(const struct mqtt_session *session, struct str did);

/* mqtt_messages.c: what devices say. The did of a topic "messages/{did}", else empty. */
struct str mqtt_topic_did(struct str topic, struct str prefix);
/* What became of a message: done with; named another's topic or did; acknowledged later. */
enum mqtt_outcome { MQTT_TAKEN, MQTT_FOREIGN, MQTT_STORING };
enum mqtt_outcome mqtt_take_message(struct mqtt_session *session,
                                    const struct mqtt_publish *publish);

/* mqtt_delivery.c: messages of QoS 1 and 2, and when they are acknowledged. */
void mqtt_on_publish(struct mqtt_session *session, const struct mqtt_frame *frame);
void mqtt_on_release(struct mqtt_session *session, const struct mqtt_frame *frame);
/* Stores an event of the link's device; acknowledges `publish` when it is committed. */
void mqtt_store_event(struct mqtt_session *session, struct link *link,
                      const struct mqtt_publish *publish, int64_t time_ms, struct str data);
void mqtt_cancel_deliveries(struct mqtt_session *session);

/* mqtt_register.c */
extern const struct link_ops mqtt_link_ops;
void mqtt_register(struct mqtt_session *session, const struct envelope *envelope);
void mqtt_cancel_registrations(struct mqtt_session *session);

/* mqtt_transport.c */
struct mqtt_loop *mqtt_loop_of(struct mqtt_endpoint *endpoint, struct loop *loop);

#endif
