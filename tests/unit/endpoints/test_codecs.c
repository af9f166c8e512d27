/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/live/codecs.h"
#include "tests/unit/unit.h"

static void a_codec_is_in_by_its_beginning(void **state)
{
	struct str hevc = STR("hvc1.1.6.L60.90");

	assert_true(codecs_include(STR("avc1,hvc1"), hevc));
	assert_true(codecs_include(STR("avc1, hvc1.1 ,mp4a"), hevc));
	assert_false(codecs_include(STR("avc1,av01,mp4a"), hevc));
	assert_false(codecs_include(STR("hvc1.2"), hevc));
	assert_false(codecs_include(STR("hvc1.1.6.L60.90.1"), hevc));
	assert_false(codecs_include(STR("avc1,,"), hevc));
}

static void an_empty_list_says_nothing(void **state)
{
	assert_true(codecs_include((struct str){ 0 }, STR("avc1.64001f")));
	assert_true(codecs_include(STR(""), STR("avc1.64001f")));
	assert_true(codecs_include(STR(" , "), STR("avc1.64001f")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_codec_is_in_by_its_beginning),
		cmocka_unit_test(an_empty_list_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
