/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/cam.h"

#include <stdlib.h>

#include "cam/network/jitter.h"
#include "cam/network/poster.h"
#include "cam/network/station.h"
#include "io/tls.h"

#define PACE_MS 2 /* between the first connections of many */

struct cam {
	struct loop *loop;
	struct device_setup setup;
	struct dial_policy policy;
	struct tls *tls;
	struct poster poster;
	struct scene *scene;
	struct clip *clip;
	struct station **stations;
	unsigned count;
};

static enum err make_clip(struct cam *cam, const struct cam_options *options, struct why *why)
{
	unsigned cameras = options->is_gateway ? options->children : options->count;

	if (options->clip && *options->clip)
		return clip_read(options->clip, &cam->clip, why);
	return cameras > CAM_LIVE_MAX ? clip_build(options->is_silent, &cam->clip, why) : ERR_OK;
}

static enum err make_shared(struct cam *cam, const struct cam_options *options, struct why *why)
{
	const char *ca = options->tls_ca && *options->tls_ca ? options->tls_ca : NULL;
	enum err err = scene_new(&cam->scene);

	if (err == ERR_OK)
		err = make_clip(cam, options, why);
	if (err == ERR_OK)
		err = poster_init(&cam->poster);
	/* Also for rtmps addresses, when MQTT itself is plain. */
	if (err == ERR_OK)
		err = tls_client_new(ca, options->is_tls_unverified, &cam->tls, why);
	cam->policy.is_all_allowed = true;
	cam->setup = (struct device_setup){
		.loop = cam->loop,
		.policy = &cam->policy,
		.tls = cam->tls,
		.poster = &cam->poster,
		.scene = cam->scene,
		.clip = cam->clip,
		.state = options->state,
		.sign = options->sign,
		.faults = options->faults,
		.has_events = options->has_events,
		.is_silent = options->is_silent,
		.is_sign_required = options->is_sign_required,
	};
	return err;
}

static enum err add_station(struct cam *cam, const struct cam_options *options, const char *did,
                            struct why *why)
{
	struct station_setup setup = {
		.device = &cam->setup,
		.server = options->server,
		.tls = options->has_tls ? cam->tls : NULL,
		.did = did,
		.secret = options->secret,
		.is_gateway = options->is_gateway,
		.children = options->is_gateway ? options->children : 0,
	};
	enum err err = station_new(&setup, &cam->stations[cam->count], why);

	cam->count += err == ERR_OK;
	return err;
}

static enum err add_stations(struct cam *cam, const struct cam_options *options, struct why *why)
{
	unsigned count = options->is_gateway ? 1 : options->count;
	char did[CAMERA_DID_MAX + 1];

	cam->stations = calloc(count, sizeof *cam->stations);
	if (!cam->stations)
		return ERR_NO_MEMORY;
	if (count == 1)
		return add_station(cam, options, options->did, why);
	for (unsigned i = 1; i <= count; i++) {
		if (station_did(options->did, i, count, did) != ERR_OK)
			return why_set(why, ERR_TOO_LARGE, "the dids are over %d characters",
			               CAMERA_DID_MAX);
		enum err err = add_station(cam, options, did, why);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err cam_new(const struct cam_options *options, struct loop *loop, struct cam **out,
                 struct why *why)
{
	AUTO(cam) cam = calloc(1, sizeof *cam);

	if (!cam)
		return ERR_NO_MEMORY;
	cam->loop = loop;
	enum err err = make_shared(cam, options, why);
	if (err == ERR_OK)
		err = add_stations(cam, options, why);
	if (err == ERR_OK)
		*out = TAKE(cam);
	return err;
}

void cam_start(struct cam *cam)
{
	for (unsigned i = 0; i < cam->count; i++)
		station_start(cam->stations[i], i == 0 ? 0 : jitter_ms((int64_t)i * PACE_MS * 2));
}

void cam_stop(struct cam *cam)
{
	for (unsigned i = 0; i < cam->count; i++)
		station_stop(cam->stations[i]);
	poster_done(&cam->poster);
}

void cam_free(struct cam *cam)
{
	if (!cam)
		return;
	poster_done(&cam->poster);
	for (unsigned i = 0; i < cam->count; i++)
		station_free(cam->stations[i]);
	free(cam->stations);
	tls_free(cam->tls);
	scene_free(cam->scene);
	clip_free(cam->clip);
	free(cam);
}

unsigned cam_registered_count(const struct cam *cam)
{
	unsigned registered = 0;

	for (unsigned i = 0; i < cam->count; i++)
		registered += station_registered_count(cam->stations[i]);
	return registered;
}
