/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server wants of the camera. Whatever happens (a viewer, a push, an answer, time) pokes
 * the stream; demand_step() then looks at what is and does what follows, on the home loop. The
 * states stand in live_private.h.
 */
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/live/live_private.h"

static void on_poke(struct mail *mail)
{
	struct stream *stream = CONTAINER_OF(mail, struct stream, poke);

	stream_lock(stream);
	stream->is_poked = false;
	stream_unlock(stream);
	demand_step(stream);
	stream_unref(stream);
}

void demand_poke(struct stream *stream)
{
	if (stream->is_poked)
		return;
	stream->is_poked = true;
	stream->poke.fn = on_poke;
	(void)stream_ref(stream);
	run_post(stream->home, &stream->poke);
}

static void on_timer(struct timer *timer)
{
	struct stream *stream = CONTAINER_OF(timer, struct stream, timer);

	stream_lock(stream);
	demand_poke(stream);
	stream_unlock(stream);
	stream_unref(stream);
}

/* A running timer holds a reference. */
static void set_timer(struct stream *stream, int64_t due_ms)
{
	int64_t delay_ms = due_ms - clock_steady_ms();

	if (!timer_is_running(&stream->timer))
		(void)stream_ref(stream);
	run_after(&stream->timer, delay_ms > 0 ? delay_ms : 0, on_timer);
}

static void clear_timer(struct stream *stream)
{
	if (!timer_is_running(&stream->timer))
		return;
	run_cancel(&stream->timer);
	stream_unref(stream);
}

/* What the step looks at, taken under the lock at once. */
struct situation {
	int64_t viewers, now_ms, key_time_ms;
	struct push_end push_end;
	bool has_publisher, has_key, has_asked, is_offline;
};

static struct situation look(struct stream *stream)
{
	struct situation now = { .now_ms = clock_steady_ms() };

	stream_lock(stream);
	now.viewers = stream->viewers - stream->leaving;
	now.has_publisher = stream->publisher != NULL;
	now.has_key = stream->ring.key != RING_NO_KEY;
	now.has_asked = stream->has_asked;
	now.key_time_ms = stream->gop_ms * 3 / 2;
	now.push_end = stream->push_end;
	stream->push_end = (struct push_end){ 0 };
	now.is_offline = stream->is_offline;
	stream->is_offline = false;
	stream_unlock(stream);
	if (now.key_time_ms < LIVE_KEY_FRAME_MS)
		now.key_time_ms = LIVE_KEY_FRAME_MS;
	return now;
}

/* No picture for those who wait: they hear why and go. */
static void fail(struct stream *stream, const struct why *why)
{
	stream_lock(stream);
	stream->failed = *why;
	outlets_end(stream, why);
	stream_unlock(stream);
	live_tell_failed(stream, why);
}

static void fail_with(struct stream *stream, enum err err, enum reason reason)
{
	struct why why;

	(void)why_set_reason(&why, err, (int)reason, NULL, "%s", reason_words((int)reason));
	fail(stream, &why);
}

static enum demand_state enter_failed(struct stream *stream, const struct situation *now)
{
	stream->deadline_ms = now->now_ms + LIVE_FAILED_MS;
	return DEMAND_FAILED;
}

static enum demand_state enter_idle(struct stream *stream)
{
	stream_lock(stream);
	stream->has_asked = false;
	stream->failed = (struct why){ 0 };
	stream_unlock(stream);
	return DEMAND_IDLE;
}

/* There is a push: it is for those who watch, or for nobody. */
static enum demand_state enter_sending(struct stream *stream, const struct situation *now)
{
	stream->is_resuming = false;
	/* Asked by another run of the server, up to a minute ago. */
	if (stream->heartbeat_ms == 0)
		stream->heartbeat_ms = now->now_ms + LIVE_HEARTBEAT_MS / 2;
	if (!now->viewers) {
		stream->deadline_ms = now->now_ms + LIVE_LINGER_MS;
		return now->has_asked ? DEMAND_LINGERING : DEMAND_IDLE;
	}
	stream_lock(stream);
	stream->failed = (struct why){ 0 };
	stream_unlock(stream);
	stream->deadline_ms = now->now_ms + now->key_time_ms;
	return DEMAND_SENDING;
}

static enum demand_state enter_ending(struct stream *stream, const struct situation *now)
{
	stream->deadline_ms = now->now_ms + LIVE_TAIL_MS;
	return DEMAND_ENDING;
}

static enum demand_state from_idle(struct stream *stream, const struct situation *now)
{
	if (now->has_publisher)
		return enter_sending(stream, now);
	if (now->is_offline && !now->viewers) {
		fail_with(stream, ERR_CONFLICT, REASON_DEVICE_OFFLINE);
		return enter_failed(stream, now);
	}
	if (!now->viewers)
		return DEMAND_IDLE;
	stream_lock(stream);
	stream->failed = (struct why){ 0 };
	stream_unlock(stream);
	stream->is_resuming = false;
	stream->asked_ms = now->now_ms;
	stream->answered_ms = 0;
	if (!stream->is_asked_to_play) {
		stream->deadline_ms = now->now_ms + LIVE_PUSH_MS;
		return DEMAND_WAITING;
	}
	order_forget_address(stream);
	order_play(stream, now->viewers);
	return DEMAND_ASKING;
}

