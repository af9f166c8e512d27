/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt.h — the packets of MQTT 3.1.1 and 5.0, read and written, for a server and for a client.
 *
 * First mqtt_read_frame() finds where a packet ends, then the reader of its type turns the body
 * into a plain value. "§" in our comments is a section of MQTT 5.0; most of 3.1.1 has the same
 * numbers, and where the versions differ both are named.
 *
 * Threads  any; pure.
 * Memory   every struct str that is read is borrowed from the frame's bytes; nothing is allocated.
 * Errors   ERR_MORE       the packet is not complete (mqtt_read_frame() only)
 *          ERR_MALFORMED  against the standard: the connection must be closed (§4.13)
 *          ERR_TOO_LARGE  a limit named here or given by the caller was passed
 *          ERR_UNSUPPORTED, ERR_INVALID  of mqtt_read_connect() only; see there
 *          Results are untouched on failure.
 * Writers  add a whole packet or nothing; a failure is the sticky one of the buf, so buf_err() is
 *          asked once. Reasons are given as those of version 5 and become the nearest code of
 *          3.1.1; properties are left out for 3.1.1.
 */
#ifndef VIGIL_PROTO_MQTT_MQTT_H
#define VIGIL_PROTO_MQTT_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define MQTT_FILTERS_MAX          64        /* filters in one SUBSCRIBE or UNSUBSCRIBE */
#define MQTT_BODY_MAX             268435455 /* §1.5.5: four bytes of seven bits */
#define MQTT_STRING_MAX           65535     /* §1.5.4 */
#define MQTT_RECEIVE_MAXIMUM_MOST 65535     /* §3.1.2.11.3: what absence means */
#define MQTT_NEVER_EXPIRES        UINT32_MAX

enum mqtt_version {
	MQTT_3_1_1 = 4,
	MQTT_5 = 5,
};

/* §2.1.2 */
enum mqtt_packet_type {
	MQTT_CONNECT = 1,
	MQTT_CONNACK,
	MQTT_PUBLISH,
	MQTT_PUBACK,
	MQTT_PUBREC,
	MQTT_PUBREL,
	MQTT_PUBCOMP,
	MQTT_SUBSCRIBE,
	MQTT_SUBACK,
	MQTT_UNSUBSCRIBE,
	MQTT_UNSUBACK,
	MQTT_PINGREQ,
	MQTT_PINGRESP,
	MQTT_DISCONNECT,
	MQTT_AUTH, /* found by mqtt_read_frame(), never answered but with a DISCONNECT */
};

enum mqtt_reason {
#define X(name, code, packets, text) MQTT_REASON_##name = (code),
#include "proto/mqtt/mqtt_reason.def"
#undef X
};

/* One packet, found but not read. */
struct mqtt_frame {
	enum mqtt_packet_type type;
	uint8_t flags; /* the low half of the first byte, checked already */
	struct str body;
	size_t size; /* of the whole packet, to be dropped from the input */
};

struct mqtt_will {
	bool is_set;
	bool retain;
	uint8_t qos;
	struct str topic;
	struct str payload;
	uint32_t delay_s; /* 5.0: 0 if absent */
};

struct mqtt_connect {
	enum mqtt_version version;
	bool clean_start; /* 3.1.1: clean session */
	bool has_username;
	bool has_password;
	uint16_t keep_alive_s; /* 0: none */
	struct str client_id;
	struct str username;
	struct str password;
	struct mqtt_will will;
	/* 5.0 */
	uint32_t session_expiry_s;     /* 0 if absent */
	uint16_t receive_maximum;      /* 65535 if absent; a writer may give 0 for that */
	uint16_t topic_alias_maximum;  /* 0 if absent */
	uint32_t maximum_packet_bytes; /* 0 if absent: no limit */
	bool has_authentication;       /* wants AUTH: answer MQTT_REASON_AUTHENTICATION_METHOD */
};

struct mqtt_connack {
	bool session_present;
	enum mqtt_reason reason;
	/* 5.0 */
	bool has_session_expiry;
	bool has_keep_alive;
	bool no_retain;           /* retain available is 0 */
	bool no_wildcards;        /* wildcard subscription available is 0 */
	bool no_shared;           /* shared subscription available is 0 */
	bool no_subscription_ids; /* subscription identifier available is 0 */
	bool has_maximum_qos;     /* absent: 2 */
	uint8_t maximum_qos;      /* 0 or 1 */
	uint16_t keep_alive_s;    /* the server's, instead of the client's */
	uint16_t receive_maximum; /* as in mqtt_connect */
	uint16_t topic_alias_maximum;
	uint32_t maximum_packet_bytes;
	uint32_t session_expiry_s;
	struct str assigned_client_id;
	struct str reason_text;
	struct str server_reference;
};

struct mqtt_publish {
	struct str topic; /* empty only with a topic alias */
	struct str payload;
	uint16_t packet_id; /* 0 with QoS 0 */
	uint8_t qos;
	bool retain;
	bool is_duplicate;
	/* 5.0 */
	bool has_message_expiry;
	uint16_t topic_alias; /* 0 if absent */
	uint32_t message_expiry_s;
	uint32_t subscription_id; /* the last one; 0 if absent. Not from a client (§3.3.4) */
};

/* PUBACK, PUBREC, PUBREL, PUBCOMP; 3.1.1 has no reason and gives MQTT_REASON_OK. */
struct mqtt_ack {
	uint16_t packet_id;
	enum mqtt_reason reason;
};

