/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cam.h — many cameras in one process: each with its link, or all children behind a gateway's.
 *
 * Up to CAM_LIVE_MAX encode their own picture; more share one clip.
 *
 * Threads  cam_new() before the loop runs, the rest on the loop's thread, cam_free() after it
 * ended. Memory   the options' texts are borrowed for the cam's life.
 */
#ifndef VIGIL_CAM_CAM_H
#define VIGIL_CAM_CAM_H

#include "base/mem.h"
#include "cam/network/device.h"

#define CAM_LIVE_MAX 4

struct cam;

struct cam_options {
	const char *server; /* host:port of MQTT */
	const char *did;    /* a name, or with several the first part of all names */
	const char *secret; /* "%s" in it becomes the did */
	unsigned count;
	const char *clip;  /* an FLV file, or NULL or empty */
	const char *state; /* a folder, or NULL or empty */
	bool is_gateway;
	unsigned children;
	enum device_sign sign;
	unsigned faults;
	bool has_events, is_sign_required;
	bool is_silent; /* the built-in picture without sound */
	bool has_tls, is_tls_unverified;
	const char *tls_ca;
};

/* Makes every device, the scene and the clip: seconds for thousands. With why. */
enum err cam_new(const struct cam_options *options, struct loop *loop, struct cam **out,
                 struct why *why);

/* Begins to connect, a device after the other. */
void cam_start(struct cam *cam);

/* Says goodbye everywhere and waits for running uploads; then the loop may end. */
void cam_stop(struct cam *cam);

/* After loop_free(), which delivers what was under way. */
void cam_free(struct cam *cam);
AUTO_DEFINE(cam)

/* How many devices are registered now. */
unsigned cam_registered_count(const struct cam *cam);

#endif
