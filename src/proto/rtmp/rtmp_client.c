/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rtmp/rtmp_client.h"

#include <string.h>

#include "proto/rtmp/amf.h"
#include "proto/rtmp/chunk.h"
#include "proto/rtmp/handshake.h"
#include "proto/rtmp/write.h"

#define OUT_MAX   (64 * 1024)
#define OUT_FLUSH (8 * 1024)
#define OUT_KEEP  256

enum client_state {
	CLIENT_NEW,
	CLIENT_HANDSHAKE,
	CLIENT_CONNECTING,
	CLIENT_CREATING,
	CLIENT_ASKING,
	CLIENT_PUBLISHED,
	CLIENT_ENDED,
};

/* The transaction numbers of our commands. */
enum transaction {
	TRANSACTION_CONNECT = 1,
	TRANSACTION_RELEASE = 2,
	TRANSACTION_FC_PUBLISH = 3,
	TRANSACTION_CREATE = 4,
	TRANSACTION_PUBLISH = 5,
	TRANSACTION_FC_UNPUBLISH = 6,
	TRANSACTION_DELETE = 7,
};

struct rtmp_client {
	enum client_state state;
	struct rtmp_chunk_reader reader;
	struct buf out;
	struct rtmp_handshake handshake;
	uint32_t stream_id;
	char app[RTMP_CLIENT_TEXT_MAX + 1];
	char tc_url[RTMP_CLIENT_TEXT_MAX + 1];
	char name[RTMP_CLIENT_TEXT_MAX + 1];
};

struct client_turn {
	struct rtmp_client *client;
	const struct rtmp_client_events *events;
	void *owner;
};

AUTO_DEFINE(rtmp_client)

enum err rtmp_client_new(struct str app, struct str tc_url, struct str stream_name,
                         struct rtmp_client **out)
{
	AUTO(rtmp_client) client = calloc(1, sizeof *client);

	if (!client)
		return ERR_NO_MEMORY;
	rtmp_chunk_reader_init(&client->reader);
	buf_init(&client->out, OUT_MAX);
	if (str_copy(app, client->app, sizeof client->app) != ERR_OK ||
	    str_copy(tc_url, client->tc_url, sizeof client->tc_url) != ERR_OK ||
	    str_copy(stream_name, client->name, sizeof client->name) != ERR_OK)
		return ERR_TOO_LARGE;
	*out = TAKE(client);
	return ERR_OK;
}

void rtmp_client_free(struct rtmp_client *client)
{
	if (!client)
		return;
	rtmp_chunk_reader_done(&client->reader);
	buf_done(&client->out);
	/* Name and address hold the token. */
	mem_wipe(client, sizeof *client);
	free(client);
}

bool rtmp_client_is_published(const struct rtmp_client *client)
{
	return client->state == CLIENT_PUBLISHED;
}

static enum err flush(struct client_turn *turn)
{
	struct buf *out = &turn->client->out;

	if (buf_err(out) != ERR_OK)
		return buf_err(out);
	if (out->size)
		turn->events->on_send(turn->owner, out->at, out->size);
	buf_drop(out, out->size, OUT_KEEP);
	return ERR_OK;
}

enum err rtmp_client_start(struct rtmp_client *client, const struct rtmp_client_events *events,
                           void *owner)
{
	struct client_turn turn = { client, events, owner };

	if (client->state != CLIENT_NEW)
		return ERR_CONFLICT;
	rtmp_handshake_init(&client->handshake, false, &client->out);
	client->state = CLIENT_HANDSHAKE;
	return flush(&turn);
}

static void begin_command(struct buf *body, const char *name, enum transaction transaction)
{
	buf_init(body, RTMP_COMMAND_MAX);
	amf_add_text(body, str_of(name));
	amf_add_number(body, (double)transaction);
}

static void add_member(struct buf *body, const char *name, const char *text)
{
	amf_add_name(body, str_of(name));
	amf_add_text(body, str_of(text));
}

