/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/metric.h"
#include "domain/live/ring.h"
#include "tests/unit/domain/scene.h"

/* A device that pushes by itself: nobody is asked to play. */
static void add_self_pusher(struct house *house, const char *did)
{
	struct device_change change = { .kind = DEVICE_CREATE };

	(void)str_copy(str_of(did), change.spec.did, DID_SIZE);
	change.spec.push = PUSH_SELF;
	assert_ok(house_change(house, &change));
}

/* The publisher of "CAM" on the test's loop, with introduction 1 and a key frame 1. */
static void push_start(struct pusher *pusher, struct house *house)
{
	add_self_pusher(house, "CAM");
	push_open(pusher, house, house->loop, "CAM");
	push_intro(pusher, 1, 30);
	assert_ok(push_unit(pusher, 'K', 1, 100, 0));
}

static bool is_received(void *arg)
{
	const struct watcher *watcher = arg;

	return watcher->received.size > 0;
}

static void a_viewer_gets_the_introduction_and_then_begins_at_the_newest_key_frame(void **state)
{
	struct pusher pusher;
	struct watcher watcher;

	push_start(&pusher, *state);
	assert_ok(push_unit(&pusher, 'F', 2, 100, 40));
	assert_ok(push_unit(&pusher, 'K', 3, 100, 80));
	assert_ok(push_unit(&pusher, 'F', 4, 100, 120));
	watch_start(&watcher, *state, pusher.loop, "CAM");
	house_wait(*state, is_received, &watcher);
	assert_watched(&watcher, "H1 C1 K3 F4");
	assert_int_equal(watcher.started, 1);
	assert_ok(push_unit(&pusher, 'F', 5, 200 * 1024, 160));
	house_turn(*state, 5);
	assert_watched(&watcher, "H1 C1 K3 F4 F5");
	watch_stop(&watcher);
	push_close(&pusher);
	assert_int_equal(metric_get(METRIC_streams), 0);
	assert_int_equal(metric_get(METRIC_ring_bytes), 0);
}

static void a_viewer_waits_for_the_first_key_frame(void **state)
{
	struct house *house = *state;
	struct pusher pusher;
	struct watcher watcher;

	add_self_pusher(house, "CAM");
	watch_start(&watcher, house, house->loop, "CAM");
	push_open(&pusher, house, house->loop, "CAM");
	assert_ok(push_unit(&pusher, 'F', 1, 100, 0));
	push_intro(&pusher, 1, 30);
	assert_ok(push_unit(&pusher, 'F', 2, 100, 0));
	house_turn(house, 10);
	assert_int_equal(watcher.received.size, 0);
	assert_ok(push_unit(&pusher, 'K', 3, 100, 40));
	house_wait(house, is_received, &watcher);
	assert_watched(&watcher, "H1 C1 K3");
	watch_stop(&watcher);
	push_close(&pusher);
}

static void a_viewer_that_fell_behind_ends_its_block_and_goes_on_at_a_key_frame(void **state)
{
	struct pusher pusher;
	struct watcher watcher;
	int64_t skips = metric_get(METRIC_viewer_skips_total);

	push_start(&pusher, *state);
	watch_slow(&watcher, *state, "CAM",
	           50 + 100 + 20); /* the introduction, the key frame, and a bit of the next */
	assert_ok(push_unit(&pusher, 'F', 2, 1000, 40));
	house_turn(*state, 5);
	assert_ok(push_unit(&pusher, 'F', 3, 1000, 80));
	for (uint32_t i = 4; i < 100; i++) {
		assert_ok(
			push_unit(&pusher, i % 10 ? 'F' : 'K', i, RING_BLOCK_BYTES - 5, i * 1000));
		house_turn(*state, 1);
	}
	watch_drain(&watcher, SIZE_MAX);
	char text[4096];
	assert_string_equal(watch_text(&watcher, text),
	                    "H1 C1 K1 F2 F3 K90 F91 F92 F93 F94 F95 F96 F97 F98 F99");
	assert_int_equal(metric_get(METRIC_viewer_skips_total), skips + 1);
	watch_stop(&watcher);
	push_close(&pusher);
}

