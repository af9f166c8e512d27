/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "tests/unit/unit.h"

/* Standard error goes into a pipe while the log writes; what was written is read back. */
struct capture {
	int saved, pipe[2];
	char text[8192];
};

static void begin(struct capture *capture)
{
	assert_int_equal(pipe(capture->pipe), 0);
	capture->saved = dup(STDERR_FILENO);
	assert_int_equal(dup2(capture->pipe[1], STDERR_FILENO), STDERR_FILENO);
}

static struct str end(struct capture *capture)
{
	assert_int_equal(dup2(capture->saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(capture->saved);
	(void)close(capture->pipe[1]);
	ssize_t size = read(capture->pipe[0], capture->text, sizeof capture->text);
	(void)close(capture->pipe[0]);
	assert_true(size >= 0);
	return (struct str){ capture->text, (size_t)size };
}

static void a_line_has_time_level_program_event_and_facts(void **state)
{
	struct capture capture;

	log_start("vigild", LOG_INFO, false);
	begin(&capture);
	log_info("device.added", "did=%s n=%d", "CAM1", 2);
	struct str line = end(&capture);
	assert_int_equal(line.at[10], 'T');
	assert_true(str_ends(line, STR("Z info  vigild device.added did=CAM1 n=2\n")) ||
	            str_ends(line, STR(" info  vigild device.added did=CAM1 n=2\n")));
}

static void what_is_below_the_level_is_not_written(void **state)
{
	struct capture capture;

	log_start("vigild", LOG_WARN, false);
	begin(&capture);
	log_debug("a", "x");
	log_info("b", "x");
	log_warn("c", "x");
	log_error("d", "x");
	struct str lines = end(&capture), line;
	assert_true(str_cut(&lines, '\n', &line));
	assert_true(str_ends(line, STR("warn  vigild c x")));
	assert_true(str_cut(&lines, '\n', &line));
	assert_true(str_ends(line, STR("error vigild d x")));
	assert_int_equal(lines.size, 0);
	assert_false(log_is_on(LOG_INFO));
	assert_true(log_is_on(LOG_ERROR));
}

static void a_peers_line_feed_makes_no_second_line(void **state)
{
	struct capture capture;

	log_start("vigild", LOG_DEBUG, false);
	begin(&capture);
	log_debug("a", "name=%s", "x\n2026 error forged\x1b[2J\x7f");
	struct str text = end(&capture);
	assert_int_equal(str_index(text, '\n'), text.size - 1);
	assert_true(str_ends(text, STR("name=x\\u000a2026 error forged\\u001b[2J\\u007f\n")));
}

static void the_json_form_reads_back_whatever_was_written(void **state)
{
	struct capture capture;
	AUTO_JSON json = NULL;

	log_start("vigild", LOG_INFO, true);
	begin(&capture);
	log_warn("a.b", "name=%s", "\"x\\\n\t\"");
	struct str text = end(&capture);
	assert_ok(json_read(text, &json, NULL));
	assert_str(json_member_str(json, "level"), "warn");
	assert_str(json_member_str(json, "program"), "vigild");
	assert_str(json_member_str(json, "event"), "a.b");
	assert_str(json_member_str(json, "detail"), "name=\"x\\\n\t\"");
	assert_int_equal(json_member_str(json, "time").size, 24);
}

static void a_line_too_long_is_cut_and_still_ends(void **state)
{
	char name[5000];

	memset(name, '\n', sizeof name);
	name[sizeof name - 1] = '\0';
	for (int is_json = 0; is_json < 2; is_json++) {
		struct capture capture;
		AUTO_JSON json = NULL;
		log_start("vigild", LOG_INFO, is_json);
		begin(&capture);
		log_info("a", "%s", name);
		struct str text = end(&capture);
		assert_true(text.size < 2500);
		assert_int_equal(str_index(text, '\n'), text.size - 1);
		if (is_json)
			assert_ok(json_read(text, &json, NULL));
	}
}

/* A device's name of 4-byte characters may be cut anywhere, and bytes that are no text at all may
 * come from a peer: the line stays JSON. */
static void the_json_form_is_utf8_whatever_a_peer_sent(void **state)
{
	static const char *const bad[] = { "\xff", "a\xc3", "\xe9\x97", "\xed\xa0\x80",
		                           "\xc0\xaf" };
	char name[2000] = "";

	for (size_t i = 0; i < 400; i++)
		memcpy(name + 4 * i, "\xf0\x9f\x8e\xa5", 5);
	log_start("vigild", LOG_INFO, true);
	for (size_t i = 0; i < COUNT_OF(bad) + 4; i++) {
		struct capture capture;
		AUTO_JSON json = NULL;
		begin(&capture);
		if (i < COUNT_OF(bad))
			log_info("a", "name=%s", bad[i]);
		else
			log_info("a", "%.*s%s", (int)(i - COUNT_OF(bad)), "xxxx", name);
		assert_ok(json_read(end(&capture), &json, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_time_level_program_event_and_facts),
		cmocka_unit_test(what_is_below_the_level_is_not_written),
		cmocka_unit_test(a_peers_line_feed_makes_no_second_line),
		cmocka_unit_test(the_json_form_reads_back_whatever_was_written),
		cmocka_unit_test(a_line_too_long_is_cut_and_still_ends),
		cmocka_unit_test(the_json_form_is_utf8_whatever_a_peer_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
