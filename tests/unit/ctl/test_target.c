/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "ctl/target.h"
#include "ctl/text/url.h"
#include "tests/unit/unit.h"

static void a_file_names_server_and_token(void **state)
{
	struct target target = { 0 };

	assert_ok(target_parse(STR("# mine\nurl = https://h:8443/\r\ntoken=abc-._~\n\nca = /x y\n"),
	                       &target, NULL));

	assert_string_equal(target.url, "https://h:8443");
	assert_string_equal(target.token, "abc-._~");
	assert_string_equal(target.ca_file, "/x y");
}

static void a_wrong_line_is_named_without_its_content(void **state)
{
	static const struct {
		struct str text;
		const char *why;
	} cases[] = {
		{ { "url = http://h\nsecret-thing\n", 28 },
		  "line 2: a line is 'url = ...', 'token = ...' or 'ca = ...'" },
		{ { "token = a b\n", 12 }, "line 1: the token has characters that no token has" },
		{ { "token =\n", 8 }, "line 1: the token is empty" },
		{ { "url = ftp://h\n", 14 },
		  "line 1: a server's address looks like http://HOST:PORT" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct target target = { 0 };
		struct why why = { 0 };
		assert_int_not_equal(target_parse(cases[i].text, &target, &why), ERR_OK);
		assert_string_equal(why.text, cases[i].why);
	}
}

static void a_token_at_its_limit_is_taken_and_a_longer_one_refused(void **state)
{
	char text[TARGET_TOKEN_MAX + 2];
	struct target target = { 0 };

	memset(text, 'a', sizeof text);
	assert_ok(target_set_token(&target, (struct str){ text, TARGET_TOKEN_MAX }, NULL));
	assert_err(target_set_token(&target, (struct str){ text, TARGET_TOKEN_MAX + 1 }, NULL),
	           ERR_TOO_LARGE);
}

static void an_address_at_its_limit_is_taken_and_a_longer_one_refused(void **state)
{
	char text[TARGET_URL_MAX + 2] = "http://";
	struct target target = { 0 };

	memset(text + 7, 'a', sizeof text - 7);
	assert_ok(target_set_url(&target, (struct str){ text, TARGET_URL_MAX }, NULL));
	assert_err(target_set_url(&target, (struct str){ text, TARGET_URL_MAX + 1 }, NULL),
	           ERR_TOO_LARGE);
}

static void addresses_that_could_leak_or_mislead_are_refused(void **state)
{
	static const char *const texts[] = { "http://u:p@h", "http://h/?a=b", "http://h/#x",
		                             "http:///x",    "http://",       "http://h\nX: y",
		                             "h:8080",       "file:///etc",   "http://:80" };

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct str out;
		assert_err(url_check_base(str_of(texts[i]), &out, NULL), ERR_INVALID);
	}
}

static void paths_and_queries_are_encoded(void **state)
{
	AUTO_BUF out = { 0 };

	buf_init(&out, 256);
	url_add_segment(&out, STR("a/b?c:d-\xc3\xa9 %"));
	assert_str(buf_str(&out), "a%2Fb%3Fc%3Ad-%C3%A9%20%25");
	buf_clear(&out);
	url_add_segment(&out, STR(".."));
	assert_str(buf_str(&out), "%2E%2E");
	buf_clear(&out);
	buf_add_text(&out, "/p");
	url_add_query(&out, "q", "a&b");
	url_add_query(&out, "none", NULL);
	url_add_query(&out, "r", "c d");
	assert_str(buf_str(&out), "/p?q=a%26b&r=c%20d");
}

static void loopback_is_told_from_the_network(void **state)
{
	assert_true(url_is_loopback(STR("http://127.0.0.1:8080")));
	assert_true(url_is_loopback(STR("http://localhost")));
	assert_true(url_is_loopback(STR("http://[::1]:80/x")));
	assert_false(url_is_loopback(STR("http://127.0.0.1.example.org")));
	assert_false(url_is_loopback(STR("http://localhost.example.org")));
	assert_false(url_is_loopback(STR("http://10.0.0.1")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_names_server_and_token),
		cmocka_unit_test(a_wrong_line_is_named_without_its_content),
		cmocka_unit_test(a_token_at_its_limit_is_taken_and_a_longer_one_refused),
		cmocka_unit_test(an_address_at_its_limit_is_taken_and_a_longer_one_refused),
		cmocka_unit_test(addresses_that_could_leak_or_mislead_are_refused),
		cmocka_unit_test(paths_and_queries_are_encoded),
		cmocka_unit_test(loopback_is_told_from_the_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
