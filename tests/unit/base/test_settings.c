/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "base/settings.h"
#include "tests/unit/unit.h"

struct some_settings {
	char *http, *config;
	int64_t loops, flush_ms;
	bool allow_plain, check;
	int level;
	struct settings_list outbound;
};

#define AT(member) offsetof(struct some_settings, member)

/* clang-format off */
static const struct setting rows[] = {
	{ SETTING_TEXT,   "http",           "ADDR:PORT",  "127.0.0.1:8080", "the web's door", AT(http), 0, 0 },
	{ SETTING_TEXT,   "config",         "FILE",       "",     "the file",      AT(config),      0, 0 },
	{ SETTING_INT,    "loops",          "N",          "2",    "loop threads",  AT(loops),       1, 64 },
	{ SETTING_AUTO,   "live.flush_ms",  "N",          "auto", "gathered [ms]", AT(flush_ms),    0, 200 },
	{ SETTING_BOOL,   "allow_plain",    "",           "no",   "without TLS",   AT(allow_plain), 0, 0 },
	{ SETTING_BOOL,   "check",          "",           "no",   "only look",     AT(check),       0, 0 },
	{ SETTING_CHOICE, "log.level",      "info|warn",  "info", "it's the least", AT(level),      0, 0 },
	{ SETTING_LIST,   "allow_outbound", "CIDR",       "",     "may be called", AT(outbound),    0, 0 },
};
/* clang-format on */

static const struct settings_table table = {
	.program = "some",
	.summary = "a program",
	.version = "1.2 abc",
	.prefix = "SOME_",
	.rows = rows,
	.row_count = COUNT_OF(rows),
};

#define WORDS_MAX 80

struct fixture {
	struct some_settings settings;
	struct why why;
	char path[64];
};

/* Reads `line` (words separated by blanks) after the program's name. */
static enum err read_words(struct fixture *fixture, const char *line, char *const *environment)
{
	char copy[4 * SETTINGS_TEXT_MAX], *words[WORDS_MAX] = { (char[]){ "some" } };
	struct str rest, word;
	int count = 1;

	settings_done(&table, &fixture->settings);
	fixture->settings = (struct some_settings){ 0 };
	fixture->why = (struct why){ 0 };
	assert_ok(str_copy(str_of(line), copy, sizeof copy));
	rest = str_of(copy);
	while (rest.size && str_cut(&rest, ' ', &word)) {
		copy[word.at + word.size - copy] = '\0';
		words[count++] = copy + (word.at - copy);
	}
	return settings_read(&table, count, words, environment, &fixture->settings, &fixture->why);
}

