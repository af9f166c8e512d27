/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: one is added, shown, changed or removed. */
#include <stdlib.h>
#include <string.h>

#include "endpoints/api/api_private.h"

/* A change that is waited for. */
struct work {
	struct device_change change;
	struct api *api;
	struct request *req;
	struct once_ticket ticket;
};

static struct work *work_new(struct api *api, struct request *req, enum device_change_kind kind)
{
	struct work *work = calloc(1, sizeof *work);

	if (!work) {
		api_problem(req, ERR_NO_MEMORY, NULL);
		return NULL;
	}
	work->api = api;
	work->req = req;
	work->change.kind = kind;
	api_copy(str_of(api_actor(req)->organization), work->change.spec.organization,
	         ORGANIZATION_SIZE);
	return work;
}

static void work_free(struct work *work)
{
	mem_wipe(work->change.spec.secret, sizeof work->change.spec.secret);
	free(work);
}

static void fail(struct work *work, enum err err)
{
	once_problem(work->api->once, work->req, &work->ticket, err, &work->change.why);
	work_free(work);
}

/* The request's body; NULL when it is answered already and the work is gone. With is_once a
 * repeated request is answered as the first one was. */
static json_t *take_body(struct work *work, const char *const names[], bool is_once)
{
	AUTO_JSON body = NULL;

	if (api_read_body(work->req, names, &body) != ERR_OK ||
	    (is_once && !once_begin(work->api->once, work->req, &work->ticket))) {
		work_free(work);
		return NULL;
	}
	return TAKE(body);
}

/* Parks the request until the change is done; or answers what its body was refused for. */
static void start(struct work *work, enum err err,
                  void (*done)(struct device_change *change, enum err err))
{
	work->change.done = done;
	if (err == ERR_OK)
		err = device_change(work->api->setup.devices, &work->change);
	if (err != ERR_OK)
		fail(work, err);
}

/* Answers with the device as it is now. */
static void answer_device(struct work *work, int status, struct str secret)
{
	struct devices *devices = work->api->setup.devices;
	struct device_view view;
	AUTO_BUF body = { 0 };
	enum err err = device_view(devices, str_of(work->change.spec.organization),
	                           str_of(work->change.spec.did), &view);

	if (err != ERR_OK) { /* removed at the same moment */
		fail(work, err);
		return;
	}
	buf_init(&body, API_ANSWER_MAX);
	api_write_device(&body, devices, &view, secret);
	device_view_done(&view);
	once_answer(work->api->once, work->req, &work->ticket, status, &body);
	mem_wipe(body.at, secret.size ? body.size : 0);
	work_free(work);
}

static void on_created(struct device_change *change, enum err err)
{
	struct work *work = CONTAINER_OF(change, struct work, change);

	if (err == ERR_OK)
		answer_device(work, 201, str_of(change->spec.secret));
	else
		fail(work, err);
}

static void on_changed(struct device_change *change, enum err err)
{
	struct work *work = CONTAINER_OF(change, struct work, change);

	if (err == ERR_OK)
		answer_device(work, 200, (struct str){ 0 });
	else
		fail(work, err);
}

static void on_gone(struct device_change *change, enum err err)
{
	struct work *work = CONTAINER_OF(change, struct work, change);

	if (err != ERR_OK) {
		fail(work, err);
		return;
	}
	response_empty(work->req, 204);
	work_free(work);
}

static void on_rotated(struct device_change *change, enum err err)
{
	struct work *work = CONTAINER_OF(change, struct work, change);
	AUTO_BUF body = { 0 };

	if (err != ERR_OK) {
		fail(work, err);
		return;
	}
	buf_init(&body, API_BODY_MAX);
	buf_add_text(&body, "{\"secret\":");
	json_add_quoted(&body, str_of(change->spec.secret));
	buf_add_text(&body, "}");
	once_answer(work->api->once, work->req, &work->ticket, 200, &body);
	mem_wipe(body.at, body.size);
	work_free(work);
}

