/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtmp_endpoint.h — cameras and encoders push by RTMP, players play: rtmp://host/live/{key}?token=
 * TOKEN, or .../v2/media/live/{key}, or the protocol's own spelling /v2/meida/live/{key}.
 *
 * A push with no, a wrong, an old or another device's token is refused before it starts. A player
 * needs what a viewer of FLV needs; it waits while the camera is asked, and hears the same words
 * when there is no picture.
 *
 * Threads  each session lives on its connection's loop.
 */
#ifndef VIGIL_ENDPOINTS_RTMP_ENDPOINT_H
#define VIGIL_ENDPOINTS_RTMP_ENDPOINT_H

#include "base/err.h"
#include "base/mem.h"
#include "domain/live/live.h"
#include "io/listener.h"

#define RTMP_HELLO_MS   10000  /* from the accept to publish or play */
#define RTMP_SILENCE_MS 30000  /* a publisher that sends nothing is gone */
#define RTMP_PAUSE_MS   900000 /* a replay that sends nothing is gone */

struct rtmp_endpoint;

/* All are borrowed. */
enum err rtmp_endpoint_new(struct live *live, struct tokens *tokens, struct devices *devices,
                           struct rtmp_endpoint **out);
void rtmp_endpoint_free(struct rtmp_endpoint *endpoint);
AUTO_DEFINE(rtmp_endpoint)

/* Fills on_accept and owner of a listener that speaks RTMP from its first byte. */
void rtmp_endpoint_listen(struct rtmp_endpoint *endpoint, struct listener_setup *setup);

/* What a device is told to push to: rtmp://HOST:PORT/live/{did}?token=TOKEN, for a replay
 * rtmp://HOST:PORT/v2/meida/live/{key}?token=TOKEN. For live_setup and
 * api_setup; their owner is a struct rtmp_public. Pure. */
struct rtmp_public {
	char url[256];  /* "rtmp://cloud.example:1935"; empty: host and port below */
	char host[128]; /* empty: the address the device reached us by */
	unsigned port;
	bool is_tls_only; /* rtmps:// */
};
void rtmp_push_url(void *owner, struct str key, struct str token, struct str reached_at,
                   struct buf *out);

/* The stream key an address names; empty if it names none. Pure. */
struct str rtmp_path_key(struct str path);

#endif