static void write_file(struct fixture *fixture, const char *text, size_t size)
{
	FILE *file = fopen(fixture->path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static enum err read_file_text(struct fixture *fixture, const char *text)
{
	char line[80];

	write_file(fixture, text, strlen(text));
	(void)snprintf(line, sizeof line, "--config %s", fixture->path);
	return read_words(fixture, line, NULL);
}

/* The error's words without the temporary file's name in front. */
static const char *after_path(const struct fixture *fixture)
{
	size_t size = strlen(fixture->path);

	assert_int_equal(strncmp(fixture->why.text, fixture->path, size), 0);
	return fixture->why.text + size;
}

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	int file;

	if (!fixture)
		return -1;
	(void)snprintf(fixture->path, sizeof fixture->path, "/tmp/vigil-settings-XXXXXX");
	if ((file = mkstemp(fixture->path)) < 0) {
		free(fixture);
		return -1;
	}
	(void)close(file);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	(void)unlink(fixture->path);
	settings_done(&table, &fixture->settings);
	free(fixture);
	return 0;
}

static void without_any_source_the_defaults_hold(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(read_words(fixture, "", NULL));
	assert_string_equal(fixture->settings.http, "127.0.0.1:8080");
	assert_int_equal(fixture->settings.loops, 2);
	assert_int_equal(fixture->settings.flush_ms, SETTINGS_AUTO);
	assert_false(fixture->settings.allow_plain);
	assert_int_equal(fixture->settings.level, 0);
	assert_int_equal(fixture->settings.outbound.count, 0);
}

static void a_flag_beats_the_environment_and_that_the_file_and_that_the_default(void **state)
{
	struct fixture *fixture = *state;
	char config[80], *environment[] = { config, (char[]){ "SOME_LOOPS=4" },
		                            (char[]){ "SOME_LIVE_FLUSH_MS=40" }, NULL };
	const char *text = "loops = 3\nlive.flush_ms = 30\nlog.level = warn\n";

	(void)snprintf(config, sizeof config, "SOME_CONFIG=%s", fixture->path);
	write_file(fixture, text, strlen(text));
	assert_ok(read_words(fixture, "--loops 5", environment));
	assert_int_equal(fixture->settings.loops, 5);
	assert_int_equal(fixture->settings.flush_ms, 40);
	assert_int_equal(fixture->settings.level, 1);
	assert_string_equal(fixture->settings.http, "127.0.0.1:8080");
}

static void an_empty_value_is_a_value(void **state)
{
	struct fixture *fixture = *state;
	char *environment[] = { (char[]){ "SOME_HTTP=" }, NULL };

	assert_ok(read_words(fixture, "--http=", NULL));
	assert_string_equal(fixture->settings.http, "");
	assert_ok(read_words(fixture, "", environment));
	assert_string_equal(fixture->settings.http, "");
	assert_ok(read_file_text(fixture, "http =\n"));
	assert_string_equal(fixture->settings.http, "");
}

static void both_forms_of_a_flag_and_all_words_of_a_claim_are_read(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(read_words(fixture, "--http=[::1]:0 --allow-plain --check", NULL));
	assert_string_equal(fixture->settings.http, "[::1]:0");
	assert_true(fixture->settings.allow_plain);
	assert_true(fixture->settings.check);
	assert_ok(read_words(fixture, "--allow-plain --allow-plain=no", NULL));
	assert_false(fixture->settings.allow_plain);
	assert_err(read_words(fixture, "--allow-plain=maybe", NULL), ERR_INVALID);
	assert_string_equal(fixture->why.text, "--allow-plain: maybe is not yes or no");
}

static void numbers_at_their_limit_are_taken_and_past_it_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(read_words(fixture, "--loops 1", NULL));
	assert_ok(read_words(fixture, "--loops 64", NULL));
	assert_err(read_words(fixture, "--loops 0", NULL), ERR_INVALID);
	assert_string_equal(fixture->why.text, "--loops: 0 is not in 1..64");
	assert_err(read_words(fixture, "--loops 65", NULL), ERR_INVALID);
	assert_err(read_words(fixture, "--loops auto", NULL), ERR_INVALID);
	assert_err(read_words(fixture, "--loops=", NULL), ERR_INVALID);
	assert_ok(read_words(fixture, "--live-flush-ms 200", NULL));
	assert_ok(read_words(fixture, "--live-flush-ms auto", NULL));
	assert_err(read_words(fixture, "--live-flush-ms 201", NULL), ERR_INVALID);
	assert_string_equal(fixture->why.text, "--live-flush-ms: 201 is not auto or in 0..200");
}

static void a_wrong_value_is_an_error_even_where_a_higher_source_wins(void **state)
{
	struct fixture *fixture = *state;
	char *environment[] = { (char[]){ "SOME_LOOPS=many" }, NULL };

	assert_err(read_words(fixture, "--loops 5", environment), ERR_INVALID);
	assert_string_equal(fixture->why.text, "SOME_LOOPS: many is not in 1..64");
}

static void unknown_names_are_errors_that_say_where(void **state)
{
	struct fixture *fixture = *state;

	assert_err(read_words(fixture, "--htpp x", NULL), ERR_INVALID);
	assert_string_equal(fixture->why.text, "--htpp is unknown; see --help");
	assert_err(read_words(fixture, "http", NULL), ERR_INVALID);
	assert_err(read_words(fixture, "--live.flush_ms 5", NULL), ERR_INVALID);
	assert_err(read_file_text(fixture, "# first\n\nhtpp = x\n"), ERR_INVALID);
	assert_string_equal(after_path(fixture), ":3: htpp: is unknown; see --example");
	assert_err(read_words(fixture, "--log-level loud", NULL), ERR_INVALID);
	assert_string_equal(fixture->why.text, "--log-level: loud is not one of info|warn");
}

