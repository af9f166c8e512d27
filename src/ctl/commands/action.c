/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "ctl/commands/commands.h"
#include "ctl/print.h"
#include "ctl/text/field.h"

/* The server's own table, so that this program needs no copy of it. */
static enum exit_code read_actions(struct ctl *ctl, struct api_answer *answer, const json_t **out)
{
	AUTO_BUF path = { 0 };

	buf_init(&path, CTL_PATH_MAX);
	buf_add_text(&path, "/v2/actions");
	enum exit_code code = ctl_call(ctl, "GET", &path, NULL, answer);
	if (code != EXIT_DONE)
		return code;
	*out = json_object_get(answer->json, "items");
	return EXIT_DONE;
}

static enum exit_code read_words(struct ctl *ctl, json_t **out)
{
	struct str name = str_of(ctl_word(ctl, 1));
	AUTO_ANSWER actions = { 0 };
	const json_t *table = NULL;
	struct why why = { 0 };
	enum err err;

	if (str_starts(name, STR("{"))) {
		if (ctl->arguments.word_count > 2)
			return ctl_fail(EXIT_USAGE, "fields cannot follow JSON");
		err = json_read(name, out, &why);
	} else {
		enum exit_code code = read_actions(ctl, &actions, &table);
		if (code != EXIT_DONE)
			return code;
		err = field_action(name, table, ctl->arguments.words + 2,
		                   ctl->arguments.word_count - 2, out, &why);
	}
	if (err == ERR_OK)
		return EXIT_DONE;
	return ctl_fail(EXIT_USAGE, "%.60s: %s", name.at, why.text[0] ? why.text : err_text(err));
}

/* {"ptz":{"code":0}} says no more than "done". */
static enum exit_code print_result(const struct ctl *ctl, json_t *result)
{
	const char *name;
	json_t *value;

	if (!json_is_object(result))
		return print_value(ctl, result);
	json_object_foreach(result, name, value)
	{
		if (!json_is_object(value) || json_member_i64(value, "code", 0) != 0)
			continue;
		(void)json_object_del(value, "code");
		if (json_object_size(value) == 0)
			(void)json_object_set_new(result, name, json_string("done"));
	}
	return print_value(ctl, result);
}

enum exit_code action_run(struct ctl *ctl)
{
	AUTO_JSON action = NULL;
	AUTO_JSON body = NULL;
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF path = { 0 };
	struct why why = { 0 };
	int64_t timeout_ms = 0;

	if (arguments_number(&ctl->arguments, "timeout", 100, 30000, 0, &timeout_ms, &why) !=
	    ERR_OK)
		return ctl_fail(EXIT_USAGE, "%s", why.text);
	enum exit_code code = read_words(ctl, &action);
	if (code != EXIT_DONE)
		return code;
	if (!(body = json_pack("{s:O}", "data", action)))
		return ctl_fail(EXIT_FAILED, "out of memory");
	if (timeout_ms)
		(void)json_object_set_new(body, "timeout_ms", json_integer(timeout_ms));
	ctl_device_path(ctl, ctl_word(ctl, 0), "/actions", &path);
	code = ctl_call(ctl, "POST", &path, body, &answer);
	if (code != EXIT_DONE)
		return code;
	if (ctl->is_json)
		return print_json(answer.json);
	return print_result(ctl, json_object_get(answer.json, "result"));
}