static void a_changed_configuration_comes_with_the_jump(void **state)
{
	struct pusher pusher, second;
	struct watcher watcher;

	push_start(&pusher, *state);
	watch_start(&watcher, *state, pusher.loop, "CAM");
	house_wait(*state, is_received, &watcher);
	push_open(&second, *state, pusher.loop, "CAM");
	house_turn(*state, 10);
	assert_int_equal(pusher.ended, 1);
	assert_string_equal(pusher.reason, "another push took its place");
	push_intro(&second, 2, 40);
	assert_ok(push_unit(&second, 'F', 7, 100, 0));
	assert_ok(push_unit(&second, 'K', 8, 100, 0));
	house_turn(*state, 10);
	/* The file's head is sent once; what came before the new key frame is of no use. */
	assert_watched(&watcher, "H1 C1 K1 C2 K8");
	watch_stop(&watcher);
	push_close(&second);
}

/* The socket took `sent` bytes of the introduction when the publisher changed. */
static void change_within_introduction(struct house *house, size_t sent, const char *expected)
{
	struct pusher pusher, second;
	struct watcher watcher;

	push_open(&pusher, house, house->loop, "CAM");
	push_intro(&pusher, 1, 60);
	assert_ok(push_unit(&pusher, 'K', 1, 100, 0));
	assert_ok(push_unit(&pusher, 'F', 2, 100, 0));
	watch_slow(&watcher, house, "CAM", sent);
	house_turn(house, 5);
	push_open(&second, house, house->loop, "CAM");
	push_intro(&second, 2, 40);
	assert_ok(push_unit(&second, 'K', 8, 100, 0));
	house_turn(house, 5);
	watch_drain(&watcher, SIZE_MAX);
	assert_watched(&watcher, expected);
	watch_stop(&watcher);
	push_close(&second);
}

static void an_introduction_half_sent_is_finished_before_the_next_one(void **state)
{
	add_self_pusher(*state, "CAM");
	change_within_introduction(*state, 0, "H1 C1 C2 K8");
	change_within_introduction(*state, 1, "H1 C1 C2 K8");
	change_within_introduction(*state, 19, "H1 C1 C2 K8");
	change_within_introduction(*state, 20, "H1 C1 C2 K8");
	change_within_introduction(*state, 21, "H1 C1 C2 K8");
	change_within_introduction(*state, 79, "H1 C1 C2 K8");
	change_within_introduction(*state, 80, "H1 C1 C2 K8");
	change_within_introduction(*state, 81, "H1 C1 K1 F2 C2 K8");
}

static void an_introduction_half_sent_is_finished_when_its_key_frame_is_gone(void **state)
{
	struct house *house = *state;
	struct pusher pusher;
	struct watcher watcher;

	add_self_pusher(house, "CAM");
	push_open(&pusher, house, house->loop, "CAM");
	push_intro(&pusher, 1, 60);
	assert_ok(push_unit(&pusher, 'F', 1, 100, 0));
	assert_ok(push_unit(&pusher, 'K', 2, 100, 0));
	watch_slow(&watcher, house, "CAM", 30);
	house_turn(house, 5);
	for (uint32_t i = 3; i < 30; i++) {
		assert_ok(push_unit(&pusher, 'K', i, RING_BLOCK_BYTES, i * 1000));
		house_turn(house, 1);
	}
	watch_drain(&watcher, SIZE_MAX);
	assert_watched(&watcher, "H1 C1 K29");
	watch_stop(&watcher);
	push_close(&pusher);
}

