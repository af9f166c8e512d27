/* SPDX-License-Identifier: Apache-2.0 */
/* Pushes, records, and sees motion now and then. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cam/body/alarm.h"
#include "cam/network/device_private.h"
#include "cam/network/fault.h"
#include "cam/network/jitter.h"

#define PUSH_WAIT_MS_MIN 1000
#define PUSH_WAIT_MS_MAX 15000
#define MOTION_FIRST_MS  4000  /* at most after the first registration */
#define MOTION_EVERY_MS  40000 /* at most; the settings may say more */
#define MOTION_MS        5000
#define RECORD_AGAIN_MS  60000 /* after a card's failure */

static const struct push_events push_events;

static void on_frame(void *owner, const struct clip_frame *frame)
{
	struct device *device = owner;
	size_t count;
	const struct clip_frame *headers = source_headers(&device->source, &count);
	enum err err = recorder_frame(&device->recorder, headers, count, frame, clock_now_ms());

	if (err != ERR_OK) {
		log_warn("device.recording_failed", "did=%s err=%s", device->camera->did,
		         err_text(err));
		device->record_again_ms = clock_steady_ms() + RECORD_AGAIN_MS;
	}
	/* The push last: its failure may stop the source, and then the frame is gone. */
	push_frame(&device->push, headers, count, frame);
	if (err != ERR_OK)
		device_update_media(device);
}

void device_media_init(struct device *device)
{
	const struct device_setup *setup = device->setup;

	device->source = (struct source){ .loop = setup->loop,
		                          .camera = device->camera,
		                          .scene = setup->scene,
		                          .clip = setup->clip,
		                          .is_silent = setup->is_silent,
		                          .on_frame = on_frame,
		                          .owner = device };
	device->push = (struct push){ .loop = setup->loop,
		                      .policy = setup->policy,
		                      .tls = setup->tls,
		                      .events = &push_events,
		                      .owner = device,
		                      .without_keys = setup->faults & FAULT_NO_KEYFRAME };
	device->replay = (struct replay){
		.push = { .loop = setup->loop, .policy = setup->policy, .tls = setup->tls },
		.card = &device->camera->card
	};
	device->recorder.card = &device->camera->card;
}

static void update_recorder(struct device *device)
{
	bool is_continuous =
		str_equal(config_text(&device->camera->config, "storage.mode"), STR("continuous"));
	bool is_wanted = is_continuous || device->has_motion;
	enum err err = ERR_OK;

	if (is_wanted && !device->recorder.is_on && clock_steady_ms() >= device->record_again_ms)
		recorder_start(&device->recorder, is_continuous ? CARD_ORDINARY : CARD_TRIGGERED);
	if (!is_wanted && device->recorder.is_on)
		err = recorder_stop(&device->recorder);
	if (err != ERR_OK)
		log_warn("device.recording_lost", "did=%s err=%s", device->camera->did,
		         err_text(err));
}

void device_update_media(struct device *device)
{
	struct why why = { 0 };

	if (device->is_gateway)
		return;
	update_recorder(device);
	if (!device->recorder.is_on && device->push.state != PUSH_READY) {
		source_stop(&device->source);
		return;
	}
	if (!device->source.is_running && source_start(&device->source, &why) != ERR_OK)
		log_error("device.no_pictures", "did=%s why=%s", device->camera->did, why.text);
}

/* --- live ---------------------------------------------------------------------------------- */

static void on_push_due(struct timer *timer);

static void push_again_later(struct device *device)
{
	if (!device->is_push_wanted)
		return;
	int64_t wait_ms = device->push_wait_ms * 2;
	if (wait_ms < PUSH_WAIT_MS_MIN)
		wait_ms = PUSH_WAIT_MS_MIN;
	device->push_wait_ms = wait_ms < PUSH_WAIT_MS_MAX ? wait_ms : PUSH_WAIT_MS_MAX;
	loop_timer_start(device->setup->loop, &device->push_timer, jitter_ms(device->push_wait_ms),
	                 on_push_due);
}

static enum err begin_push(struct device *device)
{
	enum err err = push_start(&device->push, str_of(device->push_url), str_of(device->token));

	return err == ERR_CONFLICT ? ERR_OK : err; /* it runs already */
}

static void on_push_due(struct timer *timer)
{
	struct device *device = CONTAINER_OF(timer, struct device, push_timer);

	if (begin_push(device) != ERR_OK)
		push_again_later(device);
}

static void on_push_over(void *owner, const char *reason)
{
	struct device *device = owner;

	log_info("device.push_over", "did=%s why=%s", device->camera->did, reason);
	loop_timer_stop(device->setup->loop, &device->drop_timer);
	device_update_media(device);
	push_again_later(device);
}

