/* SPDX-License-Identifier: Apache-2.0 */
/* live_private.h — what the files of endpoints/live share. */
#ifndef VIGIL_ENDPOINTS_LIVE_PRIVATE_H
#define VIGIL_ENDPOINTS_LIVE_PRIVATE_H

#include "endpoints/live/codecs.h"
#include "endpoints/live/feeder.h"
#include "endpoints/live/live_endpoint.h"
#include "http/response.h"
#include "io/conn.h"
#include "proto/ws/ws.h"

#define FLV_MESSAGE_MAX 1024 /* what a viewer may say in one WebSocket message */

struct live_endpoint {
	struct live *live;
	struct api *api;
	struct devices *devices;
};

struct flv_viewer {
	struct viewer viewer;
	struct request *req;      /* HTTP, parked until there is a picture */
	char *codecs;             /* what the player can show; NULL: it did not say */
	struct feeder feeder;     /* from then on; a WebSocket's from the beginning */
	struct ws_reader *reader; /* made when the peer says something */
	uint64_t frame_left;      /* payload that the begun frame still lacks */
	uint8_t head[WS_FRAME_HEAD_SIZE];
	uint8_t head_size, head_at;
	bool is_websocket;
};

/* `codecs`: what the player can show; empty: it did not say. */
enum err flv_viewer_new(struct str codecs, struct flv_viewer **out);
void flv_viewer_free(struct flv_viewer *flv);

extern const struct viewer_ops flv_viewer_ops;
extern const struct conn_events flv_conn_events;

/* live_streams.c */
void streams_list(void *owner, struct request *req);
void stream_show(void *owner, struct request *req);

/* The client of a parked request went away. */
void flv_request_gone(void *owner, struct request *req);

/* Says why in a close frame, and closes. */
void flv_websocket_close(struct conn *conn, enum err err, int reason);

#endif
