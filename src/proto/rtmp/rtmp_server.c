/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rtmp/rtmp_server.h"

#include <string.h>

#include "proto/flv/flv.h"
#include "proto/rtmp/amf.h"
#include "proto/rtmp/server_private.h"
#include "proto/rtmp/write.h"

#define OUT_MAX       (64 * 1024)
#define OUT_FLUSH     (8 * 1024) /* answers are sent when this much has gathered */
#define OUT_KEEP      256
#define WINDOW_UNTOLD 2500000 /* for acks to a peer that announces no window */

enum err rtmp_server_new(struct rtmp_server **out)
{
	struct rtmp_server *server = calloc(1, sizeof *server);

	if (!server)
		return ERR_NO_MEMORY;
	server->chunk_size = RTMP_CHUNK_SIZE_FIRST;
	server->window = WINDOW_UNTOLD;
	rtmp_chunk_reader_init(&server->reader);
	buf_init(&server->out, OUT_MAX);
	rtmp_handshake_init(&server->handshake, true, &server->out);
	buf_init(&server->held, RTMP_HELD_MAX);
	*out = server;
	return ERR_OK;
}

void rtmp_server_free(struct rtmp_server *server)
{
	if (!server)
		return;
	rtmp_chunk_reader_done(&server->reader);
	buf_done(&server->out);
	buf_done(&server->held);
	mem_wipe(&server->target, sizeof server->target);
	free(server);
}

bool rtmp_server_is_publishing(const struct rtmp_server *server)
{
	return server->state == SERVER_PUBLISHING;
}

static enum err flush(struct server_turn *turn)
{
	struct buf *out = &turn->server->out;

	if (buf_err(out) != ERR_OK)
		return buf_err(out);
	if (out->size)
		turn->events->on_send(turn->owner, out->at, out->size);
	buf_drop(out, out->size, OUT_KEEP);
	return ERR_OK;
}

static enum err read_handshake(struct server_turn *turn, struct bytes *input)
{
	struct rtmp_server *server = turn->server;
	bool was_answered = rtmp_handshake_is_answered(&server->handshake);

	enum err err = rtmp_handshake_read(&server->handshake, input, &server->out);
	if (err != ERR_OK)
		return err;
	if (rtmp_handshake_is_done(&server->handshake))
		server->state = SERVER_CONNECT;
	return !was_answered && rtmp_handshake_is_answered(&server->handshake) ? flush(turn)
	                                                                       : ERR_OK;
}

static void give_media(struct server_turn *turn, enum rtmp_media_kind kind, uint32_t timestamp_ms,
                       struct bytes body)
{
	struct rtmp_media media = {
		.kind = kind, .timestamp_ms = timestamp_ms, .body = body.at, .size = body.size
	};

	if (turn->server->state == SERVER_PUBLISHING && body.size)
		turn->events->on_media(turn->owner, &media);
}

/* Only onMetaData is handed on, without the "@setDataFrame" that asks us to keep it. */
static void give_script(struct server_turn *turn, const struct rtmp_message *message)
{
	struct bytes body = bytes_of(message->body, message->size);
	struct amf_reader reader;
	struct str name;

	if (body.size > RTMP_DATA_MAX)
		return;
	amf_reader_init(&reader, body.at, body.size);
	if (amf_read_text(&reader, &name) != ERR_OK)
		return;
	if (str_equal(name, STR("@setDataFrame"))) {
		body = reader.rest;
		if (amf_read_text(&reader, &name) != ERR_OK)
			return;
	}
	if (str_equal(name, STR("onMetaData")))
		give_media(turn, RTMP_MEDIA_METADATA, message->timestamp_ms, body);
}

static enum err on_command(struct server_turn *turn, const struct rtmp_message *message)
{
	return server_command(turn, message);
}

static enum err on_data(struct server_turn *turn, const struct rtmp_message *message)
{
	give_script(turn, message);
	return ERR_OK;
}

/* In practice the AMF3 forms are AMF0 behind one byte. */
static struct rtmp_message without_first_byte(const struct rtmp_message *message)
{
	struct rtmp_message rest = *message;

	if (rest.size) {
		rest.body++;
		rest.size--;
	}
	return rest;
}

static enum err on_command_amf3(struct server_turn *turn, const struct rtmp_message *message)
{
	struct rtmp_message rest = without_first_byte(message);

	return server_command(turn, &rest);
}

