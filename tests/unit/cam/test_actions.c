/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cam/body/actions.h"
#include "cam/network/url.h"
#include "tests/unit/cam/fixture.h"
#include "tests/unit/unit.h"

#define T0 1767225600000 /* 2026-01-01T00:00:00Z */

static struct camera *camera;
static json_t *request; /* what the outcome borrows from */
static struct action_outcome outcome;

static int set_up(void **state)
{
	return fixture_set_up(state) || camera_new("CAM", *state, &camera, NULL) != ERR_OK;
}

static int tear_down(void **state)
{
	action_outcome_done(&outcome);
	json_decref(request);
	request = NULL;
	camera_free(camera);
	return fixture_tear_down(state);
}

/* Does the action at T0 + at_ms and gives the answer as text. */
static const char *answer(const char *text, int64_t at_ms)
{
	static char out[2048];
	char *dumped;

	action_outcome_done(&outcome);
	json_decref(request);
	request = json_loads(text, 0, NULL);
	assert_non_null(request);
	actions_run(camera, request, T0 + at_ms, &outcome);
	dumped = outcome.answer ? json_dumps(outcome.answer, JSON_COMPACT) : NULL;
	(void)snprintf(out, sizeof out, "%s", dumped ? dumped : "later");
	free(dumped);
	return out;
}

#define assert_answer(request_text, at_ms, answer_text) \
	assert_string_equal(answer(request_text, at_ms), answer_text)
#define PTZ_REFUSED(code, words) "{\"ptz\":{\"code\":" #code ",\"error\":\"" words "\"}}"

static void ptz_moves_stops_and_meets_its_limits(void **state)
{
	assert_answer("{\"ptz\":{\"start\":{\"direction\":3,\"speed\":2}}}", 0,
	              "{\"ptz\":{\"code\":0}}");
	assert_answer("{\"ptz\":{\"stop\":{}}}", 2000, "{\"ptz\":{\"code\":0}}");
	assert_answer("{\"ptz\":{\"start\":{\"direction\":3,\"speed\":2}}}", 2001,
	              PTZ_REFUSED(60005, "PTZ reached its right limit"));
	assert_answer("{\"ptz\":{\"start\":{\"direction\":12,\"speed\":1}}}", 2002,
	              PTZ_REFUSED(60020, "the command is not supported"));
	assert_answer("{\"ptz\":{\"start\":{}}}", 2003,
	              PTZ_REFUSED(60020, "the command is not supported"));
}

static void ptz_is_also_told_by_method(void **state)
{
	assert_answer("{\"ptz\":{\"method\":\"start\",\"direction\":2,\"speed\":1}}", 0,
	              "{\"ptz\":{\"code\":0}}");
	assert_int_equal(camera->ptz.motion, PTZ_MOVING);
	assert_answer("{\"ptz\":{\"method\":\"stop\"}}", 100, "{\"ptz\":{\"code\":0}}");
	assert_int_equal(camera->ptz.motion, PTZ_STILL);
}

static void presets_are_set_listed_called_and_removed(void **state)
{
	assert_answer("{\"preset\":{\"set\":{\"index\":1,\"name\":\"gate\"}}}", 0,
	              "{\"preset\":{\"code\":0}}");
	assert_answer("{\"preset\":{\"list\":{}}}", 0,
	              "{\"preset\":{\"presets\":[{\"index\":1,\"name\":\"gate\"}]}}");
	assert_answer("{\"preset\":{\"read\":{}}}", 0,
	              "{\"preset\":{\"presets\":[{\"index\":1,\"name\":\"gate\"}]}}");
	assert_answer("{\"preset\":{\"goto\":{\"index\":1}}}", 0,
	              "{\"preset\":{\"code\":60010,\"error\":\"the preset is the current position "
	              "already\"}}");
	(void)answer("{\"ptz\":{\"start\":{\"direction\":3,\"speed\":2}}}", 0);
	assert_answer("{\"preset\":{\"goto\":{\"index\":1}}}", 1000, "{\"preset\":{\"code\":0}}");
	assert_answer("{\"preset\":{\"set\":{\"index\":2}}}", 1100,
	              "{\"preset\":{\"code\":60009,\"error\":\"a preset is being called\"}}");
	assert_answer("{\"preset\":{\"remove\":{\"index\":1}}}", 1200, "{\"preset\":{\"code\":0}}");
	assert_answer("{\"preset\":{\"goto\":{\"index\":1}}}", 9000,
	              "{\"preset\":{\"code\":60011,\"error\":\"the preset does not exist\"}}");
	assert_answer("{\"preset\":{\"set\":{\"index\":129}}}", 9000,
	              "{\"preset\":{\"code\":60007,\"error\":\"the number of presets is over the "
	              "maximum\"}}");
}

