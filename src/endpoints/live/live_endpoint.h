/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_endpoint.h — live pictures out: FLV over HTTP and over WebSocket, from the stream's ring.
 *
 * GET /live/{key}.flv and the protocol's own /v2/media/live/{key}.flv and /v2/meida/live/{key}.flv;
 * the token as ?token=, cookie or Bearer. Failures before the first byte are problems; a WebSocket
 * is upgraded first and then closed with 4000+n and the problem's name.
 *
 * Threads  each viewer lives on its connection's loop.
 */
#ifndef VIGIL_ENDPOINTS_LIVE_ENDPOINT_H
#define VIGIL_ENDPOINTS_LIVE_ENDPOINT_H

#include "base/err.h"
#include "base/mem.h"
#include "domain/live/live.h"
#include "endpoints/api/api.h"
#include "http/router.h"

struct live_endpoint;

/* Both are borrowed. */
enum err live_endpoint_new(struct live *live, struct api *api, struct devices *devices,
                           struct live_endpoint **out);
void live_endpoint_free(struct live_endpoint *endpoint);
AUTO_DEFINE(live_endpoint)

extern const struct route live_routes[]; /* owner: the endpoint */
extern const size_t live_route_count;

#endif
