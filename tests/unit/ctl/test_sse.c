/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/text/sse.h"
#include "tests/unit/unit.h"

/* Events as "type|cursor|text;" one behind the other. */
static void note_event(void *owner, const struct sse_event *event)
{
	struct buf *notes = owner;

	buf_printf(notes, "%.*s|%.*s|", STR_ARG(event->type), STR_ARG(event->cursor));
	buf_add_str(notes, event->text);
	buf_add_text(notes, ";");
}

/* clang-format off */
static const struct {
	const char *stream, *events;
} cases[] = {
	{ "data: a\n\n",                              "message||a;" },
	{ "id: 7\nevent: t\ndata: a\n\n",             "t|7|a;" },
	{ "id: 7\r\nevent: t\r\ndata: a\r\n\r\n",     "t|7|a;" },
	{ "id: 7\revent: t\rdata: a\r\r",             "t|7|a;" },
	{ "data: a\ndata: b\n\n",                     "message||a\nb;" },
	{ "data:a\n\ndata:  b\n\n",                   "message||a;message|| b;" },
	{ ": a comment\n\n",                          "" },
	{ "event: t\n\ndata: a\n\n",                  "message||a;" },
	{ "id: 7\n\ndata: a\n\n",                     "message|7|a;" },
	{ "id: 7\ndata: a\n\nid\ndata: b\n\n",        "message|7|a;message||b;" },
	{ "data\n\n",                                 "message||;" },
	{ "data: never ended",                        "" },
	{ "\xef\xbb\xbf" "data: a\n\n",               "message||a;" },
	{ "unknown: x\ndata: a\n\n",                  "message||a;" },
};
/* clang-format on */

static void every_case_reads_alike_whole_and_byte_by_byte(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str stream = str_of(cases[i].stream);
		for (size_t step = stream.size; step > 0; step = step > 1 ? 1 : 0) {
			AUTO_BUF notes = { 0 };
			struct sse sse;
			sse_init(&sse);
			buf_init(&notes, 1024);
			for (size_t at = 0; at < stream.size; at += step)
				assert_ok(sse_feed(&sse, (struct str){ stream.at + at, step },
				                   note_event, &notes));
			assert_str(buf_str(&notes), cases[i].events);
			sse_done(&sse);
		}
	}
}

static void a_restart_forgets_half_an_event_and_keeps_the_cursor(void **state)
{
	AUTO_BUF notes = { 0 };
	struct sse sse;

	sse_init(&sse);
	buf_init(&notes, 1024);
	assert_ok(sse_feed(&sse, STR("id: 5\ndata: a\n\nid: 6\ndata: half"), note_event, &notes));
	sse_restart(&sse);
	assert_ok(sse_feed(&sse, STR("data: b\n\n"), note_event, &notes));

	assert_str(buf_str(&notes), "message|5|a;message|5|b;");
	sse_done(&sse);
}

static void the_wait_a_stream_asks_for_is_kept(void **state)
{
	struct sse sse;

	sse_init(&sse);
	assert_ok(sse_feed(&sse, STR("retry: 2500\nretry: soon\n"), note_event, NULL));
	assert_int_equal(sse.retry_ms, 2500);
	sse_done(&sse);
}

static enum err feed_line(struct sse *sse, const char *start, size_t size)
{
	enum err err = sse_feed(sse, str_of(start), note_event, NULL);

	for (size_t i = strlen(start); i < size && err == ERR_OK; i++)
		err = sse_feed(sse, STR("x"), note_event, NULL);
	return err;
}

static void a_line_at_its_limit_is_taken_and_one_more_byte_is_refused(void **state)
{
	struct sse sse;

	sse_init(&sse);
	assert_ok(feed_line(&sse, "data:", SSE_LINE_MAX));
	assert_err(sse_feed(&sse, STR("x"), note_event, NULL), ERR_TOO_LARGE);
	assert_err(sse_feed(&sse, STR("\n"), note_event, NULL), ERR_TOO_LARGE);
	sse_done(&sse);
}

static void a_text_at_its_limit_is_taken_and_one_more_byte_is_refused(void **state)
{
	AUTO_BUF notes = { 0 };
	struct sse sse;

	sse_init(&sse);
	buf_init(&notes, SSE_TEXT_MAX + 64);
	assert_ok(feed_line(&sse, "data:", SSE_LINE_MAX));
	assert_ok(sse_feed(&sse, STR("\ndata:abcd"), note_event, NULL));
	assert_ok(sse_feed(&sse, STR("\n\n"), note_event, &notes));
	assert_int_equal(notes.size, SSE_TEXT_MAX + strlen("message||;"));

	assert_ok(feed_line(&sse, "data:", SSE_LINE_MAX));
	assert_ok(sse_feed(&sse, STR("\ndata:abcde"), note_event, NULL));
	assert_err(sse_feed(&sse, STR("\n"), note_event, NULL), ERR_TOO_LARGE);
	sse_done(&sse);
}

static void a_cursor_at_its_limit_is_kept_and_a_longer_one_ignored(void **state)
{
	struct sse sse;

	sse_init(&sse);
	assert_ok(feed_line(&sse, "id:", SSE_CURSOR_MAX + 3));
	assert_ok(sse_feed(&sse, STR("\n\n"), note_event, NULL));
	assert_int_equal(strlen(sse.cursor), SSE_CURSOR_MAX);
	assert_ok(feed_line(&sse, "id:y", SSE_CURSOR_MAX + 4));
	assert_ok(sse_feed(&sse, STR("\n\n"), note_event, NULL));
	assert_int_equal(sse.cursor[0], 'x');
	sse_done(&sse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_reads_alike_whole_and_byte_by_byte),
		cmocka_unit_test(a_restart_forgets_half_an_event_and_keeps_the_cursor),
		cmocka_unit_test(the_wait_a_stream_asks_for_is_kept),
		cmocka_unit_test(a_line_at_its_limit_is_taken_and_one_more_byte_is_refused),
		cmocka_unit_test(a_text_at_its_limit_is_taken_and_one_more_byte_is_refused),
		cmocka_unit_test(a_cursor_at_its_limit_is_kept_and_a_longer_one_ignored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