static void send_connect(struct rtmp_client *client)
{
	AUTO_BUF body = { 0 };

	rtmp_write_control(&client->out, RTMP_SET_CHUNK_SIZE, RTMP_CLIENT_CHUNK_SIZE);
	begin_command(&body, "connect", TRANSACTION_CONNECT);
	amf_begin_object(&body);
	add_member(&body, "app", client->app);
	add_member(&body, "type", "nonprivate");
	add_member(&body, "flashVer", "FMLE/3.0 (compatible; vigil)");
	add_member(&body, "tcUrl", client->tc_url);
	amf_end(&body);
	rtmp_write_command(&client->out, RTMP_CLIENT_CHUNK_SIZE, RTMP_ON_COMMAND, 0, &body);
}

/* A command whose arguments are null and the stream's name. */
static void write_named(const struct rtmp_client *client, struct buf *out, const char *command,
                        enum transaction transaction)
{
	AUTO_BUF body = { 0 };

	begin_command(&body, command, transaction);
	amf_add_null(&body);
	amf_add_text(&body, str_of(client->name));
	rtmp_write_command(out, RTMP_CLIENT_CHUNK_SIZE, RTMP_ON_COMMAND, 0, &body);
}

static void send_create(struct rtmp_client *client)
{
	AUTO_BUF body = { 0 };

	write_named(client, &client->out, "releaseStream", TRANSACTION_RELEASE);
	write_named(client, &client->out, "FCPublish", TRANSACTION_FC_PUBLISH);
	begin_command(&body, "createStream", TRANSACTION_CREATE);
	amf_add_null(&body);
	rtmp_write_command(&client->out, RTMP_CLIENT_CHUNK_SIZE, RTMP_ON_COMMAND, 0, &body);
}

static void send_publish(struct rtmp_client *client)
{
	AUTO_BUF body = { 0 };

	begin_command(&body, "publish", TRANSACTION_PUBLISH);
	amf_add_null(&body);
	amf_add_text(&body, str_of(client->name));
	amf_add_text(&body, STR("live"));
	rtmp_write_command(&client->out, RTMP_CLIENT_CHUNK_SIZE, RTMP_ON_STATUS, client->stream_id,
	                   &body);
}

/* The connect command goes out together with C2. */
static enum err read_handshake(struct client_turn *turn, struct bytes *input)
{
	struct rtmp_client *client = turn->client;
	bool was_answered = rtmp_handshake_is_answered(&client->handshake);

	enum err err = rtmp_handshake_read(&client->handshake, input, &client->out);
	if (err != ERR_OK)
		return err;
	if (rtmp_handshake_is_done(&client->handshake))
		client->state = CLIENT_CONNECTING;
	if (was_answered || !rtmp_handshake_is_answered(&client->handshake))
		return ERR_OK;
	send_connect(client);
	return flush(turn);
}

static void refused(struct client_turn *turn, struct str code, struct str description)
{
	turn->client->state = CLIENT_ENDED;
	turn->events->on_refused(turn->owner, code, description);
}

static enum err on_result(struct client_turn *turn, double transaction, struct amf_reader *values)
{
	struct rtmp_client *client = turn->client;
	struct amf_item item;
	double stream_id;

	if (client->state == CLIENT_CONNECTING && (int)transaction == TRANSACTION_CONNECT) {
		client->state = CLIENT_CREATING;
		send_create(client);
		return ERR_OK;
	}
	if (client->state != CLIENT_CREATING || (int)transaction != TRANSACTION_CREATE)
		return ERR_OK;
	enum err err = amf_read(values, &item);
	if (err == ERR_OK)
		err = amf_skip(values, &item);
	if (err == ERR_OK)
		err = amf_read_number(values, &stream_id);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_MALFORMED : err;
	if (!(stream_id >= 0 && stream_id <= UINT32_MAX))
		return ERR_MALFORMED;
	client->stream_id = (uint32_t)stream_id;
	client->state = CLIENT_ASKING;
	send_publish(client);
	return ERR_OK;
}

