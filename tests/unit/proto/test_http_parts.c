/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks, paths, queries, ranges, cookies, dates and answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/http/answer.h"
#include "proto/http/chunked.h"
#include "proto/http/date.h"
#include "proto/http/fields.h"
#include "proto/http/url.h"
#include "tests/unit/unit.h"

/* Feeds pieces of `step` bytes; *out_used counts what belongs to the body. */
static enum err read_chunks(struct str text, size_t step, struct buf *body, size_t *out_used)
{
	struct http_chunked chunked = { 0 };
	size_t at = 0;

	buf_clear(body);
	for (size_t end = step; at < text.size;) {
		size_t limit = end < text.size ? end : text.size, used = 0;
		struct str piece;
		enum err err = http_chunked_read(&chunked, (const uint8_t *)text.at + at,
		                                 limit - at, &used, &piece);
		if (err != ERR_OK && err != ERR_MORE)
			return err;
		buf_add_str(body, piece);
		at += used;
		*out_used = at;
		if (http_chunked_is_done(&chunked))
			return ERR_OK;
		if (at >= limit)
			end = limit + step;
	}
	return ERR_MORE;
}

static void chunks_are_joined(void **state)
{
	static const char text[] = "5\r\nhello\r\n"
				   "00A;name=\"v\"\r\n, chunked \r\n"
				   "1\r\n!\r\n"
				   "0\r\nX-Trailer: yes\r\n\r\nNEXT";
	AUTO_BUF body = { 0 };
	size_t used;

	buf_init(&body, 1000);
	for (size_t step = 1; step <= sizeof text; step++) {
		assert_ok(read_chunks((struct str){ text, sizeof text - 1 }, step, &body, &used));
		assert_str(buf_str(&body), "hello, chunked !");
		assert_int_equal(used, sizeof text - 1 - 4);
	}
	for (size_t cut = 0; cut < sizeof text - 1 - 4; cut++)
		assert_err(read_chunks((struct str){ text, cut }, 3, &body, &used), ERR_MORE);
}

static void broken_chunks_are_refused(void **state)
{
	static const char *const broken[] = {
		"\r\n",
		"g\r\n",
		"-1\r\nx",
		"+1\r\nx",
		"0x1\r\nx",
		" 1\r\nx",
		"1 \r\nx",
		"1\nx",
		"1\r\nxx\r\n",
		"1\r\nx\n",
		"1\r\nx\r0",
		"1\rx",
		"0\r\n\n",
		"0\r\nA: b\n\r\n",
		"0\r\n A: b\r\n\r\n",
		"1;a\nb\r\nx\r\n",
		"0\r\nA\rB\r\n\r\n",
	};
	AUTO_BUF body = { 0 };
	size_t used;

	buf_init(&body, 1000);
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		assert_err(read_chunks(str_of(broken[i]), 1, &body, &used), ERR_MALFORMED);
		assert_err(read_chunks(str_of(broken[i]), 100, &body, &used), ERR_MALFORMED);
	}
}

static void write_long(struct buf *out, const char *before, char c, size_t count, const char *after)
{
	buf_clear(out);
	buf_add_text(out, before);
	for (size_t i = 0; i < count; i++)
		buf_add_u8(out, (uint8_t)c);
	buf_add_text(out, after);
}

static void chunk_lines_have_limits(void **state)
{
	AUTO_BUF text = { 0 };
	AUTO_BUF body = { 0 };
	size_t used;

	buf_init(&text, 10000);
	buf_init(&body, 1000);
	write_long(&text, "", '0', HTTP_CHUNK_DIGITS_MAX, "\r\n\r\n");
	assert_ok(read_chunks(buf_str(&text), 100, &body, &used));
	write_long(&text, "", '0', HTTP_CHUNK_DIGITS_MAX + 1, "\r\n\r\n");
	assert_err(read_chunks(buf_str(&text), 100, &body, &used), ERR_TOO_LARGE);
	write_long(&text, "0;", 'a', HTTP_CHUNK_EXTENSION_MAX, "\r\n\r\n");
	assert_ok(read_chunks(buf_str(&text), 100, &body, &used));
	write_long(&text, "0;", 'a', HTTP_CHUNK_EXTENSION_MAX + 1, "\r\n\r\n");
	assert_err(read_chunks(buf_str(&text), 100, &body, &used), ERR_TOO_LARGE);
	write_long(&text, "0\r\n", 'a', HTTP_CHUNK_TRAILER_MAX, "\r\n\r\n");
	assert_ok(read_chunks(buf_str(&text), 100, &body, &used));
	write_long(&text, "0\r\n", 'a', HTTP_CHUNK_TRAILER_MAX + 1, "\r\n\r\n");
	assert_err(read_chunks(buf_str(&text), 100, &body, &used), ERR_TOO_LARGE);
}

