/* SPDX-License-Identifier: Apache-2.0 */
/*
 * camera.h — the body of one camera: where it looks, what it remembers, what is on its card.
 *
 * Knows no socket and no encoder; cam/network/device.h gives it a connection, cam/body/actions.h
 * its commands.
 *
 * Threads  one, which may block for the small writes of presets, settings and the card's list.
 */
#ifndef VIGIL_CAM_CAMERA_H
#define VIGIL_CAM_CAMERA_H

#include "base/mem.h"
#include "cam/body/ptz.h"
#include "cam/memory/card.h"
#include "cam/memory/config.h"
#include "cam/memory/presets.h"
#include "cam/memory/store.h"

#define CAMERA_DID_MAX 64

struct camera {
	char did[CAMERA_DID_MAX + 1];
	struct store store;
	struct ptz ptz;
	struct presets presets;
	struct config config;
	struct card card;
};

/* With an empty or NULL `state` folder all is forgotten at the end, and there is no card.
 * ERR_INVALID for a did that is not [A-Za-z0-9:.-]{1,64}. */
enum err camera_new(const char *did, const char *state, struct camera **out, struct why *why);
void camera_free(struct camera *camera);
AUTO_DEFINE(camera)

bool camera_is_did(struct str did);

/* Makes the cruise what the settings say; a preset that is not set is left out. */
void camera_apply_cruise(struct camera *camera, int64_t now_ms);

#endif
