/* SPDX-License-Identifier: Apache-2.0 */
/* play.h — the camera "CAM", one viewer, and what the server says to the camera. */
#ifndef VIGIL_TESTS_PLAY_H
#define VIGIL_TESTS_PLAY_H

#include "tests/unit/domain/scene.h"

#define REPLAY "CAM_replay_1_0_20200725112233_20200725113344"

struct play {
	struct house *house;
	struct camera camera;
	struct watcher watcher;
	struct pusher pusher;
};

struct play_seen {
	int count;
	struct stream_view view;
};

/* "CAM" is on line, a viewer came, and the camera was asked. */
void play_begin(struct play *play, struct house *house);
void play_finish(struct play *play);
/* Of the camera, to the last thing it was told. */
void play_answer(struct play *play, const char *result);
void play_push(struct play *play);
/* Asked, answered, pushed, playing. */
void play_on(struct play *play, struct house *house);

void play_on_each(void *owner, const struct stream_view *view);
/* The one stream there is. */
struct stream_view play_look(struct house *house);
void play_assert_stage(struct house *house, enum stream_stage stage);

#endif
