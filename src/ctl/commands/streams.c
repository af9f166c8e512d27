/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "ctl/commands/commands.h"
#include "ctl/print.h"

static void add_video(const json_t *stream, struct buf *out)
{
	const json_t *video = json_object_get(stream, "video");
	struct str audio = json_member_str(json_object_get(stream, "audio"), "codec");

	if (json_is_object(video))
		buf_printf(out, "%.*s %lldx%lld", STR_ARG(json_member_str(video, "codec")),
		           (long long)json_member_i64(video, "width", 0),
		           (long long)json_member_i64(video, "height", 0));
	if (audio.size)
		buf_printf(out, "%s%.*s", out->size ? " + " : "", STR_ARG(audio));
}

static void add_number(struct table *table, const json_t *stream, const char *name)
{
	AUTO_BUF text = { 0 };

	buf_init(&text, CTL_PATH_MAX);
	print_add_scalar(json_object_get(stream, name), &text);
	table_add(table, buf_str(&text));
}

static void add_stream(const json_t *stream, int64_t now_ms, struct table *table)
{
	const json_t *publisher = json_object_get(stream, "publisher");
	AUTO_BUF age = { 0 }, in = { 0 }, out = { 0 }, video = { 0 };

	buf_init(&age, 64);
	buf_init(&in, 64);
	buf_init(&out, 64);
	buf_init(&video, CTL_PATH_MAX);
	print_add_age(json_member_str(publisher, "since"), now_ms, &age);
	print_add_bytes(json_member_i64(stream, "bytes_in", 0), &in);
	print_add_bytes(json_member_i64(stream, "bytes_out", 0), &out);
	add_video(stream, &video);
	table_add(table, json_member_str(stream, "did"));
	table_add(table, json_member_str(stream, "stage"));
	add_number(table, stream, "viewers");
	table_add(table, buf_str(&age));
	table_add(table, buf_str(&in));
	table_add(table, buf_str(&out));
	add_number(table, stream, "frames");
	add_number(table, stream, "skips");
	add_number(table, stream, "first_frame_ms");
	table_add(table, buf_str(&video));
}

static enum exit_code show_once(struct ctl *ctl, bool clears)
{
	static const struct table_column columns[] = {
		{ "DID", false, false },    { "STAGE", false, false }, { "VIEWERS", true, false },
		{ "SINCE", true, false },   { "IN", true, false },     { "OUT", true, false },
		{ "FRAMES", true, false },  { "SKIPS", true, false },  { "FIRST MS", true, false },
		{ "PICTURE", false, true },
	};
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF path = { 0 };
	struct table table;

	buf_init(&path, CTL_PATH_MAX);
	buf_add_text(&path, "/v2/streams");
	enum exit_code code = ctl_call(ctl, "GET", &path, NULL, &answer);
	if (code != EXIT_DONE)
		return code;
	if (ctl->is_json)
		return clears ? print_json_line(answer.json) : print_json(answer.json);
	const json_t *items = json_object_get(answer.json, "items");
	int64_t now_ms = clock_now_ms();
	table_init(&table, columns, COUNT_OF(columns));
	for (size_t i = 0; i < json_array_size(items); i++)
		add_stream(json_array_get(items, i), now_ms, &table);
	if (clears && ctl->is_terminal)
		(void)print_text(STR("\033[H\033[J"));
	code = print_table(ctl, &table);
	table_done(&table);
	return code;
}

enum exit_code streams_show(struct ctl *ctl)
{
	bool is_watching = ctl_option(ctl, "watch") != NULL;
	struct why why = { 0 };
	int64_t interval_s = 0;

	if (arguments_number(&ctl->arguments, "interval", 1, 3600, 2, &interval_s, &why) != ERR_OK)
		return ctl_fail(EXIT_USAGE, "%s", why.text);
	enum exit_code code = show_once(ctl, is_watching);
	while (is_watching && code == EXIT_DONE && fflush(stdout) == 0) {
		struct timespec wait = { .tv_sec = interval_s };
		(void)nanosleep(&wait, NULL);
		code = show_once(ctl, is_watching);
	}
	return code;
}
