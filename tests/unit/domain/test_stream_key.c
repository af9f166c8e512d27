/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "domain/live/key.h"
#include "tests/unit/unit.h"

#define DID64 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

static void a_key_is_read_and_written_alike(void **state)
{
	static const char *const keys[] = {
		"CAM1",
		"a:b.c-d",
		DID64,
		"CAM1_replay_1_0_20200725112233_20200725113344",
		"CAM1_replay_1_1_20200725112233Z_20200725113344Z",
		"CAM1_replay_65535_0_20191231235959_20200131235959", /* 31 days */
		"CAM1_replay_2_0_20240228000000_20240229000000",
		DID64 "_replay_65535_1_20200725112233Z_20200725113344Z",
	};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct stream_key key;
		char text[STREAM_KEY_SIZE];
		assert_ok(stream_key_read(str_of(keys[i]), &key));
		stream_key_write(&key, text);
		assert_string_equal(text, keys[i]);
		assert_str(stream_key_did(str_of(keys[i])), key.did);
	}
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const keys[] = {
		"",
		"CAM 1",
		"CAM1/x",
		"_replay_1_0_20200725112233_20200725113344",
		"CAM1_",
		"CAM1_live",
		"CAM1_replay_",
		"CAM1_replay_1_0_20200725112233",
		"CAM1_replay_1_0_20200725112233_",
		"CAM1_replay_1_0_20200725112233_20200725113344_",
		"CAM1_replay_0_0_20200725112233_20200725113344",
		"CAM1_replay_65536_0_20200725112233_20200725113344",
		"CAM1_replay_01_0_20200725112233_20200725113344",
		"CAM1_replay_+1_0_20200725112233_20200725113344",
		"CAM1_replay_-1_0_20200725112233_20200725113344",
		"CAM1_replay_1_2_20200725112233_20200725113344",
		"CAM1_replay__0_20200725112233_20200725113344",
		"CAM1_replay_1_0_20200725112233_20200725112233", /* nothing */
		"CAM1_replay_1_0_20200725113344_20200725112233", /* backwards */
		"CAM1_replay_1_0_20200725112233Z_20200725113344",
		"CAM1_replay_1_0_20200725112233_20200725113344Z",
		"CAM1_replay_1_0_20200725112233z_20200725113344z",
		"CAM1_replay_1_0_2020072511223_20200725113344",
		"CAM1_replay_1_0_20201325112233_20201325113344",
		"CAM1_replay_1_0_20200230112233_20200230113344",
		"CAM1_replay_1_0_202007251122-3_20200725113344",
		"CAM1_replay_1_0_20191231235959_20200201000000", /* 31 days and a second */
		"CAM1_Replay_1_0_20200725112233_20200725113344",
		"CAM1_replay_1_0_20200725112260_20200725113344", /* 112300 by another name */
		DID64 "x",
		DID64 "x_replay_65535_1_20200725112233Z_20200725113344Z",
	};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct stream_key key = { .channel = 7 };
		if (stream_key_read(str_of(keys[i]), &key) != ERR_INVALID)
			fail_msg("\"%s\" is taken for a key", keys[i]);
		assert_int_equal(key.channel, 7);
	}
}

static void civil_times_are_of_this_servers_zone_and_z_is_utc(void **state)
{
	struct stream_key key;
	int64_t start_ms, end_ms;
	char text[CLOCK_TEXT_SIZE];

	assert_int_equal(setenv("TZ", "CST-8", 1), 0);
	tzset();
	assert_ok(stream_key_read(STR("CAM1_replay_1_0_20200725112233_20200725113344"), &key));
	stream_key_span(&key, &start_ms, &end_ms);
	clock_format(start_ms, text);
	assert_string_equal(text, "2020-07-25T03:22:33.000Z");
	assert_int_equal(end_ms - start_ms, (11 * 60 + 11) * 1000);
	assert_ok(stream_key_read(STR("CAM1_replay_1_0_20200725112233Z_20200725113344Z"), &key));
	stream_key_span(&key, &start_ms, &end_ms);
	clock_format(start_ms, text);
	assert_string_equal(text, "2020-07-25T11:22:33.000Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_read_and_written_alike),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(civil_times_are_of_this_servers_zone_and_z_is_utc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
