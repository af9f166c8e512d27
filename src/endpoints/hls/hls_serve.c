/* SPDX-License-Identifier: Apache-2.0 */
/* One answer: at once when it is there, or when it comes. A request that waits stands in its
 * packager's list, with a timer on its own loop; whoever takes it out of the list goes on with it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "endpoints/api/api.h"
#include "endpoints/hls/hls_private.h"
#include "http/response.h"
#include "io/loop.h"

#define ADVANCE_MS 3000 /* of parts that may be asked for ahead (second edition §6.2.5.2) */

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

/* What is found under the lock, to be sent without it. */
struct answer {
	enum verdict { ANSWER, WAIT, PROBLEM } verdict;
	struct hls_bytes *bytes;
	size_t offset, size;
	struct hls_facts facts;
	char video_codec[FLV_CODEC_TEXT_MAX];
	struct why why;
};

static struct answer problem(enum err err, const char *words)
{
	struct answer answer = { .verdict = PROBLEM };

	(void)why_set(&answer.why, err, "%s", words);
	return answer;
}

static struct answer give(struct hls_bytes *bytes, size_t offset, size_t size)
{
	if (!bytes)
		return problem(ERR_NOT_FOUND, "not there, or not any more");
	return (struct answer){
		.verdict = ANSWER, .bytes = hls_bytes_ref(bytes), .offset = offset, .size = size
	};
}

/* RFC 8216, second edition, §6.2.5.2: a number too far ahead is refused, one to come is waited for.
 */
static struct answer find_playlist(const struct hls_packager *packager, const struct hls_want *want)
{
	const struct hls_window *window = &packager->window;
	uint64_t part, next = hls_window_next(window, &part);
	uint64_t number = want->number, wanted = want->part;

	if (!packager->playlist)
		return (struct answer){ .verdict = WAIT };
	if (!want->has_number)
		return give(packager->playlist, 0, packager->playlist->size);
	const struct hls_segment *segment = hls_window_segment(window, number);
	if (want->has_part && segment && segment->whole && wanted >= segment->part_count) {
		number++;
		wanted = 0;
	}
	uint64_t ahead =
		(uint64_t)((ADVANCE_MS + window->part_target_ms - 1) / window->part_target_ms);
	if (number > next + 1 || (want->has_part && number >= next && wanted > part + ahead))
		return problem(ERR_INVALID, "_HLS_msn or _HLS_part is too far ahead");
	if (number < next || (want->has_part && number == next && wanted < part))
		return give(packager->playlist, 0, packager->playlist->size);
	return (struct answer){ .verdict = WAIT };
}

static struct answer find_part(const struct hls_packager *packager, const struct hls_want *want)
{
	const struct hls_part *part = hls_window_part(&packager->window, want->number, want->part);
	uint64_t next_part, next = hls_window_next(&packager->window, &next_part);

	if (part)
		return give(part->bytes, part->offset, part->size);
	if (want->number == next && want->part == next_part)
		return (struct answer){ .verdict = WAIT };
	return give(NULL, 0, 0);
}

static struct answer find_multivariant(const struct hls_packager *packager)
{
	struct answer answer = { .verdict = packager->playlist ? ANSWER : WAIT,
		                 .facts = packager->facts };

	memcpy(answer.video_codec, packager->video_codec, sizeof answer.video_codec);
	return answer;
}

/* Under the lock. */
static struct answer find(const struct hls_packager *packager, const struct hls_want *want)
{
	const struct hls_segment *segment;
	struct hls_bytes *init;
	struct answer answer = { 0 };

	switch (want->kind) {
	case HLS_MULTIVARIANT: answer = find_multivariant(packager); break;
	case HLS_MEDIA: answer = find_playlist(packager, want); break;
	case HLS_PART: answer = find_part(packager, want); break;
	case HLS_INIT:
		init = hls_window_init(&packager->window, want->number);
		return give(init, 0, init ? init->size : 0);
	case HLS_SEGMENT:
		segment = hls_window_segment(&packager->window, want->number);
		return give(segment ? segment->whole : NULL, 0, segment ? segment->size : 0);
	}
	bool is_playlist = want->kind == HLS_MULTIVARIANT || want->kind == HLS_MEDIA;
	if (!packager->is_over || (!is_playlist && answer.verdict != WAIT))
		return answer;
	hls_bytes_unref(answer.bytes);
	return (struct answer){ .verdict = PROBLEM, .why = packager->why };
}

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
		struct answer answer = find(packager, &waiter->want);
		if (answer.verdict == WAIT)
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

/* ?codecs=avc1,mp4a: what the player can show, by the beginnings of codec texts. */
static bool can_show(struct request *req, const char *codec)
{
	struct str list = request_query(req, "codecs"), one;

	if (!list.at || !codec[0])
		return true;
	while (str_cut(&list, ',', &one))
		if (one.size && str_starts(str_of(codec), one))
			return true;
	return false;
}

static void send_multivariant(struct hls_session *session, struct request *req,
                              const struct answer *answer)
{
	AUTO_BUF uri = { 0 }, body = { 0 };
	struct why why = { 0 };

	if (!can_show(req, answer->video_codec)) {
		(void)why_set_reason(&why, ERR_UNSUPPORTED, REASON_CODEC_UNSUPPORTED, NULL, "%s",
		                     answer->video_codec);
		api_problem(req, why.err, &why);
		return;
	}
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
                 struct answer *answer)
{
	response_header(req, "Access-Control-Allow-Origin", STR("*"));
	if (answer->verdict == PROBLEM) {
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
	int64_t left_ms = deadline_ms - clock_steady_ms();

	hls_lock(packager->endpoint);
	if (!deadline_ms) {
		int64_t wait_ms = packager->window.target_s * HLS_TARGETS_WAITED * 1000;
		left_ms = wait_ms ? wait_ms : HLS_OPEN_MS;
		deadline_ms = clock_steady_ms() + left_ms;
	}
	struct answer answer = find(packager, want);
	if (answer.verdict == WAIT && left_ms <= 0)
		answer = problem(ERR_TIMEOUT, "the stream does not go on");
	else if (answer.verdict == WAIT && park(session, req, want, deadline_ms, &waiter) != ERR_OK)
		answer = problem(ERR_BUSY, "too many requests of this session wait already");
	hls_unlock(packager->endpoint);
	if (!waiter) {
		send(session, req, want, &answer);
		return;
	}
	/* Its mail comes on this loop: not before this is done. */
	loop_timer_start(waiter->loop, &waiter->timer, left_ms, on_deadline);
	request_on_gone(req, on_gone, waiter);
}