static void chunk_lines_are_written(void **state)
{
	char line[HTTP_CHUNK_LINE_SIZE];

	assert_str(((struct str){ line, http_chunk_line(1, line) }), "1\r\n");
	assert_str(((struct str){ line, http_chunk_line(0xabc0, line) }), "abc0\r\n");
	assert_str(((struct str){ line, http_chunk_line(SIZE_MAX, line) }), "ffffffffffffffff\r\n");
}

static void paths_are_decoded_once(void **state)
{
	struct arena arena;
	struct str out;

	arena_init(&arena, 10000);
	assert_ok(http_url_path(STR("/v2/devices/a%20b%2525"), &arena, &out));
	assert_str(out, "/v2/devices/a b%25");
	assert_ok(http_url_path(STR("/a/.b/..c/d.."), &arena, &out));
	assert_str(out, "/a/.b/..c/d..");
	arena_done(&arena);
}

static void tricks_in_paths_are_refused(void **state)
{
	static const char *const tricks[] = { "",          "a",       "/..",    "/a/../b", "/.",
		                              "/%2e%2e/b", "/%2E./b", "/a%2fb", "/a%2Fb",  "/a%5cb",
		                              "/a\\b",     "/a%00",   "/a%0ab", "/a%7f",   "/a%",
		                              "/a%1",      "/a%g1",   "/a%1g" };
	struct arena arena;
	struct str out;

	arena_init(&arena, 10000);
	for (size_t i = 0; i < sizeof tricks / sizeof *tricks; i++)
		assert_err(http_url_path(str_of(tricks[i]), &arena, &out), ERR_MALFORMED);
	assert_err(http_url_path((struct str){ "/a\0b", 4 }, &arena, &out), ERR_MALFORMED);
	arena_done(&arena);
}

static void queries_are_searched(void **state)
{
	struct str query = STR("a=1&&b=x+y%26z&c&%64=4&a=2"), out;
	struct arena arena;

	arena_init(&arena, 10000);
	assert_ok(http_query_get(query, "a", &arena, &out));
	assert_str(out, "1");
	assert_ok(http_query_get(query, "b", &arena, &out));
	assert_str(out, "x y&z");
	assert_ok(http_query_get(query, "c", &arena, &out));
	assert_int_equal(out.size, 0);
	assert_ok(http_query_get(query, "d", &arena, &out));
	assert_str(out, "4");
	assert_err(http_query_get(query, "e", &arena, &out), ERR_NOT_FOUND);
	assert_err(http_query_get(STR("a=%zz"), "a", &arena, &out), ERR_MALFORMED);
	assert_err(http_query_get((struct str){ 0 }, "a", &arena, &out), ERR_NOT_FOUND);
	arena_done(&arena);
}

static void text_is_encoded(void **state)
{
	AUTO_BUF out = { 0 };

	buf_init(&out, 100);
	http_url_encode((struct str){ "a/b c~\0", 7 }, "/", &out);
	assert_str(buf_str(&out), "a/b%20c~%00");
}

static void ranges_are_read(void **state)
{
	static const struct {
		const char *field;
		enum err err;
		size_t count;
		struct http_range first, second;
	} cases[] = {
		{ "bytes=0-0", ERR_OK, 1, { 0, 0 }, { 0 } },
		{ "bytes=0-99", ERR_OK, 1, { 0, 99 }, { 0 } },
		{ "bytes=10-", ERR_OK, 1, { 10, 99 }, { 0 } },
		{ "bytes=99-1000", ERR_OK, 1, { 99, 99 }, { 0 } },
		{ "bytes=-1", ERR_OK, 1, { 99, 99 }, { 0 } },
		{ "bytes=-1000", ERR_OK, 1, { 0, 99 }, { 0 } },
		{ "BYTES=1-2, 4-5", ERR_OK, 2, { 1, 2 }, { 4, 5 } },
		{ "bytes=200-, 4-5", ERR_OK, 1, { 4, 5 }, { 0 } },
		{ "bytes=100-", ERR_INVALID, 0, { 0 }, { 0 } },
		{ "bytes=-0", ERR_INVALID, 0, { 0 }, { 0 } },
		{ "bytes=5-4", ERR_NOT_FOUND, 0, { 0 }, { 0 } },
		{ "bytes=", ERR_NOT_FOUND, 0, { 0 }, { 0 } },
		{ "bytes=-", ERR_NOT_FOUND, 0, { 0 }, { 0 } },
		{ "bytes=a-b", ERR_NOT_FOUND, 0, { 0 }, { 0 } },
		{ "bytes=1", ERR_NOT_FOUND, 0, { 0 }, { 0 } },
		{ "lines=1-2", ERR_NOT_FOUND, 0, { 0 }, { 0 } },
		{ "bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0", ERR_OK, 8, { 0, 0 }, { 0, 0 } },
		{ "bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0", ERR_NOT_FOUND, 0, { 0 }, { 0 } },
	};
	struct http_range out[HTTP_RANGES_MAX];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t count = 0;
		assert_err(http_range_read(str_of(cases[i].field), 100, out, &count), cases[i].err);
		assert_int_equal(count, cases[i].count);
		if (count > 0)
			assert_memory_equal(&out[0], &cases[i].first, sizeof *out);
		if (count > 1)
			assert_memory_equal(&out[1], &cases[i].second, sizeof *out);
	}
	size_t count;
	assert_err(http_range_read(STR("bytes=0-"), 0, out, &count), ERR_INVALID);
	assert_err(http_range_read(STR("bytes=-5"), 0, out, &count), ERR_INVALID);
}