static void viewers_on_two_loops_get_the_same(void **state)
{
	struct house *house = *state;
	struct pusher pusher;
	struct watcher here, there;

	push_start(&pusher, house);
	watch_start(&here, house, house->loop, "CAM");
	watch_start(&there, house, house->other, "CAM");
	for (uint32_t i = 2; i < 200; i++)
		assert_ok(push_unit(&pusher, i % 20 ? 'F' : 'K', i, 5000, i * 40));
	house_turn(house, 50);
	char first[4096], second[4096];
	watch_text(&here, first);
	assert_non_null(strstr(first, "F199"));
	watch_stop(&here);
	house_run(house, house->other, (void (*)(void *))(void *)viewer_leave, &there.viewer);
	watch_text(&there, second);
	assert_non_null(strstr(second, "F199"));
	buf_done(&there.received);
	push_close(&pusher);
}

static void a_frame_at_its_limit_is_taken_and_one_past_it_refused(void **state)
{
	struct pusher pusher;

	push_start(&pusher, *state);
	assert_ok(push_unit(&pusher, 'F', 2, LIVE_FRAME_MAX, 40));
	assert_err(push_unit(&pusher, 'F', 3, LIVE_FRAME_MAX + 1, 80), ERR_TOO_LARGE);
	/* Thirty-two megabytes without a key frame: the ring starts anew, within its limit. */
	for (uint32_t i = 4; i < 14; i++) {
		assert_ok(push_unit(&pusher, 'F', i, LIVE_FRAME_MAX, 100));
		assert_true(metric_get(METRIC_ring_bytes) <= LIVE_STREAM_BYTES_MAX);
	}
	push_close(&pusher);
}

static void over_the_budget_of_all_only_the_current_group_is_kept(void **state)
{
	struct house *house = *state;
	struct pusher pusher;

	house_close(house);
	house->bytes_max = 5 * RING_BLOCK_BYTES;
	house_open(house);
	push_start(&pusher, house);
	for (uint32_t i = 0; i < 50; i++) {
		assert_ok(push_unit(&pusher, 'K', i, RING_BLOCK_BYTES, i * 40));
		assert_true(metric_get(METRIC_ring_bytes) <= 7 * RING_BLOCK_BYTES);
	}
	push_close(&pusher);
}

static void a_round_of_viewers_may_take_several_turns(void **state)
{
	struct house *house = *state;
	struct pusher pusher;
	struct watcher watchers[6];

	push_start(&pusher, house);
	for (size_t i = 0; i < COUNT_OF(watchers); i++)
		watch_start(&watchers[i], house, house->loop, "CAM");
	house_turn(house, 5);
	for (size_t i = 0; i < COUNT_OF(watchers); i++)
		watchers[i].busy_us = LIVE_TURN_US;
	/* The next round begins before this one is through; one of the last leaves meanwhile. */
	assert_ok(push_unit(&pusher, 'F', 2, 100, 40));
	assert_ok(push_unit(&pusher, 'F', 3, 100, 80));
	watch_stop(&watchers[4]);
	house_turn(house, 30);
	for (size_t i = 0; i < COUNT_OF(watchers); i++) {
		if (i == 4)
			continue;
		assert_watched(&watchers[i], "H1 C1 K1 F2 F3");
		watch_stop(&watchers[i]);
	}
	push_close(&pusher);
	assert_int_equal(metric_get(METRIC_streams), 0);
}

static void a_pinned_flush_gathers_frames(void **state)
{
	struct house *house = *state;
	struct pusher pusher;
	struct watcher watcher;

	NEEDS_TEST_CLOCK();
	house_close(house);
	house->flush_ms = 200;
	house_open(house);
	push_start(&pusher, house);
	watch_start(&watcher, house, house->loop, "CAM");
	house_turn(house, 5);
	assert_watched(&watcher, "H1 C1 K1");
	assert_ok(push_unit(&pusher, 'F', 2, 100, 40));
	assert_ok(push_unit(&pusher, 'F', 3, 100, 80));
	house_turn(house, 5);
	assert_watched(&watcher, "H1 C1 K1");
	house_move_clock(house, 200);
	assert_watched(&watcher, "H1 C1 K1 F2 F3");
	watch_stop(&watcher);
	push_close(&pusher);
}

