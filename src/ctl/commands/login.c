/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/json.h"
#include "ctl/commands/commands.h"
#include "ctl/print.h"
#include "ctl/text/url.h"

static void on_signal(int number)
{
	(void)number; /* it only has to end the read, so that the echo comes back */
}

/* One line of standard input; an empty one at its end. */
static void read_line(char *line, size_t room)
{
	size_t used = 0;
	char c;

	while (used + 1 < room && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		line[used++] = c;
	line[used] = '\0';
}

static void read_secret(char *line, size_t room)
{
	struct sigaction quiet = { .sa_handler = on_signal }, before;
	struct termios shown, hidden;

	if (tcgetattr(STDIN_FILENO, &shown) != 0) {
		read_line(line, room);
		return;
	}
	(void)fputs("Token: ", stderr);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	(void)sigaction(SIGINT, &quiet, &before);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	errno = 0;
	read_line(line, room);
	bool was_interrupted = errno == EINTR;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	(void)sigaction(SIGINT, &before, NULL);
	(void)fputc('\n', stderr);
	if (was_interrupted)
		(void)raise(SIGINT);
}

static enum exit_code find_token(struct ctl *ctl)
{
	char line[TARGET_TOKEN_MAX + 64];
	struct why why = { 0 };
	enum err err = target_find_token(&ctl->arguments, &ctl->target, &why);

	if (err == ERR_OK && !ctl->target.token[0]) {
		read_secret(line, sizeof line);
		err = target_set_token(&ctl->target, str_of(line), &why);
		mem_wipe(line, sizeof line);
	}
	return err == ERR_OK ? EXIT_DONE : ctl_fail(EXIT_USAGE, "%s", why.text);
}

enum exit_code login_store(struct ctl *ctl)
{
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF path = { 0 };
	struct why why = { 0 };

	if (target_set_url(&ctl->target, str_of(ctl_word(ctl, 0)), &why) != ERR_OK)
		return ctl_fail(EXIT_USAGE, "%s: %s", ctl_word(ctl, 0), why.text);
	struct str url = str_of(ctl->target.url);
	if (str_starts(url, STR("http:")) && !url_is_loopback(url))
		ctl_note(ctl,
		         "vigil: warning: over http the token can be read on the way; use https");
	enum exit_code code = find_token(ctl);
	if (code == EXIT_DONE)
		code = ctl_connect(ctl);
	if (code != EXIT_DONE)
		return code;
	buf_init(&path, CTL_PATH_MAX);
	buf_add_text(&path, "/v2/session");
	code = ctl_call(ctl, "GET", &path, NULL, &answer);
	if (code != EXIT_DONE)
		return code;
	if (target_store(&ctl->target, &why) != ERR_OK)
		return ctl_fail(EXIT_FAILED, "%s", why.text);
	ctl_note(ctl, "signed in to %s", ctl->target.url);
	return ctl->is_json ? print_json(answer.json) : EXIT_DONE;
}

enum exit_code login_link(struct ctl *ctl)
{
	AUTO_ANSWER answer = { 0 };
	AUTO_JSON body = json_object();
	AUTO_BUF path = { 0 }, text = { 0 };

	buf_init(&path, CTL_PATH_MAX);
	buf_init(&text, CTL_PATH_MAX);
	buf_add_text(&path, "/v2/sign-in-links");
	enum exit_code code = ctl_call(ctl, "POST", &path, body, &answer);
	if (code != EXIT_DONE || ctl->is_json)
		return code == EXIT_DONE ? print_json(answer.json) : code;
	ctl_note(ctl, "works once, for %lld s",
	         (long long)json_member_i64(answer.json, "expires_in", 600));
	table_add_text(&text, json_member_str(answer.json, "url"), 0);
	buf_add_text(&text, "\n");
	return print_text(buf_str(&text));
}
