/* SPDX-License-Identifier: Apache-2.0 */
/* A connection that plays: a viewer like those of FLV, whose tags go out as messages. */
#include <stdio.h>

#include "endpoints/api/api.h"
#include "endpoints/live/live_endpoint.h"
#include "endpoints/rtmp/rtmp_private.h"

static void player_free(struct rtmp_player *player)
{
	viewer_leave(&player->viewer);
	feeder_stop(&player->feeder);
	buf_done(&player->late);
	free(player);
}

void rtmp_player_end(struct rtmp_session *session)
{
	if (session->player)
		player_free(TAKE(session->player));
}

void rtmp_player_send(struct rtmp_player *player, const uint8_t *bytes, size_t size)
{
	if (rtmp_relay_is_between(&player->relay)) {
		(void)conn_send(player->feeder.conn, bytes, size);
		return;
	}
	buf_add(&player->late, bytes, size);
	if (buf_err(&player->late) != ERR_OK)
		conn_close(player->feeder.conn, buf_err(&player->late));
}

static void send_late(struct rtmp_player *player)
{
	if (!player->late.size || !rtmp_relay_is_between(&player->relay))
		return;
	(void)conn_send(player->feeder.conn, player->late.at, player->late.size);
	buf_drop(&player->late, player->late.size, 0);
}

static void on_more(struct viewer *viewer)
{
	struct rtmp_player *player = CONTAINER_OF(viewer, struct rtmp_player, viewer);
	struct iovec parts[LIVE_PARTS_MAX];
	struct rtmp_batch batch;
	bool is_all = true;

	while (is_all) {
		size_t sent, count = viewer_peek(viewer, parts, LIVE_PARTS_MAX);
		rtmp_relay_fill(&player->relay, parts, count, &batch);
		if (!batch.size)
			return;
		is_all = feeder_send(&player->feeder, batch.parts, batch.part_count, &sent);
		if (sent)
			viewer_advance(viewer, rtmp_relay_sent(&player->relay, &batch, sent));
		send_late(player);
	}
}

static void on_start(struct viewer *viewer)
{
	struct rtmp_player *player = CONTAINER_OF(viewer, struct rtmp_player, viewer);
	struct rtmp_session *session = player->session;
	uint32_t stream_id = 0;

	if (rtmp_server_accept_play(session->server, &stream_id, &rtmp_session_events, session) !=
	    ERR_OK)
		conn_close(session->conn, ERR_INTERNAL);
	player->relay.stream_id = stream_id;
}

/* The problem's name and words, as the other protocols say them. */
static void refuse(struct rtmp_session *session, enum err err, const struct why *why)
{
	bool is_missing = err == ERR_NOT_FOUND || why->reason == REASON_DEVICE_OFFLINE;
	char words[WHY_TEXT_MAX + 64];

	(void)snprintf(words, sizeof words, "%s: %s", api_problem_name(err, why->reason),
	               why->text[0] ? why->text : err_text(err));
	rtmp_session_refuse(session,
	                    is_missing ? "NetStream.Play.StreamNotFound" : "NetStream.Play.Failed",
	                    words);
}

static void on_end(struct viewer *viewer, const struct why *why)
{
	struct rtmp_player *player = CONTAINER_OF(viewer, struct rtmp_player, viewer);
	struct rtmp_session *session = player->session;

	if (!viewer->is_started)
		refuse(session, why->err, why);
	else if (rtmp_relay_is_between(&player->relay))
		(void)rtmp_server_end_play(session->server, why->text, &rtmp_session_events,
		                           session);
	rtmp_player_end(session);
	conn_close_gently(session->conn);
}

static const struct viewer_ops viewer_ops = { .on_start = on_start,
	                                      .on_more = on_more,
	                                      .on_end = on_end };

static enum err find_viewer(const struct rtmp_endpoint *endpoint, const struct rtmp_play *play,
                            struct str key, struct why *why)
{
	struct actor actor;

	if (token_find(endpoint->tokens, play->token, &actor) != ERR_OK)
		return why_set(why, ERR_UNAUTHENTICATED, "%s", err_text(ERR_UNAUTHENTICATED));
	return live_may_view(endpoint->devices, &actor, key, why);
}

void rtmp_player_begin(struct rtmp_session *session, const struct rtmp_play *play)
{
	struct rtmp_endpoint *endpoint = session->endpoint;
	struct str key = rtmp_path_key(play->path);
	AUTO_FREE struct rtmp_player *player = NULL;
	struct why why = { 0 };

	enum err err = find_viewer(endpoint, play, key, &why);
	if (err == ERR_OK) {
		player = calloc(1, sizeof *player);
		err = player ? ERR_OK : ERR_NO_MEMORY;
	}
	if (err == ERR_OK) {
		player->viewer.kind = VIEWER_RTMP;
		err = viewer_join(endpoint->live, key, &viewer_ops, &player->viewer, &why);
	}
	if (err != ERR_OK) {
		refuse(session, err, &why);
		return;
	}
	player->session = session;
	feeder_start(&player->feeder, &player->viewer, session->conn);
	rtmp_relay_init(&player->relay);
	buf_init(&player->late, RTMP_LATE_MAX);
	conn_keep_alive(session->conn);
	session->player = TAKE(player);
}

void rtmp_player_pause(struct rtmp_session *session, bool is_paused)
{
	struct rtmp_player *player = session->player;

	if (player && feeder_pause(&player->feeder, is_paused))
		on_more(&player->viewer);
}

void rtmp_player_writable(struct rtmp_session *session)
{
	struct rtmp_player *player = session->player;

	if (player && feeder_writable(&player->feeder))
		on_more(&player->viewer);
}
