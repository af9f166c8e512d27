/* SPDX-License-Identifier: Apache-2.0 */
/*
 * actions_private.h — what the files of handlers share.
 */
#ifndef VIGIL_CAM_ACTIONS_PRIVATE_H
#define VIGIL_CAM_ACTIONS_PRIVATE_H

#include "cam/body/actions.h"

/* `request` is the value of data.<action>. Fills the outcome's answer or wish; a code that is not
 * CODE_OK is answered as an error, CODE_OK without answer and wish as {"code":0}. */
typedef enum code action_fn(struct camera *camera, const json_t *request, int64_t now_ms,
                            struct action_outcome *out);

action_fn action_play, action_stop, action_capture, action_segment, action_replay, action_upload;

#endif
