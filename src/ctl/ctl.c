/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/ctl.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "ctl/commands/commands.h"
#include "ctl/print.h"
#include "ctl/text/table.h"
#include "ctl/text/url.h"

#define PAGE_ITEMS  "200"
#define PAGES_MAX   100000
#define MESSAGE_MAX 1024

enum exit_code ctl_fail(enum exit_code code, const char *format, ...)
{
	char text[MESSAGE_MAX];
	AUTO_BUF line = { 0 };
	va_list values;

	va_start(values, format);
	(void)vsnprintf(text, sizeof text, format, values);
	va_end(values);
	buf_init(&line, MESSAGE_MAX * 4);
	table_add_text(&line, str_of(text), 0);
	(void)fprintf(stderr, "vigil: %.*s\n", STR_ARG(buf_str(&line)));
	return code;
}

void ctl_note(const struct ctl *ctl, const char *format, ...)
{
	va_list values;

	if (ctl->is_json)
		return;
	va_start(values, format);
	(void)vfprintf(stderr, format, values);
	va_end(values);
	(void)fputc('\n', stderr);
}

const char *ctl_word(const struct ctl *ctl, size_t index)
{
	return index < ctl->arguments.word_count ? ctl->arguments.words[index] : NULL;
}

const char *ctl_option(const struct ctl *ctl, const char *name)
{
	return arguments_option(&ctl->arguments, name);
}

void ctl_device_path(struct ctl *ctl, const char *did, const char *rest, struct buf *path)
{
	ctl->subject = did;
	buf_init(path, CTL_PATH_MAX);
	buf_add_text(path, "/v2/devices/");
	url_add_segment(path, str_of(did));
	buf_add_text(path, rest);
}

/* "2026-01-02T03:04:05Z at 10.0.0.5:41022" for an offline device; empty where it is not known. */
static void find_last_seen(struct ctl *ctl, struct buf *out)
{
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF path = { 0 };
	struct api_request request = { .method = "GET" };

	ctl_device_path(ctl, ctl->subject, "", &path);
	request.path = buf_str(&path);
	if (api_call(ctl->api, &request, &answer, NULL) != ERR_OK || answer.status != 200)
		return;
	const json_t *presence = json_object_get(answer.json, "presence");
	struct str seen = json_member_str(presence, "last_seen");
	struct str address = json_member_str(presence, "address");
	if (seen.size == 0) {
		buf_add_text(out, "never");
		return;
	}
	buf_add_str(out, seen);
	if (address.size)
		buf_printf(out, " at %.*s", STR_ARG(address));
}

enum exit_code ctl_tell_problem(struct ctl *ctl, const struct api_answer *answer)
{
	AUTO_BUF text = { 0 }, seen = { 0 };
	struct problem problem;

	problem_read(answer->status, answer->json, &problem);
	buf_init(&text, CTL_PATH_MAX * 4);
	buf_init(&seen, CTL_PATH_MAX);
	if (ctl->is_json && problem.name.size) {
		(void)json_write(answer->json, &text);
		buf_add_text(&text, "\n");
	} else {
		if (ctl->subject && str_equal(problem.name, STR("device-offline")))
			find_last_seen(ctl, &seen);
		buf_add_u8(&seen, '\0');
		problem_write(&problem, ctl->subject, seen.size > 1 ? (char *)seen.at : NULL,
		              answer->request_id, &text);
	}
	(void)fwrite(text.at, 1, text.size, stderr);
	return problem_exit(&problem);
}

enum exit_code ctl_request(struct ctl *ctl, const struct api_request *request,
                           struct api_answer *answer)
{
	struct why why = { 0 };
	enum err err = api_call(ctl->api, request, answer, &why);

	if (err == ERR_CLOSED || err == ERR_TIMEOUT) {
		(void)ctl_fail(EXIT_UNREACHABLE, "%s", why.text);
		(void)fputs("  what to do: check that vigild runs there, and --url, --data or "
		            "VIGIL_URL\n",
		            stderr);
		return EXIT_UNREACHABLE;
	}
	if (err != ERR_OK)
		return ctl_fail(EXIT_FAILED, "%s", why.text[0] ? why.text : err_text(err));
	if (answer->status >= 200 && answer->status < 300)
		return EXIT_DONE;
	return ctl_tell_problem(ctl, answer);
}

enum exit_code ctl_call(struct ctl *ctl, const char *method, const struct buf *path,
                        const json_t *body, struct api_answer *answer)
{
	struct api_request request = { .method = method, .path = buf_str(path) };
	AUTO_BUF text = { 0 };

	buf_init(&text, JSON_SIZE_MAX);
	if (buf_err(path) != ERR_OK || (body && json_write(body, &text) != ERR_OK))
		return ctl_fail(EXIT_USAGE, "the request is too large");
	request.body = buf_str(&text);
	return ctl_request(ctl, &request, answer);
}

static enum exit_code add_page(struct ctl *ctl, const struct ctl_list *list, const char *cursor,
                               json_t *items, struct api_answer *answer)
{
	AUTO_BUF path = { 0 };

	buf_init(&path, CTL_PATH_MAX);
	buf_add_str(&path, list->path);
	url_add_query(&path, "limit", PAGE_ITEMS);
	url_add_query(&path, "cursor", cursor);
	enum exit_code code = ctl_call(ctl, "GET", &path, NULL, answer);
	if (code != EXIT_DONE)
		return code;
	json_t *more = json_object_get(answer->json, "items");
	if (!json_is_array(more))
		return ctl_fail(EXIT_FAILED, "the server's answer is no list");
	if (json_array_extend(items, more) != 0)
		return ctl_fail(EXIT_FAILED, "out of memory");
	while (list->keeps_last && json_array_size(items) > list->most)
		(void)json_array_remove(items, 0);
	return EXIT_DONE;
}

