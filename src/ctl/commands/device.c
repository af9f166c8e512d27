/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/json.h"
#include "ctl/commands/commands.h"
#include "ctl/print.h"
#include "ctl/text/url.h"

static void add_device(const json_t *device, int64_t now_ms, struct table *table)
{
	const json_t *presence = json_object_get(device, "presence");
	AUTO_BUF age = { 0 };

	buf_init(&age, 64);
	print_add_age(json_member_str(presence, "since"), now_ms, &age);
	table_add(table, json_member_str(device, "did"));
	table_add(table, json_member_str(device, "name"));
	table_add(table, json_member_str(device, "kind"));
	table_add(table, json_member_str(presence, "state"));
	table_add(table, buf_str(&age));
	table_add(table, json_member_str(presence, "address"));
}

enum exit_code device_list(struct ctl *ctl)
{
	static const struct table_column columns[] = {
		{ "DID", false, false },   { "NAME", false, true },  { "KIND", false, false },
		{ "STATE", false, false }, { "SINCE", true, false }, { "ADDRESS", false, true },
	};
	AUTO_BUF path = { 0 };
	struct table table;

	buf_init(&path, CTL_PATH_MAX);
	buf_add_text(&path, "/v2/devices");
	url_add_query(&path, "online", ctl_option(ctl, "online") ? "true" : NULL);
	url_add_query(&path, "q", ctl_option(ctl, "query"));
	struct ctl_list list = { .path = buf_str(&path), .most = SIZE_MAX };
	enum exit_code code = ctl_list(ctl, &list);
	AUTO_JSON items = list.items;
	if (code != EXIT_DONE)
		return code;
	if (ctl->is_json) {
		AUTO_JSON whole = json_pack("{s:O,s:n}", "items", items, "next");
		return print_json(whole);
	}
	table_init(&table, columns, COUNT_OF(columns));
	int64_t now_ms = clock_now_ms();
	for (size_t i = 0; i < json_array_size(items); i++)
		add_device(json_array_get(items, i), now_ms, &table);
	code = print_table(ctl, &table);
	table_done(&table);
	return code;
}

enum exit_code device_show(struct ctl *ctl)
{
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF path = { 0 };

	ctl_device_path(ctl, ctl_word(ctl, 0), "", &path);
	enum exit_code code = ctl_call(ctl, "GET", &path, NULL, &answer);
	if (code != EXIT_DONE)
		return code;
	return ctl->is_json ? print_json(answer.json) : print_value(ctl, answer.json);
}

/* The secret alone goes to standard output, so that it can be piped. */
static enum exit_code print_secret(const struct ctl *ctl, const struct api_answer *answer)
{
	struct str secret = json_member_str(answer->json, "secret");
	AUTO_BUF text = { 0 };

	if (ctl->is_json)
		return print_json(answer->json);
	buf_init(&text, CTL_PATH_MAX);
	table_add_text(&text, secret, 0);
	buf_add_text(&text, "\n");
	return print_text(buf_str(&text));
}

enum exit_code device_add(struct ctl *ctl)
{
	static const char *const fields[][2] = { { "name", "name" },
		                                 { "kind", "kind" },
		                                 { "sign-policy", "sign_policy" } };
	AUTO_JSON body = json_pack("{s:s}", "did", ctl_word(ctl, 0));
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF path = { 0 };

	if (!body)
		return ctl_fail(EXIT_USAGE, "the did is not UTF-8");
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		const char *value = ctl_option(ctl, fields[i][0]);
		if (value && json_object_set_new(body, fields[i][1], json_string(value)) != 0)
			return ctl_fail(EXIT_USAGE, "--%s is not UTF-8", fields[i][0]);
	}
	if (!ctl_option(ctl, "kind"))
		(void)json_object_set_new(body, "kind", json_string("camera"));
	ctl->subject = ctl_word(ctl, 0);
	buf_init(&path, CTL_PATH_MAX);
	buf_add_text(&path, "/v2/devices");
	enum exit_code code = ctl_call(ctl, "POST", &path, body, &answer);
	if (code != EXIT_DONE)
		return code;
	ctl_note(ctl, "%s is added; its secret is shown this once:", ctl_word(ctl, 0));
	return print_secret(ctl, &answer);
}

enum exit_code device_remove(struct ctl *ctl)
{
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF path = { 0 };

	ctl_device_path(ctl, ctl_word(ctl, 0), "", &path);
	enum exit_code code = ctl_call(ctl, "DELETE", &path, NULL, &answer);
	if (code == EXIT_DONE)
		ctl_note(ctl, "%s is removed", ctl_word(ctl, 0));
	return code;
}

enum exit_code device_secret(struct ctl *ctl)
{
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF path = { 0 };

	ctl_device_path(ctl, ctl_word(ctl, 0), "/secret", &path);
	enum exit_code code = ctl_call(ctl, "POST", &path, NULL, &answer);
	if (code != EXIT_DONE)
		return code;
	ctl_note(ctl,
	         "the old secret of %s is void; the new one is shown this once:", ctl_word(ctl, 0));
	return print_secret(ctl, &answer);
}
