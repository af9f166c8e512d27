/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h — where a camera's frames come from: its own encoders, or the clip all share.
 *
 * Threads  the loop's own; a live frame is drawn and encoded in a timer, in one to three ms,
 *          and before it the sound up to then.
 * Memory   scene, clip and camera are borrowed. Encoders exist only while the source runs.
 */
#ifndef VIGIL_CAM_SOURCE_H
#define VIGIL_CAM_SOURCE_H

#include <stdbool.h>

#include "cam/body/camera.h"
#include "cam/picture/clip.h"
#include "cam/picture/encoder.h"
#include "cam/picture/sound.h"
#include "io/loop.h"

#define SOURCE_LATE_MS 1000 /* sound that is later than this is left out */

struct source {
	struct loop *loop;
	struct camera *camera;
	const struct scene *scene;
	const struct clip *clip; /* NULL: live */
	bool is_silent;          /* live without sound */
	/* Borrowed for the call; at_ms grows from 0 since the source began to run. */
	void (*on_frame)(void *owner, const struct clip_frame *frame);
	void *owner;
	/* private from here */
	bool is_running, is_key_wanted;
	struct encoder *encoder;
	struct sound *sound; /* NULL: silent */
	struct clip_frame headers[2];
	struct buf body;
	struct timer timer;
	int64_t began_ms; /* steady */
	int64_t round_ms; /* the clip's present round began at this time of the source */
	uint64_t count;   /* of live pictures */
	int64_t sounds;   /* frames of sound, with those left out */
	size_t next;      /* in the clip */
};

/* ERR_OK also when it runs already, and then the next frame is a key frame (live only). */
enum err source_start(struct source *source, struct why *why);
void source_stop(struct source *source);

/* What goes before the first frame; borrowed while the source runs. */
const struct clip_frame *source_headers(const struct source *source, size_t *out_count);

/* What the camera sees at now_ms (time of day), for a frame or a still. */
struct scene_view source_view(const struct source *source, int64_t now_ms);

#endif
