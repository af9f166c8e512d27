/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of streams: stages, events, counters; and what goes when memory is short. */
#include <stdio.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/live/ring.h"
#include "tests/unit/domain/play.h"

#define MEGABYTE (1024 * 1024)

struct reading {
	struct event_page page;
	char text[32768];
	size_t length;
	bool is_done;
};

static void on_event(struct event_page *page, const struct event *event)
{
	struct reading *reading = CONTAINER_OF(page, struct reading, page);

	if (!str_starts(event->type, STR("stream.")))
		return;
	reading->length += (size_t)snprintf(reading->text + reading->length,
	                                    sizeof reading->text - reading->length, "%.*s %.*s\n",
	                                    STR_ARG(event->type), STR_ARG(event->data));
}

static void on_read(struct event_page *page, enum err err)
{
	assert_ok(err);
	CONTAINER_OF(page, struct reading, page)->is_done = true;
}

static bool is_read(void *arg)
{
	return ((struct reading *)arg)->is_done;
}

struct reader {
	struct house *house;
	struct reading *reading;
};

static void begin_reading(void *arg)
{
	struct reader *reader = arg;

	assert_ok(event_read(reader->house->domain->events, &reader->reading->page));
}

/* All stream events so far, a line each: type and data. */
static const char *told(struct house *house, struct reading *reading)
{
	struct reader reader = { house, reading };

	house_turn(house, 30);
	*reading = (struct reading){ .page = { .limit = EVENT_PAGE_MAX,
		                               .organization = "default",
		                               .each = on_event,
		                               .done = on_read,
		                               .is_complete = true } };
	house_run(house, house->loop, begin_reading, &reader);
	house_wait(house, is_read, reading);
	return reading->text;
}

static size_t count_of(const char *text, const char *word)
{
	size_t count = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		count++;
	return count;
}

static void a_view_is_told_from_its_first_frame_to_its_stop(void **state)
{
	struct reading reading;
	struct play play;

	NEEDS_TEST_CLOCK();
	play_begin(&play, *state);
	house_move_clock(*state, 1000);
	play_answer(&play, "{\"play\":{\"code\":0}}");
	house_move_clock(*state, 2000);
	play_push(&play);
	house_move_clock(*state, 500);
	assert_string_equal(told(*state, &reading), "");
	assert_ok(push_unit(&play.pusher, 'K', 1, 100, 0));
	const char *text = told(*state, &reading);
	const char *began = "stream.started {\"key\":\"CAM\",\"first_frame_ms\":3";
	assert_memory_equal(text, began, strlen(began));
	assert_non_null(strstr(text, "\"codec\":\"avc1.42c01e\"}"));
	assert_in_range(play_look(*state).first_frame_ms, 3500, 4000);

	/* Lost while somebody watches. */
	push_close(&play.pusher);
	text = told(*state, &reading);
	assert_non_null(strstr(
		text, "stream.lost {\"key\":\"CAM\",\"reason\":\"the camera stopped sending\"}"));
	play_answer(&play, "{\"play\":{\"code\":0}}");
	assert_non_null(strstr(play_look(*state).stage_text, "lost"));
	play_push(&play);
	assert_ok(push_unit(&play.pusher, 'K', 2, 100, 0));
	house_turn(*state, 5);

	/* And told to stop. */
	watch_stop(&play.watcher);
	house_move_clock(*state, LIVE_LINGER_MS);
	play_answer(&play, "{\"stop\":{\"code\":0}}");
	push_close(&play.pusher);
	text = told(*state, &reading);
	assert_non_null(strstr(text, "stream.stopped {\"key\":\"CAM\",\"reason\":\"nobody is "
	                             "watching\",\"seconds\":60,\"bytes_in\":100}"));
	assert_int_equal(count_of(text, "\n"), 4);
	camera_close(&play.camera);
}

