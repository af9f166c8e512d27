/* SPDX-License-Identifier: Apache-2.0 */
/* The actions about pictures and recordings: play, stop, capture, segment, replay, upload. */
#include <string.h>

#include "base/clock.h"
#include "cam/body/actions_private.h"
#include "cam/network/url.h"

#define SPEED_MIN 0.25
#define SPEED_MAX 16.0

static const struct str replay_mark = { "_replay_", 8 };

static size_t find_mark(struct str name)
{
	for (size_t i = 0; i + replay_mark.size <= name.size; i++)
		if (memcmp(name.at + i, replay_mark.at, replay_mark.size) == 0)
			return i;
	return name.size;
}

/* {did}_replay_{channel}_{stream}_{start}_{end} */
static enum code read_replay(const struct camera *camera, struct str name,
                             struct action_outcome *out)
{
	struct str rest = str_from(name, find_mark(name) + replay_mark.size);
	struct str channel, stream, start, end;
	struct card_segment segment;
	size_t at = 0;

	if (!str_cut(&rest, '_', &channel) || !str_cut(&rest, '_', &stream) ||
	    !str_cut(&rest, '_', &start) || !str_cut(&rest, '_', &end) || rest.at)
		return CODE_FAILED;
	if (card_parse_time(start, &out->from_ms) != ERR_OK ||
	    card_parse_time(end, &out->to_ms) != ERR_OK)
		return CODE_FAILED;
	if (!str_equal(channel, STR("1")) || !str_equal(stream, STR("0")) ||
	    !card_next(&camera->card, &at, out->from_ms, out->to_ms, 0, &segment)) {
		out->answer = actions_answer(out->action, CODE_FAILED,
		                             "there is no recording in that time");
		return CODE_FAILED;
	}
	out->wish = WISH_REPLAY;
	out->replay = name;
	return CODE_OK;
}

enum code action_play(struct camera *camera, const json_t *request, int64_t now_ms,
                      struct action_outcome *out)
{
	struct str url = json_member_str(request, "url"), name = url_name(url);

	if (!url_is(url, STR("rtmp://"), STR("rtmps://"))) {
		out->answer = actions_answer(out->action, CODE_FAILED, "url is no RTMP address");
		return CODE_FAILED;
	}
	out->url = url;
	if (find_mark(name) < name.size)
		return read_replay(camera, name, out);
	out->wish = WISH_PUSH;
	return CODE_OK;
}

enum code action_stop(struct camera *camera, const json_t *request, int64_t now_ms,
                      struct action_outcome *out)
{
	out->wish = WISH_STOP;
	return CODE_OK;
}

enum code action_capture(struct camera *camera, const json_t *request, int64_t now_ms,
                         struct action_outcome *out)
{
	out->url = json_member_str(request, "url");
	if (!url_is(out->url, STR("http://"), STR("https://"))) {
		out->answer = actions_answer(out->action, CODE_FAILED, "url is no HTTP address");
		return CODE_FAILED;
	}
	out->wish = WISH_CAPTURE;
	return CODE_OK;
}

/* A time as the protocol's Date: a number of milliseconds, such a number as text, or RFC 3339. */
static bool read_time(const json_t *value, int64_t *out_ms)
{
	struct str text = { json_string_value(value), json_string_length(value) };

	if (json_is_integer(value)) {
		*out_ms = json_integer_value(value);
		return *out_ms >= 0;
	}
	return text.at && (str_to_i64(text, 0, INT64_MAX, out_ms) == ERR_OK ||
	                   clock_parse(text, out_ms) == ERR_OK);
}

static json_t *find_segments(const struct card *card, const json_t *request, int64_t start_ms,
                             int64_t end_ms)
{
	json_t *segments = json_array();
	struct card_segment segment;
	char file[CARD_FILE_NAME_SIZE];
	bool has_any = json_member_i64(request, "channel", 1) == 1 &&
	               json_member_i64(request, "stream", 0) == 0;
	int type = (int)json_member_i64(request, "type", 0);

	for (size_t at = 0; has_any && card_next(card, &at, start_ms, end_ms, type, &segment);) {
		card_file_name(card->segments[at - 1].start_ms, file);
		(void)json_array_append_new(segments, json_pack("{s:I, s:I, s:i, s:s}", "start",
		                                                (json_int_t)segment.start_ms, "end",
		                                                (json_int_t)segment.end_ms, "type",
		                                                (int)segment.type, "file", file));
	}
	return segments;
}

enum code action_segment(struct camera *camera, const json_t *request, int64_t now_ms,
                         struct action_outcome *out)
{
	const json_t *find = json_object_get(request, "find");
	int64_t start_ms, end_ms;

	/* The protocol's prose leaves the level `find` out. */
	if (!find)
		find = request;
	if (!read_time(json_object_get(find, "start"), &start_ms) ||
	    !read_time(json_object_get(find, "end"), &end_ms) || start_ms >= end_ms) {
		out->answer = actions_answer(out->action, CODE_FAILED,
		                             "start and end must be times, start the earlier");
		return CODE_FAILED;
	}
	out->answer = json_pack("{s:{s:{s:O, s:o}}}", out->action, "find", "params", find,
	                        "segments", find_segments(&camera->card, find, start_ms, end_ms));
	return out->answer ? CODE_OK : CODE_FAILED;
}

enum code action_replay(struct camera *camera, const json_t *request, int64_t now_ms,
                        struct action_outcome *out)
{
	static const char *const names[] = { "speed", "seek", "pause", "resume", "stop" };
	size_t kind = 0;

	out->replay = json_member_str(request, "id");
	while (kind < COUNT_OF(names) && !json_object_get(request, names[kind]))
		kind++;
	if (out->replay.size == 0 || kind == COUNT_OF(names))
		return CODE_UNSUPPORTED;
	out->control = (enum replay_control)kind;
	out->speed = json_number_value(json_object_get(request, "speed"));
	if (out->control == REPLAY_SPEED && !(out->speed >= SPEED_MIN && out->speed <= SPEED_MAX))
		return CODE_UNSUPPORTED;
	if (out->control == REPLAY_SEEK &&
	    !read_time(json_object_get(request, "seek"), &out->seek_ms))
		return CODE_FAILED;
	out->wish = WISH_CONTROL;
	return CODE_OK;
}

enum code action_upload(struct camera *camera, const json_t *request, int64_t now_ms,
                        struct action_outcome *out)
{
	out->url = json_member_str(request, "url");
	if (!url_is(out->url, STR("http://"), STR("https://"))) {
		out->answer = actions_answer(out->action, CODE_FAILED, "url is no HTTP address");
		return CODE_FAILED;
	}
	if (card_find(&camera->card, json_member_str(request, "file"), &out->segment) != ERR_OK) {
		out->answer =
			actions_answer(out->action, CODE_FAILED, "there is no such recording");
		return CODE_FAILED;
	}
	out->wish = WISH_UPLOAD;
	return CODE_OK;
}
