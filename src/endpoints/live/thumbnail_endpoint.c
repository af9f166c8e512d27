/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/live/thumbnail_endpoint.h"

#include <stdlib.h>

#include "domain/live/key.h"
#include "endpoints/api/api.h"
#include "http/response.h"

struct thumbnail_endpoint {
	struct thumbnails *thumbnails;
	struct devices *devices;
};

/* A parked request. Its client may go meanwhile: the answer goes nowhere then. */
struct asking {
	struct thumbnail_wait wait;
	struct request *req;
};

enum err thumbnail_endpoint_new(struct thumbnails *thumbnails, struct devices *devices,
                                struct thumbnail_endpoint **out)
{
	struct thumbnail_endpoint *endpoint = calloc(1, sizeof *endpoint);

	if (!endpoint)
		return ERR_NO_MEMORY;
	*endpoint = (struct thumbnail_endpoint){ .thumbnails = thumbnails, .devices = devices };
	*out = endpoint;
	return ERR_OK;
}

void thumbnail_endpoint_free(struct thumbnail_endpoint *endpoint)
{
	free(endpoint);
}

static void answer(struct request *req, enum err err, const struct why *why, struct str jpeg)
{
	if (err != ERR_OK) {
		api_problem(req, err, why);
		return;
	}
	response_header(req, "Cache-Control", STR("private, max-age=5"));
	response_send(req, 200, "image/jpeg", jpeg);
}

static void on_done(struct thumbnail_wait *wait)
{
	struct asking *asking = CONTAINER_OF(wait, struct asking, wait);

	answer(asking->req, wait->err, &wait->why, wait->jpeg);
	thumbnail_wait_done(wait);
	free(asking);
}

static enum err read_width(struct request *req, unsigned *out, struct why *why)
{
	struct str text = request_query(req, "width");
	int64_t width = THUMBNAIL_WIDTH_DEFAULT;

	if (text.at &&
	    str_to_i64(text, THUMBNAIL_WIDTH_LEAST, THUMBNAIL_WIDTH_MAX, &width) != ERR_OK)
		return why_set_reason(why, ERR_INVALID, 0, "width", "width: a number from %d to %d",
		                      THUMBNAIL_WIDTH_LEAST, THUMBNAIL_WIDTH_MAX);
	*out = (unsigned)width;
	return ERR_OK;
}

/* Which of the device's streams: live, unless a replay is named. */
static enum err read_key(struct request *req, struct str did, struct str *out, struct why *why)
{
	struct str text = request_query(req, "key");
	struct stream_key key;

	*out = text.at ? text : did;
	if (text.at && (stream_key_read(text, &key) != ERR_OK || !str_equal(str_of(key.did), did)))
		return why_set_reason(why, ERR_INVALID, 0, "key",
		                      "key: not a stream of this device");
	return ERR_OK;
}

static enum err check_device(struct thumbnail_endpoint *endpoint, struct request *req,
                             struct str did)
{
	struct device_view view;
	enum err err =
		device_view(endpoint->devices, str_of(api_actor(req)->organization), did, &view);

	if (err == ERR_OK)
		device_view_done(&view);
	return err;
}

static void thumbnail_get(void *owner, struct request *req)
{
	struct thumbnail_endpoint *endpoint = owner;
	struct str did = request_param(req, "did"), key = did;
	struct why why = { 0 };
	unsigned width = 0;
	struct asking *asking = NULL;

	enum err err = check_device(endpoint, req, did);
	if (err == ERR_OK)
		err = read_width(req, &width, &why);
	if (err == ERR_OK)
		err = read_key(req, did, &key, &why);
	if (err == ERR_OK && !(asking = calloc(1, sizeof *asking)))
		err = ERR_NO_MEMORY;
	if (err == ERR_OK) {
		asking->wait.done = on_done;
		asking->req = req;
		err = thumbnail_open(endpoint->thumbnails, key, width, &asking->wait, &why);
	}
	if (err == ERR_MORE)
		return;
	answer(req, err, &why, err == ERR_OK ? asking->wait.jpeg : (struct str){ 0 });
	if (asking)
		thumbnail_wait_done(&asking->wait);
	free(asking);
}

/* clang-format off */
const struct route thumbnail_routes[] = {
	{ "GET", "/v2/devices/{did}/thumbnail.jpeg", RIGHT_VIEW, 0, thumbnail_get, 0 },
};
/* clang-format on */
const size_t thumbnail_route_count = COUNT_OF(thumbnail_routes);
