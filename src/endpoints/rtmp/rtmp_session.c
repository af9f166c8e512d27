/* SPDX-License-Identifier: Apache-2.0 */
/* One RTMP connection from accept to close. */
#include <stdlib.h>

#include "base/clock.h"
#include "endpoints/rtmp/rtmp_private.h"

static const struct conn_events conn_events;

enum err rtmp_endpoint_new(struct live *live, struct tokens *tokens, struct devices *devices,
                           struct rtmp_endpoint **out)
{
	struct rtmp_endpoint *endpoint = calloc(1, sizeof *endpoint);

	if (!endpoint)
		return ERR_NO_MEMORY;
	*endpoint = (struct rtmp_endpoint){ .live = live, .tokens = tokens, .devices = devices };
	*out = endpoint;
	return ERR_OK;
}

void rtmp_endpoint_free(struct rtmp_endpoint *endpoint)
{
	free(endpoint);
}

static void on_send(void *owner, const uint8_t *bytes, size_t size)
{
	struct rtmp_session *session = owner;

	if (session->player)
		rtmp_player_send(session->player, bytes, size);
	else
		(void)conn_send(session->conn, bytes, size);
}

void rtmp_session_refuse(struct rtmp_session *session, const char *code, const char *words)
{
	(void)rtmp_server_refuse(session->server, code, words, &rtmp_session_events, session);
	session->is_refused = true;
}

static void on_publish(void *owner, const struct rtmp_publish *publish)
{
	rtmp_push_begin(owner, publish);
}

static void on_play(void *owner, const struct rtmp_play *play)
{
	rtmp_player_begin(owner, play);
}

static void on_media(void *owner, const struct rtmp_media *media)
{
	struct rtmp_session *session = owner;

	if (session->push)
		rtmp_intake_take(&session->push->intake, media);
}

static void on_unpublish(void *owner)
{
	rtmp_push_end(owner, "ended by the camera");
}

static void on_stop(void *owner)
{
	struct rtmp_session *session = owner;
	const struct rtmp_player *player = session->player;

	/* What came next would be taken for the rest of the message that is half sent. */
	if (player && !rtmp_relay_is_between(&player->relay))
		conn_close(session->conn, ERR_CLOSED);
	rtmp_player_end(session);
	rtmp_session_expect(session);
}

static void on_pause(void *owner, bool is_paused)
{
	rtmp_player_pause(owner, is_paused);
}

const struct rtmp_events rtmp_session_events = { .on_send = on_send,
	                                         .on_publish = on_publish,
	                                         .on_play = on_play,
	                                         .on_media = on_media,
	                                         .on_unpublish = on_unpublish,
	                                         .on_stop = on_stop,
	                                         .on_pause = on_pause };

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	struct rtmp_session *session = owner;

	session->received_ms = clock_steady_ms();
	enum err err =
		rtmp_server_feed(session->server, bytes, size, &rtmp_session_events, session);
	if (err != ERR_OK) {
		session->reason = "broke the protocol";
		conn_close(session->conn, err);
	} else if (session->is_refused) {
		conn_close_gently(session->conn);
	}
}

static void on_writable(void *owner)
{
	rtmp_player_writable(owner);
}

static void on_closed(void *owner, enum err err)
{
	struct rtmp_session *session = owner;

	rtmp_push_end(session, session->reason     ? session->reason
	                       : err == ERR_CLOSED ? "connection closed"
	                                           : "connection lost");
	rtmp_player_end(session);
	loop_timer_stop(session->loop, &session->timer);
	rtmp_server_free(session->server);
	free(session);
}

static const struct conn_events conn_events = { .on_bytes = on_bytes,
	                                        .on_writable = on_writable,
	                                        .on_closed = on_closed };

/* Who neither pushes nor plays in time, or stops sending what it pushes, goes. A player's silence
 * says nothing. */
static void on_timer(struct timer *timer)
{
	struct rtmp_session *session = CONTAINER_OF(timer, struct rtmp_session, timer);
	int64_t silent_ms = clock_steady_ms() - session->received_ms;
	int64_t most_ms =
		session->push && session->push->is_replay ? RTMP_PAUSE_MS : RTMP_SILENCE_MS;

	if (session->player)
		return;
	if (!session->push || silent_ms >= most_ms) {
		session->reason = "silent for too long";
		conn_close(session->conn, ERR_TIMEOUT);
		return;
	}
	loop_timer_start(session->loop, timer, most_ms - silent_ms, on_timer);
}

void rtmp_session_expect(struct rtmp_session *session)
{
	loop_timer_start(session->loop, &session->timer, RTMP_HELLO_MS, on_timer);
}

static enum err on_accept(void *owner, struct loop *loop, struct conn_setup *setup)
{
	struct rtmp_session *session = calloc(1, sizeof *session);

	if (!session)
		return ERR_NO_MEMORY;
	session->endpoint = owner;
	session->loop = loop;
	session->received_ms = clock_steady_ms();
	enum err err = rtmp_server_new(&session->server);
	setup->events = &conn_events;
	setup->owner = session;
	if (err == ERR_OK)
		err = conn_new(loop, setup, &session->conn);
	if (err != ERR_OK) {
		rtmp_server_free(session->server);
		free(session);
		return err;
	}
	rtmp_session_expect(session);
	return ERR_OK;
}

void rtmp_endpoint_listen(struct rtmp_endpoint *endpoint, struct listener_setup *setup)
{
	setup->on_accept = on_accept;
	setup->owner = endpoint;
}
