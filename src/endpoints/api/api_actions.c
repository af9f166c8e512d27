/* SPDX-License-Identifier: Apache-2.0 */
/* A device is told: the request is parked until the device has answered or its time is over. */
#include <stdlib.h>
#include <string.h>

#include "domain/action/action.h"
#include "domain/device/command.h"
#include "domain/device/preset.h"
#include "endpoints/api/api_private.h"
#include "endpoints/rtmp/rtmp_endpoint.h"
#include "endpoints/storage/storage_endpoint.h"

struct work;

/* Our copy of the camera's presets, on its way to the database. */
struct keeping {
	struct preset_change change;
	struct work *work;
};

struct work {
	struct api *api;
	struct request *req;
	struct once_ticket ticket;
	struct action_request action;
	struct command command;
	struct buf answer;
	struct keeping *keeping; /* only for what concerns presets */
};

static void work_free(struct work *work)
{
	action_request_done(&work->action);
	buf_done(&work->answer);
	free(work->keeping);
	free(work);
}

static void fail(struct work *work, enum err err, const struct why *why)
{
	once_problem(work->api->once, work->req, &work->ticket, err, why);
	work_free(work);
}

static void answer(struct work *work)
{
	once_answer(work->api->once, work->req, &work->ticket, 200, &work->answer);
	work_free(work);
}

static void on_presets(struct preset_change *change, enum err err)
{
	struct work *work = CONTAINER_OF(change, struct keeping, change)->work;

	if (err == ERR_OK || err == ERR_NOT_FOUND)
		answer(work);
	else
		fail(work, err, &(struct why){ 0 });
}

/* The list as the camera tells it; what is no preset in it is left out. */
static void take_list(struct preset_change *change, const json_t *result)
{
	const json_t *preset = json_object_get(result, "preset");
	const json_t *presets = json_object_get(preset, "presets");

	if (!presets)
		presets = json_object_get(json_object_get(preset, "list"), "presets");
	change->kind = PRESET_REPLACE;
	for (size_t i = 0; i < json_array_size(presets); i++) {
		const json_t *one = json_array_get(presets, i);
		(void)preset_add(change, json_member_i64(one, "index", 0),
		                 json_member_str(one, "name"));
	}
}

/* What a successful action means for our copy of the camera's presets; false: nothing. */
static bool read_presets(const struct work *work, const json_t *result,
                         struct preset_change *change)
{
	const char *name = action_name(work->action.action);
	AUTO_JSON data = NULL;

	if (strcmp(name, "preset.list") == 0) {
		take_list(change, result);
		return true;
	}
	if (strcmp(name, "preset.set") != 0 && strcmp(name, "preset.remove") != 0)
		return false;
	if (json_read(buf_str(&work->action.data), &data, NULL) != ERR_OK)
		return false;
	bool is_set = strcmp(name, "preset.set") == 0;
	const json_t *fields =
		json_object_get(json_object_get(data, "preset"), is_set ? "set" : "remove");
	change->kind = is_set ? PRESET_SET : PRESET_REMOVE;
	return preset_add(change, json_member_i64(fields, "index", 0),
	                  json_member_str(fields, "name")) == ERR_OK;
}

/* Our copy follows before the caller hears of it. */
static void keep_presets(struct work *work, const json_t *result)
{
	if (strcmp(action_resource(work->action.action), "preset") != 0) {
		answer(work);
		return;
	}
	work->keeping = calloc(1, sizeof *work->keeping);
	if (!work->keeping) {
		fail(work, ERR_NO_MEMORY, &(struct why){ 0 });
		return;
	}
	struct preset_change *change = &work->keeping->change;
	work->keeping->work = work;
	if (!read_presets(work, result, change)) {
		answer(work);
		return;
	}
	memcpy(change->did, work->command.did, DID_SIZE);
	change->done = on_presets;
	preset_change(work->api->setup.devices, change);
}

static void on_answer(struct command *command, enum err err)
{
	struct work *work = CONTAINER_OF(command, struct work, command);
	struct why why = command->why;
	AUTO_JSON result = NULL;

	if (err == ERR_OK && json_read(buf_str(&command->result), &result, NULL) != ERR_OK)
		err = ERR_MALFORMED;
	if (err == ERR_OK)
		err = action_check_answer(work->action.action, result, &why);
	if (err == ERR_MALFORMED)
		err = why_set_reason(&why, ERR_CONFLICT, REASON_DEVICE_REFUSED, NULL,
		                     "the device's answer is not what the protocol says");
	if (err != ERR_OK) {
		fail(work, err, &why);
		return;
	}
	buf_init(&work->answer, 2 * COMMAND_RESULT_MAX);
	buf_printf(&work->answer, "{\"mid\":\"%s\",\"result\":", command->mid);
	buf_add_str(&work->answer, buf_str(&command->result));
	buf_add_text(&work->answer, "}");
	keep_presets(work, result);
}

/* The host of "host:port". */
static struct str host_of(const char *address)
{
	const char *colon = strrchr(address, ':');

	return (struct str){ address, colon ? (size_t)(colon - address) : 0 };
}

