/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures and recordings that devices brought. */
#include <string.h>

#include "base/json.h"
#include "ctl/commands/commands.h"
#include "ctl/print.h"
#include "ctl/save.h"
#include "ctl/text/url.h"

#define CAPTURE_TIMEOUT_MS 20000 /* a camera takes the picture and uploads it meanwhile */
#define ANY_TYPE           "*/*"
#define STILLS             "/v2/storage/file/"

/* The address without the server's own beginning; empty for another server's, and for all else: the
 * device said it, and its end becomes a file's name here. */
static struct str path_of(const struct ctl *ctl, struct str url)
{
	struct str base = str_of(ctl->target.url), rest, part;

	if (str_starts(url, base))
		url = str_from(url, base.size);
	if (!str_starts(url, STR(STILLS)) || !str_is_word(url, "/:.-_"))
		return (struct str){ 0 };
	rest = url;
	while (str_cut(&rest, '/', &part))
		if (str_starts(part, STR(".")))
			return (struct str){ 0 };
	return url;
}

/* --output, or the name at the address' end; the caller frees it. */
static char *output_of(const struct ctl *ctl, struct str path)
{
	const char *wish = ctl_option(ctl, "output");
	size_t at = path.size;

	while (at > 0 && path.at[at - 1] != '/')
		at--;
	return str_dup(wish ? str_of(wish) : str_from(path, at));
}

enum exit_code device_capture(struct ctl *ctl)
{
	AUTO_JSON body =
		json_pack("{s:{s:{}},s:i}", "data", "capture", "timeout_ms", CAPTURE_TIMEOUT_MS);
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF path = { 0 };

	ctl_device_path(ctl, ctl_word(ctl, 0), "/actions", &path);
	enum exit_code code = ctl_call(ctl, "POST", &path, body, &answer);
	if (code != EXIT_DONE)
		return code;
	const json_t *result = json_object_get(answer.json, "result");
	struct str url = json_member_str(json_object_get(result, "capture"), "url");
	struct str still = path_of(ctl, url);
	if (!still.size)
		return ctl_fail(EXIT_FAILED, "the picture is not among this server's: %.*s",
		                STR_ARG(url));
	AUTO_FREE char *output = output_of(ctl, still);
	const struct api_request request = { .method = "GET", .path = still, .accept = ANY_TYPE };
	if (!output)
		return ctl_fail(EXIT_FAILED, "out of memory");
	code = ctl_save(ctl, &request, output);
	return code == EXIT_DONE && ctl->is_json ? print_json(answer.json) : code;
}

static void add_file(const json_t *file, struct table *table)
{
	AUTO_BUF size = { 0 };

	buf_init(&size, 64);
	print_add_bytes(json_member_i64(file, "bytes", 0), &size);
	table_add(table, json_member_str(file, "name"));
	table_add(table, buf_str(&size));
	table_add(table, json_member_str(file, "time"));
	table_add(table, json_member_str(file, "expires_at"));
}

enum exit_code files_list(struct ctl *ctl)
{
	static const struct table_column columns[] = {
		{ "NAME", false, true },
		{ "SIZE", true, false },
		{ "TIME", false, false },
		{ "EXPIRES", false, false },
	};
	AUTO_BUF path = { 0 };
	struct table table;

	ctl_device_path(ctl, ctl_word(ctl, 0), ctl_option(ctl, "stills") ? "/stills" : "/files",
	                &path);
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
	for (size_t i = 0; i < json_array_size(items); i++)
		add_file(json_array_get(items, i), &table);
	code = print_table(ctl, &table);
	table_done(&table);
	return code;
}

enum exit_code files_get(struct ctl *ctl)
{
	AUTO_BUF path = { 0 };

	ctl->subject = ctl_word(ctl, 0);
	buf_init(&path, CTL_PATH_MAX);
	buf_add_text(&path, ctl_option(ctl, "stills") ? STILLS : "/v2/media/upload/");
	url_add_segment(&path, str_of(ctl_word(ctl, 0)));
	buf_add_text(&path, "/");
	url_add_segment(&path, str_of(ctl_word(ctl, 1)));
	const struct api_request request = { .method = "GET",
		                             .path = buf_str(&path),
		                             .accept = ANY_TYPE };
	AUTO_FREE char *output = output_of(ctl, str_of(ctl_word(ctl, 1)));
	if (!output || buf_err(&path) != ERR_OK)
		return ctl_fail(EXIT_FAILED, "out of memory");
	return ctl_save(ctl, &request, output);
}
