/* SPDX-License-Identifier: Apache-2.0 */
/* Pushes that come unasked, go on too long, come back, or are recordings. */
#include <stdio.h>

#include "base/json.h"
#include "base/metric.h"
#include "tests/unit/domain/play.h"

#define REPLAY "CAM_replay_1_0_20200725112233_20200725113344"

/* The token in the address the camera was last told. */
static struct str told_token(const struct play *play, char out[64])
{
	AUTO_JSON json = NULL;

	assert_ok(json_read(str_of(play->camera.data), &json, NULL));
	struct str url = json_member_str(json_object_get(json, "play"), "url");
	assert_ok(str_copy(str_from(url, str_index(url, '=') + 1), out, 64));
	return str_of(out);
}

struct coming {
	struct publisher *publisher;
	struct str token;
};

static void come_by(void *arg)
{
	const struct coming *coming = arg;

	publisher_came_by(coming->publisher, coming->token);
}

static void push_came_by(struct play *play, struct str token)
{
	struct coming coming = { play->pusher.publisher, token };

	house_run(play->house, play->pusher.loop, come_by, &coming);
}

/* Playing, the last viewer gone, told to stop. */
static void stop_it(struct play *play, struct house *house)
{
	play_on(play, house);
	watch_stop(&play->watcher);
	house_move_clock(house, LIVE_LINGER_MS);
	assert_string_equal(play->camera.data, "{\"stop\":{\"reason\":\"nobody is watching\"}}");
	play_answer(play, "{\"stop\":{\"code\":0}}");
}

static void a_push_that_goes_on_after_stop_is_cut_and_counted(void **state)
{
	int64_t before = metric_get(METRIC_publish_overtime_total);
	struct play play;

	NEEDS_TEST_CLOCK();
	stop_it(&play, *state);
	house_move_clock(*state, LIVE_OVERTIME_MS - 1000);
	assert_int_equal(play.pusher.ended, 0);
	assert_string_equal(play_look(*state).stage_text, "The camera was told to stop");
	house_move_clock(*state, 1000);
	assert_int_equal(play.pusher.ended, 1);
	assert_string_equal(play.pusher.reason, "it went on after it was told to stop");
	assert_int_equal(metric_get(METRIC_publish_overtime_total), before + 1);
	assert_int_equal(metric_get(METRIC_streams), 0);
	camera_close(&play.camera);
}

static void a_viewer_after_stop_makes_it_play_again(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	stop_it(&play, *state);
	watch_start(&play.watcher, *state, play.camera.loop, "CAM");
	house_turn(*state, 5);
	assert_watched(&play.watcher, "H1 C1 K1");
	assert_true(str_starts(str_of(play.camera.data), STR("{\"play\":")));
	play_answer(&play, "{\"play\":{\"code\":0}}");
	house_move_clock(*state, LIVE_OVERTIME_MS + 1000);
	assert_int_equal(play.pusher.ended, 0);
	push_close(&play.pusher);
	play_finish(&play);
}

