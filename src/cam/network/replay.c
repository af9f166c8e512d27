/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/network/replay.h"

#include <string.h>

#define GAP_MS 66 /* what a gap between recordings takes in the stream */

static void close_clip(struct replay *replay)
{
	clip_free(replay->clip);
	replay->clip = NULL;
}

/* Opens the first recording that touches at_ms..to_ms, at the last key frame not after at_ms. */
static enum err open_at(struct replay *replay, int64_t at_ms)
{
	char name[CARD_FILE_NAME_SIZE], path[STORE_PATH_MAX];
	struct card_segment clipped;
	size_t at = 0;

	close_clip(replay);
	if (!card_next(replay->card, &at, at_ms, replay->to_ms, 0, &clipped))
		return ERR_NOT_FOUND;
	replay->segment = replay->card->segments[at - 1];
	card_file_name(replay->segment.start_ms, name);
	enum err err = store_path(replay->card->store, name, path);
	if (err == ERR_OK)
		err = clip_read(path, &replay->clip, NULL);
	if (err != ERR_OK)
		return err;
	const struct clip *clip = replay->clip;
	replay->next = clip->header_count;
	for (size_t i = clip->header_count; i < clip->count; i++)
		if (clip->frames[i].is_key &&
		    replay->segment.start_ms + clip->frames[i].at_ms <= at_ms)
			replay->next = i;
	replay->last_at_ms = clip->frames[replay->next].at_ms - GAP_MS;
	push_begin_again(&replay->push);
	return ERR_OK;
}

void replay_stop(struct replay *replay)
{
	if (replay->push.loop)
		loop_timer_stop(replay->push.loop, &replay->timer);
	push_stop(&replay->push);
	close_clip(replay);
	replay->name[0] = '\0';
}

static bool send_next(struct replay *replay)
{
	const struct clip *clip = replay->clip;
	struct clip_frame frame = clip->frames[replay->next++];

	if (replay->segment.start_ms + frame.at_ms >= replay->to_ms)
		return false;
	replay->out_ms += (double)(frame.at_ms - replay->last_at_ms) / replay->speed;
	replay->last_at_ms = frame.at_ms;
	frame.at_ms = (int64_t)replay->out_ms;
	bool is_paced = replay->speed < 1 || replay->speed > 1;
	/* Faster or slower, sound would be noise. */
	if (frame.kind != FLV_AUDIO || !is_paced)
		push_frame(&replay->push, clip->frames, clip->header_count, &frame);
	return true;
}

static void on_due(struct timer *timer)
{
	struct replay *replay = CONTAINER_OF(timer, struct replay, timer);

	if (replay->next == replay->clip->count &&
	    open_at(replay, replay->segment.end_ms) != ERR_OK) {
		replay_stop(replay);
		return;
	}
	bool is_going_on = send_next(replay);
	if (push_is_idle(&replay->push))
		return; /* the send failed, and on_over cleaned up */
	if (!is_going_on) {
		replay_stop(replay);
		return;
	}
	int64_t wait_ms = GAP_MS;
	if (replay->next < replay->clip->count)
		wait_ms = replay->clip->frames[replay->next].at_ms - replay->last_at_ms;
	loop_timer_start(replay->push.loop, &replay->timer,
	                 (int64_t)((double)(wait_ms > 0 ? wait_ms : 0) / replay->speed), on_due);
}

static void on_ready(void *owner)
{
	struct replay *replay = owner;

	if (!replay->is_paused)
		loop_timer_start(replay->push.loop, &replay->timer, 0, on_due);
}

static void on_over(void *owner, const char *reason)
{
	replay_stop(owner);
}

static const struct push_events push_events = { .on_ready = on_ready, .on_over = on_over };

enum err replay_start(struct replay *replay, const struct action_outcome *outcome, struct str token)
{
	/* Said again each minute while somebody watches: no reason to begin anew. */
	if (replay->clip && str_equal(outcome->replay, str_of(replay->name)))
		return ERR_OK;
	replay_stop(replay);
	replay->from_ms = outcome->from_ms;
	replay->to_ms = outcome->to_ms;
	replay->speed = 1;
	replay->out_ms = 0;
	replay->is_paused = false;
	replay->push.events = &push_events;
	replay->push.owner = replay;
	enum err err = open_at(replay, replay->from_ms);
	if (err == ERR_OK)
		err = str_copy(outcome->replay, replay->name, sizeof replay->name);
	if (err == ERR_OK)
		err = push_start(&replay->push, outcome->url, token);
	if (err != ERR_OK)
		replay_stop(replay);
	return err;
}

enum err replay_control(struct replay *replay, const struct action_outcome *outcome)
{
	struct loop *loop = replay->push.loop;
	enum err err = ERR_OK;

	if (!replay->clip || !str_equal(outcome->replay, str_of(replay->name)))
		return ERR_NOT_FOUND;
	switch (outcome->control) {
	case REPLAY_SPEED: replay->speed = outcome->speed; break;
	case REPLAY_SEEK: err = open_at(replay, outcome->seek_ms); break;
	case REPLAY_PAUSE: replay->is_paused = true; break;
	case REPLAY_RESUME: replay->is_paused = false; break;
	case REPLAY_STOP: replay_stop(replay); return ERR_OK;
	}
	if (err != ERR_OK) {
		replay_stop(replay);
		return err;
	}
	loop_timer_stop(loop, &replay->timer);
	if (!replay->is_paused && replay->push.state == PUSH_READY)
		loop_timer_start(loop, &replay->timer, 0, on_due);
	return ERR_OK;
}