static void settings_are_read_and_written(void **state)
{
	assert_answer("{\"write\":{\"config\":{\"image.flip\":true}}}", 0,
	              "{\"write\":{\"code\":0}}");
	assert_non_null(strstr(answer("{\"read\":[\"config\"]}", 0), "\"image.flip\":true"));
	assert_answer("{\"write\":{\"config\":{\"image.flip\":7}}}", 0,
	              "{\"write\":{\"code\":60006,\"error\":\"image.flip is not true or false\"}}");
	assert_answer("{\"read\":[\"all\"]}", 0,
	              "{\"read\":{\"code\":60020,\"error\":\"the command is not supported\"}}");
}

static void a_cruise_setting_starts_a_cruise(void **state)
{
	(void)answer("{\"preset\":{\"set\":{\"index\":1}}}", 0);
	assert_answer("{\"write\":{\"config\":{\"ptz.cruise\":{\"presets\":[1,2]}}}}", 0,
	              "{\"write\":{\"code\":0}}");
	assert_int_equal(camera->ptz.cruise.count, 1);
}

static void play_and_stop_are_wishes_with_an_answer(void **state)
{
	assert_answer("{\"play\":{\"url\":\"rtmp://h/live/CAM\",\"players\":1}}", 0,
	              "{\"play\":{\"code\":0}}");
	assert_int_equal(outcome.wish, WISH_PUSH);
	assert_str(outcome.url, "rtmp://h/live/CAM");
	assert_answer("{\"stop\":{\"reason\":\"x\"}}", 0, "{\"stop\":{\"code\":0}}");
	assert_int_equal(outcome.wish, WISH_STOP);
	assert_answer("{\"play\":{\"url\":\"http://h/live/CAM\"}}", 0,
	              "{\"play\":{\"code\":60006,\"error\":\"url is no RTMP address\"}}");
	assert_int_equal(outcome.wish, WISH_NONE);
}

static void capture_and_upload_answer_later(void **state)
{
	char name[CARD_FILE_NAME_SIZE];

	assert_answer("{\"capture\":{\"url\":\"http://h/up\"}}", 0, "later");
	assert_int_equal(outcome.wish, WISH_CAPTURE);
	assert_answer("{\"capture\":{\"url\":\"file:///etc/passwd\"}}", 0,
	              "{\"capture\":{\"code\":60006,\"error\":\"url is no HTTP address\"}}");

	card_file_name(T0, name);
	fixture_write(camera->store.folder, name, "x");
	assert_ok(card_add(&camera->card, (struct card_segment){ T0, T0 + 9000, 1, 1 }));
	assert_answer("{\"upload\":{\"url\":\"http://h/up\",\"file\":\"20260101000001\"}}", 0,
	              "later");
	assert_int_equal(outcome.segment.start_ms, T0);
	assert_answer("{\"upload\":{\"url\":\"http://h/up\",\"file\":\"other.flv\"}}", 0,
	              "{\"upload\":{\"code\":60006,\"error\":\"there is no such recording\"}}");
}

static void segments_echo_their_params_in_both_shapes(void **state)
{
	static const char *const requests[] = {
		"{\"segment\":{\"find\":{\"start\":1767225600000,\"end\":1767225601000}}}",
		"{\"segment\":{\"start\":1767225600000,\"end\":1767225601000}}",
		("{\"segment\":{\"find\":{\"start\":\"1767225600000\","
		 "\"end\":\"2026-01-01T00:00:01Z\"}}}"),
	};
	char name[CARD_FILE_NAME_SIZE];

	card_file_name(T0 - 5000, name);
	fixture_write(camera->store.folder, name, "x");
	assert_ok(card_add(&camera->card, (struct card_segment){ T0 - 5000, T0 + 500, 1, 1 }));
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		const char *text = answer(requests[i], 0);
		assert_non_null(strstr(text, "\"segments\":[{\"start\":1767225600000,"
		                             "\"end\":1767225600500,\"type\":1,"));
		const json_t *find =
			json_object_get(json_object_get(outcome.answer, "segment"), "find");
		const json_t *asked = json_object_get(request, "segment");
		const json_t *nested = json_object_get(asked, "find");
		assert_true(json_equal(json_object_get(find, "params"), nested ? nested : asked));
	}
	assert_non_null(strstr(answer("{\"segment\":{\"find\":{\"start\":0,\"end\":9,"
	                              "\"channel\":2}}}",
	                              0),
	                       "\"segments\":[]"));
	assert_non_null(
		strstr(answer("{\"segment\":{\"find\":{\"start\":9,\"end\":9}}}", 0), "60006"));
}

static void replays_are_named_by_their_address(void **state)
{
	char name[CARD_FILE_NAME_SIZE];

	assert_non_null(strstr(answer("{\"play\":{\"url\":\"rtmp://h/v2/media/live/"
	                              "CAM_replay_1_0_20260101000000_20260101000100\"}}",
	                              0),
	                       "there is no recording"));
	card_file_name(T0, name);
	fixture_write(camera->store.folder, name, "x");
	assert_ok(card_add(&camera->card, (struct card_segment){ T0, T0 + 9000, 1, 1 }));
	assert_answer("{\"play\":{\"url\":\"rtmp://h/v2/media/live/"
	              "CAM_replay_1_0_20260101000000_20260101000100?token=t\"}}",
	              0, "later");
	assert_int_equal(outcome.wish, WISH_REPLAY);
	assert_int_equal(outcome.to_ms - outcome.from_ms, 60000);
	assert_str(outcome.replay, "CAM_replay_1_0_20260101000000_20260101000100");
	assert_non_null(strstr(answer("{\"play\":{\"url\":\"rtmp://h/live/CAM_replay_1_0_x\"}}", 0),
	                       "60006"));
}

