/* SPDX-License-Identifier: Apache-2.0 */
/* The states of demand, as they are drawn in live_private.h: what follows in each from what is. */
#include "base/metric.h"
#include "domain/live/demand_private.h"

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

int64_t demand_retry_ms(const struct stream *stream)
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
	if (now->viewers && now->now_ms >= demand_retry_ms(stream))
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

enum demand_state demand_next(struct stream *stream, const struct situation *now)
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
