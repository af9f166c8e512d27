/* SPDX-License-Identifier: Apache-2.0 */
/* One answer: at once when it is there, or when it comes. A request that waits stands in its
 * packager's list, with a timer on its own loop; whoever takes it out of the list goes on with it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "endpoints/api/api.h"
#include "endpoints/hls/hls_private.h"
#include "endpoints/live/codecs.h"
#include "http/response.h"
#include "io/loop.h"

struct hls_waiter {
	struct list_node node; /* in no list: its mail is on the way */
	struct hls_session *session;
	struct request *req;
	struct loop *loop;
	struct hls_want want;
	int64_t deadline_ms;
	struct mail mail;
	struct timer timer;
};

/* --- waiting ------------------------------------------------------------------------------- */

/* Its waiter is in no list any more. */
static void go_on(struct hls_waiter *waiter)
{
	struct hls_session *session = waiter->session;
	struct request *req = waiter->req;

	loop_timer_stop(waiter->loop, &waiter->timer);
	hls_lock(session->packager->endpoint);
	session->parked_count--;
	hls_unlock(session->packager->endpoint);
	if (request_is_gone(req)) {
		response_empty(req, 499);
		hls_session_done(session);
	} else {
		hls_serve(session, req, &waiter->want, waiter->deadline_ms);
	}
	free(waiter);
}

static void on_mail(struct mail *mail)
{
	go_on(CONTAINER_OF(mail, struct hls_waiter, mail));
}

/* True when nobody else goes on with it. */
static bool take_out(struct hls_waiter *waiter)
{
	struct hls_endpoint *endpoint = waiter->session->packager->endpoint;

	hls_lock(endpoint);
	bool is_mine = list_has(&waiter->node);
	list_remove(&waiter->node);
	hls_unlock(endpoint);
	return is_mine;
}

static void on_deadline(struct timer *timer)
{
	struct hls_waiter *waiter = CONTAINER_OF(timer, struct hls_waiter, timer);

	if (take_out(waiter))
		go_on(waiter);
}

static void on_gone(void *owner, struct request *req)
{
	struct hls_waiter *waiter = owner;

	(void)req;
	if (take_out(waiter))
		go_on(waiter);
}

void hls_wake(struct hls_packager *packager)
{
	list_each (node, &packager->waiters) {
		struct hls_waiter *waiter = CONTAINER_OF(node, struct hls_waiter, node);
		struct hls_answer answer = hls_find(packager, &waiter->want);
		if (answer.verdict == HLS_WAIT)
			continue;
		hls_bytes_unref(answer.bytes);
		list_remove(node);
		loop_post(waiter->loop, &waiter->mail);
	}
}

/* Under the lock. */
static enum err park(struct hls_session *session, struct request *req, const struct hls_want *want,
                     int64_t deadline_ms, struct hls_waiter **out)
{
	if (session->parked_count >= HLS_PARKED_MAX)
		return ERR_BUSY;
	struct hls_waiter *waiter = calloc(1, sizeof *waiter);
	if (!waiter)
		return ERR_NO_MEMORY;
	*waiter = (struct hls_waiter){ .session = session,
		                       .req = req,
		                       .loop = request_loop(req),
		                       .want = *want,
		                       .deadline_ms = deadline_ms,
		                       .mail = { .fn = on_mail } };
	session->parked_count++;
	list_add(&session->packager->waiters, &waiter->node);
	*out = waiter;
	return ERR_OK;
}

/* --- answering ----------------------------------------------------------------------------- */

/* What the stream is made of may have changed since the session's last playlist: then it ends with
 * this one. Under the lock. */
static void mind_codec(struct hls_session *session, struct hls_answer *answer)
{
	struct hls_answer refusal = { .verdict = HLS_PROBLEM };
	const char *codec = answer->video_codec;

	if (answer->verdict != HLS_ANSWER || !session->codecs || !codec[0] ||
	    codecs_include(str_of(session->codecs), str_of(codec)))
		return;
	metric_count(METRIC_view_codec_total);
	(void)why_set_reason(&refusal.why, ERR_UNSUPPORTED, REASON_CODEC_UNSUPPORTED, NULL, "%s",
	                     codec);
	hls_bytes_unref(answer->bytes);
	session->is_told = false;
	*answer = refusal;
}

/* {key}/hls/{session}/media.m3u8, beside the address that was asked for. A colon would make a
 * scheme of what stands before it. */
static void write_address(const struct hls_session *session, struct buf *out)
{
	for (const char *at = session->packager->key; *at; at++) {
		if (*at == ':')
			buf_add_text(out, "%3A");
		else
			buf_add(out, at, 1);
	}
	buf_printf(out, "/hls/%s/media.m3u8", session->id);
}

static void send_multivariant(struct hls_session *session, struct request *req,
                              const struct hls_answer *answer)
{
	AUTO_BUF uri = { 0 }, body = { 0 };

	buf_init(&uri, 3 * STREAM_KEY_SIZE + 64);
	buf_init(&body, 2048);
	write_address(session, &uri);
	enum err err = hls_write_multivariant(&answer->facts, buf_str(&uri), &body);
	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		return;
	}
	hls_lock(session->packager->endpoint);
	session->is_told = true;
	hls_unlock(session->packager->endpoint);
	response_header(req, "Cache-Control", STR("no-store"));
	response_send(req, 200, HLS_PLAYLIST_TYPE, buf_str(&body));
}

static void send(struct hls_session *session, struct request *req, const struct hls_want *want,
                 struct hls_answer *answer)
{
	response_header(req, "Access-Control-Allow-Origin", STR("*"));
	if (answer->verdict == HLS_PROBLEM) {
		api_problem(req, answer->why.err, &answer->why);
	} else if (want->kind == HLS_MULTIVARIANT) {
		send_multivariant(session, req, answer);
	} else {
		bool is_live = want->kind == HLS_MEDIA;
		response_header(req, "Cache-Control",
		                is_live ? STR("no-store") : STR("private, max-age=60"));
		response_send(req, 200, is_live ? HLS_PLAYLIST_TYPE : "video/mp4",
		              (struct str){ (const char *)answer->bytes->at + answer->offset,
		                            answer->size });
	}
	hls_bytes_unref(answer->bytes);
	hls_session_done(session);
}

void hls_serve(struct hls_session *session, struct request *req, const struct hls_want *want,
               int64_t deadline_ms)
{
	struct hls_packager *packager = session->packager;
	struct hls_waiter *waiter = NULL;
	struct hls_want wanted = *want;
	int64_t now_ms = clock_steady_ms();

	hls_lock(packager->endpoint);
	if (!deadline_ms) { /* its first time here */
		deadline_ms = now_ms + hls_patience_ms(packager, want);
		wanted.seen = session->seen;
	}
	struct hls_answer answer = hls_find(packager, &wanted);
	if (answer.verdict == HLS_WAIT && now_ms >= deadline_ms)
		answer = hls_find_late(packager, &wanted);
	if (answer.verdict == HLS_WAIT &&
	    park(session, req, &wanted, deadline_ms, &waiter) != ERR_OK)
		answer = hls_answer_busy();
	mind_codec(session, &answer);
	if (answer.verdict == HLS_ANSWER && want->kind == HLS_MEDIA)
		session->seen = packager->next;
	hls_unlock(packager->endpoint);
	if (!waiter) {
		send(session, req, want, &answer);
		return;
	}
	/* Its mail comes on this loop: not before this is done. */
	loop_timer_start(waiter->loop, &waiter->timer, deadline_ms - now_ms, on_deadline);
	request_on_gone(req, on_gone, waiter);
}
