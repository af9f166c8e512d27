/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server wants of the camera. Whatever happens (a viewer, a push, an answer, time) pokes
 * the stream; demand_step() then looks at what is and does what follows, on the home loop.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "domain/identity/grant.h"
#include "domain/live/live_private.h"

static void demand_step(struct stream *stream);

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

/* {"play":{"code":0}}: 0 or absent is consent. Pure. */
static enum err read_answer(struct str result, struct why *why)
{
	AUTO_JSON json = NULL;

	if (json_read(result, &json, NULL) != ERR_OK)
		return why_set_reason(why, ERR_MALFORMED, REASON_DEVICE_REFUSED, NULL,
		                      "the device's answer makes no sense");
	const json_t *play = json_object_get(json, "play");
	int64_t code = json_member_i64(play, "code", 0);
	struct str error = json_member_str(play, "error");
	if (code == 0)
		return ERR_OK;
	(void)why_set_reason(why, ERR_CONFLICT, REASON_DEVICE_REFUSED, NULL,
	                     "%s (%" PRId64 ": %.*s)", reason_words(REASON_DEVICE_REFUSED), code,
	                     (int)(error.size < 80 ? error.size : 80), error.at ? error.at : "");
	why->code = code > 0 && code < 1000000 ? (int)code : 0;
	return ERR_CONFLICT;
}

static void on_play_done(struct command *command, enum err err)
{
	struct stream *stream = CONTAINER_OF(command, struct stream, play);

	stream->is_playing_out = false;
	stream->answer_why = command->why;
	if (err == ERR_OK)
		err = read_answer(buf_str(&command->result), &stream->answer_why);
	else if (err == ERR_TIMEOUT)
		err = why_set_reason(&stream->answer_why, err, REASON_NO_ANSWER, NULL, "%s",
		                     reason_words(REASON_NO_ANSWER));
	stream->answer_err = err;
	stream->is_answered = true;
	demand_step(stream);
	stream_unref(stream);
}

static void send_play(struct stream *stream, int64_t viewers)
{
	struct live *live = stream->live;
	struct device_view view;
	struct command *play = &stream->play;
	AUTO_BUF url = { 0 };

	stream->heartbeat_ms = clock_steady_ms() + LIVE_HEARTBEAT_MS;
	if (stream->is_playing_out)
		return;
	enum err err =
		device_view(live->setup.devices, (struct str){ 0 }, str_of(stream->did), &view);
	if (err != ERR_OK) {
		/* Removed since the viewers joined: they wait for an answer, so here it is. */
		stream->answer_err =
			why_set_reason(&stream->answer_why, err, REASON_DEVICE_OFFLINE, NULL, "%s",
		                       reason_words(REASON_DEVICE_OFFLINE));
		stream->is_answered = true;
		return;
	}
	*play = (struct command){ .resource = stream->what.is_replay ? str_of(stream->key)
		                                                     : STR("play"),
		                  .timeout_ms = LIVE_ANSWER_MS,
		                  .done = on_play_done };
	memcpy(play->did, stream->did, sizeof play->did);
	grant_make(live->setup.keys, str_of(play->did), play->resource,
	           clock_now_ms() + GRANT_LIFE_MS, play->grant);
	buf_init(&url, 512);
	live->setup.push_url(live->setup.owner, str_of(stream->key), str_of(play->grant),
	                     str_before_last(str_of(view.presence.reached_at), ':'), &url);
	device_view_done(&view);
	buf_clear(&stream->play_data);
	buf_add_text(&stream->play_data, "{\"play\":{\"url\":");
	json_add_quoted(&stream->play_data, buf_str(&url));
	buf_printf(&stream->play_data, ",\"players\":%" PRId64 "}}", viewers);
	play->data = buf_str(&stream->play_data);
	stream->is_playing_out = true;
	(void)stream_ref(stream);
	command_send(live->setup.devices, play);
}

static void on_stop_done(struct command *command, enum err err)
{
	struct stream *stream = CONTAINER_OF(command, struct stream, stop);

	stream->is_stopping_out = false;
	stream_unref(stream);
}

static void send_stop(struct stream *stream, const char *reason)
{
	struct command *stop = &stream->stop;

	if (stream->is_stopping_out)
		return;
	*stop = (struct command){ .resource = STR("play"),
		                  .timeout_ms = LIVE_ANSWER_MS,
		                  .done = on_stop_done };
	memcpy(stop->did, stream->did, sizeof stop->did);
	(void)snprintf(stream->stop_data, sizeof stream->stop_data,
	               "{\"stop\":{\"reason\":\"%s\"}}", reason);
	stop->data = str_of(stream->stop_data);
	stream->is_stopping_out = true;
	(void)stream_ref(stream);
	command_send(stream->live->setup.devices, stop);
}

/* What the step looks at, taken under the lock at once. */
struct situation {
	int64_t viewers, now_ms;
	bool has_publisher, has_key;
};

static struct situation look(struct stream *stream)
{
	struct situation now = { .now_ms = clock_steady_ms() };

	stream_lock(stream);
	now.viewers = stream->viewers - stream->leaving;
	now.has_publisher = stream->publisher != NULL;
	now.has_key = stream->ring.key != RING_NO_KEY;
	stream_unlock(stream);
	return now;
}

/* No picture for those who wait: they hear why and go. */
static enum demand_state fail(struct stream *stream, const struct why *why)
{
	stream_lock(stream);
	stream->failure = (enum reason)why->reason;
	outlets_end(stream, why);
	stream_unlock(stream);
	return DEMAND_IDLE;
}

static enum demand_state fail_with(struct stream *stream, enum err err, enum reason reason)
{
	struct why why;