static void on_drop_due(struct timer *timer)
{
	struct device *device = CONTAINER_OF(timer, struct device, drop_timer);

	push_stop(&device->push);
	on_push_over(device, "fault drop-rtmp");
}

static void on_push_ready(void *owner)
{
	struct device *device = owner;
	struct why why = { 0 };

	log_info("device.push_ready", "did=%s", device->camera->did);
	device->push_wait_ms = 0;
	/* Also when it runs for the recorder: the push begins with a key frame at once. */
	if (source_start(&device->source, &why) != ERR_OK)
		log_error("device.no_pictures", "did=%s why=%s", device->camera->did, why.text);
	if (device->setup->faults & FAULT_DROP_RTMP)
		loop_timer_start(device->setup->loop, &device->drop_timer, FAULT_DROP_MS,
		                 on_drop_due);
}

static const struct push_events push_events = { .on_ready = on_push_ready,
	                                        .on_over = on_push_over };

void device_stop_play(struct device *device)
{
	struct loop *loop = device->setup->loop;

	device->is_push_wanted = false;
	device->push_wait_ms = 0;
	loop_timer_stop(loop, &device->stop_timer);
	loop_timer_stop(loop, &device->push_timer);
	loop_timer_stop(loop, &device->drop_timer);
	push_stop(&device->push);
	device_update_media(device);
}

static void on_self_stop(struct timer *timer)
{
	struct device *device = CONTAINER_OF(timer, struct device, stop_timer);

	log_info("device.self_stop", "did=%s", device->camera->did);
	device_stop_play(device);
}

static struct str without_query(struct str url)
{
	url.size = str_index(url, '?');
	return url;
}

enum err device_play(struct device *device, struct str url)
{
	unsigned faults = device->setup->faults;

	if (faults & FAULT_NO_PUSH)
		return ERR_OK;
	/* A heartbeat names the address again, perhaps with a new token; another address is another
	 * push. */
	if (device->is_push_wanted &&
	    !str_equal(without_query(url), without_query(str_of(device->push_url))))
		device_stop_play(device);
	enum err err = str_copy(url, device->push_url, sizeof device->push_url);
	loop_timer_stop(device->setup->loop, &device->push_timer);
	if (err == ERR_OK)
		err = begin_push(device);
	if (err != ERR_OK)
		return err;
	device->is_push_wanted = true;
	if (!(faults & FAULT_NO_SELF_STOP))
		loop_timer_start(device->setup->loop, &device->stop_timer, DEVICE_SELF_STOP_MS,
		                 on_self_stop);
	return ERR_OK;
}

/* --- motion -------------------------------------------------------------------------------- */

static void tell_motion(struct device *device, bool is_begin)
{
	AUTO_JSON details =
		json_pack("{s:s, s:s}", "name", "motion", "state", is_begin ? "start" : "stop");

	device->has_motion = is_begin;
	device_publish_event(device, details);
	device_update_media(device);
}

static void on_motion_end(struct timer *timer)
{
	struct device *device = CONTAINER_OF(timer, struct device, motion_timer);

	tell_motion(device, false);
	device_expect_motion(device);
}

static void on_motion_begin(struct timer *timer)
{
	struct device *device = CONTAINER_OF(timer, struct device, motion_timer);

	if (!alarm_is_on(&device->camera->config, clock_now_ms())) {
		device_expect_motion(device);
		return;
	}
	tell_motion(device, true);
	loop_timer_start(device->setup->loop, &device->motion_timer, MOTION_MS, on_motion_end);
}

void device_expect_motion(struct device *device)
{
	const json_t *values = device->camera->config.values;
	int64_t least_ms = json_member_i64(values, "alarm.interval_s", 30) * 1000;
	int64_t wait_ms = jitter_ms(MOTION_EVERY_MS);

	if (!device->setup->has_events || device->is_gateway || device->has_motion ||
	    timer_is_running(&device->motion_timer))
		return;
	if (wait_ms < least_ms)
		wait_ms = least_ms;
	if (!device->had_motion)
		wait_ms = jitter_ms(MOTION_FIRST_MS);
	device->had_motion = true;
	loop_timer_start(device->setup->loop, &device->motion_timer, wait_ms, on_motion_begin);
}

void device_media_stop(struct device *device)
{
	struct loop *loop = device->setup->loop;

	device_stop_play(device);
	replay_stop(&device->replay);
	loop_timer_stop(loop, &device->motion_timer);
	enum err err = recorder_stop(&device->recorder);
	if (err != ERR_OK)
		log_warn("device.recording_lost", "did=%s err=%s", device->camera->did,
		         err_text(err));
	source_stop(&device->source);
}