static void cookies_are_found(void **state)
{
	struct str field = STR("a=1; vigil_session=\"x=y\";b=2");

	assert_str(http_cookie_get(field, "a"), "1");
	assert_str(http_cookie_get(field, "vigil_session"), "x=y");
	assert_str(http_cookie_get(field, "b"), "2");
	assert_null(http_cookie_get(field, "session").at);
	assert_null(http_cookie_get((struct str){ 0 }, "a").at);
}

static void dates_go_both_ways(void **state)
{
	char text[HTTP_DATE_SIZE];
	int64_t seconds;

	http_date_write(784111777, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_ok(http_date_read(str_of(text), &seconds));
	assert_int_equal(seconds, 784111777);
	http_date_write(951782400, text);
	assert_string_equal(text, "Tue, 29 Feb 2000 00:00:00 GMT");
	assert_err(http_date_read(STR("Mon, 06 Nov 1994 08:49:37 GMT"), &seconds), ERR_INVALID);
	assert_err(http_date_read(STR("Sun, 31 Feb 1994 08:49:37 GMT"), &seconds), ERR_INVALID);
	assert_err(http_date_read(STR("Sun, 06 Nov 1994 08:49:37 UTC"), &seconds), ERR_INVALID);
	assert_err(http_date_read(STR("Sunday, 06-Nov-94 08:49:37 GMT"), &seconds), ERR_INVALID);
	assert_err(http_date_read(STR(""), &seconds), ERR_INVALID);
}

static void answers_are_written(void **state)
{
	AUTO_BUF out = { 0 };

	buf_init(&out, 1000);
	http_answer_status(&out, 204);
	assert_ok(http_answer_field(&out, "ETag", STR("\"x\"")));
	http_answer_length(&out, 0);
	http_answer_length(&out, UINT64_MAX);
	assert_str(buf_str(&out), "HTTP/1.1 204 No Content\r\nETag: \"x\"\r\nContent-Length: 0\r\n"
	                          "Content-Length: 18446744073709551615\r\n");
	assert_string_equal(http_status_text(299), "Unknown");
}

static void answers_cannot_be_split(void **state)
{
	AUTO_BUF out = { 0 };

	buf_init(&out, 1000);
	assert_err(http_answer_field(&out, "A", STR("b\r\nC: d")), ERR_INVALID);
	assert_err(http_answer_field(&out, "A", STR("b\nc")), ERR_INVALID);
	assert_err(http_answer_field(&out, "A", (struct str){ "b\0c", 3 }), ERR_INVALID);
	assert_err(http_answer_field(&out, "A: x\r\nB", STR("c")), ERR_INVALID);
	assert_err(http_answer_field(&out, "", STR("c")), ERR_INVALID);
	assert_int_equal(out.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_joined),
		cmocka_unit_test(broken_chunks_are_refused),
		cmocka_unit_test(chunk_lines_have_limits),
		cmocka_unit_test(chunk_lines_are_written),
		cmocka_unit_test(paths_are_decoded_once),
		cmocka_unit_test(tricks_in_paths_are_refused),
		cmocka_unit_test(queries_are_searched),
		cmocka_unit_test(text_is_encoded),
		cmocka_unit_test(ranges_are_read),
		cmocka_unit_test(cookies_are_found),
		cmocka_unit_test(dates_go_both_ways),
		cmocka_unit_test(answers_are_written),
		cmocka_unit_test(answers_cannot_be_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
