/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtmp_server.h — the server's side of one RTMP connection, from the first byte of the handshake.
 *
 *     asked --accept--> publishing --on_unpublish--> idle (may be asked again)
 *       |        '----> playing ----on_stop--------> idle; --end_play--> refused
 *       '---refuse----> refused: what still comes is thrown away; the owner closes after the flush
 *
 * While on_publish is not answered the session reads no further: what arrives is held, up to
 * RTMP_HELD_MAX bytes, and read when the answer is accept. So the owner may answer inside the
 * callback or much later, and no sequence header is lost in between. A player is heard on: it may
 * go before there is a picture (on_stop).
 *
 * What is played is not sent by the session: after accept_play the owner sends messages of its own
 * (relay.h) in chunks of up to RTMP_MESSAGE_MAX bytes, and on_send's bytes only between two of
 * them.
 *
 * Threads  none of its own.
 * Memory   everything an event hands over is borrowed for that call. The events and their owner
 *          must outlive the session. An event may call accept or refuse, nothing else of it, and
 *          must not free it.
 * Errors   ERR_MALFORMED, ERR_TOO_LARGE (a message, a command, what is held, the streams),
 *          ERR_UNSUPPORTED (AMF3), ERR_NO_MEMORY. After any the connection is to be closed; the
 *          last on_unpublish is the owner's affair then.
 * Secrets  a token is handed to on_publish and on_play and kept nowhere else in reach.
 */
#ifndef VIGIL_PROTO_RTMP_SERVER_H
#define VIGIL_PROTO_RTMP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "proto/rtmp/media.h"

#define RTMP_HELD_MAX    (512 * 1024)
#define RTMP_STREAMS_MAX 16 /* createStream calls of one connection */

/* `path` is app and name joined, for peers disagree about where the one ends. */
struct rtmp_publish {
	struct str app, name, path;
	struct str token; /* percent-decoded; empty if there was none */
};

struct rtmp_play {
	struct str app, name, path;
	struct str token;
};

struct rtmp_events {
	void (*on_send)(void *owner, const uint8_t *bytes, size_t size);
	void (*on_publish)(void *owner, const struct rtmp_publish *publish);
	void (*on_play)(void *owner, const struct rtmp_play *play); /* NULL: StreamNotFound */
	void (*on_media)(void *owner, const struct rtmp_media *media);
	void (*on_unpublish)(void *owner); /* the peer ended it; the connection may go on */
	void (*on_stop)(void *owner);      /* the same of what it plays, or wanted to */
	void (*on_pause)(void *owner, bool is_paused);
};

struct rtmp_server;

enum err rtmp_server_new(struct rtmp_server **out);
void rtmp_server_free(struct rtmp_server *server);

/* Any number of bytes, as they come. */
enum err rtmp_server_feed(struct rtmp_server *server, const uint8_t *bytes, size_t size,
                          const struct rtmp_events *events, void *owner);

/* Answers on_publish. Reads on in what was held, so media may come before this returns;
 * ERR_CONFLICT if nothing was asked, else as rtmp_server_feed(). */
enum err rtmp_server_accept_publish(struct rtmp_server *server, const struct rtmp_events *events,
                                    void *owner);

/* Answers on_play: all that a player is told before the first picture. Gives back what the session
 * needs no longer. ERR_CONFLICT if nothing was asked. */
enum err rtmp_server_accept_play(struct rtmp_server *server, uint32_t *out_stream_id,
                                 const struct rtmp_events *events, void *owner);

/* What is played ends: NetStream.Play.UnpublishNotify with these words, and Stream EOF. Without
 * on_stop; the owner closes after the flush. */
enum err rtmp_server_end_play(struct rtmp_server *server, const char *description,
                              const struct rtmp_events *events, void *owner);

/* Answers on_publish or on_play, or ends a publication that runs, by an onStatus of level error
 * (`code` such as "NetStream.Publish.Denied"); without on_unpublish. */
enum err rtmp_server_refuse(struct rtmp_server *server, const char *code, const char *description,
                            const struct rtmp_events *events, void *owner);

bool rtmp_server_is_publishing(const struct rtmp_server *server);

#endif
