/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/network/push.h"

#include <stdio.h>
#include <string.h>

#include "cam/network/url.h"
#include "proto/rtmp/url.h"

#define OUT_MAX  (FLV_BODY_MAX + 65536)
#define OUT_KEEP (64 * 1024)

static void ignore_bytes(void *owner, const uint8_t *bytes, size_t size)
{
}

static void ignore_closed(void *owner, enum err err)
{
}

static const struct conn_events nobody = { .on_bytes = ignore_bytes, .on_closed = ignore_closed };

/* Back to idle from any state; the conn, if any, is closed gently after the goodbye. */
static void clear(struct push *push, bool is_gentle)
{
	struct conn *conn = push->conn;

	if (push->state == PUSH_DIALLING)
		dial_cancel(&push->dial);
	loop_timer_stop(push->loop, &push->timer);
	push->conn = NULL;
	push->state = PUSH_IDLE;
	if (conn) {
		conn_hand_over(conn, &nobody, NULL);
		if (is_gentle)
			conn_close_gently(conn);
		else
			conn_close(conn, ERR_CLOSED);
	}
	rtmp_client_free(push->client);
	push->client = NULL;
	buf_done(&push->out);
}

static void fail(struct push *push, const char *reason)
{
	clear(push, false);
	push->events->on_over(push->owner, reason);
}

static void on_send(void *owner, const uint8_t *bytes, size_t size)
{
	struct push *push = owner;

	if (conn_send(push->conn, bytes, size) != ERR_OK)
		push->feed_err = ERR_BUSY;
}

/* Only noted: the session must not be freed inside its own call. */
static void on_refused(void *owner, struct str code, struct str description)
{
	struct push *push = owner;

	push->feed_err = ERR_DENIED;
}

static void on_published(void *owner)
{
}

static const struct rtmp_client_events session_events = { .on_send = on_send,
	                                                  .on_published = on_published,
	                                                  .on_refused = on_refused };

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	struct push *push = owner;
	enum err err = rtmp_client_feed(push->client, bytes, size, &session_events, push);

	if (err == ERR_OK)
		err = push->feed_err;
	if (err != ERR_OK) {
		fail(push, err == ERR_DENIED ? "the server refused the push" : err_text(err));
		return;
	}
	if (push->state == PUSH_GREETING && rtmp_client_is_published(push->client)) {
		push->state = PUSH_READY;
		loop_timer_stop(push->loop, &push->timer);
		push->events->on_ready(push->owner);
	}
}

static void on_closed(void *owner, enum err err)
{
	struct push *push = owner;

	push->conn = NULL;
	fail(push, err_text(err));
}

static const struct conn_events conn_events = { .on_bytes = on_bytes, .on_closed = on_closed };

static void on_late(struct timer *timer)
{
	fail(CONTAINER_OF(timer, struct push, timer), "not published in time");
}

static void on_dialled(struct dial *dial, struct conn *conn, enum err err)
{
	struct push *push = dial->owner;

	if (!conn) {
		push->state = PUSH_IDLE;
		fail(push, err_text(err));
		return;
	}
	push->conn = conn;
	push->state = PUSH_GREETING;
	loop_timer_start(push->loop, &push->timer, PUSH_PUBLISH_MS, on_late);
	err = rtmp_client_start(push->client, &session_events, push);
	if (err != ERR_OK || push->feed_err != ERR_OK)
		fail(push, "the handshake could not be sent");
}

static enum err dial_url(struct push *push, const struct rtmp_url *url)
{
	char host_port[300];
	bool is_v6 = str_index(url->host, ':') < url->host.size;
	int size = snprintf(host_port, sizeof host_port, is_v6 ? "[%.*s]:%u" : "%.*s:%u",
	                    STR_ARG(url->host), (unsigned)url->port);

	if (size < 0 || (size_t)size >= sizeof host_port)
		return ERR_INVALID;
	push->dial = (struct dial){ .on_done = on_dialled,
		                    .events = &conn_events,
		                    .owner = push,
		                    .tls = url->is_tls ? push->tls : NULL };
	return dial_start(&push->dial, push->loop, push->policy, host_port);
}

enum err push_start(struct push *push, struct str url, struct str token)
{
	struct rtmp_url parts;
	AUTO_BUF whole = { 0 };

	buf_init(&whole, PUSH_URL_MAX);
	if (push->state != PUSH_IDLE)
		return ERR_CONFLICT;
	url_add_token(&whole, url, token);
	if (buf_err(&whole) != ERR_OK || rtmp_url_read(buf_str(&whole), &parts) != ERR_OK)
		return ERR_INVALID;
	if (parts.is_tls && !push->tls)
		return ERR_UNSUPPORTED;
	enum err err = rtmp_client_new(parts.app, parts.tc_url, parts.name, &push->client);
	if (err == ERR_OK)
		err = dial_url(push, &parts);
	if (err != ERR_OK) {
		rtmp_client_free(push->client);
		push->client = NULL;
		return err;
	}
	push->state = PUSH_DIALLING;
	push->feed_err = ERR_OK;
	push->has_begun = push->has_epoch = false;
	push->skipped = 0;
	buf_init(&push->out, OUT_MAX);
	return ERR_OK;
}

void push_stop(struct push *push)
{
	if (push->state == PUSH_IDLE)
		return;
	if (push->state == PUSH_READY) {
		buf_clear(&push->out);
		if (rtmp_client_write_end(push->client, &push->out) == ERR_OK)
			(void)conn_send(push->conn, push->out.at, push->out.size);
	}
	clear(push, push->state == PUSH_READY);
}

bool push_is_idle(const struct push *push)
{
	return push->state == PUSH_IDLE;
}

static enum err add_message(struct push *push, const struct clip_frame *frame, int64_t at_ms)
{
	struct bytes body = bytes_of(frame->body.at, frame->body.size);

	return rtmp_client_write_media(
		push->client, frame->kind == FLV_AUDIO ? RTMP_MEDIA_AUDIO : RTMP_MEDIA_VIDEO,
		(uint32_t)at_ms, &body, 1, &push->out);
}

/* A stream begins, and goes on after a gap, with a key frame. */
static bool may_begin(struct push *push, const struct clip_frame *frame)
{
	bool is_key = frame->kind == FLV_VIDEO && frame->is_key;

	if (push->without_keys)
		return !is_key;
	if (!push->has_begun)
		return is_key;
	return true;
}

void push_frame(struct push *push, const struct clip_frame *headers, size_t header_count,
                const struct clip_frame *frame)
{
	bool is_first = !push->has_begun;
	enum err err = ERR_OK;

	if (push->state != PUSH_READY || !may_begin(push, frame))
		return;
	if (conn_queued_bytes(push->conn) > PUSH_QUEUE_MAX) {
		push->skipped++;
		push->has_begun = false;
		return;
	}
	if (!push->has_epoch)
		push->first_ms = frame->at_ms;
	push->has_epoch = true;
	buf_drop(&push->out, push->out.size, OUT_KEEP);
	int64_t at_ms = frame->at_ms - push->first_ms;
	for (size_t i = 0; err == ERR_OK && is_first && i < header_count; i++)
		err = add_message(push, &headers[i], at_ms);
	if (err == ERR_OK)
		err = add_message(push, frame, at_ms);
	push->has_begun = true;
	/* A failed send closes the conn, which tells us in on_closed. */
	if (err == ERR_OK)
		(void)conn_send(push->conn, push->out.at, push->out.size);
	else
		fail(push, err_text(err));
}

void push_begin_again(struct push *push)
{
	push->has_begun = false;
}
