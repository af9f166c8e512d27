/* SPDX-License-Identifier: Apache-2.0 */
/* Fulfils the wishes of actions: what needs a connection or a thread. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cam/network/device_private.h"
#include "cam/network/fault.h"

static void answer_code(struct device *device, struct str mid, const char *action, enum code code,
                        const char *words)
{
	AUTO_JSON answer = actions_answer(action, code, words);

	device_answer(device, mid, answer);
}

static void on_posted(struct post *post)
{
	struct device *device = post->owner;
	AUTO_JSON json = NULL;
	struct str url = post_answer_url(post, &json);
	bool is_capture = post->scene != NULL;

	if (post->err == ERR_OK && is_capture && url.size == 0)
		post->err = why_set(&post->why, ERR_MALFORMED, "the upload's answer has no url");
	if (post->err != ERR_OK) {
		log_warn("device.upload_failed", "did=%s why=%s", device->camera->did,
		         post->why.text);
		answer_code(device, str_of(post->mid), post->action, CODE_FAILED, post->why.text);
		return;
	}
	/* A still is answered by its address; a recording by a code, and by one if it was told. */
	AUTO_JSON answer = json_pack("{s:{}}", post->action);
	json_t *inner = json_object_get(answer, post->action);
	if (!is_capture)
		(void)json_object_set_new(inner, "code", json_integer(CODE_OK));
	if (url.size > 0)
		(void)json_object_set_new(inner, "url", json_stringn(url.at, url.size));
	device_answer(device, str_of(post->mid), answer);
}

/* An action's own token opens its address; without one the device's does. */
static struct str token_of(const struct device *device, const struct envelope *envelope)
{
	return envelope->token.size > 0 ? envelope->token : str_of(device->token);
}

static enum err upload(struct device *device, const struct envelope *envelope,
                       const struct action_outcome *outcome)
{
	AUTO(post) post = NULL;
	enum err err = post_new(outcome->url, token_of(device, envelope), &post);

	if (err != ERR_OK)
		return err;
	post->owner = device;
	post->on_done = on_posted;
	(void)!str_copy(str_of(outcome->action), post->action, sizeof post->action);
	(void)!str_copy(envelope->mid, post->mid, sizeof post->mid);
	if (outcome->wish == WISH_CAPTURE) {
		post->scene = device->setup->scene;
		post->view = source_view(&device->source, clock_now_ms());
		(void)snprintf(post->name, sizeof post->name, "still-%lld.jpeg",
		               (long long)post->view.now_ms);
	} else {
		card_file_name(outcome->segment.start_ms, post->name);
		err = store_path(&device->camera->store, post->name, post->path);
	}
	return err == ERR_OK ? poster_send(device->setup->poster, TAKE(post)) : err;
}

/* The answer is sent here unless it comes later or was made already. */
static void fulfil(struct device *device, const struct envelope *envelope,
                   struct action_outcome *outcome)
{
	enum err err = ERR_OK;
	bool is_later = false;

	switch (outcome->wish) {
	case WISH_NONE: break;
	case WISH_PUSH: err = device_play(device, outcome->url); break;
	case WISH_STOP:
		/* Of the live picture: a replay has a stop of its own. */
		if (!(device->setup->faults & FAULT_PUSH_AFTER_STOP))
			device_stop_play(device);
		break;
	case WISH_REPLAY:
		err = replay_start(&device->replay, outcome, str_of(device->token));
		break;
	case WISH_CONTROL: err = replay_control(&device->replay, outcome); break;
	case WISH_CAPTURE:
	case WISH_UPLOAD:
		err = upload(device, envelope, outcome);
		is_later = err == ERR_OK;
		break;
	}
	if (is_later)
		return;
	if (err != ERR_OK)
		answer_code(device, envelope->mid, outcome->action, CODE_FAILED, err_text(err));
	else if (outcome->answer)
		device_answer(device, envelope->mid, outcome->answer);
	else
		answer_code(device, envelope->mid, outcome->action, CODE_OK, NULL);
}

void device_obey(struct device *device, const struct envelope *envelope)
{
	struct action_outcome outcome;

	if (device->is_gateway) {
		const char *name = json_object_iter_key(json_object_iter(envelope->data));
		answer_code(device, envelope->mid, name ? name : "action", CODE_UNSUPPORTED, NULL);
		return;
	}
	actions_run(device->camera, envelope->data, clock_now_ms(), &outcome);
	log_debug("device.action", "did=%s action=%s", device->camera->did, outcome.action);
	fulfil(device, envelope, &outcome);
	action_outcome_done(&outcome);
	/* A setting may have turned recording on or off. */
	device_update_media(device);
}
