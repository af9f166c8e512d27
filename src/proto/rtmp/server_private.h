/* SPDX-License-Identifier: Apache-2.0 */
/* server_private.h — the session's insides, shared by rtmp_server.c and server_command.c. */
#ifndef VIGIL_PROTO_RTMP_SERVER_PRIVATE_H
#define VIGIL_PROTO_RTMP_SERVER_PRIVATE_H

#include "base/buf.h"
#include "proto/rtmp/chunk.h"
#include "proto/rtmp/handshake.h"
#include "proto/rtmp/rtmp_server.h"
#include "proto/rtmp/target.h"

#define RTMP_SERVER_CHUNK_SIZE 60000

enum server_state {
	SERVER_HANDSHAKE,
	SERVER_CONNECT, /* before the connect command */
	SERVER_IDLE,
	SERVER_ASKED_PUBLISH,
	SERVER_ASKED_PLAY,
	SERVER_PUBLISHING,
	SERVER_PLAYING,
	SERVER_REFUSED,
};

struct rtmp_server {
	enum server_state state;
	bool is_feeding; /* inside rtmp_server_feed(), which will flush */
	struct rtmp_chunk_reader reader;
	struct buf out;
	struct buf held;
	struct rtmp_handshake handshake;
	uint32_t chunk_size; /* of what we send */
	uint32_t received;   /* bytes, wrapping, as acks count them */
	uint32_t acked;
	uint32_t window; /* the peer's, for acks */
	uint32_t streams;
	uint32_t stream_id; /* of the publication, or of what is played */
	struct rtmp_target target;
};

/* A turn of the session: whom to tell. */
struct server_turn {
	struct rtmp_server *server;
	const struct rtmp_events *events;
	void *owner;
};

/* One command message of type 20, or 17 without its first byte. */
enum err server_command(struct server_turn *turn, const struct rtmp_message *message);

void server_write_status(struct rtmp_server *server, const char *level, const char *code,
                         const char *description);

/* Everything a player is told before the first picture. */
void server_write_play_begin(struct rtmp_server *server);

#endif
