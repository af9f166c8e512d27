/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "ctl/commands/commands.h"
#include "ctl/print.h"
#include "ctl/text/url.h"

#define EXPIRES_S_LEAST 60
#define EXPIRES_S_MOST  86400
#define EXPIRES_S       900

static enum exit_code make_token(struct ctl *ctl, const char *kind, struct api_answer *answer)
{
	AUTO_JSON body = NULL;
	AUTO_BUF path = { 0 };
	struct why why = { 0 };
	int64_t expires_s = 0;

	if (arguments_number(&ctl->arguments, "expires", EXPIRES_S_LEAST, EXPIRES_S_MOST, EXPIRES_S,
	                     &expires_s, &why) != ERR_OK)
		return ctl_fail(EXIT_USAGE, "%s", why.text);
	if (!(body = json_pack("{s:I}", "expires_in", (json_int_t)expires_s)))
		return ctl_fail(EXIT_FAILED, "out of memory");
	ctl_device_path(ctl, ctl_word(ctl, 0), kind, &path);
	return ctl_call(ctl, "POST", &path, body, answer);
}

enum exit_code live_play_url(struct ctl *ctl)
{
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF url = { 0 };
	AUTO_FREE char *token = NULL;
	enum exit_code code = make_token(ctl, "/view-tokens", &answer);

	if (code != EXIT_DONE)
		return code;
	if (!(token = str_dup(json_member_str(answer.json, "token"))))
		return ctl_fail(EXIT_FAILED, "out of memory");
	buf_init(&url, CTL_PATH_MAX);
	buf_add_text(&url, ctl->target.url);
	buf_add_text(&url, "/live/");
	url_add_segment(&url, str_of(ctl_word(ctl, 0)));
	buf_add_text(&url, ".flv");
	url_add_query(&url, "token", token);
	if (ctl->is_json) {
		(void)json_object_set_new(answer.json, "url",
		                          json_stringn((char *)url.at, url.size));
		return print_json(answer.json);
	}
	buf_add_text(&url, "\n");
	return print_text(buf_str(&url));
}

enum exit_code live_push_url(struct ctl *ctl)
{
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF text = { 0 };
	enum exit_code code = make_token(ctl, "/push-tokens", &answer);

	if (code != EXIT_DONE || ctl->is_json)
		return code == EXIT_DONE ? print_json(answer.json) : code;
	buf_init(&text, CTL_PATH_MAX);
	table_add_text(&text, json_member_str(answer.json, "url"), 0);
	buf_add_text(&text, "\n");
	return print_text(buf_str(&text));
}