/* A frame each 10 ms for so long; gives how often a second the viewer was served in the end. */
static int push_for(struct house *house, struct pusher *pusher, struct watcher *watcher, int64_t ms)
{
	int64_t began_ms = clock_steady_ms(), last_ms = began_ms + ms;
	uint32_t number = 2;
	int served = 0;

	for (int64_t now_ms = began_ms; now_ms < last_ms; now_ms = clock_steady_ms()) {
		if (now_ms < last_ms - 1000)
			served = watcher->served;
		for (; number < 2 + (now_ms - began_ms) / 10; number++)
			assert_ok(push_unit(pusher, number % 100 ? 'F' : 'K', number, 100,
			                    number * 10));
		house_turn(house, 2);
	}
	return watcher->served - served;
}

static void a_busy_loop_gathers_frames_until_it_is_less_than_half_busy(void **state)
{
	struct house *house = *state;
	struct pusher pusher;
	struct watcher watcher;

	house_close(house);
	house->flush_ms = LIVE_FLUSH_AUTO;
	house_open(house);
	push_start(&pusher, house);
	watch_start(&watcher, house, house->loop, "CAM");
	assert_in_range(push_for(house, &pusher, &watcher, 1200), 30, 110);
	/* Each frame at once would keep it eight tenths busy. */
	watcher.busy_us = 8000;
	assert_in_range(push_for(house, &pusher, &watcher, 4000), 5, 66);
	watcher.busy_us = 0;
	assert_in_range(push_for(house, &pusher, &watcher, 4000), 25, 110);
	watch_stop(&watcher);
	push_close(&pusher);
}

static void a_viewer_that_leaves_while_a_flush_waits_leaves_nothing_behind(void **state)
{
	struct house *house = *state;
	struct pusher pusher;
	struct watcher watcher;

	house_close(house);
	house->flush_ms = 200;
	house_open(house);
	push_start(&pusher, house);
	watch_start(&watcher, house, house->loop, "CAM");
	house_turn(house, 5);
	assert_ok(push_unit(&pusher, 'F', 2, 100, 40));
	house_turn(house, 2);
	watch_stop(&watcher);
	push_close(&pusher);
	assert_int_equal(metric_get(METRIC_streams), 0);
	assert_int_equal(metric_get(METRIC_ring_bytes), 0);
}

static void a_push_that_was_replaced_takes_no_more_frames(void **state)
{
	struct house *house = *state;
	struct pusher first, second;

	push_start(&first, house);
	push_open(&second, house, house->other, "CAM");
	if (first.publisher)
		assert_err(push_unit(&first, 'K', 2, 100, 0), ERR_CLOSED);
	/* Its connection ends before it hears of it. */
	if (first.publisher)
		push_close(&first);
	house_turn(house, 10);
	push_close(&second);
	assert_int_equal(metric_get(METRIC_publishers), 0);
}

static bool is_cut_off(void *arg)
{
	const struct watcher *watcher = arg;

	return __atomic_load_n(&watcher->ended, __ATOMIC_ACQUIRE) > 0 &&
	       metric_get(METRIC_streams) == 0;
}

/* The push comes on the other loop: its end has a way to go. */
static void cut_off(struct house *house, struct device_change *change, const char *reason)
{
	struct pusher pusher;
	struct watcher watcher;

	push_open(&pusher, house, house->other, "CAM");
	push_intro(&pusher, 1, 30);
	assert_ok(push_unit(&pusher, 'K', 1, 100, 0));
	watch_start(&watcher, house, house->loop, "CAM");
	house_wait(house, is_received, &watcher);

	(void)str_copy(STR("CAM"), change->spec.did, DID_SIZE);
	assert_ok(house_change(house, change));

	house_wait(house, is_cut_off, &watcher);
	push_close(&pusher);
	assert_int_equal(pusher.ended, 1);
	assert_string_equal(pusher.reason, reason);
	assert_int_equal(watcher.ended, 1);
	assert_int_equal(watcher.ended_reason, REASON_STREAM_ENDED);
	assert_non_null(strstr(watcher.why.text, reason));
	watch_stop(&watcher);
}

