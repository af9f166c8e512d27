/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/domain/play.h"

/* "CAM" is on line, a viewer came, and the camera was asked. */
void play_begin(struct play *play, struct house *house)
{
	play->house = house;
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	camera_init(&play->camera, house, "CAM");
	assert_ok(camera_register_now(&play->camera));
	watch_start(&play->watcher, house, house->loop, "CAM");
	house_turn(house, 5);
	assert_int_equal(play->camera.sent, 1);
	assert_int_equal(str_starts(str_of(play->camera.data), STR("{\"play\":")), 1);
}

void play_finish(struct play *play)
{
	watch_stop(&play->watcher);
	camera_close(&play->camera);
	house_turn(play->house, 10);
}

void play_answer(struct play *play, const char *result)
{
	camera_answer(&play->camera, play->camera.mid, result);
	house_turn(play->house, 5);
}

void play_push(struct play *play)
{
	push_open(&play->pusher, play->house, play->house->loop, "CAM");
	push_intro(&play->pusher, 1, 30);
	house_turn(play->house, 5);
}

/* Asked, answered, pushed, playing. */
void play_on(struct play *play, struct house *house)
{
	play_begin(play, house);
	play_answer(play, "{\"play\":{\"code\":0}}");
	play_push(play);
	assert_ok(push_unit(&play->pusher, 'K', 1, 100, 0));
	house_turn(house, 5);
	assert_watched(&play->watcher, "H1 C1 K1");
}

void play_on_each(void *owner, const struct stream_view *view)
{
	struct play_seen *seen = owner;

	seen->count++;
	seen->view = *view;
}

struct stream_view play_look(struct house *house)
{
	struct play_seen seen = { 0 };

	assert_ok(live_each(house->domain->live, STR("default"), 10, play_on_each, &seen));
	assert_int_equal(seen.count, 1);
	return seen.view;
}

void play_assert_stage(struct house *house, enum stream_stage stage)
{
	assert_string_equal(stream_stage_text(play_look(house).stage), stream_stage_text(stage));
}