/* A caller who asks a camera to push need not know where to. */
static enum err add_push_url(struct work *work, const struct device_view *view)
{
	struct command *command = &work->command;
	AUTO_BUF url = { 0 };

	command_make_grant(work->api->setup.devices, command);
	buf_init(&url, ACTION_URL_MAX);
	rtmp_push_url(work->api->setup.rtmp, str_of(command->did), str_of(command->grant),
	              host_of(view->presence.reached_at), &url);
	enum err err = buf_err(&url);
	if (err == ERR_OK)
		err = action_request_add_url(&work->action, buf_str(&url));
	return err;
}

/* One file of this device, posted with this action's token. */
static enum err add_file_url(struct work *work, const struct device_view *view)
{
	struct command *command = &work->command;
	const struct storage_public *address = work->api->setup.storage;
	struct str did = str_of(command->did), host = host_of(view->presence.reached_at);
	AUTO_JSON data = NULL;
	AUTO_BUF url = { 0 };

	enum err err = json_read(buf_str(&work->action.data), &data, NULL);
	if (err != ERR_OK)
		return err;
	command_make_grant(work->api->setup.devices, command);
	buf_init(&url, ACTION_URL_MAX);
	const json_t *upload = json_object_get(data, "upload");
	if (upload)
		storage_upload_url(address, did, str_of(command->grant),
		                   json_member_str(upload, "file"), host, ACTION_URL_MAX, &url);
	else
		storage_still_url(address, did, str_of(command->grant), host, &url);
	err = buf_err(&url);
	return err == ERR_OK ? action_request_add_url(&work->action, buf_str(&url)) : err;
}

/* What depends on the device and not on the words. */
static enum err fit_to_device(struct work *work, const struct device_view *view, struct why *why)
{
	const char *name = action_name(work->action.action);
	bool is_play = strcmp(name, "play") == 0;

	if (view->facts->is_disabled)
		return why_set_reason(why, ERR_CONFLICT, REASON_DEVICE_DISABLED, NULL, "%s",
		                      reason_words(REASON_DEVICE_DISABLED));
	if (is_play && view->facts->push == PUSH_SELF)
		return why_set_reason(why, ERR_INVALID, REASON_INVALID_ACTION, "play",
		                      "play: this device pushes by itself and is never asked");
	if (is_play && work->action.lacks_url)
		return add_push_url(work, view);
	return work->action.lacks_url ? add_file_url(work, view) : ERR_OK;
}

static enum err read_action(const json_t *body, struct work *work, struct why *why)
{
	const json_t *wanted = json_object_get(body, "data");
	int64_t timeout_ms = work->api->setup.command_timeout_ms;

	if (!wanted)
		return why_set_reason(why, ERR_INVALID, REASON_INVALID_ACTION, "data",
		                      "data: is missing");
	enum err err = api_read_int(body, "timeout_ms", COMMAND_TIMEOUT_LEAST_MS,
	                            COMMAND_TIMEOUT_MOST_MS, &timeout_ms, why);
	if (err == ERR_OK)
		err = action_read(wanted, &work->action, why);
	if (err != ERR_OK)
		return err;
	work->command.timeout_ms = timeout_ms;
	work->command.resource = str_of(action_resource(work->action.action));
	if (!action_is_for_callers(work->action.action))
		return why_set_reason(why, ERR_INVALID, REASON_INVALID_ACTION, "data",
		                      "%s: is the server's own", action_name(work->action.action));
	return ERR_OK;
}

static void start(struct work *work, const json_t *body, const struct device_view *view)
{
	struct command *command = &work->command;
	struct why why = { 0 };

	memcpy(command->did, view->facts->did, sizeof command->did);
	enum err err = read_action(body, work, &why);
	if (err == ERR_OK)
		err = fit_to_device(work, view, &why);
	if (err != ERR_OK) {
		fail(work, err, &why);
		return;
	}
	command->data = buf_str(&work->action.data);
	command->done = on_answer;
	command_send(work->api->setup.devices, command);
}

void action_post(void *owner, struct request *req)
{
	static const char *const names[] = { "data", "timeout_ms", NULL };
	struct api *api = owner;
	struct once_ticket ticket;
	struct device_view view;
	AUTO_JSON body = NULL;
	enum err err = api_view(api, req, &view);

	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		return;
	}
	if (api_read_body(req, names, &body) == ERR_OK && once_begin(api->once, req, &ticket)) {
		struct work *work = calloc(1, sizeof *work);
		if (work) {
			*work = (struct work){ .api = api, .req = req, .ticket = ticket };
			start(work, body, &view);
		} else {
			once_problem(api->once, req, &ticket, ERR_NO_MEMORY, &(struct why){ 0 });
		}
	}
	device_view_done(&view);
}

void action_table_get(void *owner, struct request *req)
{
	AUTO_BUF body = { 0 };

	buf_init(&body, API_ANSWER_MAX);
	if (action_table_write(&body) != ERR_OK)
		api_problem(req, ERR_NO_MEMORY, NULL);
	else
		api_answer(req, 200, &body);
}
