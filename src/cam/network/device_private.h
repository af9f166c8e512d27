/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_private.h — what the files of a device share: device.c talks to the server,
 * device_orders.c does what it is told, device_media.c pushes and records.
 */
#ifndef VIGIL_CAM_DEVICE_PRIVATE_H
#define VIGIL_CAM_DEVICE_PRIVATE_H

#include "base/list.h"
#include "cam/body/actions.h"
#include "cam/memory/recorder.h"
#include "cam/network/device.h"
#include "cam/network/poster.h"
#include "cam/network/push.h"
#include "cam/network/replay.h"
#include "cam/network/url.h"
#include "cam/picture/source.h"
#include "proto/envelope/envelope.h"
#include "proto/envelope/sign.h"

#define DEVICE_TOPIC_SIZE (CAMERA_DID_MAX + 16)

enum device_state { DEVICE_OFF, DEVICE_SUBSCRIBING, DEVICE_REGISTERING, DEVICE_REGISTERED };

struct device {
	const struct device_setup *setup;
	struct link *link;
	struct camera *camera;
	bool is_gateway;
	char secret[SIGN_SECRET_MAX + 1];
	char gateway[CAMERA_DID_MAX + 1]; /* empty: none */
	char topic_in[DEVICE_TOPIC_SIZE], topic_out[DEVICE_TOPIC_SIZE];
	void (*on_registered)(void *owner);
	void *watcher;

	enum device_state state;
	uint16_t subscribe_id;
	char token[ENVELOPE_TOKEN_MAX + 1];
	int64_t last_stamp_ms; /* a stamp must be newer than the last one that was accepted */
	int64_t refused_ms;    /* the present wait after refusals */
	struct timer register_timer;
	char mids[DEVICE_MIDS][ENVELOPE_MID_MAX + 1];
	size_t next_mid;
	struct list late; /* struct late_answer */
	size_t late_count;

	struct source source;
	struct push push;
	struct replay replay;
	struct recorder recorder;
	char push_url[URL_MAX + 1];
	bool is_push_wanted, has_motion, had_motion;
	int64_t push_wait_ms, record_again_ms;
	struct timer stop_timer, push_timer, drop_timer, motion_timer;
};

/* Publishes {"<action>": ...} as the answer to `mid`, with the faults that are on. */
void device_answer(struct device *device, struct str mid, const json_t *answer);
void device_publish_event(struct device *device, const json_t *details);

/* Does one action and answers it, now or later. */
void device_obey(struct device *device, const struct envelope *envelope);

void device_media_init(struct device *device);
/* Stops all pushes, recordings and timers. */
void device_media_stop(struct device *device);
/* A play: pushes to `url`, or goes on, and puts the self-stop off. */
enum err device_play(struct device *device, struct str url);
void device_stop_play(struct device *device);
/* Starts or stops source and recorder by what is wanted now. */
void device_update_media(struct device *device);
/* Motion begins some time from now, if the setup says so. */
void device_expect_motion(struct device *device);

#endif
