/* SPDX-License-Identifier: Apache-2.0 */
/*
 * actions.h — what a camera can be told to do: one table, action name to handler.
 *
 * actions_run() does what the camera's body can do by itself and gives the answer; for what needs
 * a connection it gives a wish instead, which cam/network/device.h fulfils. So every action is
 * tested without a socket.
 *
 * Memory   an outcome's texts are borrowed from `request`; action_outcome_done() drops the answer.
 * Errors   are answers: {"<action>": {"code", "error"}}.
 */
#ifndef VIGIL_CAM_ACTIONS_H
#define VIGIL_CAM_ACTIONS_H

#include <stdint.h>

#include "base/json.h"
#include "cam/body/camera.h"

enum wish {
	WISH_NONE,
	WISH_PUSH,    /* `url`: start pushing live, or go on */
	WISH_STOP,    /* stop pushing live */
	WISH_REPLAY,  /* `url`, `from_ms`, `to_ms`: push recordings; the answer comes later */
	WISH_CONTROL, /* `replay` names a replay: `control` it; the answer comes later */
	WISH_CAPTURE, /* `url`: upload a still; the answer comes later */
	WISH_UPLOAD,  /* `url`, `segment`: upload a recording; the answer comes later */
};

enum replay_control {
	REPLAY_SPEED,
	REPLAY_SEEK,
	REPLAY_PAUSE,
	REPLAY_RESUME,
	REPLAY_STOP,
};

struct action_outcome {
	char action[24]; /* the answer's name */
	json_t *answer;  /* {"<action>": {...}}; NULL when it comes later */
	enum wish wish;
	struct str url, replay;
	int64_t from_ms, to_ms;
	struct card_segment segment;
	enum replay_control control;
	double speed;    /* of REPLAY_SPEED */
	int64_t seek_ms; /* of REPLAY_SEEK, since 1970 */
};

/* `request` is the message's `data` member. */
void actions_run(struct camera *camera, const json_t *request, int64_t now_ms,
                 struct action_outcome *out);
void action_outcome_done(struct action_outcome *outcome);

/* {"<action>": {"code": code[, "error": words]}}; words NULL: those of the code. NULL without
 * memory. */
json_t *actions_answer(const char *action, enum code code, const char *words);

#endif
