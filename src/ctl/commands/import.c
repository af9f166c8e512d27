/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "ctl/commands/commands.h"
#include "ctl/print.h"
#include "ctl/text/csv.h"

#define IMPORT_FILE_MAX   (256 * 1024 * 1024)
#define IMPORT_TRIES_MAX  5 /* of one part, while the server says busy */
#define IMPORT_WAIT_S_MAX 30
#define IMPORT_READ_BYTES 65536

struct import {
	struct ctl *ctl;
	struct csv csv;
	size_t lines; /* of the whole file */
	int64_t created, updated;
	json_t *refused;
};

static enum exit_code read_file(const char *path, struct buf *out)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	size_t size = 1;

	if (!file)
		return ctl_fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
	while (size > 0 && buf_err(out) == ERR_OK) {
		uint8_t *at = buf_reserve(out, IMPORT_READ_BYTES);
		size = at ? fread(at, 1, IMPORT_READ_BYTES, file) : 0;
		buf_grew(out, size);
	}
	bool has_failed = ferror(file) != 0;
	if (file != stdin)
		(void)fclose(file);
	if (buf_err(out) == ERR_TOO_LARGE)
		return ctl_fail(EXIT_FAILED, "%s: the file is over %d bytes", path,
		                IMPORT_FILE_MAX);
	if (has_failed || buf_err(out) != ERR_OK)
		return ctl_fail(EXIT_FAILED, "%s: cannot be read", path);
	return EXIT_DONE;
}

/* Nothing is sent before the whole file is known to be cuttable. */
static enum exit_code check_file(const char *path, struct csv csv, size_t *lines)
{
	struct csv_part part;
	struct why why = { 0 };
	enum err err;

	while ((err = csv_next(&csv, &part, &why)) == ERR_OK)
		*lines = part.first_line + part.lines - 1;
	if (err != ERR_NOT_FOUND)
		return ctl_fail(EXIT_FAILED, "%s: %s; nothing was imported", path, why.text);
	return EXIT_DONE;
}

static enum exit_code take_answer(struct import *import, const struct csv_part *part,
                                  const json_t *answer)
{
	const json_t *refused = json_object_get(answer, "refused");

	if (!json_is_object(answer))
		return ctl_fail(EXIT_FAILED, "the server's answer is no JSON object");
	import->created += json_member_i64(answer, "created", 0);
	import->updated += json_member_i64(answer, "updated", 0);
	for (size_t i = 0; i < json_array_size(refused); i++) {
		json_t *row = json_array_get(refused, i);
		int64_t line = json_member_i64(row, "line", 0);
		if (line > 0) {
			line = (int64_t)csv_file_line(&import->csv, part, (size_t)line);
			(void)json_object_set_new(row, "line", json_integer(line));
		}
		if (json_array_append(import->refused, row) != 0)
			return ctl_fail(EXIT_FAILED, "out of memory");
	}
	return EXIT_DONE;
}

static void wait_for(int seconds)
{
	struct timespec wait = { .tv_sec = seconds > 0 ? seconds : 1 };

	wait.tv_sec = wait.tv_sec > IMPORT_WAIT_S_MAX ? IMPORT_WAIT_S_MAX : wait.tv_sec;
	(void)nanosleep(&wait, NULL);
}

static enum exit_code send_part(struct import *import, const struct csv_part *part)
{
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF body = { 0 };
	struct api_request request = { .method = "POST",
		                       .path = STR("/v2/devices:import"),
		                       .type = "text/csv" };

	buf_init(&body, 2 * CSV_PART_BYTES_MAX);
	buf_add_str(&body, import->csv.heading);
	buf_add_str(&body, part->text);
	if (buf_err(&body) != ERR_OK)
		return ctl_fail(EXIT_FAILED, "the heading is too long");
	request.body = buf_str(&body);
	for (int tries = 1; tries < IMPORT_TRIES_MAX; tries++) {
		if (api_call(import->ctl->api, &request, &answer, NULL) != ERR_OK ||
		    answer.status != 503)
			break;
		wait_for(answer.retry_after_s);
	}
	/* Importing a line twice does no harm, so a lost request may be repeated once. */
	if (answer.status == 0 || answer.status == 503) {
		enum exit_code code = ctl_request(import->ctl, &request, &answer);
		if (code != EXIT_DONE)
			return code;
	}
	if (answer.status >= 300)
		return ctl_tell_problem(import->ctl, &answer);
	return take_answer(import, part, answer.json);
}

static void show_progress(const struct import *import, const struct csv_part *part)
{
	if (import->ctl->is_json || !isatty(STDERR_FILENO))
		return;
	(void)fprintf(stderr, "\r%zu of %zu lines", part->first_line + part->lines - 1,
	              import->lines);
}

static enum exit_code print_result(const struct import *import)
{
	const struct ctl *ctl = import->ctl;
	size_t refused = json_array_size(import->refused);
	AUTO_BUF text = { 0 };
	enum exit_code code = EXIT_DONE;

	if (ctl->is_json) {
		AUTO_JSON whole = json_pack("{s:I,s:I,s:O}", "created", (json_int_t)import->created,
		                            "updated", (json_int_t)import->updated, "refused",
		                            import->refused);
		return print_json(whole);
	}
	if (refused)
		code = print_value(ctl, import->refused);
	buf_init(&text, CTL_PATH_MAX);
	buf_printf(&text, "%lld created, %lld updated, %zu refused\n", (long long)import->created,
	           (long long)import->updated, refused);
	return code == EXIT_DONE ? print_text(buf_str(&text)) : code;
}

static enum exit_code send_all(struct import *import, const char *path)
{
	struct csv_part part = { 0 };
	enum exit_code code = EXIT_DONE;

	while (code == EXIT_DONE && csv_next(&import->csv, &part, NULL) == ERR_OK) {
		code = send_part(import, &part);
		if (code == EXIT_DONE)
			show_progress(import, &part);
	}
	if (isatty(STDERR_FILENO) && !import->ctl->is_json)
		(void)fputs("\r\033[K", stderr);
	if (code != EXIT_DONE && part.first_line > 2)
		(void)ctl_fail(code, "%s: lines before %zu were sent; import the file again", path,
		               part.first_line);
	return code;
}

enum exit_code import_file(struct ctl *ctl)
{
	struct import import = { .ctl = ctl };
	AUTO_JSON refused = json_array();
	AUTO_BUF text = { 0 };
	const char *path = ctl_word(ctl, 0);

	buf_init(&text, IMPORT_FILE_MAX);
	enum exit_code code = read_file(path, &text);
	if (code != EXIT_DONE)
		return code;
	import.refused = refused;
	csv_init(&import.csv, buf_str(&text));
	code = check_file(path, import.csv, &import.lines);
	if (code == EXIT_DONE)
		code = send_all(&import, path);
	enum exit_code printed = print_result(&import);
	if (code == EXIT_DONE && json_array_size(refused))
		code = EXIT_FAILED;
	return code == EXIT_DONE ? printed : code;
}
