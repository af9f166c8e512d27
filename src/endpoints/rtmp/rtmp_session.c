/* SPDX-License-Identifier: Apache-2.0 */
/* One RTMP connection: asks the domain whether it may push, then hands its frames on. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "endpoints/rtmp/rtmp_endpoint.h"
#include "endpoints/rtmp/rtmp_intake.h"
#include "proto/rtmp/rtmp_server.h"

struct rtmp_endpoint {
	struct live *live;
	struct tokens *tokens;
};

struct rtmp_session {
	struct rtmp_endpoint *endpoint;
	struct conn *conn;
	struct loop *loop;
	struct rtmp_server *server;
	struct publisher *publisher; /* NULL: not pushing */
	struct rtmp_intake intake;
	struct timer timer;
	int64_t received_ms;
	char key[STREAM_KEY_SIZE];
	const char *reason;
	bool is_refused; /* closes when the answer has left the session */
};

static const struct rtmp_events rtmp_events;
static const struct conn_events conn_events;

enum err rtmp_endpoint_new(struct live *live, struct tokens *tokens, struct rtmp_endpoint **out)
{
	struct rtmp_endpoint *endpoint = calloc(1, sizeof *endpoint);

	if (!endpoint)
		return ERR_NO_MEMORY;
	endpoint->live = live;
	endpoint->tokens = tokens;
	*out = endpoint;
	return ERR_OK;
}

void rtmp_endpoint_free(struct rtmp_endpoint *endpoint)
{
	free(endpoint);
}

struct str rtmp_path_key(struct str path)
{
	static const struct str folders[] = { { "live/", 5 },
		                              { "v2/media/live/", 14 },
		                              { "v2/meida/live/", 14 } };

	while (path.size && path.at[0] == '/')
		path = str_from(path, 1);
	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		struct stream_key read;
		struct str key = str_from(path, folders[i].size);
		if (str_starts(path, folders[i]) && stream_key_read(key, &read) == ERR_OK)
			return key;
	}
	return (struct str){ 0 };
}

void rtmp_push_url(void *owner, struct str key, struct str token, struct str reached_at,
                   struct buf *out)
{
	const struct rtmp_public *address = owner;
	const char *scheme = address->is_tls_only ? "rtmps" : "rtmp";
	struct str host = address->host[0] ? str_of(address->host) : reached_at;

	if (!host.size)
		host = STR("127.0.0.1");
	if (address->url[0])
		buf_add_text(out, address->url);
	else
		buf_printf(out, "%s://%.*s:%u", scheme, STR_ARG(host), address->port);
	/* A replay's address is the protocol's own, with its spelling. */
	buf_printf(out, "%s/%.*s?token=%.*s",
	           stream_key_did(key).size < key.size ? "/v2/meida/live" : "/live", STR_ARG(key),
	           STR_ARG(token));
}

static void on_send(void *owner, const uint8_t *bytes, size_t size)
{
	struct rtmp_session *session = owner;

	(void)conn_send(session->conn, bytes, size);
}

static void end_push(struct rtmp_session *session, const char *reason)
{
	if (!session->publisher)
		return;
	publisher_close(session->publisher);
	session->publisher = NULL;
	rtmp_intake_done(&session->intake);
	log_info("push.ended", "key=%s reason=\"%s\"", session->key, reason);
}

/* The domain took the stream away: another push of the same device is here. */
static void on_replaced(void *owner, const char *reason)
{
	struct rtmp_session *session = owner;

	session->publisher = NULL;
	rtmp_intake_done(&session->intake);
	log_info("push.ended", "key=%s reason=\"%s\"", session->key, reason);
	(void)rtmp_server_refuse(session->server, "NetStream.Publish.BadName", reason, &rtmp_events,
	                         session);
	conn_close_gently(session->conn);
}

static const struct publisher_ops publisher_ops = { .ended = on_replaced };

