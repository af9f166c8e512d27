/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtmp_client.h — a publisher's side of one RTMP connection, from connected to published.
 *
 *     rtmp_client_new, rtmp_client_start (C0, C1), rtmp_client_feed until on_published,
 *     rtmp_client_write_media as often as there is some, rtmp_client_write_end
 *
 * Threads  none of its own.
 * Memory   the texts given to rtmp_client_new() are copied. What events hand over is borrowed for
 *          the call; an event must not free the client.
 * Errors   ERR_MALFORMED, ERR_TOO_LARGE, ERR_UNSUPPORTED, ERR_NO_MEMORY; after any the connection
 * is to be closed.
 */
#ifndef VIGIL_PROTO_RTMP_CLIENT_H
#define VIGIL_PROTO_RTMP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/str.h"
#include "proto/rtmp/media.h"

#define RTMP_CLIENT_CHUNK_SIZE 60000
#define RTMP_CLIENT_TEXT_MAX   1024 /* of each text given to rtmp_client_new() */
#define RTMP_CLIENT_PIECES_MAX 8

struct rtmp_client_events {
	void (*on_send)(void *owner, const uint8_t *bytes, size_t size);
	void (*on_published)(void *owner);
	/* Refused, or ended by the server later; `code` such as "NetStream.Publish.Denied". */
	void (*on_refused)(void *owner, struct str code, struct str description);
};

struct rtmp_client;

/* `stream_name` with its query; rtmp_url_read() gives all three. ERR_TOO_LARGE past
 * RTMP_CLIENT_TEXT_MAX. */
enum err rtmp_client_new(struct str app, struct str tc_url, struct str stream_name,
                         struct rtmp_client **out);
void rtmp_client_free(struct rtmp_client *client);

/* To be called once, when the transport is connected. */
enum err rtmp_client_start(struct rtmp_client *client, const struct rtmp_client_events *events,
                           void *owner);
enum err rtmp_client_feed(struct rtmp_client *client, const uint8_t *bytes, size_t size,
                          const struct rtmp_client_events *events, void *owner);

bool rtmp_client_is_published(const struct rtmp_client *client);

/* Appends one message to `out`; only while published. The body may come in pieces. */
enum err rtmp_client_write_media(struct rtmp_client *client, enum rtmp_media_kind kind,
                                 uint32_t timestamp_ms, const struct bytes *pieces, size_t count,
                                 struct buf *out);

/* Appends the goodbye; nothing more may be written then. */
enum err rtmp_client_write_end(struct rtmp_client *client, struct buf *out);

#endif