static void a_flag_without_its_value_is_an_error(void **state)
{
	struct fixture *fixture = *state;

	assert_err(read_words(fixture, "--http", NULL), ERR_INVALID);
	assert_string_equal(fixture->why.text, "--http: needs a value: ADDR:PORT");
	assert_err(read_words(fixture, "--http --check", NULL), ERR_INVALID);
}

static void a_file_is_read_line_by_line(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(read_file_text(fixture, "\n  # a comment\r\nhttp=a#b=c\r\n\tloops = 7 \n"
	                                  "allow_outbound = 10.0.0.0/8\nallow_outbound = ::1/128"));
	assert_string_equal(fixture->settings.http, "a#b=c");
	assert_int_equal(fixture->settings.loops, 7);
	assert_int_equal(fixture->settings.outbound.count, 2);
}

static void a_files_faults_are_named_by_line(void **state)
{
	struct fixture *fixture = *state;

	assert_err(read_file_text(fixture, "\n\nloops = 0\n"), ERR_INVALID);
	assert_string_equal(after_path(fixture), ":3: loops: 0 is not in 1..64");
	assert_err(read_file_text(fixture, "loops\n"), ERR_INVALID);
	assert_string_equal(after_path(fixture), ":1: loops: has no '='");
	assert_err(read_file_text(fixture, "loops = 1\nloops = 2\n"), ERR_INVALID);
	assert_string_equal(after_path(fixture), ":2: loops: is set twice");
	assert_err(read_file_text(fixture, "config = other\n"), ERR_INVALID);
	assert_err(read_file_text(fixture, "check = yes\n"), ERR_INVALID);
	assert_string_equal(after_path(fixture), ":1: check: cannot stand in a file");
	assert_err(read_words(fixture, "--config /nowhere/at.all", NULL), ERR_NOT_FOUND);
	assert_string_equal(fixture->why.text, "/nowhere/at.all: No such file or directory");
}

static void a_list_grows_within_a_source_and_is_replaced_by_a_higher_one(void **state)
{
	struct fixture *fixture = *state;
	char *environment[] = { (char[]){ "SOME_ALLOW_OUTBOUND=a, b,,c" }, NULL };

	assert_ok(read_words(fixture, "", environment));
	assert_int_equal(fixture->settings.outbound.count, 3);
	assert_string_equal(fixture->settings.outbound.items[1], "b");
	assert_ok(read_words(fixture, "--allow-outbound x --allow-outbound=y", environment));
	assert_int_equal(fixture->settings.outbound.count, 2);
	assert_string_equal(fixture->settings.outbound.items[0], "x");
	assert_ok(read_words(fixture, "--allow-outbound=", environment));
	assert_int_equal(fixture->settings.outbound.count, 0);
}

static void a_list_at_its_limit_is_taken_and_past_it_refused(void **state)
{
	struct fixture *fixture = *state;
	char line[32 + 2 * (SETTINGS_LIST_MAX + 1)] = "--allow-outbound=";
	size_t at = strlen(line);

	for (int i = 0; i < SETTINGS_LIST_MAX; i++, at += 2)
		memcpy(line + at, "a,", 3);
	assert_ok(read_words(fixture, line, NULL));
	assert_int_equal(fixture->settings.outbound.count, SETTINGS_LIST_MAX);
	memcpy(line + at, "a", 2);
	assert_err(read_words(fixture, line, NULL), ERR_TOO_LARGE);
}

static void a_text_at_its_limit_is_taken_and_past_it_refused(void **state)
{
	struct fixture *fixture = *state;
	char line[SETTINGS_TEXT_MAX + 32] = "--http=";
	size_t at = strlen(line);

	memset(line + at, 'a', SETTINGS_TEXT_MAX);
	assert_ok(read_words(fixture, line, NULL));
	assert_int_equal(strlen(fixture->settings.http), SETTINGS_TEXT_MAX);
	line[at + SETTINGS_TEXT_MAX] = 'a';
	assert_err(read_words(fixture, line, NULL), ERR_TOO_LARGE);
}

