/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/http/head.h"
#include "tests/unit/unit.h"

static const struct http_limits no_limits;

/* Reads it three ways; all must agree on the verdict. */
static enum err read_all_ways(struct str text, struct http_head *head)
{
	const uint8_t *bytes = (const uint8_t *)text.at;
	size_t size = 0;
	enum err whole = http_head_read(bytes, text.size, &no_limits, head, &size);
	int status = whole == ERR_OK ? 0 : head->status;

	/* Byte by byte, with one scan that remembers. */
	struct http_scan scan = { 0 };
	enum err piecewise = ERR_MORE;
	for (size_t i = 1; i <= text.size && piecewise == ERR_MORE; i++)
		piecewise = http_head_find(bytes, i, &no_limits, &scan, &size, &head->status);
	if (piecewise == ERR_OK)
		piecewise = http_head_parse(bytes, size, &no_limits, head);
	assert_int_equal(piecewise, whole);

	/* Cut at every point: never accepted early, the same refusal or a wish for more. */
	for (size_t cut = 0; cut < text.size; cut++) {
		uint8_t *part = malloc(cut + 1);
		assert_non_null(part);
		memcpy(part, bytes, cut);
		enum err err = http_head_read(part, cut, &no_limits, head, &size);
		if (whole == ERR_OK)
			assert_true(err == ERR_MORE || size <= cut);
		else
			assert_true(err == ERR_MORE || err == whole);
		free(part);
	}
	(void)http_head_read(bytes, text.size, &no_limits, head, &size);
	head->status = status;
	return whole;
}

static void a_plain_request_is_read(void **state)
{
	struct http_head head;

	assert_ok(read_all_ways(STR("GET /v2/devices?limit=10&q= HTTP/1.1\r\n"
	                            "Host: example.org:8080\r\n"
	                            "Accept: */*\r\n"
	                            "X-Empty:\r\n"
	                            "\r\n"),
	                        &head));

	assert_int_equal(head.method, HTTP_GET);
	assert_int_equal(head.minor, 1);
	assert_str(head.target, "/v2/devices?limit=10&q=");
	assert_str(head.path, "/v2/devices");
	assert_str(head.query, "limit=10&q=");
	assert_str(head.host, "example.org:8080");
	assert_int_equal(head.header_count, 3);
	assert_str(http_head_get(&head, "aCCept"), "*/*");
	assert_non_null(http_head_get(&head, "X-Empty").at);
	assert_null(http_head_get(&head, "X-None").at);
	assert_int_equal(head.content_length, -1);
	assert_true(head.is_keep_alive);
	assert_false(head.is_chunked);
	assert_false(head.is_continue_expected);
}

static void the_rest_behind_a_head_is_left(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next";
	struct http_head head;
	size_t size;

	assert_ok(http_head_read((const uint8_t *)text, sizeof text - 1, &no_limits, &head, &size));

	assert_int_equal(size, sizeof text - 1 - 9);
}

static void what_fields_say_is_understood(void **state)
{
	struct http_head head;

	assert_ok(read_all_ways(STR("POST /u HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n"
	                            "Expect: 100-Continue\r\nConnection: foo, Close\r\n\r\n"),
	                        &head));
	assert_int_equal(head.content_length, 17);
	assert_true(head.is_continue_expected);
	assert_false(head.is_keep_alive);

	assert_ok(read_all_ways(STR("PUT /u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n"
	                            "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
	                        &head));
	assert_true(head.is_chunked);
	assert_str(head.upgrade, "websocket");

	assert_ok(read_all_ways(STR("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"),
	                        &head));
	assert_int_equal(head.upgrade.size, 0);
}

static void http_1_0_closes_unless_asked(void **state)
{
	struct http_head head;

	assert_ok(read_all_ways(STR("GET / HTTP/1.0\r\n\r\n"), &head));
	assert_int_equal(head.minor, 0);
	assert_false(head.is_keep_alive);
	assert_int_equal(head.host.size, 0);
	assert_ok(read_all_ways(STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), &head));
	assert_true(head.is_keep_alive);
	assert_ok(read_all_ways(STR("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"), &head));
	assert_false(head.is_continue_expected);
}

