/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/live/live_endpoint.h"

#include <string.h>

#include "endpoints/live/live_private.h"

enum err live_endpoint_new(struct live *live, struct api *api, struct devices *devices,
                           struct live_endpoint **out)
{
	struct live_endpoint *endpoint = calloc(1, sizeof *endpoint);

	if (!endpoint)
		return ERR_NO_MEMORY;
	*endpoint = (struct live_endpoint){ .live = live, .api = api, .devices = devices };
	*out = endpoint;
	return ERR_OK;
}

void live_endpoint_free(struct live_endpoint *endpoint)
{
	free(endpoint);
}

enum err live_may_view(struct devices *devices, const struct actor *actor, struct str text,
                       struct why *why)
{
	struct stream_key key;
	struct device_view view;

	if (!(actor->rights & RIGHT_VIEW))
		return why_set(why, ERR_DENIED, "this token does not open live pictures");
	if (stream_key_read(text, &key) != ERR_OK ||
	    (actor->did[0] && strcmp(actor->did, key.did) != 0) ||
	    device_view(devices, str_of(actor->organization), str_of(key.did), &view) != ERR_OK)
		return why_set(why, ERR_NOT_FOUND, "no such device");
	device_view_done(&view);
	return ERR_OK;
}

enum err live_check_rights(struct live_endpoint *endpoint, struct request *req, struct str text,
                           struct why *why)
{
	struct actor actor;
	enum err err = api_find_actor(endpoint->api, req, &actor);

	if (err != ERR_OK)
		return why_set(why, err, "%s", err_text(err));
	return live_may_view(endpoint->devices, &actor, text, why);
}

static void view_http(struct live_endpoint *endpoint, struct request *req, struct str key)
{
	struct why why = { 0 };
	struct flv_viewer *flv = NULL;
	enum err err = live_check_rights(endpoint, req, key, &why);

	if (err == ERR_OK && request_method(req) == HTTP_HEAD) {
		response_send(req, 200, "video/x-flv", (struct str){ 0 });
		return;
	}
	struct str codecs = request_query(req, "codecs");
	if (err == ERR_OK)
		err = codecs_check(codecs, &why);
	if (err == ERR_OK)
		err = flv_viewer_new(codecs, &flv);
	if (err == ERR_OK)
		err = viewer_join(endpoint->live, key, &flv_viewer_ops, &flv->viewer, &why);
	if (err != ERR_OK) {
		flv_viewer_free(flv);
		response_header(req, "Access-Control-Allow-Origin", STR("*"));
		api_problem(req, err, &why);
		return;
	}
	flv->req = req;
	request_on_gone(req, flv_request_gone, flv);
}

/* Upgraded first, so that a page can read why it was refused. */
static void view_websocket(struct live_endpoint *endpoint, struct request *req, struct str param)
{
	struct why why = { 0 };
	char key[STREAM_KEY_SIZE] = "";
	AUTO_BUF leftover = { 0 };
	struct str codecs = request_query(req, "codecs");
	struct flv_viewer *flv = NULL;

	enum err err = live_check_rights(endpoint, req, param, &why);
	if (err == ERR_OK)
		err = codecs_check(codecs, &why);
	if (err == ERR_OK)
		err = str_copy(param, key, sizeof key); /* the request ends with the upgrade */
	if (err == ERR_INVALID || flv_viewer_new(codecs, &flv) != ERR_OK) {
		api_problem(req, err == ERR_OK ? ERR_NO_MEMORY : err, &why);
		return;
	}
	buf_init(&leftover, FLV_MESSAGE_MAX);
	flv->is_websocket = true;
	flv->viewer.kind = VIEWER_WEBSOCKET;
	struct conn *conn = request_upgrade_websocket(req, NULL, &flv_conn_events, flv, &leftover);
	if (!conn) {
		flv_viewer_free(flv);
		return;
	}
	feeder_start(&flv->feeder, &flv->viewer, conn);
	if (err == ERR_OK)
		err = viewer_join(endpoint->live, str_of(key), &flv_viewer_ops, &flv->viewer, &why);
	if (err != ERR_OK)
		flv_websocket_close(conn, err, why.reason);
	else if (leftover.size)
		flv_conn_events.on_bytes(flv, leftover.at, leftover.size);
}

static void view(void *owner, struct request *req)
{
	struct str key = request_param(req, "key");

	if (request_is_websocket(req))
		view_websocket(owner, req, key);
	else
		view_http(owner, req, key);
}

/* The live routes ask for rights themselves: a WebSocket is told in a close frame. */
/* clang-format off */
const struct route live_routes[] = {
	{ "GET", "/live/{key}.flv",          RIGHT_OPEN, 0, view,         ROUTE_ENDLESS },
	{ "GET", "/v2/media/live/{key}.flv", RIGHT_OPEN, 0, view,         ROUTE_ENDLESS },
	{ "GET", "/v2/meida/live/{key}.flv", RIGHT_OPEN, 0, view,         ROUTE_ENDLESS },
	{ "GET", "/v2/streams",              RIGHT_READ, 0, streams_list, 0 },
	{ "GET", "/v2/streams/{key}",        RIGHT_OPEN, 0, stream_show,  0 },
};
/* clang-format on */
const size_t live_route_count = COUNT_OF(live_routes);