void device_post(void *owner, struct request *req)
{
	static const char *const names[] = { "did",         "name",       "kind", "secret",
		                             "sign_policy", "serve_sign", "push", NULL };
	struct work *work = work_new(owner, req, DEVICE_CREATE);
	AUTO_JSON body = work ? take_body(work, names, true) : NULL;

	if (!body)
		return;
	struct device_spec *spec = &work->change.spec;
	enum err err = api_read_did(body, spec->did, &work->change.why);
	if (err == ERR_OK)
		err = api_read_device(body, spec, &work->change.why);
	if (err == ERR_OK)
		err = api_read_secret(body, spec, &work->change.why);
	start(work, err, on_created);
}

void device_get(void *owner, struct request *req)
{
	struct api *api = owner;
	struct device_view view;
	AUTO_BUF body = { 0 };
	enum err err = api_view(api, req, &view);

	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		return;
	}
	buf_init(&body, API_ANSWER_MAX);
	(void)buf_reserve(&body, 1024);
	api_write_device(&body, api->setup.devices, &view, (struct str){ 0 });
	device_view_done(&view);
	api_answer(req, 200, &body);
}

/* The change of a device that is there and ours. */
static struct work *work_on(struct api *api, struct request *req, enum device_change_kind kind)
{
	struct device_view view;
	enum err err = api_view(api, req, &view);

	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		return NULL;
	}
	struct work *work = work_new(api, req, kind);
	if (work)
		memcpy(work->change.spec.did, view.facts->did, DID_SIZE);
	device_view_done(&view);
	return work;
}

void device_patch(void *owner, struct request *req)
{
	static const char *const names[] = { "name", "sign_policy", "serve_sign",
		                             "push", "disabled",    NULL };
	struct work *work = work_on(owner, req, DEVICE_UPDATE);
	AUTO_JSON body = work ? take_body(work, names, false) : NULL;

	if (!body)
		return;
	enum err err = api_read_device(body, &work->change.spec, &work->change.why);
	if (err == ERR_OK)
		err = api_read_bool(body, "disabled", &work->change.is_disabled, &work->change.why);
	work->change.sets = api_device_sets(body);
	start(work, err, on_changed);
}

void device_delete(void *owner, struct request *req)
{
	struct work *work = work_on(owner, req, DEVICE_REMOVE);

	if (work)
		start(work, ERR_OK, on_gone);
}

void device_secret_post(void *owner, struct request *req)
{
	static const char *const names[] = { "secret", NULL };
	struct work *work = work_on(owner, req, DEVICE_ROTATE);
	AUTO_JSON body = work ? take_body(work, names, true) : NULL;

	if (body)
		start(work, api_read_secret(body, &work->change.spec, &work->change.why),
		      on_rotated);
}

void device_child_post(void *owner, struct request *req)
{
	static const char *const names[] = { "did", NULL };
	struct work *work = work_on(owner, req, DEVICE_BIND);
	AUTO_JSON body = work ? take_body(work, names, false) : NULL;

	if (!body)
		return;
	memcpy(work->change.gateway, work->change.spec.did, DID_SIZE);
	start(work, api_read_did(body, work->change.spec.did, &work->change.why), on_changed);
}

void device_child_delete(void *owner, struct request *req)
{
	struct api *api = owner;
	struct str did = request_param(req, "did"), child = request_param(req, "child");
	struct device_view view;
	struct work *work = NULL;
	enum err err =
		device_view(api->setup.devices, str_of(api_actor(req)->organization), child, &view);

	if (err == ERR_OK) {
		bool is_child = str_equal(str_of(view.facts->gateway), did);
		device_view_done(&view);
		err = is_child ? ERR_OK : ERR_NOT_FOUND;
	}
	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		return;
	}
	work = work_new(api, req, DEVICE_BIND);
	if (!work)
		return;
	api_copy(child, work->change.spec.did, DID_SIZE);
	start(work, ERR_OK, on_gone);
}