static void a_push_nobody_asked_for_is_neither_kept_up_nor_stopped(void **state)
{
	struct play play = { .house = *state };

	NEEDS_TEST_CLOCK();
	house_add(*state, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	camera_init(&play.camera, *state, "CAM");
	assert_ok(camera_register_now(&play.camera));
	play_push(&play);
	assert_ok(push_unit(&play.pusher, 'K', 1, 100, 0));
	house_move_clock(*state, LIVE_LINGER_MS + LIVE_OVERTIME_MS);
	play_assert_stage(*state, STAGE_PLAYING);
	watch_start(&play.watcher, *state, play.camera.loop, "CAM");
	house_turn(*state, 5);
	assert_watched(&play.watcher, "H1 C1 K1");
	house_move_clock(*state, LIVE_HEARTBEAT_MS + 1000);
	watch_stop(&play.watcher);
	house_move_clock(*state, LIVE_LINGER_MS + 1000);
	house_move_clock(*state, LIVE_OVERTIME_MS + 1000);
	assert_int_equal(play.camera.sent, 0);
	assert_int_equal(play.pusher.ended, 0);
	push_close(&play.pusher);
	camera_close(&play.camera);
}

/* The server was started anew: the camera comes back with the token of its play action. */
static void a_push_that_was_asked_for_by_another_run_is_kept_up_and_stopped(void **state)
{
	struct play play;
	char text[64];

	NEEDS_TEST_CLOCK();
	play_on(&play, *state);
	struct str token = told_token(&play, text);
	watch_stop(&play.watcher);
	push_close(&play.pusher);
	assert_int_equal(metric_get(METRIC_streams), 0);

	play_push(&play);
	push_came_by(&play, STR("another"));
	push_came_by(&play, token);
	assert_ok(push_unit(&play.pusher, 'K', 2, 100, 0));
	house_turn(*state, 5);
	int sent = play.camera.sent;
	house_move_clock(*state, LIVE_LINGER_MS - 1000);
	assert_null(strstr(play.camera.data, "stop"));
	play_answer(&play, "{\"play\":{}}");
	house_move_clock(*state, 1000);
	assert_non_null(strstr(play.camera.data, "stop"));
	assert_true(play.camera.sent > sent);
	push_close(&play.pusher);
	camera_close(&play.camera);
}

static void a_long_group_of_pictures_has_more_time_for_its_key_frame(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	play_on(&play, *state);
	assert_ok(push_unit(&play.pusher, 'K', 2, 100, 20000));
	house_turn(*state, 5);
	assert_int_equal(play_look(*state).gop_ms, 20000);
	push_intro(&play.pusher, 2, 30); /* the key frame so far is of no use */
	house_turn(*state, 5);
	play_assert_stage(*state, STAGE_PUSHING);
	house_move_clock(*state, 29000);
	assert_int_equal(play.watcher.ended, 0);
	house_move_clock(*state, 1000);
	assert_int_equal(play.watcher.ended, 1);
	assert_int_equal(play.watcher.why.reason, REASON_NO_KEY_FRAME);
	push_close(&play.pusher);
	play_finish(&play);
}

static void a_group_of_pictures_is_measured_by_arrival_when_timestamps_jump(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	play_on(&play, *state);
	house_move_clock(*state, 3000);
	assert_ok(push_unit(&play.pusher, 'K', 2, 100, 4 * 3600 * 1000));
	assert_in_range(play_look(*state).gop_ms, 3000, 3500);
	house_move_clock(*state, 5000);
	assert_ok(push_unit(&play.pusher, 'K', 3, 100, 1000));
	assert_in_range(play_look(*state).gop_ms, 5000, 5500);
	push_close(&play.pusher);
	play_finish(&play);
}

static void a_camera_that_was_lost_with_its_link_is_asked_until_it_is_back(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	play_on(&play, *state);
	camera_close(&play.camera);
	push_close(&play.pusher);
	house_turn(*state, 5);
	int sent = play.camera.sent;
	assert_int_equal(play.watcher.ended, 0);
	assert_ok(camera_register_now(&play.camera));
	house_move_clock(*state, LIVE_RETRY_MS);
	assert_int_equal(play.camera.sent, sent + 1);
	play_answer(&play, "{\"play\":{\"code\":0}}");
	push_open(&play.pusher, *state, play.camera.loop, "CAM");
	push_intro(&play.pusher, 2, 30);
	assert_ok(push_unit(&play.pusher, 'K', 2, 100, 0));
	house_turn(*state, 5);
	assert_watched(&play.watcher, "H1 C1 K1 C2 K2");
	/* One that does not come back in time is named. */
	camera_close(&play.camera);
	push_close(&play.pusher);
	house_move_clock(*state, LIVE_RESUME_MS / 2);
	house_move_clock(*state, LIVE_RESUME_MS / 2);
	assert_int_equal(play.watcher.ended, 1);
	assert_int_equal(play.watcher.why.reason, REASON_DEVICE_OFFLINE);
	watch_stop(&play.watcher);
}

/* --- recordings ----------------------------------------------------------------------------- */

static void replay_begin(struct play *play, struct house *house)
{
	play->house = house;
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	camera_init(&play->camera, house, "CAM");
	assert_ok(camera_register_now(&play->camera));
	watch_start(&play->watcher, house, house->loop, REPLAY);
	house_turn(house, 5);
	assert_non_null(strstr(play->camera.data, REPLAY "?token="));
	play_answer(play, "{\"play\":{\"code\":0}}");
	push_open(&play->pusher, house, house->loop, REPLAY);
	push_intro(&play->pusher, 1, 30);
	assert_ok(push_unit(&play->pusher, 'K', 1, 100, 0));
	house_turn(house, 5);
	assert_watched(&play->watcher, "H1 C1 K1");
}

static void a_recording_that_is_over_is_read_to_its_end_and_not_played_again(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	replay_begin(&play, *state);
	/* The camera sends the last frame and closes at once. */
	assert_ok(push_unit(&play.pusher, 'F', 2, 100, 40));
	push_close(&play.pusher);
	assert_watched(&play.watcher, "H1 C1 K1 F2");
	assert_int_equal(play.watcher.ended, 0);
	assert_string_equal(play_look(*state).stage_text, "The recording is over");
	house_move_clock(*state, LIVE_TAIL_MS);
	assert_int_equal(play.watcher.ended, 1);
	assert_int_equal(play.watcher.why.reason, REASON_STREAM_ENDED);
	assert_int_equal(play.camera.sent, 1);
	play_finish(&play);
	assert_int_equal(metric_get(METRIC_streams), 0);
	assert_int_equal(metric_get(METRIC_ring_bytes), 0);
}

static void a_recording_has_a_stop_of_its_own(void **state)
{
	struct play play;

	NEEDS_TEST_CLOCK();
	replay_begin(&play, *state);
	watch_stop(&play.watcher);
	house_move_clock(*state, LIVE_LINGER_MS);
	assert_string_equal(play.camera.data, "{\"replay\":{\"id\":\"" REPLAY "\",\"stop\":true}}");
	play_answer(&play, "{\"replay\":{\"code\":0}}");
	push_close(&play.pusher);
	house_move_clock(*state, LIVE_TAIL_MS);
	assert_int_equal(metric_get(METRIC_streams), 0);
	camera_close(&play.camera);
}

static void a_device_has_so_many_replays_and_no_more(void **state)
{
	struct watcher watchers[LIVE_REPLAYS_MAX + 2];
	struct play play;
	char key[STREAM_KEY_SIZE];

	play_begin(&play, *state); /* its live picture does not count */
	for (int i = 0; i < LIVE_REPLAYS_MAX; i++) {
		(void)snprintf(key, sizeof key, "CAM_replay_%d_0_20200725112233_20200725113344",
		               i + 1);
		watch_start(&watchers[i], *state, play.camera.loop, key);
	}
	struct watcher *late = &watchers[LIVE_REPLAYS_MAX];
	assert_err(watch_try(late, *state, play.camera.loop,
	                     "CAM_replay_99_0_20200725112233_20200725113344"),
	           ERR_BUSY);
	assert_int_equal(late->why.reason, REASON_TOO_MANY);
	/* Another device has its own. */
	house_add(*state, "CAM2", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	assert_err(watch_try(late, *state, play.camera.loop,
	                     "CAM2_replay_1_0_20200725112233_20200725113344"),
	           ERR_CONFLICT);
	/* Removing the device ends them all. */
	struct device_change change = { .kind = DEVICE_REMOVE };
	(void)str_copy(STR("CAM"), change.spec.did, DID_SIZE);
	assert_ok(house_change(*state, &change));
	house_turn(*state, 20);
	assert_int_equal(play.watcher.ended, 1);
	for (int i = 0; i < LIVE_REPLAYS_MAX; i++) {
		assert_int_equal(watchers[i].ended, 1);
		assert_int_equal(watchers[i].why.reason, REASON_STREAM_ENDED);
		buf_done(&watchers[i].received);
	}
	buf_done(&late->received);
	play_finish(&play);
}

static void the_picture_of_one_push_is_not_that_of_the_next(void **state)
{
	struct play play = { .house = *state };
	struct pusher second;

	house_add(*state, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	camera_init(&play.camera, *state, "CAM");
	play_push(&play);
	assert_string_equal(play_look(*state).video.codec, "avc1.42c01e");
	push_open(&second, *state, play.pusher.loop, "CAM");
	assert_string_equal(play_look(*state).video.codec, "");
	house_turn(*state, 5);
	push_close(&second);
	camera_close(&play.camera);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(a_push_that_goes_on_after_stop_is_cut_and_counted),
		cmocka_unit_test_in_house(a_viewer_after_stop_makes_it_play_again),
		cmocka_unit_test_in_house(a_push_nobody_asked_for_is_neither_kept_up_nor_stopped),
		cmocka_unit_test_in_house(
			a_push_that_was_asked_for_by_another_run_is_kept_up_and_stopped),
		cmocka_unit_test_in_house(a_long_group_of_pictures_has_more_time_for_its_key_frame),
		cmocka_unit_test_in_house(
			a_group_of_pictures_is_measured_by_arrival_when_timestamps_jump),
		cmocka_unit_test_in_house(
			a_camera_that_was_lost_with_its_link_is_asked_until_it_is_back),
		cmocka_unit_test_in_house(
			a_recording_that_is_over_is_read_to_its_end_and_not_played_again),
		cmocka_unit_test_in_house(a_recording_has_a_stop_of_its_own),
		cmocka_unit_test_in_house(a_device_has_so_many_replays_and_no_more),
		cmocka_unit_test_in_house(the_picture_of_one_push_is_not_that_of_the_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
