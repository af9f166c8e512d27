/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "proto/rtmp/target.h"
#include "proto/rtmp/url.h"
#include "tests/unit/unit.h"

struct row {
	const char *app, *tc_url, *name;
	const char *path, *token;
};

/* clang-format off */
static const struct row rows[] = {
	{ "live", "rtmp://h/live", "cam", "live/cam", "" },
	{ "live", "rtmp://h/live", "cam?token=abc", "live/cam", "abc" },
	{ "live", "rtmp://h/live", "cam?token=abc%3D1", "live/cam", "abc=1" },
	{ "live", "rtmp://h/live", "cam?token=a%253D", "live/cam", "a%3D" },      /* once */
	{ "live", "rtmp://h/live", "cam?x=1&token=abc&y=2", "live/cam", "abc" },
	{ "live", "rtmp://h/live", "cam?mytoken=abc", "live/cam", "" },
	{ "live", "rtmp://h/live", "cam?token=", "live/cam", "" },
	{ "live", "rtmp://h/live", "cam?token", "live/cam", "" },
	{ "live?token=app", "rtmp://h/live", "cam", "live/cam", "app" },
	{ "live", "rtmp://h/live?token=url", "cam", "live/cam", "url" },
	{ "live?token=app", "rtmp://h/live?token=url", "cam", "live/cam", "url" },
	{ "live?token=app", "rtmp://h/live?token=url", "cam?token=name", "live/cam", "name" },
	{ "live?token=app", "rtmp://h/live", "cam?token=", "live/cam", "app" },
	{ "v2/media/live", "", "key", "v2/media/live/key", "" },
	{ "v2/media", "", "live/key", "v2/media/live/key", "" },
	{ "/live/", "", "/cam", "live/cam", "" },
	{ "live/cam?token=x", "", "", "live/cam", "x" },
	{ "", "", "cam", "cam", "" },
	{ "live", "", "CAM%3A7", "live/CAM:7", "" },
};
/* clang-format on */

static void the_token_is_found_where_encoders_put_it(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct rtmp_target target;

		assert_ok(
			rtmp_target_set_app(&target, str_of(rows[i].app), str_of(rows[i].tc_url)));
		assert_ok(rtmp_target_set_name(&target, str_of(rows[i].name)));
		assert_string_equal(target.path, rows[i].path);
		assert_string_equal(target.token, rows[i].token);
	}
}

static void a_second_name_does_not_inherit_the_first_ones_token(void **state)
{
	struct rtmp_target target;

	assert_ok(rtmp_target_set_app(&target, STR("live"), STR("")));
	assert_ok(rtmp_target_set_name(&target, STR("a?token=secret")));
	assert_ok(rtmp_target_set_name(&target, STR("b")));
	assert_string_equal(target.token, "");
	assert_string_equal(target.path, "live/b");
}

static void broken_escapes_and_control_characters_are_malformed(void **state)
{
	static const char *const names[] = { "cam%", "cam%4", "cam%4g",        "cam%00",
		                             "a\nb", "a%0d",  "cam?token=%zz", "cam?token=a%0a" };
	struct rtmp_target target;

	assert_ok(rtmp_target_set_app(&target, STR("live"), STR("")));
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_err(rtmp_target_set_name(&target, str_of(names[i])), ERR_MALFORMED);
	assert_err(rtmp_target_set_app(&target, STR("li%ve"), STR("")), ERR_MALFORMED);
}

static void each_part_ends_at_its_limit(void **state)
{
	static char text[600];
	struct rtmp_target target;

	memset(text, 'x', sizeof text);
	assert_ok(rtmp_target_set_app(&target, (struct str){ text, RTMP_APP_MAX }, STR("")));
	assert_err(rtmp_target_set_app(&target, (struct str){ text, RTMP_APP_MAX + 1 }, STR("")),
	           ERR_TOO_LARGE);
	assert_ok(rtmp_target_set_app(&target, (struct str){ text, RTMP_APP_MAX }, STR("")));
	assert_ok(rtmp_target_set_name(&target, (struct str){ text, RTMP_NAME_MAX }));
	assert_int_equal(strlen(target.path), RTMP_APP_MAX + RTMP_NAME_MAX + 1);
	assert_err(rtmp_target_set_name(&target, (struct str){ text, RTMP_NAME_MAX + 1 }),
	           ERR_TOO_LARGE);
	memcpy(text, "?token=", 7);
	assert_ok(rtmp_target_set_name(&target, (struct str){ text, 7 + RTMP_TOKEN_MAX }));
	assert_int_equal(strlen(target.token), RTMP_TOKEN_MAX);
	assert_err(rtmp_target_set_name(&target, (struct str){ text, 8 + RTMP_TOKEN_MAX }),
	           ERR_TOO_LARGE);
}

static void a_url_is_taken_apart(void **state)
{
	struct rtmp_url url;

	assert_ok(rtmp_url_read(STR("rtmp://example.net:1936/v2/media/live/cam?token=a/b"), &url));
	assert_str(url.host, "example.net");
	assert_int_equal(url.port, 1936);
	assert_false(url.is_tls);
	assert_str(url.app, "v2/media/live");
	assert_str(url.name, "cam?token=a/b");
	assert_str(url.tc_url, "rtmp://example.net:1936/v2/media/live");

	assert_ok(rtmp_url_read(STR("rtmps://[2001:db8::1]/live/cam"), &url));
	assert_str(url.host, "2001:db8::1");
	assert_int_equal(url.port, RTMP_PORT_TLS);
	assert_true(url.is_tls);

	assert_ok(rtmp_url_read(STR("rtmp://[::1]:7/live/cam"), &url));
	assert_int_equal(url.port, 7);
	assert_ok(rtmp_url_read(STR("rtmp://h/live/cam"), &url));
	assert_int_equal(url.port, RTMP_PORT);
}

static void a_broken_url_is_invalid(void **state)
{
	static const char *const texts[] = {
		"",
		"http://h/live/cam",
		"rtmp://",
		"rtmp://h",
		"rtmp://h/",
		"rtmp://h/live",
		"rtmp://h/live/",
		"rtmp://h/live/?token=x",
		"rtmp://h//cam",
		"rtmp://h:0/live/cam",
		"rtmp://h:65536/live/cam",
		"rtmp://h:x/live/cam",
		"rtmp://:80/live/cam",
		"rtmp://[::1/live/cam",
		"rtmp://[::1]80/live/cam",
	};
	struct rtmp_url url;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_err(rtmp_url_read(str_of(texts[i]), &url), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_is_found_where_encoders_put_it),
		cmocka_unit_test(a_second_name_does_not_inherit_the_first_ones_token),
		cmocka_unit_test(broken_escapes_and_control_characters_are_malformed),
		cmocka_unit_test(each_part_ends_at_its_limit),
		cmocka_unit_test(a_url_is_taken_apart),
		cmocka_unit_test(a_broken_url_is_invalid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