static enum demand_state from_failed(struct stream *stream, const struct situation *now)
{
	if (now->has_publisher || now->viewers || now->is_offline)
		return from_idle(stream, now);
	return now->now_ms >= stream->deadline_ms ? enter_idle(stream) : DEMAND_FAILED;
}

static enum demand_state from_asking(struct stream *stream, const struct situation *now)
{
	if (now->has_publisher)
		return enter_sending(stream, now);
	if (!stream->is_answered)
		return DEMAND_ASKING;
	if (stream->answer_err != ERR_OK) {
		fail(stream, &stream->answer_why);
		return enter_failed(stream, now);
	}
	stream->answered_ms = now->now_ms;
	metric_observe(METRIC_stage_answer_ms, now->now_ms - stream->asked_ms);
	stream->deadline_ms = now->now_ms + LIVE_PUSH_MS;
	return DEMAND_WAITING;
}

/* The camera whose push was lost could not be asked again: when to try once more. */
static int64_t retry_ms(const struct stream *stream)
{
	bool is_in_vain = stream->is_resuming && stream->is_asked_to_play && stream->is_answered &&
	                  stream->answer_err != ERR_OK;

	return is_in_vain ? stream->heartbeat_ms - LIVE_HEARTBEAT_MS + LIVE_RETRY_MS : INT64_MAX;
}

static enum demand_state from_waiting(struct stream *stream, const struct situation *now)
{
	if (now->has_publisher)
		return enter_sending(stream, now);
	if (now->now_ms >= stream->deadline_ms) {
		if (stream->is_asked_to_play && stream->is_answered && stream->answer_err != ERR_OK)
			fail(stream, &stream->answer_why);
		else
			fail_with(stream, ERR_TIMEOUT, REASON_NO_PUSH);
		return enter_failed(stream, now);
	}
	if (now->viewers && now->now_ms >= retry_ms(stream))
		order_play(stream, now->viewers);
	/* A camera that was asked will push, and must be told to stop then. */
	bool is_due = stream->is_asked_to_play && !stream->is_resuming;
	return now->viewers || is_due ? DEMAND_WAITING : DEMAND_IDLE;
}

/* The viewers stay, the camera is asked again; but a recording is not played twice. */
static enum demand_state lose(struct stream *stream, const struct situation *now)
{
	if (stream->what.is_replay)
		return enter_ending(stream, now);
	if (!now->viewers)
		return enter_idle(stream);
	stream->is_resuming = true;
	stream->asked_ms = now->now_ms;
	stream->answered_ms = 0;
	if (stream->is_asked_to_play) {
		order_forget_address(stream);
		order_play(stream, now->viewers);
	}
	stream->deadline_ms = now->now_ms + LIVE_RESUME_MS;
	return DEMAND_WAITING;
}

static enum demand_state from_sending(struct stream *stream, const struct situation *now)
{
	if (!now->has_publisher)
		return lose(stream, now);
	if (!now->viewers)
		return enter_sending(stream, now);
	/* A key frame that was there and went (a new configuration, a full ring) has its own time.
	 */
	if (!now->has_key && stream->had_key)
		stream->deadline_ms = now->now_ms + now->key_time_ms;
	if (!now->has_key && now->now_ms >= stream->deadline_ms) {
		fail_with(stream, ERR_TIMEOUT, REASON_NO_KEY_FRAME);
		stream->deadline_ms = now->now_ms + LIVE_LINGER_MS;
		return now->has_asked ? DEMAND_LINGERING : DEMAND_IDLE;
	}
	if (now->has_asked && now->now_ms >= stream->heartbeat_ms)
		order_play(stream, now->viewers);
	return DEMAND_SENDING;
}

static enum demand_state from_lingering(struct stream *stream, const struct situation *now)
{
	if (!now->has_publisher)
		return stream->what.is_replay ? enter_ending(stream, now) : enter_idle(stream);
	if (now->viewers)
		return enter_sending(stream, now);
	if (now->now_ms >= stream->deadline_ms) {
		order_stop(stream, "nobody is watching");
		stream->deadline_ms = now->now_ms + LIVE_OVERTIME_MS;
		return DEMAND_STOPPING;
	}
	if (now->now_ms >= stream->heartbeat_ms)
		order_play(stream, 0);
	return DEMAND_LINGERING;
}