static void refuse(struct rtmp_session *session, const char *code, const char *words)
{
	metric_count(METRIC_publish_refused_total);
	(void)rtmp_server_refuse(session->server, code, words, &rtmp_events, session);
	session->is_refused = true;
}

static void on_publish(void *owner, const struct rtmp_publish *publish)
{
	struct rtmp_session *session = owner;
	struct rtmp_endpoint *endpoint = session->endpoint;
	struct str key = rtmp_path_key(publish->path);
	char address[CONN_ADDRESS_SIZE];

	conn_peer(session->conn, address);
	if (!key.size || session->publisher) {
		refuse(session, "NetStream.Publish.BadName", "push to live/{did}?token=TOKEN");
		return;
	}
	if (publish_check(endpoint->live, endpoint->tokens, key, publish->token) != ERR_OK) {
		log_info("push.refused", "key=%.*s address=%s", STR_ARG(key), address);
		refuse(session, "NetStream.Publish.Denied", "this token does not open this stream");
		return;
	}
	(void)str_copy(key, session->key, sizeof session->key);
	if (publisher_open(endpoint->live, key, address, &publisher_ops, session,
	                   &session->publisher) != ERR_OK) {
		refuse(session, "NetStream.Publish.Denied", "no such device");
		return;
	}
	publisher_came_by(session->publisher, publish->token);
	rtmp_intake_init(&session->intake, session->publisher);
	log_info("push.started", "key=%s address=%s", session->key, address);
	(void)rtmp_server_accept_publish(session->server, &rtmp_events, session);
}

static void on_media(void *owner, const struct rtmp_media *media)
{
	struct rtmp_session *session = owner;

	if (session->publisher)
		rtmp_intake_take(&session->intake, media);
}

static void on_unpublish(void *owner)
{
	end_push(owner, "ended by the camera");
}

static const struct rtmp_events rtmp_events = { .on_send = on_send,
	                                        .on_publish = on_publish,
	                                        .on_media = on_media,
	                                        .on_unpublish = on_unpublish };

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	struct rtmp_session *session = owner;

	session->received_ms = clock_steady_ms();
	enum err err = rtmp_server_feed(session->server, bytes, size, &rtmp_events, session);
	if (err != ERR_OK) {
		session->reason = "broke the protocol";
		conn_close(session->conn, err);
	} else if (session->is_refused) {
		conn_close_gently(session->conn);
	}
}

static void on_closed(void *owner, enum err err)
{
	struct rtmp_session *session = owner;

	end_push(session, session->reason     ? session->reason
	                  : err == ERR_CLOSED ? "connection closed"
	                                      : "connection lost");
	loop_timer_stop(session->loop, &session->timer);
	rtmp_server_free(session->server);
	free(session);
}

static const struct conn_events conn_events = { .on_bytes = on_bytes, .on_closed = on_closed };

/* Who does not push in time, or stops sending, goes. */
static void on_timer(struct timer *timer)
{
	struct rtmp_session *session = CONTAINER_OF(timer, struct rtmp_session, timer);
	int64_t silent_ms = clock_steady_ms() - session->received_ms;
	struct str key = str_of(session->key);
	/* A recording may be paused. */
	int64_t most_ms = stream_key_did(key).size < key.size ? RTMP_PAUSE_MS : RTMP_SILENCE_MS;

	if (!session->publisher || silent_ms >= most_ms) {
		session->reason = "silent for too long";
		conn_close(session->conn, ERR_TIMEOUT);
		return;
	}
	loop_timer_start(session->loop, timer, most_ms - silent_ms, on_timer);
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
	loop_timer_start(loop, &session->timer, RTMP_HELLO_MS, on_timer);
	return ERR_OK;
}

void rtmp_endpoint_listen(struct rtmp_endpoint *endpoint, struct listener_setup *setup)
{
	setup->on_accept = on_accept;
	setup->owner = endpoint;
}
