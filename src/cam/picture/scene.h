/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.h — the world in front of the camera, and the window onto it that the camera sees.
 *
 * The world is drawn once: sky, ground, landmarks, and a grid whose fields have names, so that a
 * person and a test see where the camera looks. Each frame copies the window, adds what moves,
 * and burns in the time.
 *
 * Threads  any; a scene does not change after scene_new().
 * Units    pictures are YUV 4:2:0, limited range, SCENE_WIDTH x SCENE_HEIGHT.
 */
#ifndef VIGIL_CAM_SCENE_H
#define VIGIL_CAM_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "cam/body/ptz.h"

#define SCENE_WIDTH  640
#define SCENE_HEIGHT 360

struct scene;

/* Borrowed planes of one picture. */
struct scene_picture {
	uint8_t *planes[3];
	int strides[3];
};

struct scene_view {
	struct ptz_position position;
	int64_t now_ms;
	const char *label; /* shown in the lower corner; letters become capitals */
	bool is_flipped;   /* turned by half, as for a camera under a ceiling */
	bool has_watermark;
	bool is_night; /* without colour */
};

enum err scene_new(struct scene **out);
void scene_free(struct scene *scene);
AUTO_DEFINE(scene)

/* Fills all of `picture`. */
void scene_draw(const struct scene *scene, const struct scene_view *view,
                const struct scene_picture *picture);

#endif