static enum demand_state from_stopping(struct stream *stream, const struct situation *now)
{
	if (!now->has_publisher)
		return stream->what.is_replay ? enter_ending(stream, now) : enter_idle(stream);
	if (now->viewers) {
		order_forget_address(stream);
		order_play(stream, now->viewers);
		return enter_sending(stream, now);
	}
	if (now->now_ms < stream->deadline_ms)
		return DEMAND_STOPPING;
	metric_count(METRIC_publish_overtime_total);
	stream_lock(stream);
	if (stream->publisher)
		publisher_end(stream->publisher, "it went on after it was told to stop");
	stream_unlock(stream);
	return stream->what.is_replay ? enter_ending(stream, now) : enter_idle(stream);
}

static enum demand_state from_ending(struct stream *stream, const struct situation *now)
{
	struct why why;

	if (now->has_publisher)
		return enter_sending(stream, now);
	if (now->now_ms < stream->deadline_ms)
		return DEMAND_ENDING;
	(void)why_set_reason(&why, ERR_CLOSED, REASON_STREAM_ENDED, NULL, "the recording is over");
	stream_lock(stream);
	outlets_end(stream, &why);
	stream_forget(stream);
	stream_unlock(stream);
	return enter_idle(stream);
}

static enum demand_state next_state(struct stream *stream, const struct situation *now)
{
	switch (stream->state) {
	case DEMAND_IDLE: return from_idle(stream, now);
	case DEMAND_ASKING: return from_asking(stream, now);
	case DEMAND_WAITING: return from_waiting(stream, now);
	case DEMAND_SENDING: return from_sending(stream, now);
	case DEMAND_LINGERING: return from_lingering(stream, now);
	case DEMAND_STOPPING: return from_stopping(stream, now);
	case DEMAND_ENDING: return from_ending(stream, now);
	case DEMAND_FAILED: return from_failed(stream, now);
	}
	return DEMAND_IDLE;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When the clock alone will change something; INT64_MAX: never. */
static int64_t next_due_ms(const struct stream *stream, const struct situation *now)
{
	int64_t heartbeat_ms = now->has_asked ? stream->heartbeat_ms : INT64_MAX;

	switch (stream->state) {
	case DEMAND_IDLE:
	case DEMAND_ASKING: return INT64_MAX;
	case DEMAND_WAITING: return earlier(stream->deadline_ms, retry_ms(stream));
	case DEMAND_SENDING:
		return now->has_key ? heartbeat_ms : earlier(heartbeat_ms, stream->deadline_ms);
	case DEMAND_LINGERING: return earlier(heartbeat_ms, stream->deadline_ms);
	case DEMAND_STOPPING:
	case DEMAND_ENDING:
	case DEMAND_FAILED: return stream->deadline_ms;
	}
	return INT64_MAX;
}

/* The ends and beginnings of pushes, as the event log is to have them. */
static void tell(struct stream *stream, const struct situation *now)
{
	const struct push_end *end = &now->push_end;
	bool is_wanted = stream->state == DEMAND_SENDING && now->viewers;

	if (end->is_there && stream->is_told) {
		const char *reason = stream->state == DEMAND_STOPPING ? "nobody is watching"
		                     : stream->what.is_replay         ? "the recording is over"
		                                              : "the camera stopped sending";
		live_tell_push_end(stream, end,
		                   is_wanted && !end->reason && !stream->what.is_replay,
		                   end->reason ? end->reason : reason);
	}
	if (end->is_there)
		stream->is_told = false;
	if (!now->has_publisher || !now->has_key || stream->is_told)
		return;
	stream->is_told = true;
	int64_t from_ms = stream->answered_ms ? stream->answered_ms : stream->asked_ms;
	stream_lock(stream);
	int64_t pushed_ms = stream->pushed_ms, keyed_ms = stream->keyed_ms;
	stream_unlock(stream);
	bool is_asked = from_ms && from_ms <= pushed_ms;
	if (is_asked)
		metric_observe(METRIC_stage_push_ms, pushed_ms - from_ms);
	metric_observe(METRIC_stage_key_frame_ms, keyed_ms - pushed_ms);
	live_tell_started(stream, keyed_ms - (is_asked ? stream->asked_ms : pushed_ms));
	stream->asked_ms = stream->answered_ms = 0;
}

static void show_stage(struct stream *stream, enum demand_state state)
{
	stream_lock(stream);
	stream->state = state;
	enum stream_stage stage = stage_of(stream);
	if (stage != stream->stage || !stream->stage_since) {
		stream->stage = stage;
		stream->stage_since = clock_now_ms();
	}
	stream_unlock(stream);
}

void demand_step(struct stream *stream)
{
	struct situation now;
	enum demand_state before;

	do {
		now = look(stream);
		before = stream->state;
		tell(stream, &now);
		enum demand_state after = next_state(stream, &now);
		stream->had_key = now.has_key;
		show_stage(stream, after);
	} while (stream->state != before && stream->state != DEMAND_IDLE);
	int64_t due_ms = next_due_ms(stream, &now);
	if (due_ms == INT64_MAX)
		clear_timer(stream);
	else
		set_timer(stream, due_ms);
}