	(void)why_set_reason(&why, err, (int)reason, NULL, "%s", reason_words((int)reason));
	return fail(stream, &why);
}

static enum demand_state from_idle(struct stream *stream, const struct situation *now)
{
	if (now->has_publisher) {
		stream->deadline_ms = now->now_ms + LIVE_KEY_FRAME_MS;
		return now->viewers ? DEMAND_SENDING : DEMAND_IDLE;
	}
	if (!now->viewers)
		return DEMAND_IDLE;
	stream_lock(stream);
	stream->failure = REASON_NONE;
	stream_unlock(stream);
	if (!stream->is_asked_to_play) {
		stream->deadline_ms = now->now_ms + LIVE_PUSH_MS;
		return DEMAND_WAITING;
	}
	stream->is_answered = false;
	send_play(stream, now->viewers);
	return DEMAND_ASKING;
}

static enum demand_state from_asking(struct stream *stream, const struct situation *now)
{
	if (now->has_publisher) {
		stream->deadline_ms = now->now_ms + LIVE_KEY_FRAME_MS;
		return DEMAND_SENDING;
	}
	if (!stream->is_answered)
		return DEMAND_ASKING;
	stream->is_answered = false;
	if (stream->answer_err != ERR_OK)
		return fail(stream, &stream->answer_why);
	stream->deadline_ms = now->now_ms + LIVE_PUSH_MS;
	return DEMAND_WAITING;
}

static enum demand_state from_waiting(struct stream *stream, const struct situation *now)
{
	if (now->has_publisher) {
		stream->deadline_ms = now->now_ms + LIVE_KEY_FRAME_MS;
		return DEMAND_SENDING;
	}
	if (now->now_ms >= stream->deadline_ms)
		return fail_with(stream, ERR_TIMEOUT, REASON_NO_PUSH);
	/* A camera that was asked will push, and must be told to stop then. */
	return now->viewers || stream->is_asked_to_play ? DEMAND_WAITING : DEMAND_IDLE;
}

static enum demand_state from_sending(struct stream *stream, const struct situation *now)
{
	if (!now->has_publisher) {
		/* Lost: the viewers stay, the camera is asked again. */
		if (stream->is_asked_to_play && now->viewers)
			send_play(stream, now->viewers);
		stream->deadline_ms = now->now_ms + LIVE_RESUME_MS;
		return now->viewers ? DEMAND_WAITING : DEMAND_IDLE;
	}
	if (!now->viewers) {
		stream->deadline_ms = now->now_ms + LIVE_LINGER_MS;
		return stream->is_asked_to_play ? DEMAND_LINGERING : DEMAND_IDLE;
	}
	/* A key frame that was there and went (a new configuration, a full ring) has its own time.
	 */
	if (!now->has_key && stream->had_key)
		stream->deadline_ms = now->now_ms + LIVE_KEY_FRAME_MS;
	stream->had_key = now->has_key;
	if (!now->has_key && now->now_ms >= stream->deadline_ms) {
		(void)fail_with(stream, ERR_TIMEOUT, REASON_NO_KEY_FRAME);
		stream->deadline_ms = now->now_ms + LIVE_LINGER_MS;
		return stream->is_asked_to_play ? DEMAND_LINGERING : DEMAND_IDLE;
	}
	if (stream->is_asked_to_play && now->now_ms >= stream->heartbeat_ms)
		send_play(stream, now->viewers);
	return DEMAND_SENDING;
}

static enum demand_state from_lingering(struct stream *stream, const struct situation *now)
{
	if (!now->has_publisher)
		return DEMAND_IDLE;
	if (now->viewers) {
		stream->deadline_ms = now->now_ms + LIVE_KEY_FRAME_MS;
		return DEMAND_SENDING;
	}
	if (now->now_ms >= stream->deadline_ms) {
		send_stop(stream, "nobody is watching");
		return DEMAND_IDLE;
	}
	if (now->now_ms >= stream->heartbeat_ms)
		send_play(stream, 0);
	return DEMAND_LINGERING;
}

static enum demand_state next_state(struct stream *stream, const struct situation *now)
{
	switch (stream->state) {
	case DEMAND_IDLE: return from_idle(stream, now);
	case DEMAND_ASKING: return from_asking(stream, now);
	case DEMAND_WAITING: return from_waiting(stream, now);
	case DEMAND_SENDING: return from_sending(stream, now);
	case DEMAND_LINGERING: return from_lingering(stream, now);
	}
	return DEMAND_IDLE;
}

/* When the clock alone will change something; INT64_MAX: never. */
static int64_t next_due_ms(const struct stream *stream, const struct situation *now)
{
	int64_t heartbeat_ms = stream->is_asked_to_play ? stream->heartbeat_ms : INT64_MAX;
	int64_t due_ms = stream->deadline_ms;

	switch (stream->state) {
	case DEMAND_IDLE:
	case DEMAND_ASKING: return INT64_MAX;
	case DEMAND_WAITING: return due_ms;
	case DEMAND_SENDING: return now->has_key || heartbeat_ms < due_ms ? heartbeat_ms : due_ms;
	case DEMAND_LINGERING: return heartbeat_ms < due_ms ? heartbeat_ms : due_ms;
	}
	return INT64_MAX;
}

static void demand_step(struct stream *stream)
{
	struct situation now;
	enum demand_state before;

	do {
		now = look(stream);
		before = stream->state;
		enum demand_state after = next_state(stream, &now);
		stream_lock(stream);
		stream->state = after;
		stream_unlock(stream);
	} while (stream->state != before && stream->state != DEMAND_IDLE);
	int64_t due_ms = next_due_ms(stream, &now);
	if (due_ms == INT64_MAX)
		clear_timer(stream);
	else
		set_timer(stream, due_ms);
}
