/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_watch.h — who follows the events as they come, by server-sent events or WebSocket.
 *
 * A watcher pulls: it reads the log behind its cursor, at most WATCH_BYTES_MAX at a time, and reads
 * on only when the peer has taken most of it. A slow peer costs nothing but its own delay; one
 * that takes nothing for WATCH_BEAT_MS is cut.
 *
 * Threads  the connection's loop; pages are written on a database thread.
 */
#ifndef VIGIL_ENDPOINTS_API_API_WATCH_H
#define VIGIL_ENDPOINTS_API_API_WATCH_H

#include <stdbool.h>

#include "domain/event/event.h"
#include "endpoints/api/api.h"

#define WATCH_BYTES_MAX   (256 * 1024)
#define WATCH_QUEUE_MAX   (128 * 1024) /* what may wait for the peer before no more is read */
#define WATCH_BEAT_MS     15000        /* a comment or ping, so that a dead path is noticed */
#define WATCH_PAUSE_MS    100          /* between two reads of one watcher */
#define WATCH_MESSAGE_MAX 4096         /* what a WebSocket may say; it is not listened to */

/* Asks for text/event-stream or a WebSocket. */
bool api_wants_watch(const struct request *req);
void api_watch(struct api *api, struct request *req);

/* Reads limit, cursor, did and type of the query, and the actor's organization. */
enum err api_read_event_page(struct request *req, struct event_page *page, struct why *why);

#endif
