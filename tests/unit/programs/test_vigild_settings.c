/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "programs/program.h"
#include "programs/vigild_settings.h"
#include "tests/unit/unit.h"

#define HELP_LINES_MAX   45
#define HELP_COLUMNS_MAX 100

static enum err read_flags(struct vigild_settings *out, struct why *why, int count,
                           const char *const *flags)
{
	char *words[8] = { (char[]){ "vigild" } };

	for (int i = 0; i < count; i++)
		words[i + 1] = (char *)(uintptr_t)flags[i];
	return vigild_settings_read(count + 1, words, NULL, out, why);
}

#define READ(out, why, ...)                                                         \
	read_flags(out, why, (int)COUNT_OF(((const char *const[]){ __VA_ARGS__ })), \
	           (const char *const[]){ __VA_ARGS__ })

static void assert_defaults(const struct vigild_settings *settings)
{
	assert_string_equal(settings->http, "127.0.0.1:8080");
	assert_string_equal(settings->rtmp, "127.0.0.1:1935");
	assert_string_equal(settings->mqtt, "127.0.0.1:1883");
	assert_string_equal(settings->s3, "127.0.0.1:9000");
	assert_string_equal(settings->bus, "local");
	assert_string_equal(settings->public_http, "");
	assert_int_equal(settings->loops, SETTINGS_AUTO);
	assert_int_equal(settings->live_flush_ms, SETTINGS_AUTO);
	assert_int_equal(settings->command_timeout_ms, 5000);
	assert_int_equal(settings->device_token_s, 3600);
	assert_int_equal(settings->log_level, 1);
	assert_int_equal(settings->log_json, LOG_JSON_AUTO);
	assert_false(settings->allow_plain);
}

static void only_the_data_folder_must_be_given(void **state)
{
	struct vigild_settings settings = { 0 };
	struct why why = { 0 };

	assert_ok(READ(&settings, &why, "--data", "d"));
	assert_string_equal(settings.data, "d");
	assert_defaults(&settings);
	vigild_settings_done(&settings);

	assert_err(READ(&settings, &why, "--allow-plain"), ERR_INVALID);
	assert_string_equal(why.text, "--data: is missing; name the folder that holds everything");
	vigild_settings_done(&settings);
}

static void a_certificate_needs_its_key(void **state)
{
	struct vigild_settings settings = { 0 };
	struct why why = { 0 };

	assert_err(READ(&settings, &why, "--data=d", "--tls-cert=c"), ERR_INVALID);
	vigild_settings_done(&settings);
	assert_err(READ(&settings, &why, "--data=d", "--tls-key=k"), ERR_INVALID);
	vigild_settings_done(&settings);
	assert_ok(READ(&settings, &why, "--data=d", "--tls-cert=c", "--tls-key=k"));
	vigild_settings_done(&settings);
}

static void every_flag_of_the_interface_is_read(void **state)
{
	static const char *const flags[] = {
		"--http=x",         "--rtmp=x",
		"--mqtt=x",         "--s3=x",
		"--public=x",       "--db=x",
		"--bus=x",          "--blob=x",
		"--key-file=x",     "--loops=3",
		"--advertise=x",    "--ready-file=x",
		"--allow-plain",    "--check",
		"--public-http=x",  "--public-rtmp=x",
		"--public-s3=x",    "--config=",
		"--log-level=warn", "--live-flush-ms=0",
		"--log-json=no",    "--allow-outbound=10.0.0.0/8",
	};

	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		struct vigild_settings settings = { 0 };
		struct why why = { 0 };
		if (READ(&settings, &why, "--data=d", flags[i]) != ERR_OK)
			fail_msg("%s: %s", flags[i], why.text);
		vigild_settings_done(&settings);
	}
}

static char *source_path(const char *name, char *out, size_t room)
{
	const char *root = getenv("VIGIL_SOURCE");

	(void)snprintf(out, room, "%s/%s", root ? root : ".", name);
	return out;
}

static void the_example_file_is_what_the_table_says(void **state)
{
	static char text[SETTINGS_FILE_MAX];
	char path[512];
	AUTO_BUF out = { 0 };

	FILE *file = fopen(source_path("etc/vigild.conf.example", path, sizeof path), "re");
	assert_non_null(file);
	size_t size = fread(text, 1, sizeof text, file);
	assert_int_equal(fclose(file), 0);
	buf_init(&out, SETTINGS_FILE_MAX);
	settings_example(&vigild_settings_table, &out);
	assert_ok(buf_err(&out));
	/* After a change of the table: build/vigild --example > etc/vigild.conf.example */
	assert_int_equal(out.size, size);
	assert_memory_equal(out.at, text, size);
}

/* Every line "#name = default" without its '#', so that all are read. */
static void write_uncommented(const char *path)
{
	AUTO_BUF out = { 0 };
	struct str rest, line;
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	buf_init(&out, SETTINGS_FILE_MAX);
	settings_example(&vigild_settings_table, &out);
	rest = buf_str(&out);
	while (str_cut(&rest, '\n', &line)) {
		bool is_setting = str_starts(line, STR("#")) && !str_starts(line, STR("# "));
		(void)fprintf(file, "%.*s\n", STR_ARG(is_setting ? str_from(line, 1) : line));
	}
	assert_int_equal(fclose(file), 0);
}

static void the_example_with_every_line_in_force_is_the_default(void **state)
{
	struct vigild_settings settings = { 0 };
	struct why why = { 0 };
	char path[] = "/tmp/vigild-conf-XXXXXX", flag[64];
	int file = mkstemp(path);

	assert_true(file >= 0);
	write_uncommented(path);
	(void)snprintf(flag, sizeof flag, "--config=%s", path);
	enum err err = READ(&settings, &why, flag, "--data=d");
	(void)remove(path);
	assert_string_equal(why.text, "");
	assert_ok(err);
	assert_defaults(&settings);
	vigild_settings_done(&settings);
}

static void help_fits_a_screen(void **state)
{
	AUTO_BUF out = { 0 };
	struct str rest, line;
	int count = 0;

	buf_init(&out, SETTINGS_FILE_MAX);
	settings_help(&vigild_settings_table, &out);
	rest = buf_str(&out);
	while (str_cut(&rest, '\n', &line)) {
		assert_true(line.size <= HELP_COLUMNS_MAX);
		count++;
	}
	assert_true(count <= HELP_LINES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_data_folder_must_be_given),
		cmocka_unit_test(a_certificate_needs_its_key),
		cmocka_unit_test(every_flag_of_the_interface_is_read),
		cmocka_unit_test(the_example_file_is_what_the_table_says),
		cmocka_unit_test(the_example_with_every_line_in_force_is_the_default),
		cmocka_unit_test(help_fits_a_screen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