struct mqtt_filter {
	struct str filter;
	uint8_t qos;
	/* 5.0 */
	uint8_t retain_handling; /* 0..2 */
	bool no_local;
	bool retain_as_published;
	bool is_shared; /* "$share/name/..." (§4.8.2) */
};

struct mqtt_subscribe {
	uint16_t packet_id;
	uint32_t subscription_id; /* 5.0; 0 if absent */
	size_t count;
	struct mqtt_filter filters[MQTT_FILTERS_MAX];
};

struct mqtt_unsubscribe {
	uint16_t packet_id;
	size_t count;
	struct str filters[MQTT_FILTERS_MAX];
};

/* SUBACK and UNSUBACK; an UNSUBACK of 3.1.1 carries no reasons. */
struct mqtt_suback {
	uint16_t packet_id;
	size_t count;
	enum mqtt_reason reasons[MQTT_FILTERS_MAX];
};

struct mqtt_disconnect {
	enum mqtt_reason reason;
	/* 5.0 */
	bool has_session_expiry;
	uint32_t session_expiry_s;
	struct str reason_text;
	struct str server_reference;
};

/* Words for logs; "unknown" for a code that no standard names. */
const char *mqtt_reason_text(enum mqtt_reason reason);

/* --- reading ------------------------------------------------------------------------------- */

/* ERR_TOO_LARGE comes from the header alone when the whole packet is over `max_bytes`,
 * ERR_MALFORMED as soon as the first byte or the length is wrong; no more than the packet's end is
 * looked at. */
enum err mqtt_read_frame(const uint8_t *at, size_t size, size_t max_bytes, struct mqtt_frame *out);

/* ERR_UNSUPPORTED  an unknown protocol level: answer MQTT_REASON_UNSUPPORTED_VERSION in 3.1.1.
 * ERR_INVALID      3.1.1 and no client id without a clean session: MQTT_REASON_CLIENT_ID. */
enum err mqtt_read_connect(const struct mqtt_frame *frame, struct mqtt_connect *out);
enum err mqtt_read_connack(const struct mqtt_frame *frame, enum mqtt_version version,
                           struct mqtt_connack *out);
enum err mqtt_read_publish(const struct mqtt_frame *frame, enum mqtt_version version,
                           struct mqtt_publish *out);
/* The frame's type tells which of the four it is. */
enum err mqtt_read_ack(const struct mqtt_frame *frame, enum mqtt_version version,
                       struct mqtt_ack *out);
/* ERR_TOO_LARGE with more than MQTT_FILTERS_MAX filters; so are the next three. */
enum err mqtt_read_subscribe(const struct mqtt_frame *frame, enum mqtt_version version,
                             struct mqtt_subscribe *out);
enum err mqtt_read_suback(const struct mqtt_frame *frame, enum mqtt_version version,
                          struct mqtt_suback *out);
enum err mqtt_read_unsubscribe(const struct mqtt_frame *frame, enum mqtt_version version,
                               struct mqtt_unsubscribe *out);
enum err mqtt_read_unsuback(const struct mqtt_frame *frame, enum mqtt_version version,
                            struct mqtt_suback *out);
enum err mqtt_read_disconnect(const struct mqtt_frame *frame, enum mqtt_version version,
                              struct mqtt_disconnect *out);

/* --- writing ------------------------------------------------------------------------------- */

void mqtt_write_connect(struct buf *out, const struct mqtt_connect *connect);
void mqtt_write_connack(struct buf *out, enum mqtt_version version,
                        const struct mqtt_connack *connack);
void mqtt_write_publish(struct buf *out, enum mqtt_version version,
                        const struct mqtt_publish *publish);
/* All but the payload, whose size is counted in: the caller sends those bytes right after. */
void mqtt_write_publish_head(struct buf *out, enum mqtt_version version,
                             const struct mqtt_publish *publish);
/* `type` is one of MQTT_PUBACK..MQTT_PUBCOMP. */
void mqtt_write_ack(struct buf *out, enum mqtt_version version, enum mqtt_packet_type type,
                    const struct mqtt_ack *ack);
void mqtt_write_subscribe(struct buf *out, enum mqtt_version version,
                          const struct mqtt_subscribe *subscribe);
void mqtt_write_suback(struct buf *out, enum mqtt_version version,
                       const struct mqtt_suback *suback);
void mqtt_write_unsubscribe(struct buf *out, enum mqtt_version version,
                            const struct mqtt_unsubscribe *unsubscribe);
void mqtt_write_unsuback(struct buf *out, enum mqtt_version version,
                         const struct mqtt_suback *unsuback);
void mqtt_write_ping(struct buf *out);        /* PINGREQ */
void mqtt_write_ping_answer(struct buf *out); /* PINGRESP */
/* From a server 3.1.1 has no DISCONNECT: write it to 5.0 clients only. */
void mqtt_write_disconnect(struct buf *out, enum mqtt_version version,
                           const struct mqtt_disconnect *disconnect);

/* --- topics (§4.7) ------------------------------------------------------------------------- */

/* 1..65535 bytes of UTF-8 without NUL and without wildcards. */
bool mqtt_topic_is_name(struct str topic);
/* As a name, but '+' may be a whole level and '#' the last one. */
bool mqtt_topic_is_filter(struct str filter);
/* Both must be valid; wildcards at the start do not match a topic that starts with '$' (§4.7.2). */
bool mqtt_topic_matches(struct str filter, struct str topic);

#endif
