/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hls_endpoint.h — live pictures for phones: HLS with fragmented MP4 and low-latency parts.
 *
 * GET /live/{key}.m3u8 (and under the protocol's own /v2/media and /v2/meida) makes a session and
 * answers, once there is a whole segment, a playlist with one variant: KEY/hls/SESSION/media.m3u8.
 * A session's address is a capability: no token behind it. It ends HLS_SESSION_MS after its last
 * request, and counts as one viewer.
 *
 * Threads  any loop; a stream's packager lives on the loop of its first request.
 * Errors   the same problems as other viewers get, and codec-unsupported.
 */
#ifndef VIGIL_ENDPOINTS_HLS_ENDPOINT_H
#define VIGIL_ENDPOINTS_HLS_ENDPOINT_H

#include "base/err.h"
#include "base/mem.h"
#include "domain/live/live.h"
#include "endpoints/live/live_endpoint.h"
#include "http/router.h"

struct hls_setup {
	struct live *live;            /* borrowed, as the next */
	struct live_endpoint *rights; /* who may see what */
	size_t sessions_max;          /* in all */
	size_t stream_sessions_max;   /* of one stream */
	int64_t bytes_max;            /* of all segments; each packager keeps a little beyond it */
};

struct hls_endpoint;

enum err hls_endpoint_new(const struct hls_setup *setup, struct hls_endpoint **out);
/* After the loops. */
void hls_endpoint_free(struct hls_endpoint *endpoint);
AUTO_DEFINE(hls_endpoint)

extern const struct route hls_routes[]; /* owner: the endpoint */
extern const size_t hls_route_count;

#endif
