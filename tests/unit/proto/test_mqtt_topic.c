/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "proto/mqtt/mqtt.h"
#include "tests/unit/unit.h"

struct match_row {
	const char *filter;
	const char *topic;
	bool matches;
};

/* The examples of §4.7, and the rows of this protocol. */
static const struct match_row rows[] = {
	{ "sport/tennis/player1/#", "sport/tennis/player1", true },
	{ "sport/tennis/player1/#", "sport/tennis/player1/ranking", true },
	{ "sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true },
	{ "sport/tennis/player1/#", "sport/tennis/player2", false },
	{ "sport/#", "sport", true },
	{ "#", "sport/tennis", true },
	{ "sport/tennis/+", "sport/tennis/player1", true },
	{ "sport/tennis/+", "sport/tennis/player1/ranking", false },
	{ "sport/+", "sport", false },
	{ "sport/+", "sport/", true },
	{ "+/+", "/finance", true },
	{ "/+", "/finance", true },
	{ "+", "/finance", false },
	{ "+/monitor/Clients", "$SYS/monitor/Clients", false },
	{ "#", "$SYS/monitor", false },
	{ "$SYS/#", "$SYS/monitor", true },
	{ "$SYS/monitor/+", "$SYS/monitor/Clients", true },
	{ "ACCOUNTS", "Accounts", false },
	{ "a//b", "a//b", true },
	{ "a/+/b", "a//b", true },
	{ "a", "a/", false },
	{ "a/", "a", false },
	{ "a/b", "a", false },
	{ "a", "a/b", false },
	{ "messages/+", "messages/001122334455", true },
	{ "actions/001122334455", "actions/001122334456", false },
};

static void topics_match_as_the_standard_says(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		print_message("# %s %s\n", rows[i].filter, rows[i].topic);
		assert_int_equal(mqtt_topic_matches(str_of(rows[i].filter), str_of(rows[i].topic)),
		                 rows[i].matches);
	}
}

static void wildcards_stand_alone_in_their_level(void **state)
{
	static const char *const right[] = { "#", "+",  "a/#", "+/a/+", "/",
		                             "a", "//", "+/#", "$SYS/#" };
	static const char *const wrong[] = { "",   "a#",   "#/a", "a/#/b", "a+",
		                             "+a", "a/+b", "##",  "++" };

	for (size_t i = 0; i < COUNT_OF(right); i++)
		assert_true(mqtt_topic_is_filter(str_of(right[i])));
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_false(mqtt_topic_is_filter(str_of(wrong[i])));
}

static void names_have_no_wildcards_and_no_nul(void **state)
{
	assert_true(mqtt_topic_is_name(STR("actions/001122334455")));
	assert_true(mqtt_topic_is_name(STR("/")));
	assert_false(mqtt_topic_is_name(STR("")));
	assert_false(mqtt_topic_is_name(STR("a/+")));
	assert_false(mqtt_topic_is_name(STR("a#")));
	assert_false(mqtt_topic_is_name(STR("a\0b")));
	assert_false(mqtt_topic_is_name(STR("\xff")));
}

static void names_are_as_long_as_a_string_can_be_and_not_longer(void **state)
{
	static char text[MQTT_STRING_MAX + 1];
	memset(text, 'x', sizeof text);

	assert_true(mqtt_topic_is_name((struct str){ text, MQTT_STRING_MAX }));
	assert_false(mqtt_topic_is_name((struct str){ text, MQTT_STRING_MAX + 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topics_match_as_the_standard_says),
		cmocka_unit_test(wildcards_stand_alone_in_their_level),
		cmocka_unit_test(names_have_no_wildcards_and_no_nul),
		cmocka_unit_test(names_are_as_long_as_a_string_can_be_and_not_longer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
