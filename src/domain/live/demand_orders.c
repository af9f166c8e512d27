/* SPDX-License-Identifier: Apache-2.0 */
/* What is said to the camera: play, play again, stop; and what it answers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "domain/live/live_private.h"

#define ERROR_TEXT_MAX 80 /* bytes of a device's own words */

/* Its first bytes, at most so many, without the half of a character. */
static struct str cut_text(struct str text, size_t most)
{
	if (text.size <= most)
		return text;
	text.size = most;
	while (text.size && ((unsigned char)text.at[text.size] & 0xC0) == 0x80)
		text.size--;
	return text;
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
	struct str error = cut_text(json_member_str(play, "error"), ERROR_TEXT_MAX);
	if (code == 0)
		return ERR_OK;
	(void)why_set_reason(why, ERR_CONFLICT, REASON_DEVICE_REFUSED, NULL,
	                     "%s (%" PRId64 ": %.*s)", reason_words(REASON_DEVICE_REFUSED), code,
	                     STR_ARG(error));
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

/* What the camera is to do: the address is that of the stream's key. */
static void write_play(struct stream *stream, const struct device_view *view, int64_t viewers)
{
	const struct live_setup *setup = &stream->live->setup;
	struct buf *out = &stream->play_data;
	AUTO_BUF url = { 0 };

	buf_init(&url, 512);
	setup->push_url(setup->owner, str_of(stream->key), str_of(stream->play.grant),
	                str_before_last(str_of(view->presence.reached_at), ':'), &url);
	buf_clear(out);
	buf_add_text(out, "{\"play\":{\"url\":");
	json_add_quoted(out, buf_str(&url));
	buf_printf(out, ",\"players\":%" PRId64 "}}", viewers);
}

void order_forget_address(struct stream *stream)
{
	stream_lock(stream);
	stream->grant[0] = '\0';
	stream_unlock(stream);
}

void order_play(struct stream *stream, int64_t viewers)
{
	struct live *live = stream->live;
	struct device_view view;
	struct command *play = &stream->play;

	stream->heartbeat_ms = clock_steady_ms() + LIVE_HEARTBEAT_MS;
	stream_lock(stream);
	stream->has_asked = true;
	stream_unlock(stream);
	if (stream->is_playing_out)
		return;
	stream->is_answered = false;
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
	/* A replay's token opens that replay only. */
	*play = (struct command){ .resource = stream->what.is_replay ? str_of(stream->key)
		                                                     : STR("play"),
		                  .timeout_ms = LIVE_ANSWER_MS,
		                  .done = on_play_done };
	memcpy(play->did, stream->did, sizeof play->did);
	stream_lock(stream);
	if (!stream->grant[0])
		grant_make(live->setup.keys, str_of(play->did), play->resource,
		           clock_now_ms() + GRANT_LIFE_MS, stream->grant);
	memcpy(play->grant, stream->grant, sizeof play->grant);
	stream_unlock(stream);
	write_play(stream, &view, viewers);
	device_view_done(&view);
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

void order_stop(struct stream *stream, const char *reason)
{
	struct command *stop = &stream->stop;
	bool is_replay = stream->what.is_replay;

	stream_lock(stream);
	stream->has_asked = false;
	stream_unlock(stream);
	if (stream->is_stopping_out)
		return;
	*stop = (struct command){ .resource = is_replay ? STR("replay") : STR("play"),
		                  .timeout_ms = LIVE_ANSWER_MS,
		                  .done = on_stop_done };
	memcpy(stop->did, stream->did, sizeof stop->did);
	if (is_replay)
		(void)snprintf(stream->stop_data, sizeof stream->stop_data,
		               "{\"replay\":{\"id\":\"%s\",\"stop\":true}}", stream->key);
	else
		(void)snprintf(stream->stop_data, sizeof stream->stop_data,
		               "{\"stop\":{\"reason\":\"%s\"}}", reason);
	stop->data = str_of(stream->stop_data);
	stream->is_stopping_out = true;
	(void)stream_ref(stream);
	command_send(stream->live->setup.devices, stop);
}
