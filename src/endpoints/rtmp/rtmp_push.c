/* SPDX-License-Identifier: Apache-2.0 */
/* A connection that pushes: asks the domain whether it may, then hands its frames on. */
#include "base/log.h"
#include "base/metric.h"
#include "endpoints/rtmp/rtmp_private.h"

static void forget(struct rtmp_session *session, const char *reason)
{
	struct rtmp_push *push = TAKE(session->push);

	log_info("push.ended", "key=%s reason=\"%s\"", push->key, reason);
	rtmp_intake_done(&push->intake);
	free(push);
}

void rtmp_push_end(struct rtmp_session *session, const char *reason)
{
	if (!session->push)
		return;
	publisher_close(session->push->publisher);
	forget(session, reason);
}

/* The domain took the stream away: another push of the same device is here. */
static void on_replaced(void *owner, const char *reason)
{
	struct rtmp_session *session = owner;

	forget(session, reason);
	(void)rtmp_server_refuse(session->server, "NetStream.Publish.BadName", reason,
	                         &rtmp_session_events, session);
	conn_close_gently(session->conn);
}

static const struct publisher_ops publisher_ops = { .ended = on_replaced };

static void refuse(struct rtmp_session *session, const char *code, const char *words)
{
	metric_count(METRIC_publish_refused_total);
	rtmp_session_refuse(session, code, words);
}

void rtmp_push_begin(struct rtmp_session *session, const struct rtmp_publish *publish)
{
	struct rtmp_endpoint *endpoint = session->endpoint;
	struct str key = rtmp_path_key(publish->path);
	char address[CONN_ADDRESS_SIZE];

	conn_peer(session->conn, address);
	if (!key.size || session->push) {
		refuse(session, "NetStream.Publish.BadName", "push to live/{did}?token=TOKEN");
		return;
	}
	if (publish_check(endpoint->live, endpoint->tokens, key, publish->token) != ERR_OK) {
		log_info("push.refused", "key=%.*s address=%s", STR_ARG(key), address);
		refuse(session, "NetStream.Publish.Denied", "this token does not open this stream");
		return;
	}
	AUTO_FREE struct rtmp_push *push = calloc(1, sizeof *push);
	if (!push || publisher_open(endpoint->live, key, address, &publisher_ops, session,
	                            &push->publisher) != ERR_OK) {
		refuse(session, "NetStream.Publish.Denied", "no such device");
		return;
	}
	(void)str_copy(key, push->key, sizeof push->key);
	push->is_replay = stream_key_did(key).size < key.size;
	publisher_came_by(push->publisher, publish->token);
	rtmp_intake_init(&push->intake, push->publisher);
	log_info("push.started", "key=%s address=%s", push->key, address);
	session->push = TAKE(push);
	(void)rtmp_server_accept_publish(session->server, &rtmp_session_events, session);
}