static void a_storm_of_failing_views_is_one_event_in_ten_seconds(void **state)
{
	int64_t dropped = metric_get(METRIC_stream_events_dropped_total);
	int64_t refused = metric_get(METRIC_view_refused_total);
	struct reading reading;
	struct play play;

	NEEDS_TEST_CLOCK();
	play_begin(&play, *state);
	for (int i = 0; i < 20; i++) {
		play_answer(&play,
		            "{\"play\":{\"code\":60013,\"error\":\"lens \\\"covered\\\"\"}}");
		assert_int_equal(play.watcher.ended, 1);
		buf_done(&play.watcher.received);
		watch_start(&play.watcher, *state, play.camera.loop, "CAM");
		house_turn(*state, 5);
	}
	const char *text = told(*state, &reading);
	assert_int_equal(count_of(text, "stream.failed"), 1);
	assert_non_null(strstr(text, "\"reason\":\"device-refused\""));
	assert_non_null(strstr(text, "lens \\\"covered\\\""));
	assert_non_null(strstr(text, "\"code\":60013}"));
	assert_int_equal(metric_get(METRIC_stream_events_dropped_total) - dropped, 19);
	assert_int_equal(metric_get(METRIC_view_refused_total) - refused, 20);
	house_move_clock(*state, LIVE_FAILED_MS);
	assert_int_equal(count_of(told(*state, &reading), "stream.failed"), 2);
	play_finish(&play);
}

/* A valid push that comes and goes fills the log up to a limit. */
static void events_in_a_row_have_a_limit(void **state)
{
	struct house *house = *state;
	struct play play = { .house = house };
	int64_t dropped = metric_get(METRIC_stream_events_dropped_total);
	int64_t began_ms = clock_steady_ms();

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	/* Each push is two events. */
	for (int i = 0; i < LIVE_EVENTS_MAX / 2; i++) {
		push_open(&play.pusher, house, house->loop, "CAM");
		push_intro(&play.pusher, 1, 30);
		assert_ok(push_unit(&play.pusher, 'K', 1, 100, 0));
		house_turn(house, 1);
		push_close(&play.pusher);
	}
	assert_int_equal(metric_get(METRIC_stream_events_dropped_total), dropped);
	int64_t back = (clock_steady_ms() - began_ms) * LIVE_EVENTS_PER_S / 1000;
	for (int64_t i = 0; i < back * 3 / 4 + 10; i++) {
		push_open(&play.pusher, house, house->loop, "CAM");
		push_intro(&play.pusher, 1, 30);
		assert_ok(push_unit(&play.pusher, 'K', 1, 100, 0));
		house_turn(house, 1);
		push_close(&play.pusher);
	}
	assert_true(metric_get(METRIC_stream_events_dropped_total) > dropped);
}

static void a_stream_tells_rate_and_kinds_of_viewers(void **state)
{
	struct play play;
	struct watcher second;

	NEEDS_TEST_CLOCK();
	play_on(&play, *state);
	second = (struct watcher){ 0 };
	watch_start(&second, *state, play.camera.loop, "CAM");
	house_turn(*state, 5);
	struct stream_view view = play_look(*state);
	assert_int_equal(view.viewers_by[VIEWER_FLV], 2);
	assert_int_equal(view.viewers_by[VIEWER_HLS], 0);
	assert_int_equal(view.bits_per_second, 0);
	for (uint32_t i = 0; i < 5; i++) {
		assert_ok(push_unit(&play.pusher, 'F', i, 125000, i * 1000));
		house_move_clock(*state, 1000);
	}
	/* A megabit a second; gone when nothing more comes. */
	assert_in_range(play_look(*state).bits_per_second, 900000, 1600000);
	house_move_clock(*state, 1000000);
	assert_in_range(play_look(*state).bits_per_second, 0, 10000);
	watch_stop(&second);
	assert_int_equal(play_look(*state).viewers_by[VIEWER_FLV], 1);
	assert_ok(live_look(play.house->domain->live, STR("default"), STR("CAM"), &view));
	assert_string_equal(view.key, "CAM");
	assert_err(live_look(play.house->domain->live, STR("other"), STR("CAM"), &view),
	           ERR_NOT_FOUND);
	assert_err(live_look(play.house->domain->live, STR("default"), STR("CAM2"), &view),
	           ERR_NOT_FOUND);
	push_close(&play.pusher);
	play_finish(&play);
}

static void a_group_that_is_too_large_is_shed_and_said(void **state)
{
	int64_t before = metric_get(METRIC_stream_shed_total);
	struct watcher late;
	struct play play;

	play_on(&play, *state);
	for (uint32_t i = 2; i < 2 + LIVE_STREAM_BYTES_MAX / LIVE_FRAME_MAX; i++) {
		assert_ok(push_unit(&play.pusher, 'F', i, LIVE_FRAME_MAX, 100));
		house_turn(*state, 2);
	}
	struct stream_view view = play_look(*state);
	assert_true(view.is_shed);
	assert_int_equal(view.stage, STAGE_PUSHING);
	assert_non_null(strstr(view.stage_text, "More data than there is room for"));
	assert_int_equal(metric_get(METRIC_stream_shed_total), before + 1);
	/* Who keeps up goes on; who comes now waits for the next key frame. */
	char text[4096];
	assert_non_null(strstr(watch_text(&play.watcher, text), "F9"));
	watch_start(&late, *state, play.camera.loop, "CAM");
	house_turn(*state, 5);
	assert_watched(&late, "");
	assert_ok(push_unit(&play.pusher, 'K', 90, 100, 100));
	house_turn(*state, 5);
	assert_watched(&late, "H1 C1 K90");
	assert_non_null(strstr(watch_text(&play.watcher, text), "F9 K90"));
	assert_false(play_look(*state).is_shed);
	watch_stop(&late);
	push_close(&play.pusher);
	play_finish(&play);
}