struct status {
	struct str level, code, description;
};

/* Some value before it (null, or the properties of a connect answer), then the object. */
static enum err read_status(struct amf_reader *values, struct status *out)
{
	struct amf_item item;
	enum err err;

	while ((err = amf_read(values, &item)) == ERR_OK) {
		if (item.kind != AMF_STRING || item.depth != 1)
			continue;
		if (str_equal(item.name, STR("level")))
			out->level = item.text;
		if (str_equal(item.name, STR("code")))
			out->code = item.text;
		if (str_equal(item.name, STR("description")))
			out->description = item.text;
	}
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err on_error(struct client_turn *turn, double transaction, struct amf_reader *values)
{
	struct status status = { 0 };
	bool is_ours = (int)transaction == TRANSACTION_CONNECT ||
	               (int)transaction == TRANSACTION_CREATE ||
	               (int)transaction == TRANSACTION_PUBLISH;

	/* Servers that do not know releaseStream or FCPublish say so; that harms nobody. */
	if (!is_ours)
		return ERR_OK;
	enum err err = read_status(values, &status);
	if (err == ERR_OK)
		refused(turn, status.code, status.description);
	return err;
}

static enum err on_status(struct client_turn *turn, double transaction, struct amf_reader *values)
{
	struct status status = { 0 };
	enum err err = read_status(values, &status);

	if (err != ERR_OK)
		return err;
	if (str_equal(status.level, STR("error"))) {
		refused(turn, status.code, status.description);
		return ERR_OK;
	}
	if (turn->client->state != CLIENT_ASKING ||
	    !str_equal(status.code, STR("NetStream.Publish.Start")))
		return ERR_OK;
	turn->client->state = CLIENT_PUBLISHED;
	turn->events->on_published(turn->owner);
	return ERR_OK;
}

/* clang-format off */
static const struct {
	const char *name;
	enum err (*run)(struct client_turn *turn, double transaction, struct amf_reader *values);
} answers[] = {
	{ "_result",  on_result },
	{ "_error",   on_error },
	{ "onStatus", on_status },
};
/* clang-format on */

/* What has no row is passed over unread: some servers send onFCPublish without a transaction. */
static enum err run_command(struct client_turn *turn, const struct rtmp_message *message)
{
	struct amf_reader reader;
	double transaction;
	struct str name;

	if (message->size > RTMP_COMMAND_MAX)
		return ERR_TOO_LARGE;
	amf_reader_init(&reader, message->body, message->size);
	enum err err = amf_read_text(&reader, &name);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		if (!str_equal(name, str_of(answers[i].name)))
			continue;
		err = amf_read_number(&reader, &transaction);
		if (err != ERR_OK)
			return err;
		if (!(transaction >= 0 && transaction <= TRANSACTION_DELETE))
			return ERR_OK;
		return answers[i].run(turn, transaction, &reader);
	}
	return ERR_OK;
}

static enum err run_message(struct client_turn *turn, const struct rtmp_message *message)
{
	struct bytes body = bytes_of(message->body, message->size);

	if (message->type == RTMP_COMMAND)
		return run_command(turn, message);
	if (message->type == RTMP_USER_CONTROL && bytes_u16(&body) == RTMP_PING)
		rtmp_write_user_control(&turn->client->out, RTMP_PONG, bytes_u32(&body));
	return body.is_short ? ERR_MALFORMED : ERR_OK;
}

static enum err read_message(struct client_turn *turn, struct bytes *input)
{
	struct rtmp_message message;

	enum err err = rtmp_chunk_read(&turn->client->reader, input, &message);
	if (err == ERR_OK)
		err = run_message(turn, &message);
	if (err == ERR_OK && turn->client->out.size > OUT_FLUSH)
		err = flush(turn);
	return err;
}