static void who_may_not_go_on_stops_pushing_and_his_viewers_hear_it(void **state)
{
	struct device_change rotate = { .kind = DEVICE_ROTATE };
	struct device_change unbind = { .kind = DEVICE_BIND };
	struct device_change disable = { .kind = DEVICE_UPDATE,
		                         .sets = DEVICE_SETS_DISABLED,
		                         .is_disabled = true };
	struct device_change remove = { .kind = DEVICE_REMOVE };
	struct watcher watcher;

	add_self_pusher(*state, "CAM");
	cut_off(*state, &rotate, "new secret");
	cut_off(*state, &unbind, "gateway changed");
	cut_off(*state, &disable, "disabled");
	assert_err(watch_try(&watcher, *state, ((struct house *)*state)->loop, "CAM"),
	           ERR_CONFLICT);
	disable.is_disabled = false;
	assert_ok(house_change(*state, &disable));
	cut_off(*state, &remove, "removed");
}

static bool shows_h264(struct viewer *viewer, const char *codec)
{
	(void)viewer;
	return str_starts(str_of(codec), STR("avc1"));
}

static void tell_h265(void *arg)
{
	const struct pusher *pusher = arg;

	publisher_set_video(pusher->publisher, &(struct stream_video){ .codec = "hvc1.1.6.L93" });
}

static void a_viewer_ends_when_the_codec_changes_to_one_it_cannot_show(void **state)
{
	struct pusher pusher;
	struct watcher picky, any;

	push_start(&pusher, *state);
	watch_start(&any, *state, pusher.loop, "CAM");
	watch_start(&picky, *state, pusher.loop, "CAM");
	struct viewer_ops ops = *picky.viewer.ops;
	ops.can_show = shows_h264;
	picky.viewer.ops = &ops;
	house_wait(*state, is_received, &picky);
	house_run(*state, pusher.loop, tell_h265, &pusher);
	assert_ok(push_unit(&pusher, 'K', 2, 100, 40));
	house_turn(*state, 5);
	assert_watched(&picky, "H1 C1 K1");
	assert_int_equal(picky.ended_reason, REASON_CODEC_UNSUPPORTED);
	assert_string_equal(picky.why.text, "hvc1.1.6.L93");
	assert_watched(&any, "H1 C1 K1 K2");
	watch_stop(&picky);
	watch_stop(&any);
	push_close(&pusher);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(
			a_viewer_gets_the_introduction_and_then_begins_at_the_newest_key_frame),
		cmocka_unit_test_in_house(a_viewer_waits_for_the_first_key_frame),
		cmocka_unit_test_in_house(
			a_viewer_that_fell_behind_ends_its_block_and_goes_on_at_a_key_frame),
		cmocka_unit_test_in_house(a_changed_configuration_comes_with_the_jump),
		cmocka_unit_test_in_house(
			an_introduction_half_sent_is_finished_before_the_next_one),
		cmocka_unit_test_in_house(
			an_introduction_half_sent_is_finished_when_its_key_frame_is_gone),
		cmocka_unit_test_in_house(viewers_on_two_loops_get_the_same),
		cmocka_unit_test_in_house(a_frame_at_its_limit_is_taken_and_one_past_it_refused),
		cmocka_unit_test_in_house(over_the_budget_of_all_only_the_current_group_is_kept),
		cmocka_unit_test_in_house(a_round_of_viewers_may_take_several_turns),
		cmocka_unit_test_in_house(a_pinned_flush_gathers_frames),
		cmocka_unit_test_in_house(
			a_busy_loop_gathers_frames_until_it_is_less_than_half_busy),
		cmocka_unit_test_in_house(
			a_viewer_that_leaves_while_a_flush_waits_leaves_nothing_behind),
		cmocka_unit_test_in_house(who_may_not_go_on_stops_pushing_and_his_viewers_hear_it),
		cmocka_unit_test_in_house(a_push_that_was_replaced_takes_no_more_frames),
		cmocka_unit_test_in_house(
			a_viewer_ends_when_the_codec_changes_to_one_it_cannot_show),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