static void fill(struct pusher *pusher, size_t bytes)
{
	assert_ok(push_unit(pusher, 'K', 1, 100, 0));
	for (size_t done = 0; done < bytes; done += RING_BLOCK_BYTES)
		assert_ok(push_unit(pusher, 'F', 2, RING_BLOCK_BYTES, 40));
}

static bool is_shed(struct house *house, const char *key)
{
	struct stream_view view;

	assert_ok(live_look(house->domain->live, STR("default"), str_of(key), &view));
	return view.is_shed;
}

static int64_t megabytes_held(void)
{
	return metric_get(METRIC_ring_bytes) / MEGABYTE;
}

/* The order of live.h: of sixteen megabytes 14, 15 and 16 are the steps, and a share is four. */
static void short_memory_goes_in_the_stated_order(void **state)
{
	struct house *house = *state;
	const char *const dids[] = { "SEEN", "LARGE", "ALONE", "SMALL" };
	struct pusher pushers[COUNT_OF(dids)], *seen = &pushers[0], *large = &pushers[1];
	struct watcher watchers[2];

	house_close(house);
	house->bytes_max = 16 * MEGABYTE;
	house_open(house);
	for (size_t i = 0; i < COUNT_OF(dids); i++) {
		house_add(house, dids[i], DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
		push_open(&pushers[i], house, house->loop, dids[i]);
		push_intro(&pushers[i], 1, 30);
	}
	watch_start(&watchers[0], house, house->loop, "SEEN");
	watch_start(&watchers[1], house, house->loop, "LARGE");
	fill(seen, 2 * MEGABYTE);
	fill(large, 6 * MEGABYTE);
	fill(&pushers[2], 4 * MEGABYTE);

	/* First the group before the current one. */
	fill(seen, 3 * MEGABYTE);
	assert_int_equal(megabytes_held(), 13);
	/* Then what nobody watches, but not a small one. */
	fill(&pushers[3], 256 * 1024);
	while (megabytes_held() < 15)
		assert_ok(push_unit(large, 'F', 3, RING_BLOCK_BYTES, 80));
	for (size_t i = 0; i < COUNT_OF(dids); i++) {
		assert_false(is_shed(house, dids[i]));
		assert_ok(push_unit(&pushers[i], 'F', 4, RING_BLOCK_BYTES, 80));
	}
	assert_true(is_shed(house, "ALONE"));
	assert_in_range(megabytes_held(), 11, 12);
	/* Then what is larger than its share. */
	while (megabytes_held() < 16) {
		assert_false(is_shed(house, "LARGE"));
		assert_ok(push_unit(large, 'F', 5, RING_BLOCK_BYTES, 80));
	}
	assert_ok(push_unit(seen, 'F', 6, RING_BLOCK_BYTES, 80));
	assert_ok(push_unit(large, 'F', 6, RING_BLOCK_BYTES, 80));
	assert_true(is_shed(house, "LARGE"));
	assert_false(is_shed(house, "SEEN"));
	assert_false(is_shed(house, "SMALL"));
	for (size_t i = 0; i < COUNT_OF(watchers); i++)
		watch_stop(&watchers[i]);
	for (size_t i = 0; i < COUNT_OF(dids); i++)
		push_close(&pushers[i]);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(a_view_is_told_from_its_first_frame_to_its_stop),
		cmocka_unit_test_in_house(a_storm_of_failing_views_is_one_event_in_ten_seconds),
		cmocka_unit_test_in_house(events_in_a_row_have_a_limit),
		cmocka_unit_test_in_house(a_stream_tells_rate_and_kinds_of_viewers),
		cmocka_unit_test_in_house(a_group_that_is_too_large_is_shed_and_said),
		cmocka_unit_test_in_house(short_memory_goes_in_the_stated_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
