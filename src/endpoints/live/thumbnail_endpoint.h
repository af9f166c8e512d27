/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thumbnail_endpoint.h — GET /v2/devices/{did}/thumbnail.jpeg: the newest key frame, small.
 *
 * ?width= (80..1280) is the most; ?key= names another stream of the same device, such as a replay.
 * Nothing is started for it: what is not streaming is 409 not-live.
 *
 * Threads  any loop; the answer comes on the request's own.
 */
#ifndef VIGIL_ENDPOINTS_LIVE_THUMBNAIL_ENDPOINT_H
#define VIGIL_ENDPOINTS_LIVE_THUMBNAIL_ENDPOINT_H

#include "base/err.h"
#include "base/mem.h"
#include "domain/live/thumbnail.h"
#include "http/router.h"

#define THUMBNAIL_WIDTH_DEFAULT 320

struct thumbnail_endpoint;

/* Both are borrowed. */
enum err thumbnail_endpoint_new(struct thumbnails *thumbnails, struct devices *devices,
                                struct thumbnail_endpoint **out);
void thumbnail_endpoint_free(struct thumbnail_endpoint *endpoint);
AUTO_DEFINE(thumbnail_endpoint)

extern const struct route thumbnail_routes[]; /* owner: the endpoint */
extern const size_t thumbnail_route_count;

/* For thumbnails_setup.read: streams are framed as FLV. */
enum err thumbnail_read_flv(struct str intro, struct str unit, struct media_picture *out,
                            struct why *why);

#endif
