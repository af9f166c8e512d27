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

/* May they see the stream of this key? It is opened by the rights to its device. Who may not is
 * told what anybody is told of a device that does not exist. ERR_DENIED, ERR_NOT_FOUND. */
enum err live_may_view(struct devices *devices, const struct actor *actor, struct str text,
                       struct why *why);

/* May who asks see this stream? A key is opened by the rights to its device. With words in *why:
 * ERR_UNAUTHENTICATED, ERR_DENIED, ERR_NOT_FOUND. */
enum err live_check_rights(struct live_endpoint *endpoint, struct request *req, struct str key,
                           struct why *why);

extern const struct route live_routes[]; /* owner: the endpoint */
extern const size_t live_route_count;

#endif