enum exit_code ctl_list(struct ctl *ctl, struct ctl_list *list)
{
	AUTO_JSON items = json_array();
	AUTO_FREE char *cursor = list->cursor ? strdup(list->cursor) : NULL;

	for (int page = 0; page < PAGES_MAX; page++) {
		AUTO_ANSWER answer = { 0 };
		enum exit_code code = add_page(ctl, list, cursor, items, &answer);
		if (code != EXIT_DONE)
			return code;
		struct str next = json_member_str(answer.json, "next");
		bool is_last =
			next.size == 0 || !json_array_size(json_object_get(answer.json, "items"));
		bool is_full = !list->keeps_last && json_array_size(items) >= list->most;
		if (is_last || is_full || (cursor && str_equal(next, str_of(cursor))))
			break;
		free(cursor);
		if (!(cursor = str_dup(next)))
			return ctl_fail(EXIT_FAILED, "out of memory");
	}
	while (json_array_size(items) > list->most)
		(void)json_array_remove(items, json_array_size(items) - 1);
	list->items = json_incref(items);
	return EXIT_DONE;
}

static size_t terminal_width(void)
{
	struct winsize size = { 0 };

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

static void look_at_terminal(struct ctl *ctl)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	ctl->is_json = ctl_option(ctl, "json") != NULL;
	ctl->is_terminal = isatty(STDOUT_FILENO);
	ctl->width = terminal_width();
	ctl->has_color = ctl->is_terminal && !ctl_option(ctl, "no-color") &&
	                 !(no_color && no_color[0]) && !(term && strcmp(term, "dumb") == 0);
}

/* A token on the command line can be read by others on this machine: not longer than needed. */
static void hide_token(struct ctl *ctl, int argc, char **argv)
{
	for (size_t i = 0; i < ctl->arguments.option_count; i++) {
		struct given_option *given = &ctl->arguments.options[i];
		if (strcmp(given->row->name, "token") != 0)
			continue;
		(void)snprintf(ctl->token, sizeof ctl->token, "%s", given->value);
		for (int word = 1; word < argc; word++) {
			char *end = argv[word] + strlen(argv[word]);
			if (given->value >= argv[word] && given->value < end)
				memset(end - strlen(given->value), '*', strlen(given->value));
		}
		given->value = ctl->token;
	}
}

enum exit_code ctl_connect(struct ctl *ctl)
{
	const char *ca_file = ctl->target.ca_file[0] ? ctl->target.ca_file : NULL;

	if (api_new(ctl->target.url, ctl->target.token, ca_file, &ctl->api) != ERR_OK)
		return ctl_fail(EXIT_FAILED, "out of memory");
	return EXIT_DONE;
}

static enum exit_code run_command(struct ctl *ctl)
{
	const struct command *command = ctl->arguments.command;
	struct why why = { 0 };

	if (!command->is_local) {
		enum err err = target_find(&ctl->arguments, &ctl->target, &why);
		if (err != ERR_OK)
			return ctl_fail(EXIT_USAGE, "%s", why.text);
		enum exit_code code = ctl_connect(ctl);
		if (code != EXIT_DONE)
			return code;
	}
	return command->run(ctl);
}

static enum exit_code print_version(const struct ctl *ctl)
{
	(void)print_text(STR("vigil "));
	(void)print_text(str_of(ctl->version));
	return print_text(STR("\n"));
}

static enum exit_code run(struct ctl *ctl, int argc, char **argv)
{
	struct why why = { 0 };
	enum err err = arguments_read(ctl->commands, argc, argv, &ctl->arguments, &why);

	look_at_terminal(ctl);
	hide_token(ctl, argc, argv);
	if (ctl_option(ctl, "version"))
		return print_version(ctl);
	if (ctl_option(ctl, "help"))
		return help_show(ctl, ctl->arguments.command);
	if (err != ERR_OK) {
		(void)ctl_fail(EXIT_USAGE, "%s", why.text);
		help_usage(ctl, ctl->arguments.command, ctl_word(ctl, 0));
		return EXIT_USAGE;
	}
	if (!ctl->arguments.command) {
		(void)help_show(ctl, NULL);
		return EXIT_USAGE;
	}
	return run_command(ctl);
}

enum exit_code ctl_main(int argc, char **argv, const char *version)
{
	struct ctl ctl = { .commands = commands_all(), .version = version };

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ctl_fail(EXIT_FAILED, "libcurl does not start");
	enum exit_code code = run(&ctl, argc, argv);
	api_free(ctl.api);
	mem_wipe(&ctl.target, sizeof ctl.target);
	mem_wipe(ctl.token, sizeof ctl.token);
	curl_global_cleanup();
	if (fflush(stdout) != 0 || ferror(stdout)) {
		enum exit_code worse = code == EXIT_DONE ? EXIT_FAILED : code;
		return ctl_fail(worse, "standard output cannot be written");
	}
	return code;
}
