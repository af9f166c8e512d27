/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtmp_private.h — one RTMP connection, and what it became: a push (rtmp_push.c) or a player
 * (rtmp_player.c).
 */
#ifndef VIGIL_ENDPOINTS_RTMP_PRIVATE_H
#define VIGIL_ENDPOINTS_RTMP_PRIVATE_H

#include "base/buf.h"
#include "domain/live/live.h"
#include "endpoints/live/feeder.h"
#include "endpoints/rtmp/rtmp_endpoint.h"
#include "endpoints/rtmp/rtmp_intake.h"
#include "proto/rtmp/relay.h"
#include "proto/rtmp/rtmp_server.h"

#define RTMP_LATE_MAX 4096 /* bytes of answers that wait for the end of a message */

struct rtmp_endpoint {
	struct live *live;
	struct tokens *tokens;
	struct devices *devices;
};

struct rtmp_push {
	struct publisher *publisher;
	struct rtmp_intake intake;
	char key[STREAM_KEY_SIZE];
	bool is_replay; /* which may be paused */
};

struct rtmp_player {
	struct viewer viewer;
	struct feeder feeder;
	struct rtmp_relay relay;
	struct buf late; /* answers that may not stand inside a message */
	struct rtmp_session *session;
};

struct rtmp_session {
	struct rtmp_endpoint *endpoint;
	struct conn *conn;
	struct loop *loop;
	struct rtmp_server *server;
	struct rtmp_push *push;     /* NULL: not pushing */
	struct rtmp_player *player; /* NULL: not playing, nor waiting for a picture */
	struct timer timer;
	int64_t received_ms;
	const char *reason;
	bool is_refused; /* closes when the answer has left the session */
};

extern const struct rtmp_events rtmp_session_events;

/* Says no, and closes when that was said. Inside an event of the session. */
void rtmp_session_refuse(struct rtmp_session *session, const char *code, const char *words);
/* Who says nothing from now on is let go after RTMP_HELLO_MS. */
void rtmp_session_expect(struct rtmp_session *session);

/* The events of rtmp_server.h. */
void rtmp_push_begin(struct rtmp_session *session, const struct rtmp_publish *publish);
void rtmp_push_end(struct rtmp_session *session, const char *reason);

void rtmp_player_begin(struct rtmp_session *session, const struct rtmp_play *play);
void rtmp_player_end(struct rtmp_session *session);
void rtmp_player_pause(struct rtmp_session *session, bool is_paused);
void rtmp_player_writable(struct rtmp_session *session);
/* Bytes of the session itself, sent between two messages of the picture. */
void rtmp_player_send(struct rtmp_player *player, const uint8_t *bytes, size_t size);

#endif
