/* SPDX-License-Identifier: Apache-2.0 */
/* A server's session. The first byte says how the questions are answered and in which pieces the
 * rest arrives; the handshake is given, so that the commands are soon reached. */
#include <stdlib.h>
#include <string.h>

#include "proto/rtmp/handshake.h"
#include "proto/rtmp/rtmp_server.h"
#include "tests/fuzz/fuzz.h"

struct owner {
	struct rtmp_server *server;
	bool is_at_once, is_refusing;
	uint8_t sum;
};

static void touch(struct owner *owner, const void *at, size_t size)
{
	const uint8_t *bytes = at;

	for (size_t i = 0; i < size; i++)
		owner->sum ^= bytes[i];
}

static void on_send(void *arg, const uint8_t *bytes, size_t size)
{
	touch(arg, bytes, size);
}

static const struct rtmp_events events;

static void answer(struct owner *owner)
{
	if (owner->is_refusing)
		(void)rtmp_server_refuse(owner->server, "NetStream.Publish.Denied", "No.", &events,
		                         owner);
	else
		(void)rtmp_server_accept_publish(owner->server, &events, owner);
}

static void answer_play(struct owner *owner)
{
	uint32_t stream_id;

	if (owner->is_refusing)
		answer(owner);
	else
		(void)rtmp_server_accept_play(owner->server, &stream_id, &events, owner);
}

static void on_publish(void *arg, const struct rtmp_publish *publish)
{
	struct owner *owner = arg;

	touch(owner, publish->path.at, publish->path.size);
	touch(owner, publish->token.at, publish->token.size);
	if (owner->is_at_once)
		answer(owner);
}

static void on_play(void *arg, const struct rtmp_play *play)
{
	struct owner *owner = arg;

	touch(owner, play->path.at, play->path.size);
	if (owner->is_at_once)
		answer_play(owner);
}

static void on_media(void *arg, const struct rtmp_media *media)
{
	if (!media->size)
		abort();
	touch(arg, media->body, media->size);
}

static void on_ended(void *arg)
{
}

static void on_pause(void *arg, bool is_paused)
{
}

static const struct rtmp_events events = { on_send,  on_publish, on_play, on_media,
	                                   on_ended, on_ended,   on_pause };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const uint8_t handshake[1 + 2 * RTMP_HANDSHAKE_SIZE] = { RTMP_VERSION };
	struct owner owner = { 0 };

	if (size < 1 || rtmp_server_new(&owner.server) != ERR_OK)
		return 0;
	owner.is_at_once = bytes[0] & 0x80;
	owner.is_refusing = bytes[0] & 0x40;
	size_t step = (bytes[0] & 0x3F) ? bytes[0] & 0x3F : size;
	enum err err = rtmp_server_feed(owner.server, handshake, sizeof handshake, &events, &owner);
	for (size_t at = 1; at < size && err == ERR_OK; at += step) {
		size_t taken = size - at < step ? size - at : step;
		err = rtmp_server_feed(owner.server, bytes + at, taken, &events, &owner);
	}
	if (err == ERR_OK)
		answer(&owner);
	if (err == ERR_OK)
		answer_play(&owner);
	if (err == ERR_OK)
		(void)rtmp_server_end_play(owner.server, "over", &events, &owner);
	rtmp_server_free(owner.server);
	return 0;
}
