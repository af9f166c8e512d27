/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says to a camera, step by step; the test is the camera and moves the clock. */
#include "base/json.h"
#include "base/metric.h"
#include "tests/unit/domain/play.h"

static void a_camera_is_asked_once_with_an_address_it_can_reach(void **state)
{
	struct play play;
	struct watcher second;
	AUTO_JSON json = NULL;

	play_begin(&play, *state);
	assert_ok(json_read(str_of(play.camera.data), &json, NULL));
	const json_t *words = json_object_get(json, "play");
	struct str url = json_member_str(words, "url"), token;
	assert_true(str_starts(url, STR("rtmp://198.51.100.1/live/CAM?token=")));
	assert_int_equal(json_member_i64(words, "players", 0), 1);
	token = str_from(url, str_index(url, '=') + 1);
	struct domain *domain = play.house->domain;
	assert_ok(publish_check(domain->live, domain->tokens, STR("CAM"), token));
	assert_err(publish_check(domain->live, domain->tokens, STR("CAM2"), token), ERR_DENIED);
	assert_err(publish_check(domain->live, domain->tokens, STR(REPLAY), token), ERR_DENIED);
	play_assert_stage(play.house, STAGE_ASKED);
	watch_start(&second, play.house, play.house->loop, "CAM");
	house_turn(play.house, 10);
	assert_int_equal(play.camera.sent, 1);
	play_answer(&play, "{\"play\":{\"code\":0}}");
	play_assert_stage(play.house, STAGE_ANSWERED);
	play_push(&play);
	play_assert_stage(play.house, STAGE_PUSHING);
	assert_ok(push_unit(&play.pusher, 'K', 1, 100, 0));
	house_turn(play.house, 5);
	struct stream_view view = play_look(play.house);
	assert_int_equal(view.stage, STAGE_PLAYING);
	assert_int_equal(view.viewers, 2);
	assert_int_equal(view.frames, 1);
	assert_int_equal(view.bytes_in, 100);
	assert_int_equal(view.bytes_out, 2 * (20 + 30 + 100));
	assert_string_equal(view.publisher, "192.0.2.1:5000");
	assert_string_equal(view.video.codec, "avc1.42c01e");
	watch_stop(&second);
	push_close(&play.pusher);
	play_finish(&play);
}

static void the_push_may_come_before_the_answer(void **state)
{
	struct play play;

	play_begin(&play, *state);
	play_push(&play);
	assert_ok(push_unit(&play.pusher, 'K', 1, 100, 0));
	house_turn(*state, 5);
	assert_watched(&play.watcher, "H1 C1 K1");
	play_answer(&play, "{\"play\":{\"code\":60000,\"error\":\"odd\"}}");
	assert_int_equal(play.watcher.ended, 0);
	push_close(&play.pusher);
	play_finish(&play);
}