static enum err on_data_amf3(struct server_turn *turn, const struct rtmp_message *message)
{
	struct rtmp_message rest = without_first_byte(message);

	return on_data(turn, &rest);
}

static enum err on_audio(struct server_turn *turn, const struct rtmp_message *message)
{
	give_media(turn, RTMP_MEDIA_AUDIO, message->timestamp_ms,
	           bytes_of(message->body, message->size));
	return ERR_OK;
}

static enum err on_video(struct server_turn *turn, const struct rtmp_message *message)
{
	give_media(turn, RTMP_MEDIA_VIDEO, message->timestamp_ms,
	           bytes_of(message->body, message->size));
	return ERR_OK;
}

static enum err on_user_control(struct server_turn *turn, const struct rtmp_message *message)
{
	struct bytes body = bytes_of(message->body, message->size);
	uint16_t event = bytes_u16(&body);

	if (event == RTMP_PING)
		rtmp_write_user_control(&turn->server->out, RTMP_PONG, bytes_u32(&body));
	return body.is_short ? ERR_MALFORMED : ERR_OK;
}

static enum err on_window(struct server_turn *turn, const struct rtmp_message *message)
{
	struct bytes body = bytes_of(message->body, message->size);

	turn->server->window = bytes_u32(&body);
	return body.is_short ? ERR_MALFORMED : ERR_OK;
}

/* FLV tags one behind the other; the first tag's time stands for the message's (section 7.1.6). */
static enum err on_aggregate(struct server_turn *turn, const struct rtmp_message *message)
{
	struct bytes body = bytes_of(message->body, message->size);
	struct rtmp_message part = *message;
	struct flv_tag tag;
	uint32_t step_ms = 0;
	enum err err;

	while ((err = flv_read_tag(&body, &tag)) == ERR_OK) {
		if (part.type == RTMP_AGGREGATE)
			step_ms = message->timestamp_ms - tag.timestamp_ms;
		part.type = tag.kind;
		part.timestamp_ms = tag.timestamp_ms + step_ms;
		part.body = tag.body;
		part.size = tag.size;
		if (tag.kind == RTMP_AUDIO)
			(void)on_audio(turn, &part);
		if (tag.kind == RTMP_VIDEO)
			(void)on_video(turn, &part);
		if (tag.kind == RTMP_DATA)
			(void)on_data(turn, &part);
	}
	return body.size ? ERR_MALFORMED : ERR_OK;
}

/* clang-format off */
static const struct {
	enum rtmp_type type;
	enum err (*run)(struct server_turn *turn, const struct rtmp_message *message);
} messages[] = {
	{ RTMP_VIDEO,           on_video },
	{ RTMP_AUDIO,           on_audio },
	{ RTMP_DATA,            on_data },
	{ RTMP_DATA_AMF3,       on_data_amf3 },
	{ RTMP_COMMAND,         on_command },
	{ RTMP_COMMAND_AMF3,    on_command_amf3 },
	{ RTMP_AGGREGATE,       on_aggregate },
	{ RTMP_USER_CONTROL,    on_user_control },
	{ RTMP_WINDOW_ACK_SIZE, on_window },
};
/* clang-format on */

static enum err run_message(struct server_turn *turn, const struct rtmp_message *message)
{
	for (size_t i = 0; i < COUNT_OF(messages); i++)
		if (messages[i].type == message->type)
			return messages[i].run(turn, message);
	return ERR_OK;
}

/* Section 5.4.3: librtmp's kind stops sending when no ack comes within its window. */
static void ack_when_due(struct rtmp_server *server)
{
	if (server->received - server->acked < server->window / 2)
		return;
	server->acked = server->received;
	rtmp_write_control(&server->out, RTMP_ACK, server->received);
}

static enum err read_message(struct server_turn *turn, struct bytes *input)
{
	struct rtmp_server *server = turn->server;
	struct rtmp_message message;

	enum err err = rtmp_chunk_read(&server->reader, input, &message);
	if (err == ERR_OK)
		err = run_message(turn, &message);
	if (err == ERR_OK && server->out.size > OUT_FLUSH)
		err = flush(turn);
	return err;
}

static enum err hold(struct rtmp_server *server, struct bytes *input)
{
	size_t size = input->size;

	buf_add(&server->held, bytes_take(input, size), size);
	return buf_err(&server->held);
}