static void replay_controls_have_their_ranges(void **state)
{
	assert_answer("{\"replay\":{\"id\":\"r\",\"speed\":16}}", 0, "later");
	assert_int_equal(outcome.control, REPLAY_SPEED);
	assert_answer("{\"replay\":{\"id\":\"r\",\"pause\":true}}", 0, "later");
	assert_int_equal(outcome.control, REPLAY_PAUSE);
	assert_answer("{\"replay\":{\"id\":\"r\",\"seek\":1767225600000}}", 0, "later");
	assert_int_equal(outcome.seek_ms, T0);
	assert_non_null(strstr(answer("{\"replay\":{\"id\":\"r\",\"speed\":16.1}}", 0), "60020"));
	assert_non_null(strstr(answer("{\"replay\":{\"id\":\"r\",\"speed\":0.2}}", 0), "60020"));
	assert_non_null(strstr(answer("{\"replay\":{\"speed\":1}}", 0), "60020"));
}

static void what_is_no_action_is_unsupported(void **state)
{
	assert_answer("{\"dance\":{}}", 0,
	              "{\"dance\":{\"code\":60020,\"error\":\"the command is not supported\"}}");
	assert_non_null(strstr(answer("{}", 0), "60020"));
	assert_non_null(strstr(answer("{\"ptz\":{\"stop\":{}},\"stop\":{}}", 0), "60020"));
	assert_non_null(strstr(answer("{\"ptz\":7}", 0), "60020"));
	assert_non_null(strstr(answer("{\"a_name_longer_than_any_action\":{}}", 0), "60020"));
}

static void an_address_has_a_longest_size_and_no_blanks(void **state)
{
	char url[URL_MAX + 2] = "http://";

	memset(url + 7, 'x', URL_MAX - 7);
	url[URL_MAX] = '\0';
	assert_true(url_is(str_of(url), STR("http://"), STR("https://")));
	url[URL_MAX] = 'x';
	url[URL_MAX + 1] = '\0';
	assert_false(url_is(str_of(url), STR("http://"), STR("https://")));
	assert_false(url_is(STR("http://a b"), STR("http://"), STR("https://")));
	assert_false(url_is(STR("http://a\r\nX: y"), STR("http://"), STR("https://")));
}

static void a_token_is_added_once_and_escaped(void **state)
{
	static const struct {
		const char *url, *token, *whole;
	} cases[] = {
		{ "rtmp://h/live/C", "t-1", "rtmp://h/live/C?token=t-1" },
		{ "http://h/up?a=1", "t", "http://h/up?a=1&token=t" },
		{ "http://h/up?token=own", "t", "http://h/up?token=own" },
		{ "http://h/up?a=1&token=own", "t", "http://h/up?a=1&token=own" },
		{ "http://h/up?mytoken=x", "a&b", "http://h/up?mytoken=x&token=a%26b" },
		{ "http://h/up", "", "http://h/up" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		AUTO_BUF out = { 0 };
		buf_init(&out, 256);
		url_add_token(&out, str_of(cases[i].url), str_of(cases[i].token));
		assert_str(buf_str(&out), cases[i].whole);
	}
}

static void dids_are_what_the_protocol_allows(void **state)
{
	char did[CAMERA_DID_MAX + 2];

	memset(did, 'd', sizeof did);
	assert_true(camera_is_did((struct str){ did, CAMERA_DID_MAX }));
	assert_false(camera_is_did((struct str){ did, CAMERA_DID_MAX + 1 }));
	assert_true(camera_is_did(STR("AA:bb-0.1")));
	assert_false(camera_is_did(STR("")));
	assert_false(camera_is_did(STR("a_b")));
	assert_false(camera_is_did(STR("a/b")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ptz_moves_stops_and_meets_its_limits, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(ptz_is_also_told_by_method, set_up, tear_down),
		cmocka_unit_test_setup_teardown(presets_are_set_listed_called_and_removed, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(settings_are_read_and_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_cruise_setting_starts_a_cruise, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(play_and_stop_are_wishes_with_an_answer, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(capture_and_upload_answer_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(segments_echo_their_params_in_both_shapes, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(replays_are_named_by_their_address, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(replay_controls_have_their_ranges, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_action_is_unsupported, set_up,
		                                tear_down),
		cmocka_unit_test(an_address_has_a_longest_size_and_no_blanks),
		cmocka_unit_test(a_token_is_added_once_and_escaped),
		cmocka_unit_test(dids_are_what_the_protocol_allows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
