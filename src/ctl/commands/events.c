/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "ctl/commands/commands.h"
#include "ctl/print.h"
#include "ctl/text/sse.h"
#include "ctl/text/url.h"

#define EVENTS_LIMIT     100
#define EVENTS_LIMIT_MAX 1000000
#define WAIT_MS_LEAST    500
#define WAIT_MS_MOST     15000
#define GIVE_UP_MS       600000 /* without one good connection */

static enum exit_code print_event(const struct ctl *ctl, const json_t *event)
{
	AUTO_BUF line = { 0 }, content = { 0 };

	if (ctl->is_json)
		return print_json_line(event);
	buf_init(&line, CTL_OUTPUT_MAX);
	buf_init(&content, CTL_OUTPUT_MAX);
	print_add_scalar(json_object_get(event, "data"), &content);
	table_add_text(&line, json_member_str(event, "time"), 0);
	buf_add_text(&line, "  ");
	table_add_text(&line, json_member_str(event, "type"), 0);
	buf_add_text(&line, "  ");
	struct str did = json_member_str(event, "did");
	table_add_text(&line, did.size ? did : STR("-"), 0);
	buf_add_text(&line, "  ");
	table_add_text(&line, buf_str(&content), 0);
	buf_add_text(&line, "\n");
	return print_text(buf_str(&line));
}

static void start_path(const struct ctl *ctl, struct buf *path)
{
	buf_init(path, CTL_PATH_MAX);
	buf_add_text(path, "/v2/events");
	url_add_query(path, "did", ctl_option(ctl, "did"));
	url_add_query(path, "type", ctl_option(ctl, "type"));
}

/* Behind a cursor the first ones, so that a script can go on; else the last ones. */
static enum exit_code list_events(struct ctl *ctl)
{
	AUTO_BUF path = { 0 };
	struct why why = { 0 };
	int64_t limit = 0;

	if (arguments_number(&ctl->arguments, "limit", 1, EVENTS_LIMIT_MAX, EVENTS_LIMIT, &limit,
	                     &why) != ERR_OK)
		return ctl_fail(EXIT_USAGE, "%s", why.text);
	start_path(ctl, &path);
	struct ctl_list list = {
		.path = buf_str(&path),
		.cursor = ctl_option(ctl, "cursor"),
		.most = (size_t)limit,
		.keeps_last = !ctl_option(ctl, "cursor"),
	};
	enum exit_code code = ctl_list(ctl, &list);
	AUTO_JSON items = list.items;
	for (size_t i = 0; code == EXIT_DONE && i < json_array_size(items); i++)
		code = print_event(ctl, json_array_get(items, i));
	return code;
}

struct follow {
	struct ctl *ctl;
	struct sse sse;
	bool has_failed;  /* of standard output */
	int64_t heard_ms; /* steady time of the last bytes */
};

static void on_event(void *owner, const struct sse_event *event)
{
	struct follow *follow = owner;
	AUTO_JSON json = NULL;

	if (json_read(event->text, &json, NULL) != ERR_OK)
		return; /* not one of ours; the cursor is kept all the same */
	if (print_event(follow->ctl, json) != EXIT_DONE || fflush(stdout) != 0)
		follow->has_failed = true;
}

static bool on_bytes(void *owner, struct str bytes)
{
	struct follow *follow = owner;

	follow->heard_ms = clock_steady_ms();
	return sse_feed(&follow->sse, bytes, on_event, follow) == ERR_OK && !follow->has_failed;
}

/* One connection, until it ends. EXIT_DONE: it is worth trying again. */
static enum exit_code follow_once(struct follow *follow, const struct buf *path)
{
	struct ctl *ctl = follow->ctl;
	AUTO_ANSWER answer = { 0 };
	struct why why = { 0 };
	struct api_request request = {
		.method = "GET",
		.path = buf_str(path),
		.accept = "text/event-stream",
		.cursor = follow->sse.cursor,
		.on_bytes = on_bytes,
		.owner = follow,
		.is_endless = true,
	};
	bool was_heard = follow->heard_ms != 0;

	sse_restart(&follow->sse);
	enum err err = api_call(ctl->api, &request, &answer, &why);
	if (follow->has_failed)
		return EXIT_FAILED;
	if (follow->sse.err != ERR_OK)
		return ctl_fail(EXIT_FAILED, "an event is over %d bytes", SSE_TEXT_MAX);
	if (err == ERR_OK && answer.status >= 400 && answer.status < 500)
		return ctl_tell_problem(ctl, &answer);
	if (follow->heard_ms != 0 || was_heard)
		return EXIT_DONE;
	if (err == ERR_OK && answer.status >= 500)
		return ctl_tell_problem(ctl, &answer);
	return err == ERR_OK ? EXIT_DONE : ctl_fail(EXIT_UNREACHABLE, "%s", why.text);
}

static enum exit_code follow_events(struct ctl *ctl)
{
	struct follow follow = { .ctl = ctl };
	const char *cursor = ctl_option(ctl, "cursor");
	int64_t start_ms = clock_steady_ms(), wait_ms = WAIT_MS_LEAST;
	AUTO_BUF path = { 0 };
	enum exit_code code;

	start_path(ctl, &path);
	sse_init(&follow.sse);
	if (cursor &&
	    str_copy(str_of(cursor), follow.sse.cursor, sizeof follow.sse.cursor) != ERR_OK)
		return ctl_fail(EXIT_USAGE, "--cursor is too long");
	while ((code = follow_once(&follow, &path)) == EXIT_DONE) {
		int64_t heard_ms = follow.heard_ms ? follow.heard_ms : start_ms;
		int64_t silent_ms = clock_steady_ms() - heard_ms;
		wait_ms = silent_ms < wait_ms ? WAIT_MS_LEAST : wait_ms * 2;
		wait_ms = wait_ms > WAIT_MS_MOST ? WAIT_MS_MOST : wait_ms;
		if (silent_ms > GIVE_UP_MS) {
			code = ctl_fail(EXIT_UNREACHABLE, "%s: silent for %d s", ctl->target.url,
			                GIVE_UP_MS / 1000);
			break;
		}
		ctl_note(ctl, "vigil: the connection ended; again in %lld ms", (long long)wait_ms);
		struct timespec wait = { wait_ms / 1000, wait_ms % 1000 * 1000000 };
		(void)nanosleep(&wait, NULL);
	}
	sse_done(&follow.sse);
	return code;
}

enum exit_code events_show(struct ctl *ctl)
{
	return ctl_option(ctl, "follow") ? follow_events(ctl) : list_events(ctl);
}
