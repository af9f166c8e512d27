/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.h — one did on a link: registers, renews, does what it is told, answers.
 *
 *     OFF --link is up--> SUBSCRIBING --SUBACK--> REGISTERING --answer--> REGISTERED
 *     REGISTERED --before the token expires--> REGISTERED (its old token is good until then)
 *     any --link is down--> OFF; a refused registration is tried again, ever more slowly
 *
 * Threads  the loop's own.
 * Memory   a device lives until its loop has ended: uploads and closing connections point to it.
 */
#ifndef VIGIL_CAM_DEVICE_H
#define VIGIL_CAM_DEVICE_H

#include "base/mem.h"
#include "cam/body/camera.h"
#include "cam/network/link.h"
#include "cam/network/poster.h"
#include "cam/picture/clip.h"
#include "cam/picture/scene.h"

#define DEVICE_SELF_STOP_MS   120000
#define DEVICE_REGISTER_MS    8000 /* for an answer; the server cuts strangers after 10 s */
#define DEVICE_REFUSED_MS_MIN 5000 /* the wait after a refusal; doubles */
#define DEVICE_REFUSED_MS_MAX 300000
#define DEVICE_MIDS           16 /* remembered, so that a repeated delivery is done once */
#define DEVICE_LATE_MAX       64 /* answers held by the fault late-answer */

struct device;

enum device_sign { DEVICE_SIGN_MD5, DEVICE_SIGN_HMAC, DEVICE_SIGN_STATIC };

/* What all devices of a process share; borrowed for as long as they live. */
struct device_setup {
	struct loop *loop;
	const struct dial_policy *policy;
	struct tls *tls; /* for rtmps; may be NULL */
	struct poster *poster;
	const struct scene *scene;
	const struct clip *clip; /* NULL: each encodes for itself */
	const char *state;       /* folder; NULL or empty: nothing is kept */
	enum device_sign sign;
	unsigned faults;
	bool has_events;       /* motion now and then */
	bool is_silent;        /* the built-in picture without sound */
	bool is_sign_required; /* actions without the server's sign are dropped */
};

/* `gateway` names the gateway this is a child of, or is NULL; a device with is_gateway has no
 * picture. Texts are copied. */
enum err device_new(const struct device_setup *setup, struct link *link, const char *did,
                    const char *secret, const char *gateway, bool is_gateway, struct device **out,
                    struct why *why);
void device_free(struct device *device);
AUTO_DEFINE(device)

const char *device_did(const struct device *device);
bool device_is_registered(const struct device *device);
/* device_begin() was called and device_end() was not. */
bool device_has_begun(const struct device *device);

/* The link is up: subscribes, then registers. */
void device_begin(struct device *device);
/* The link is down. What is being pushed goes on: it has a connection of its own. */
void device_end(struct device *device);
/* Ends everything, pushes too; before device_free(). */
void device_stop(struct device *device);

void device_on_subscribed(struct device *device, uint16_t packet_id, bool is_accepted);
/* A message on actions/{did}. */
void device_on_message(struct device *device, struct str payload);

/* `fn` is called after each registration that was accepted. */
void device_watch(struct device *device, void (*fn)(void *owner), void *owner);

#endif