static enum err step(struct server_turn *turn, struct bytes *input)
{
	struct rtmp_server *server = turn->server;

	switch (server->state) {
	case SERVER_HANDSHAKE: return read_handshake(turn, input);
	case SERVER_CONNECT:
	case SERVER_IDLE:
	case SERVER_ASKED_PLAY:
	case SERVER_PLAYING:
	case SERVER_PUBLISHING: return read_message(turn, input);
	case SERVER_ASKED_PUBLISH: return hold(server, input);
	case SERVER_REFUSED: (void)bytes_take(input, input->size); return ERR_OK;
	}
	return ERR_INTERNAL;
}

static enum err run(struct server_turn *turn, struct bytes input)
{
	struct rtmp_server *server = turn->server;
	enum err err = ERR_OK;

	server->is_feeding = true;
	while (err == ERR_OK && input.size)
		err = step(turn, &input);
	server->is_feeding = false;
	return err == ERR_MORE ? ERR_OK : err;
}

enum err rtmp_server_feed(struct rtmp_server *server, const uint8_t *bytes, size_t size,
                          const struct rtmp_events *events, void *owner)
{
	struct server_turn turn = { server, events, owner };

	server->received += (uint32_t)size;
	enum err err = run(&turn, bytes_of(bytes, size));
	if (err == ERR_OK && server->state >= SERVER_IDLE)
		ack_when_due(server);
	/* The answer of S0 to S2 goes out in one piece, when C1 is complete. */
	if (server->state == SERVER_HANDSHAKE)
		return err;
	enum err flushed = flush(&turn);
	return err == ERR_OK ? flushed : err;
}

/* What was held while the question was open. The buffer is taken out first, for reading it may ask
 * again and hold the rest. */
static enum err read_held(struct server_turn *turn)
{
	AUTO_BUF held = turn->server->held;

	buf_init(&turn->server->held, RTMP_HELD_MAX);
	return run(turn, bytes_of(held.at, held.size));
}

enum err rtmp_server_accept_publish(struct rtmp_server *server, const struct rtmp_events *events,
                                    void *owner)
{
	struct server_turn turn = { server, events, owner };

	if (server->state != SERVER_ASKED_PUBLISH)
		return ERR_CONFLICT;
	server->state = SERVER_PUBLISHING;
	rtmp_write_user_control(&server->out, RTMP_STREAM_BEGIN, server->stream_id);
	server_write_status(server, "status", "NetStream.Publish.Start", "Publishing.");
	if (server->is_feeding)
		return buf_err(&server->out);
	enum err err = flush(&turn);
	if (err == ERR_OK)
		err = read_held(&turn);
	enum err flushed = flush(&turn);
	return err == ERR_OK ? flushed : err;
}

enum err rtmp_server_accept_play(struct rtmp_server *server, uint32_t *out_stream_id,
                                 const struct rtmp_events *events, void *owner)
{
	struct server_turn turn = { server, events, owner };

	if (server->state != SERVER_ASKED_PLAY)
		return ERR_CONFLICT;
	server->state = SERVER_PLAYING;
	*out_stream_id = server->stream_id;
	server_write_play_begin(server);
	if (server->is_feeding)
		return buf_err(&server->out);
	rtmp_chunk_reader_trim(&server->reader);
	return flush(&turn);
}

enum err rtmp_server_end_play(struct rtmp_server *server, const char *description,
                              const struct rtmp_events *events, void *owner)
{
	struct server_turn turn = { server, events, owner };

	if (server->state != SERVER_PLAYING)
		return ERR_CONFLICT;
	server->state = SERVER_REFUSED;
	server_write_status(server, "status", "NetStream.Play.UnpublishNotify", description);
	rtmp_write_user_control(&server->out, RTMP_STREAM_EOF, server->stream_id);
	return server->is_feeding ? buf_err(&server->out) : flush(&turn);
}

enum err rtmp_server_refuse(struct rtmp_server *server, const char *code, const char *description,
                            const struct rtmp_events *events, void *owner)
{
	struct server_turn turn = { server, events, owner };

	if (server->state < SERVER_ASKED_PUBLISH || server->state == SERVER_REFUSED)
		return ERR_CONFLICT;
	server->state = SERVER_REFUSED;
	buf_done(&server->held);
	server_write_status(server, "error", code, description);
	return server->is_feeding ? buf_err(&server->out) : flush(&turn);
}
