/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server wants of the camera. Whatever happens (a viewer, a push, an answer, time) pokes
 * the stream; demand_step() then looks at what is and does what follows, on the home loop. What
 * follows in which state stands in demand_states.c.
 */
#include "base/clock.h"
#include "base/metric.h"
#include "domain/live/demand_private.h"

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
	case DEMAND_WAITING: return earlier(stream->deadline_ms, demand_retry_ms(stream));
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
		enum demand_state after = demand_next(stream, &now);
		stream->had_key = now.has_key;
		show_stage(stream, after);
	} while (stream->state != before && stream->state != DEMAND_IDLE);
	int64_t due_ms = next_due_ms(stream, &now);
	if (due_ms == INT64_MAX)
		clear_timer(stream);
	else
		set_timer(stream, due_ms);
}
