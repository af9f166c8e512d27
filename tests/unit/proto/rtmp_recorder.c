/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/proto/rtmp_recorder.h"

#include "proto/rtmp/amf.h"
#include "proto/rtmp/chunk.h"
#include "proto/rtmp/handshake.h"
#include "proto/rtmp/write.h"
#include "tests/unit/unit.h"

#define STORY_MAX (4 * 1024 * 1024)

uint32_t recorder_hash(const uint8_t *at, size_t size)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * 16777619U;
	return hash;
}

static void on_send(void *owner, const uint8_t *bytes, size_t size)
{
	struct recorder *recorder = owner;

	buf_add(&recorder->sent, bytes, size);
}

static void answer(struct recorder *recorder)
{
	if (recorder->answer == ANSWER_ACCEPT)
		assert_ok(rtmp_server_accept_publish(recorder->server, &recorder_events, recorder));
	if (recorder->answer == ANSWER_REFUSE)
		assert_ok(rtmp_server_refuse(recorder->server, "NetStream.Publish.Denied",
		                             "No such token.", &recorder_events, recorder));
}

static void on_publish(void *owner, const struct rtmp_publish *publish)
{
	struct recorder *recorder = owner;

	buf_printf(&recorder->story, "publish app=%.*s name=%.*s path=%.*s token=%.*s\n",
	           STR_ARG(publish->app), STR_ARG(publish->name), STR_ARG(publish->path),
	           STR_ARG(publish->token));
	answer(recorder);
}

static void on_play(void *owner, const struct rtmp_play *play)
{
	struct recorder *recorder = owner;
	uint32_t stream_id;

	buf_printf(&recorder->story, "play path=%.*s token=%.*s\n", STR_ARG(play->path),
	           STR_ARG(play->token));
	if (recorder->answer == ANSWER_ACCEPT)
		assert_ok(rtmp_server_accept_play(recorder->server, &stream_id, &recorder_events,
		                                  recorder));
	if (recorder->answer == ANSWER_REFUSE)
		assert_ok(rtmp_server_refuse(recorder->server, "NetStream.Play.StreamNotFound",
		                             "No such stream.", &recorder_events, recorder));
}

static void on_stop(void *owner)
{
	struct recorder *recorder = owner;

	buf_add_text(&recorder->story, "stop\n");
}

static void on_pause(void *owner, bool is_paused)
{
	struct recorder *recorder = owner;

	buf_add_text(&recorder->story, is_paused ? "pause\n" : "go on\n");
}

static void on_media(void *owner, const struct rtmp_media *media)
{
	static const char *const kinds[] = { "audio", "video", "metadata" };
	struct recorder *recorder = owner;

	assert_true(media->size > 0);
	buf_printf(&recorder->story, "%s %u %zu %08x\n", kinds[media->kind], media->timestamp_ms,
	           media->size, recorder_hash(media->body, media->size));
}

static void on_unpublish(void *owner)
{
	struct recorder *recorder = owner;

	buf_add_text(&recorder->story, "unpublish\n");
}

const struct rtmp_events recorder_events = {
	.on_send = on_send,
	.on_publish = on_publish,
	.on_play = on_play,
	.on_media = on_media,
	.on_unpublish = on_unpublish,
	.on_stop = on_stop,
	.on_pause = on_pause,
};

void recorder_init(struct recorder *recorder, enum recorder_answer answer_now)
{
	*recorder = (struct recorder){ .answer = answer_now };
	buf_init(&recorder->sent, STORY_MAX);
	buf_init(&recorder->story, STORY_MAX);
	assert_ok(rtmp_server_new(&recorder->server));
}

void recorder_done(struct recorder *recorder)
{
	rtmp_server_free(recorder->server);
	buf_done(&recorder->sent);
	buf_done(&recorder->story);
}

enum err recorder_feed(struct recorder *recorder, const uint8_t *bytes, size_t size)
{
	return rtmp_server_feed(recorder->server, bytes, size, &recorder_events, recorder);
}

void encoder_add_handshake(struct buf *out)
{
	struct rtmp_handshake handshake;

	rtmp_handshake_init(&handshake, false, out);
	for (size_t i = 0; i < RTMP_HANDSHAKE_SIZE; i++)
		buf_add_u8(out, 0);
}

void encoder_add_message(struct buf *out, uint8_t type, uint32_t timestamp_ms, const void *body,
                         size_t size)
{
	const struct rtmp_message message = { .type = type,
		                              .timestamp_ms = timestamp_ms,
		                              .stream_id = 1,
		                              .body = body,
		                              .size = size };

	rtmp_chunk_write(out, RTMP_CHUNK_SIZE_FIRST, 5, &message);
}

void encoder_add_connect(struct buf *out, const char *app, const char *tc_url)
{
	AUTO_BUF body = { 0 };

	buf_init(&body, 64 * 1024);
	amf_add_text(&body, STR("connect"));
	amf_add_number(&body, 1);
	amf_begin_object(&body);
	amf_add_name(&body, STR("app"));
	amf_add_text(&body, str_of(app));
	amf_add_name(&body, STR("tcUrl"));
	amf_add_text(&body, str_of(tc_url));
	amf_end(&body);
	encoder_add_message(out, RTMP_COMMAND, 0, body.at, body.size);
}

void encoder_add_command(struct buf *out, const char *name, double transaction,
                         const char *argument)
{
	AUTO_BUF body = { 0 };

	buf_init(&body, 64 * 1024);
	amf_add_text(&body, str_of(name));
	amf_add_number(&body, transaction);
	amf_add_null(&body);
	if (argument)
		amf_add_text(&body, str_of(argument));
	encoder_add_message(out, RTMP_COMMAND, 0, body.at, body.size);
}

static void add_up_to(struct buf *out, const char *command, const char *name)
{
	encoder_add_handshake(out);
	encoder_add_connect(out, "live", "rtmp://127.0.0.1/live");
	encoder_add_command(out, "createStream", 2, NULL);
	encoder_add_command(out, command, 3, name);
}

void encoder_add_up_to_publish(struct buf *out, const char *name)
{
	add_up_to(out, "publish", name);
}

void encoder_add_up_to_play(struct buf *out, const char *name)
{
	add_up_to(out, "play", name);
}