static enum err step(struct client_turn *turn, struct bytes *input)
{
	switch (turn->client->state) {
	case CLIENT_NEW: return ERR_CONFLICT;
	case CLIENT_HANDSHAKE: return read_handshake(turn, input);
	case CLIENT_CONNECTING:
	case CLIENT_CREATING:
	case CLIENT_ASKING:
	case CLIENT_PUBLISHED: return read_message(turn, input);
	case CLIENT_ENDED: (void)bytes_take(input, input->size); return ERR_OK;
	}
	return ERR_INTERNAL;
}

enum err rtmp_client_feed(struct rtmp_client *client, const uint8_t *bytes, size_t size,
                          const struct rtmp_client_events *events, void *owner)
{
	struct client_turn turn = { client, events, owner };
	struct bytes input = bytes_of(bytes, size);
	enum err err = ERR_OK;

	while (err == ERR_OK && input.size)
		err = step(&turn, &input);
	if (err == ERR_MORE)
		err = ERR_OK;
	/* C2 goes out in one piece. */
	if (err != ERR_OK || client->state == CLIENT_HANDSHAKE)
		return err;
	return flush(&turn);
}

enum err rtmp_client_write_media(struct rtmp_client *client, enum rtmp_media_kind kind,
                                 uint32_t timestamp_ms, const struct bytes *pieces, size_t count,
                                 struct buf *out)
{
	/* @setDataFrame: the server is to keep it for later viewers. */
	static const uint8_t set_data_frame[] = "\x02\x00\x0d@setDataFrame";
	static const struct {
		enum rtmp_type type;
		uint8_t chunk_stream;
	} rows[] = {
		[RTMP_MEDIA_AUDIO] = { RTMP_AUDIO, RTMP_ON_AUDIO },
		[RTMP_MEDIA_VIDEO] = { RTMP_VIDEO, RTMP_ON_VIDEO },
		[RTMP_MEDIA_METADATA] = { RTMP_DATA, RTMP_ON_DATA },
	};
	struct bytes all[RTMP_CLIENT_PIECES_MAX + 1];
	struct rtmp_message message = { .type = (uint8_t)rows[kind].type,
		                        .timestamp_ms = timestamp_ms,
		                        .stream_id = client->stream_id };
	size_t all_count = 0;

	if (client->state != CLIENT_PUBLISHED)
		return ERR_CONFLICT;
	if (count > RTMP_CLIENT_PIECES_MAX)
		return ERR_TOO_LARGE;
	if (kind == RTMP_MEDIA_METADATA)
		all[all_count++] = bytes_of(set_data_frame, sizeof set_data_frame - 1);
	for (size_t i = 0; i < count; i++)
		all[all_count++] = pieces[i];
	for (size_t i = 0; i < all_count; i++)
		message.size += all[i].size;
	if (message.size > RTMP_MESSAGE_MAX)
		return ERR_TOO_LARGE;
	rtmp_chunk_write_pieces(out, RTMP_CLIENT_CHUNK_SIZE, rows[kind].chunk_stream, &message, all,
	                        all_count);
	return buf_err(out);
}

enum err rtmp_client_write_end(struct rtmp_client *client, struct buf *out)
{
	AUTO_BUF body = { 0 };

	buf_init(&body, 0);
	if (client->state != CLIENT_PUBLISHED)
		return ERR_CONFLICT;
	client->state = CLIENT_ENDED;
	write_named(client, out, "FCUnpublish", TRANSACTION_FC_UNPUBLISH);
	begin_command(&body, "deleteStream", TRANSACTION_DELETE);
	amf_add_null(&body);
	amf_add_number(&body, client->stream_id);
	rtmp_write_command(out, RTMP_CLIENT_CHUNK_SIZE, RTMP_ON_COMMAND, 0, &body);
	return buf_err(out);
}