static void an_offline_camera_is_said_at_once(void **state)
{
	struct watcher watcher;

	house_add(*state, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	assert_err(watch_try(&watcher, *state, ((struct house *)*state)->loop, "CAM"),
	           ERR_CONFLICT);
	assert_int_equal(watcher.why.reason, REASON_DEVICE_OFFLINE);
	assert_err(watch_try(&watcher, *state, ((struct house *)*state)->loop, "CAM2"),
	           ERR_NOT_FOUND);
	/* The failure can be seen for a while. */
	house_turn(*state, 5);
	struct stream_view view = play_look(*state);
	assert_int_equal(view.stage, STAGE_FAILED);
	assert_int_equal(view.failure, REASON_DEVICE_OFFLINE);
	NEEDS_TEST_CLOCK();
	house_move_clock(*state, LIVE_FAILED_MS - 1000);
	assert_int_equal(metric_get(METRIC_streams), 1);
	house_move_clock(*state, 1000);
	assert_int_equal(metric_get(METRIC_streams), 0);
	buf_done(&watcher.received);
}

static void a_refusal_is_passed_on_with_code_and_words(void **state)
{
	struct play play;

	play_begin(&play, *state);
	play_answer(&play, "{\"play\":{\"code\":60013,\"error\":\"lens covered\"}}");
	assert_int_equal(play.watcher.ended, 1);
	assert_int_equal(play.watcher.why.reason, REASON_DEVICE_REFUSED);
	assert_int_equal(play.watcher.why.code, 60013);
	assert_non_null(strstr(play.watcher.why.text, "lens covered"));
	struct stream_view view = play_look(*state);
	assert_int_equal(view.stage, STAGE_FAILED);
	assert_int_equal(view.failure, REASON_DEVICE_REFUSED);
	assert_non_null(strstr(view.stage_text, "lens covered"));
	play_finish(&play);
}

static void a_long_refusal_is_cut_between_characters(void **state)
{
	struct play play;
	char answer[512] = "{\"play\":{\"code\":60013,\"error\":\"x";

	play_begin(&play, *state);
	for (size_t at = strlen(answer), i = 0; i < 60; i++, at += 2)
		memcpy(answer + at, "\xc3\xa9", 2);
	(void)str_copy(STR("\"}}"), answer + strlen(answer), 8);
	play_answer(&play, answer);
	assert_int_equal(play.watcher.why.reason, REASON_DEVICE_REFUSED);
	assert_non_null(strstr(play.watcher.why.text, "x\xc3\xa9"));
	assert_true(str_is_utf8(str_of(play.watcher.why.text)));
	play_finish(&play);
}

static void an_answer_that_makes_no_sense_is_a_refusal(void **state)
{
	struct play play;

	play_begin(&play, *state);
	play_answer(&play, "{\"play\":");
	assert_int_equal(play.watcher.why.reason, REASON_DEVICE_REFUSED);
	play_finish(&play);
}

static void a_silent_camera_is_no_answer_after_five_seconds(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	play_begin(&play, *state);
	house_move_clock(*state, LIVE_ANSWER_MS - 1000);
	assert_int_equal(play.watcher.ended, 0);
	house_move_clock(*state, 1000);
	assert_int_equal(play.watcher.ended, 1);
	assert_int_equal(play.watcher.why.reason, REASON_NO_ANSWER);
	/* The next viewer asks again. */
	watch_stop(&play.watcher);
	watch_start(&play.watcher, *state, play.camera.loop, "CAM");
	house_turn(*state, 5);
	assert_int_equal(play.camera.sent, 2);
	play_finish(&play);
}

static void a_camera_that_agrees_and_does_not_push_is_no_push(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	play_begin(&play, *state);
	play_answer(&play, "{\"play\":{}}");
	house_move_clock(*state, LIVE_PUSH_MS - 1000);
	assert_int_equal(play.watcher.ended, 0);
	house_move_clock(*state, 1000);
	assert_int_equal(play.watcher.ended, 1);
	assert_int_equal(play.watcher.why.reason, REASON_NO_PUSH);
	play_finish(&play);
}

static void a_push_without_a_key_frame_is_no_key_frame(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	play_begin(&play, *state);
	play_answer(&play, "{\"play\":{}}");
	play_push(&play);
	assert_ok(push_unit(&play.pusher, 'F', 1, 100, 0));
	house_move_clock(*state, LIVE_KEY_FRAME_MS - 1000);
	assert_int_equal(play.watcher.ended, 0);
	house_move_clock(*state, 1000);
	assert_int_equal(play.watcher.ended, 1);
	assert_int_equal(play.watcher.why.reason, REASON_NO_KEY_FRAME);
	push_close(&play.pusher);
	play_finish(&play);
}

static void play_is_said_again_every_minute(void **state)
{
	struct play play;
	char said[512];

	NEEDS_TEST_CLOCK();
	play_on(&play, *state);
	(void)str_copy(str_of(play.camera.data), said, sizeof said);
	for (int minute = 1; minute < 4; minute++) {
		house_move_clock(*state, LIVE_HEARTBEAT_MS - 2000);
		assert_int_equal(play.camera.sent, minute);
		house_move_clock(*state, 2000);
		assert_int_equal(play.camera.sent, minute + 1);
		/* The same address: another one would be another push. */
		assert_string_equal(play.camera.data, said);
		play_answer(&play, "{\"play\":{}}");
	}
	assert_int_equal(play.watcher.ended, 0);
	push_close(&play.pusher);
	play_finish(&play);
}

static void after_the_last_viewer_the_camera_lingers_and_is_then_told_to_stop(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	play_on(&play, *state);
	watch_stop(&play.watcher);
	house_move_clock(*state, LIVE_LINGER_MS - 3000);
	/* A viewer in this time starts from the ring at once. */
	watch_start(&play.watcher, *state, play.camera.loop, "CAM");
	house_turn(*state, 5);
	assert_watched(&play.watcher, "H1 C1 K1");
	assert_int_equal(play.camera.sent, 1);
	watch_stop(&play.watcher);
	house_move_clock(*state, LIVE_LINGER_MS - 1000);
	assert_null(strstr(play.camera.data, "stop"));
	play_answer(&play, "{\"play\":{}}"); /* the heartbeat within */
	house_move_clock(*state, 1000);
	assert_string_equal(play.camera.data, "{\"stop\":{\"reason\":\"nobody is watching\"}}");
	play_answer(&play, "{\"stop\":{}}");
	push_close(&play.pusher);
	assert_int_equal(metric_get(METRIC_streams), 0);
	camera_close(&play.camera);
}

static void a_lost_push_is_asked_for_again_and_viewers_stay(void **state)
{
	struct play play;

	play_on(&play, *state);
	push_close(&play.pusher);
	assert_int_equal(play.camera.sent, 2);
	assert_int_equal(play.watcher.ended, 0);
	play_answer(&play, "{\"play\":{}}");
	push_open(&play.pusher, *state, play.camera.loop, "CAM");
	push_intro(&play.pusher, 2, 30);
	assert_ok(push_unit(&play.pusher, 'K', 2, 100, 0));
	house_turn(*state, 5);
	assert_watched(&play.watcher, "H1 C1 K1 C2 K2");
	push_close(&play.pusher);
	play_finish(&play);
}

static void a_push_that_stays_away_ends_its_viewers_after_ten_seconds(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	play_on(&play, *state);
	push_close(&play.pusher);
	play_answer(&play, "{\"play\":{}}");
	house_move_clock(*state, LIVE_RESUME_MS - 1000);
	assert_int_equal(play.watcher.ended, 0);
	house_move_clock(*state, 1000);
	assert_int_equal(play.watcher.ended, 1);
	assert_int_equal(play.watcher.why.reason, REASON_NO_PUSH);
	play_finish(&play);
}

static void a_new_push_has_ten_seconds_for_its_key_frame_however_old_the_view_is(void **state)
{
	struct play play;
	struct pusher second;

	NEEDS_TEST_CLOCK();
	play_on(&play, *state);
	house_move_clock(*state, LIVE_KEY_FRAME_MS + 5000);
	push_open(&second, *state, play.camera.loop, "CAM");
	push_intro(&second, 2, 30);
	house_turn(*state, 10);
	assert_int_equal(play.watcher.ended, 0);
	house_move_clock(*state, LIVE_KEY_FRAME_MS - 1000);
	assert_int_equal(play.watcher.ended, 0);
	assert_ok(push_unit(&second, 'K', 2, 100, 0));
	house_turn(*state, 5);
	assert_watched(&play.watcher, "H1 C1 K1 C2 K2");

	/* And one that has none in that time ends. */
	push_open(&play.pusher, *state, play.camera.loop, "CAM");
	house_turn(*state, 10);
	house_move_clock(*state, LIVE_KEY_FRAME_MS + 1000);
	assert_int_equal(play.watcher.ended, 1);
	assert_int_equal(play.watcher.why.reason, REASON_NO_KEY_FRAME);
	push_close(&play.pusher);
	play_finish(&play);
}

static void a_camera_that_pushes_by_itself_is_never_asked(void **state)
{
	struct house *house = *state;
	struct device_change change = { .kind = DEVICE_CREATE };
	struct play play = { .house = house };

	NEEDS_TEST_CLOCK();
	(void)str_copy(STR("CAM"), change.spec.did, DID_SIZE);
	(void)str_copy(STR("secret"), change.spec.secret, DEVICE_SECRET_SIZE);
	change.spec.push = PUSH_SELF;
	assert_ok(house_change(house, &change));
	camera_init(&play.camera, house, "CAM");
	assert_ok(camera_register_now(&play.camera));
	watch_start(&play.watcher, house, house->loop, "CAM");
	play_push(&play);
	assert_ok(push_unit(&play.pusher, 'K', 1, 100, 0));
	house_turn(house, 5);
	assert_watched(&play.watcher, "H1 C1 K1");
	house_move_clock(house, LIVE_HEARTBEAT_MS + 1000);
	push_close(&play.pusher);
	house_move_clock(house, LIVE_RESUME_MS);
	assert_int_equal(play.watcher.why.reason, REASON_NO_PUSH);
	assert_int_equal(play.camera.sent, 0);
	play_finish(&play);
}

static void only_tokens_of_this_device_open_its_stream(void **state)
{
	struct play play;

	play_begin(&play, *state);
	struct domain *domain = play.house->domain;
	struct str own = str_of(play.camera.registration.token);
	assert_ok(publish_check(domain->live, domain->tokens, STR("CAM"), own));
	assert_err(publish_check(domain->live, domain->tokens, STR("CAM2"), own), ERR_DENIED);
	assert_err(publish_check(domain->live, domain->tokens, STR("CAM"), STR("")), ERR_DENIED);
	assert_err(publish_check(domain->live, domain->tokens, STR("CAM"), STR("platform-token")),
	           ERR_DENIED);
	play_answer(&play, "{\"play\":{\"code\":1}}");
	play_finish(&play);
	assert_err(publish_check(domain->live, domain->tokens, STR("CAM"), own), ERR_DENIED);
}

struct nested {
	struct live *live;
	struct play_seen seen;
	int calls;
};

/* Takes live's own lock again: nobody holds it while the list is written. */
static void look_again(void *owner, const struct stream_view *view)
{
	struct nested *nested = owner;

	nested->calls++;
	assert_ok(live_each(nested->live, STR("default"), 2, play_on_each, &nested->seen));
}

static void streams_are_listed_under_no_lock_and_up_to_a_limit(void **state)
{
	struct house *house = *state;
	struct nested nested = { .live = house->domain->live };
	struct pusher pushers[2];

	for (size_t i = 0; i < 2; i++) {
		const char *did = i ? "CAM1" : "CAM0";
		house_add(house, did, DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
		push_open(&pushers[i], house, house->loop, did);
	}
	assert_ok(live_each(nested.live, STR("default"), 2, look_again, &nested));
	assert_int_equal(nested.calls, 2);
	assert_int_equal(nested.seen.count, 4);
	assert_err(live_each(nested.live, STR("default"), 1, look_again, &nested), ERR_TOO_LARGE);
	assert_int_equal(nested.calls, 2);
	assert_ok(live_each(nested.live, STR("other"), 1, look_again, &nested));
	assert_int_equal(nested.calls, 2);
	for (size_t i = 0; i < 2; i++)
		push_close(&pushers[i]);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(a_camera_is_asked_once_with_an_address_it_can_reach),
		cmocka_unit_test_in_house(the_push_may_come_before_the_answer),
		cmocka_unit_test_in_house(an_offline_camera_is_said_at_once),
		cmocka_unit_test_in_house(a_refusal_is_passed_on_with_code_and_words),
		cmocka_unit_test_in_house(a_long_refusal_is_cut_between_characters),
		cmocka_unit_test_in_house(an_answer_that_makes_no_sense_is_a_refusal),
		cmocka_unit_test_in_house(a_silent_camera_is_no_answer_after_five_seconds),
		cmocka_unit_test_in_house(a_camera_that_agrees_and_does_not_push_is_no_push),
		cmocka_unit_test_in_house(a_push_without_a_key_frame_is_no_key_frame),
		cmocka_unit_test_in_house(play_is_said_again_every_minute),
		cmocka_unit_test_in_house(
			after_the_last_viewer_the_camera_lingers_and_is_then_told_to_stop),
		cmocka_unit_test_in_house(a_lost_push_is_asked_for_again_and_viewers_stay),
		cmocka_unit_test_in_house(
			a_push_that_stays_away_ends_its_viewers_after_ten_seconds),
		cmocka_unit_test_in_house(
			a_new_push_has_ten_seconds_for_its_key_frame_however_old_the_view_is),
		cmocka_unit_test_in_house(a_camera_that_pushes_by_itself_is_never_asked),
		cmocka_unit_test_in_house(streams_are_listed_under_no_lock_and_up_to_a_limit),
		cmocka_unit_test_in_house(only_tokens_of_this_device_open_its_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
