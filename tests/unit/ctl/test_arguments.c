/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "ctl/arguments.h"
#include "ctl/commands/commands.h"
#include "tests/unit/unit.h"

#define READ(out, why, ...)                                                                \
	({                                                                                 \
		char *argv_[] = { (char *)(uintptr_t) "vigil", __VA_ARGS__ };              \
		arguments_read(commands_all(), (int)COUNT_OF(argv_), argv_, (out), (why)); \
	})
#define W(text) (char *)(uintptr_t)(text)

static void options_may_stand_anywhere(void **state)
{
	struct arguments out;

	assert_ok(READ(&out, NULL, W("--json"), W("device"), W("--url=http://h"), W("list"),
	               W("-q"), W("gate"), W("--online")));

	assert_string_equal(out.command->name, "device list");
	assert_int_equal(out.word_count, 0);
	assert_string_equal(arguments_option(&out, "json"), "");
	assert_string_equal(arguments_option(&out, "url"), "http://h");
	assert_string_equal(arguments_option(&out, "query"), "gate");
	assert_non_null(arguments_option(&out, "online"));
	assert_null(arguments_option(&out, "token"));
}

static void words_follow_the_command(void **state)
{
	struct arguments out;

	assert_ok(READ(&out, NULL, W("action"), W("CAM1"), W("ptz.start"), W("direction=2"),
	               W("--timeout"), W("500"), W("--"), W("--speed=1")));

	assert_string_equal(out.command->name, "action");
	assert_int_equal(out.word_count, 4);
	assert_string_equal(out.words[3], "--speed=1");
}

static void mistakes_are_named(void **state)
{
	static const struct {
		char *words[4];
		const char *text;
	} cases[] = {
		{ { W("fly") }, "there is no command 'fly'" },
		{ { W("device") }, "'device' needs a second word" },
		{ { W("device"), W("fly") }, "there is no command 'device fly'" },
		{ { W("device"), W("show") }, "missing: DID" },
		{ { W("status"), W("now") }, "one word too many: 'now'" },
		{ { W("status"), W("--online") }, "unknown option '--online'" },
		{ { W("status"), W("-x") }, "unknown option '-x'" },
		{ { W("status"), W("--url") }, "--url needs a value: URL" },
		{ { W("status"), W("--json=1") }, "--json takes no value" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct arguments out;
		struct why why = { 0 };
		char *argv[5] = { W("vigil") };
		int argc = 1;
		while (argc < 5 && cases[i].words[argc - 1]) {
			argv[argc] = cases[i].words[argc - 1];
			argc++;
		}
		assert_err(arguments_read(commands_all(), argc, argv, &out, &why), ERR_INVALID);
		assert_string_equal(why.text, cases[i].text);
	}
}

static void an_unknown_option_does_not_repeat_its_value(void **state)
{
	struct arguments out;
	struct why why = { 0 };

	assert_err(READ(&out, &why, W("status"), W("--tokn=secret")), ERR_INVALID);

	assert_string_equal(why.text, "unknown option '--tokn'");
}

static void words_at_the_limit_are_taken_and_one_more_is_refused(void **state)
{
	char *argv[ARGUMENTS_WORDS_MAX + 3] = { W("vigil"), W("action") };
	struct arguments out;

	for (size_t i = 2; i < COUNT_OF(argv); i++)
		argv[i] = W("a=b");
	assert_ok(arguments_read(commands_all(), ARGUMENTS_WORDS_MAX + 2, argv, &out, NULL));
	assert_int_equal(out.word_count, ARGUMENTS_WORDS_MAX);
	assert_err(arguments_read(commands_all(), ARGUMENTS_WORDS_MAX + 3, argv, &out, NULL),
	           ERR_TOO_LARGE);
}

static void options_at_the_limit_are_taken_and_one_more_is_refused(void **state)
{
	char *argv[ARGUMENTS_OPTIONS_MAX + 3] = { W("vigil"), W("status") };
	struct arguments out;

	for (size_t i = 2; i < COUNT_OF(argv); i++)
		argv[i] = W("--json");
	assert_ok(arguments_read(commands_all(), ARGUMENTS_OPTIONS_MAX + 2, argv, &out, NULL));
	assert_err(arguments_read(commands_all(), ARGUMENTS_OPTIONS_MAX + 3, argv, &out, NULL),
	           ERR_TOO_LARGE);
}

static void numbers_at_their_limits_are_taken_and_past_them_refused(void **state)
{
	struct arguments out;
	struct why why = { 0 };
	int64_t value = 0;

	assert_ok(READ(&out, NULL, W("play-url"), W("C"), W("--expires"), W("60")));
	assert_ok(arguments_number(&out, "expires", 60, 86400, 900, &value, NULL));
	assert_int_equal(value, 60);
	assert_ok(READ(&out, NULL, W("play-url"), W("C"), W("--expires"), W("59")));
	assert_err(arguments_number(&out, "expires", 60, 86400, 900, &value, &why), ERR_INVALID);
	assert_string_equal(why.text, "--expires: '59' is not in 60..86400");
	assert_ok(READ(&out, NULL, W("play-url"), W("C")));
	assert_ok(arguments_number(&out, "expires", 60, 86400, 900, &value, NULL));
	assert_int_equal(value, 900);
}

static void no_option_of_a_command_hides_a_global_one(void **state)
{
	const struct commands *all = commands_all();

	for (size_t i = 0; i < all->count; i++)
		for (const struct option_row *own = all->rows[i].options; own && own->name; own++)
			for (const struct option_row *row = all->options; row->name; row++) {
				assert_string_not_equal(own->name, row->name);
				assert_false(own->letter && own->letter == row->letter);
			}
}

static void the_manual_names_every_command_and_option(void **state)
{
	const struct commands *all = commands_all();
	AUTO_BUF out = { 0 };

	buf_init(&out, 256 * 1024);
	manual_write(all, &out);
	buf_add_u8(&out, '\0');
	assert_ok(buf_err(&out));

	for (size_t i = 0; i < all->count; i++)
		assert_non_null(strstr((char *)out.at, all->rows[i].words));
	assert_non_null(strstr((char *)out.at, ".SS vigil device list [\\-\\-online] "));
	assert_non_null(
		strstr((char *)out.at, "\\fB\\-\\-sign\\-policy\\fR \\fItimestamp|any|hmac\\fR"));
	assert_null(strstr((char *)out.at, "\n'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_stand_anywhere),
		cmocka_unit_test(words_follow_the_command),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(an_unknown_option_does_not_repeat_its_value),
		cmocka_unit_test(words_at_the_limit_are_taken_and_one_more_is_refused),
		cmocka_unit_test(options_at_the_limit_are_taken_and_one_more_is_refused),
		cmocka_unit_test(numbers_at_their_limits_are_taken_and_past_them_refused),
		cmocka_unit_test(no_option_of_a_command_hides_a_global_one),
		cmocka_unit_test(the_manual_names_every_command_and_option),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