static void a_file_at_its_limit_is_read_and_past_it_refused(void **state)
{
	struct fixture *fixture = *state;
	static char text[SETTINGS_FILE_MAX + 2];

	memset(text, '\n', SETTINGS_FILE_MAX + 1);
	text[SETTINGS_FILE_MAX] = '\0';
	assert_ok(read_file_text(fixture, text));
	text[SETTINGS_FILE_MAX] = '\n';
	assert_err(read_file_text(fixture, text), ERR_TOO_LARGE);
}

static void answer(const char *flag, const char *value, struct buf *out)
{
	char *words[] = { (char[]){ "some" }, (char *)(uintptr_t)flag, (char *)(uintptr_t)value };

	buf_init(out, 16384);
	assert_true(settings_answer(&table, value ? 3 : 2, words, out));
	assert_ok(buf_err(out));
	buf_add_u8(out, '\0');
}

static void help_lists_settings_without_a_dot(void **state)
{
	AUTO_BUF out = { 0 };

	answer("--help", NULL, &out);
	assert_non_null(strstr((char *)out.at, "--http ADDR:PORT"));
	assert_non_null(strstr((char *)out.at, "the web's door (127.0.0.1:8080)\n"));
	assert_null(strstr((char *)out.at, "--log-level"));
}

static void version_names_program_and_build(void **state)
{
	AUTO_BUF out = { 0 };

	answer("--version", NULL, &out);
	assert_string_equal((char *)out.at, "some 1.2 abc\n");
}

static void completion_knows_every_flag_in_each_shell(void **state)
{
	AUTO_BUF bash = { 0 };
	AUTO_BUF zsh = { 0 };
	AUTO_BUF fish = { 0 };
	AUTO_BUF csh = { 0 };

	answer("--completion=bash", NULL, &bash);
	assert_non_null(strstr((char *)bash.at, " --log-level "));
	answer("--completion", "zsh", &zsh);
	assert_non_null(
		strstr((char *)zsh.at, "'--log-level[it'\\''s the least]:value:(info warn)'"));
	assert_non_null(strstr((char *)zsh.at, "'--live-flush-ms[gathered \\[ms\\]]:N:_files'"));
	answer("--completion", "fish", &fish);
	assert_non_null(strstr((char *)fish.at, "-l log-level -r -f -a 'info warn' -d 'it'\\''s"));
	answer("--completion", "csh", &csh);
	assert_non_null(strstr((char *)csh.at, "is not one of bash|zsh|fish"));
}

static void ordinary_flags_ask_for_no_words(void **state)
{
	char *words[] = { (char[]){ "some" }, (char[]){ "--http" }, (char[]){ "x" } };
	AUTO_BUF out = { 0 };

	assert_false(settings_answer(&table, 3, words, &out));
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(without_any_source_the_defaults_hold),
		WITH_FILE(a_flag_beats_the_environment_and_that_the_file_and_that_the_default),
		WITH_FILE(an_empty_value_is_a_value),
		WITH_FILE(both_forms_of_a_flag_and_all_words_of_a_claim_are_read),
		WITH_FILE(numbers_at_their_limit_are_taken_and_past_it_refused),
		WITH_FILE(a_wrong_value_is_an_error_even_where_a_higher_source_wins),
		WITH_FILE(unknown_names_are_errors_that_say_where),
		WITH_FILE(a_flag_without_its_value_is_an_error),
		WITH_FILE(a_file_is_read_line_by_line),
		WITH_FILE(a_files_faults_are_named_by_line),
		WITH_FILE(a_list_grows_within_a_source_and_is_replaced_by_a_higher_one),
		WITH_FILE(a_list_at_its_limit_is_taken_and_past_it_refused),
		WITH_FILE(a_text_at_its_limit_is_taken_and_past_it_refused),
		WITH_FILE(a_file_at_its_limit_is_read_and_past_it_refused),
		cmocka_unit_test(help_lists_settings_without_a_dot),
		cmocka_unit_test(version_names_program_and_build),
		cmocka_unit_test(completion_knows_every_flag_in_each_shell),
		cmocka_unit_test(ordinary_flags_ask_for_no_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