static void an_absolute_target_wins_over_host(void **state)
{
	struct http_head head;

	assert_ok(read_all_ways(STR("GET http://one.example:81/p?q HTTP/1.1\r\nHost: two\r\n\r\n"),
	                        &head));
	assert_str(head.host, "one.example:81");
	assert_str(head.path, "/p");
	assert_str(head.query, "q");
	assert_ok(read_all_ways(STR("GET HTTPS://one?q HTTP/1.1\r\nHost: two\r\n\r\n"), &head));
	assert_str(head.path, "/");
	assert_str(head.query, "q");
	assert_ok(read_all_ways(STR("OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), &head));
	assert_str(head.path, "*");
}

static void one_empty_line_in_front_is_skipped(void **state)
{
	struct http_head head;

	assert_ok(read_all_ways(STR("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), &head));
	assert_err(read_all_ways(STR("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), &head),
	           ERR_MALFORMED);
}

#define LINE "GET / HTTP/1.1\r\nHost: a\r\n"

static const struct {
	struct str text;
	int status;
} refused[] = {
#define X(status, text)                            \
	{                                          \
		{ text, sizeof(text) - 1 }, status \
	}
	/* lengths and codings */
	X(400, LINE "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
	X(400, LINE "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
	X(400, LINE "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
	X(400, LINE "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
	X(400, LINE "Content-Length: 1, 1\r\n\r\n"),
	X(400, LINE "Content-Length: +1\r\n\r\n"),
	X(400, LINE "Content-Length: -1\r\n\r\n"),
	X(400, LINE "Content-Length: 0x1\r\n\r\n"),
	X(400, LINE "Content-Length: 1 2\r\n\r\n"),
	X(400, LINE "Content-Length:\r\n\r\n"),
	X(400, LINE "Content-Length: 9223372036854775808\r\n\r\n"),
	X(400, LINE "Content-Length: 99999999999999999999999\r\n\r\n"),
	X(501, LINE "Transfer-Encoding: gzip\r\n\r\n"),
	X(501, LINE "Transfer-Encoding: identity\r\n\r\n"),
	X(501, LINE "Transfer-Encoding: xchunked\r\n\r\n"),
	X(501, LINE "Transfer-Encoding: chunked;q=1\r\n\r\n"),
	X(501, LINE "Transfer-Encoding:\r\n\r\n"),
	X(501, LINE "Transfer-Encoding: \"chunked\"\r\n\r\n"),
	X(400, LINE "Transfer-Encoding: gzip, chunked\r\n\r\n"),
	X(400, LINE "Transfer-Encoding: chunked, identity\r\n\r\n"),
	X(400, LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
	X(400, LINE "Transfer-Encoding: \vchunked\r\n\r\n"),
	X(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
	/* fields */
	X(400, LINE "Content-Length : 1\r\n\r\n"),
	X(400, LINE " Content-Length: 1\r\n\r\n"),
	X(400, LINE "A: b\r\n c\r\n\r\n"),
	X(400, LINE "A: b\r\n\tc\r\n\r\n"),
	X(400, LINE "A\r\n\r\n"),
	X(400, LINE ": b\r\n\r\n"),
	X(400, LINE "A: b\0c\r\n\r\n"),
	X(400, LINE "A\0: b\r\n\r\n"),
	X(400, LINE "A: b\rc\r\n\r\n"),
	X(400, LINE "A: b\r\r\n\r\n"),
	X(400, LINE "A: b\nB: c\r\n\r\n"),
	X(400, LINE "A: b\x7f\r\n\r\n"),
	X(400, LINE "A: b\x01\r\n\r\n"),
	X(400, LINE "A(b): c\r\n\r\n"),
	X(400, LINE "A\x80: c\r\n\r\n"),
	X(400, "GET / HTTP/1.1\nHost: a\n\n"),
	X(400, LINE "\n"),
	X(417, LINE "Expect: 200-ok\r\n\r\n"),
	/* hosts */
	X(400, "GET / HTTP/1.1\r\n\r\n"),
	X(400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
	X(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
	X(400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
	X(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
	X(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
	X(400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
	X(400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
	X(400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
	X(400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
	X(400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
	X(400, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"),
	X(400, "GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET http://u@a/p HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET ftp://a/p HTTP/1.1\r\nHost: a\r\n\r\n"),
	/* request lines */
	X(400, "GET /\r\n\r\n"),
	X(400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
	X(400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
	X(400, "GET / HTTP/1\r\nHost: a\r\n\r\n"),
	X(400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
	X(400, "GET / HTTP/1,1\r\nHost: a\r\n\r\n"),
	X(400, "GET / XTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "G{T / HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(400, "\x16\x03\x01\x02"),
	X(505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
	X(505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
	X(501, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(501, "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(501, "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
	X(501, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
#undef X
};

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct http_head head;
		enum err err = read_all_ways(refused[i].text, &head);
		if (err == ERR_OK || err == ERR_MORE || head.status != refused[i].status)
			print_error("%s\n", refused[i].text.at);
		assert_true(err != ERR_OK && err != ERR_MORE);
		assert_int_equal(head.status, refused[i].status);
	}
}

static void later_minor_versions_are_1_1(void **state)
{
	struct http_head head;

	assert_ok(read_all_ways(STR("GET / HTTP/1.9\r\nHost: a\r\n\r\n"), &head));
	assert_int_equal(head.minor, 1);
}

/* A request whose target has `target` bytes and which has `fields` fields beside Host. */
static void write_request(struct buf *out, size_t target, size_t fields)
{
	buf_clear(out);
	buf_add_text(out, "GET /");
	for (size_t i = 1; i < target; i++)
		buf_add_u8(out, 'a');
	buf_add_text(out, " HTTP/1.1\r\nHost: a\r\n");
	for (size_t i = 0; i < fields; i++)
		buf_printf(out, "X-%zu: y\r\n", i);
	buf_add_text(out, "\r\n");
}

static void targets_and_fields_have_limits(void **state)
{
	struct http_head head;
	size_t size;
	AUTO_BUF text = { 0 };

	buf_init(&text, 100000);
	write_request(&text, HTTP_TARGET_BYTES_MAX, 0);
	assert_ok(http_head_read(text.at, text.size, &no_limits, &head, &size));
	write_request(&text, HTTP_TARGET_BYTES_MAX + 1, 0);
	assert_err(http_head_read(text.at, text.size, &no_limits, &head, &size), ERR_TOO_LARGE);
	assert_int_equal(head.status, 414);
	write_request(&text, 1, HTTP_HEADERS_MAX - 1);
	assert_ok(http_head_read(text.at, text.size, &no_limits, &head, &size));
	write_request(&text, 1, HTTP_HEADERS_MAX);
	assert_err(http_head_read(text.at, text.size, &no_limits, &head, &size), ERR_TOO_LARGE);
	assert_int_equal(head.status, 431);
}

static void a_head_has_a_limit(void **state)
{
	struct http_limits limits = { .head_bytes = 100 };
	struct http_head head;
	size_t size;
	AUTO_BUF text = { 0 };

	buf_init(&text, 1000);
	write_request(&text, 1, 1);
	/* Grow the last field until the head has exactly 100 bytes. */
	text.size -= 4;
	while (text.size < 96)
		buf_add_u8(&text, 'z');
	buf_add_text(&text, "\r\n\r\n");
	assert_int_equal(text.size, 100);
	assert_ok(http_head_read(text.at, text.size, &limits, &head, &size));
	limits.head_bytes = 99;
	assert_err(http_head_read(text.at, text.size, &limits, &head, &size), ERR_TOO_LARGE);
	assert_int_equal(head.status, 431);
	/* Without an end in sight it is refused at the limit, not later. */
	assert_err(http_head_read(text.at, 98, &limits, &head, &size), ERR_MORE);
	assert_err(http_head_read(text.at, 99, &limits, &head, &size), ERR_TOO_LARGE);
}

static void an_endless_request_line_is_refused_early(void **state)
{
	static uint8_t text[HTTP_TARGET_BYTES_MAX + 100];
	struct http_head head;
	size_t size;

	memset(text, 'a', sizeof text);
	assert_err(http_head_read(text, sizeof text, &no_limits, &head, &size), ERR_TOO_LARGE);
	assert_int_equal(head.status, 414);
}

static void lists_are_searched_by_whole_tokens(void **state)
{
	assert_true(http_list_has(STR("a, Upgrade ,b"), "upgrade"));
	assert_false(http_list_has(STR("upgraded, x"), "upgrade"));
	assert_false(http_list_has(STR(""), "upgrade"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_request_is_read),
		cmocka_unit_test(the_rest_behind_a_head_is_left),
		cmocka_unit_test(what_fields_say_is_understood),
		cmocka_unit_test(http_1_0_closes_unless_asked),
		cmocka_unit_test(an_absolute_target_wins_over_host),
		cmocka_unit_test(one_empty_line_in_front_is_skipped),
		cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
		cmocka_unit_test(later_minor_versions_are_1_1),
		cmocka_unit_test(targets_and_fields_have_limits),
		cmocka_unit_test(a_head_has_a_limit),
		cmocka_unit_test(an_endless_request_line_is_refused_early),
		cmocka_unit_test(lists_are_searched_by_whole_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
