/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of section 7.2 of the RTMP specification, as a table. */
#include <string.h>

#include "proto/rtmp/amf.h"
#include "proto/rtmp/server_private.h"
#include "proto/rtmp/write.h"

#define WINDOW_SIZE       2500000
#define BANDWIDTH_DYNAMIC 2

/* Enhanced RTMP v2: FourCcInfoMask and CapsExMask. */
#define CAN_FORWARD             4
#define CAPABLE_OF_MOD_EXTENDED 4

struct command {
	struct str name;
	double transaction;
	uint32_t stream_id;
	struct amf_reader arguments;
};

struct command_row {
	const char *name;
	bool is_before_connect;
	enum err (*run)(struct server_turn *turn, struct command *command);
};

static void begin_answer(struct buf *body, const char *name, double transaction)
{
	buf_init(body, RTMP_COMMAND_MAX);
	amf_add_text(body, str_of(name));
	amf_add_number(body, transaction);
}

static void add_member(struct buf *body, const char *name, const char *text)
{
	amf_add_name(body, str_of(name));
	amf_add_text(body, str_of(text));
}

static void add_status(struct buf *body, const char *level, const char *code,
                       const char *description)
{
	add_member(body, "level", level);
	add_member(body, "code", code);
	add_member(body, "description", description);
}

static void send_answer(struct rtmp_server *server, const struct buf *body)
{
	rtmp_write_command(&server->out, server->chunk_size, RTMP_ON_COMMAND, 0, body);
}

void server_write_status(struct rtmp_server *server, const char *level, const char *code,
                         const char *description)
{
	AUTO_BUF body = { 0 };

	begin_answer(&body, "onStatus", 0);
	amf_add_null(&body);
	amf_begin_object(&body);
	add_status(&body, level, code, description);
	amf_end(&body);
	rtmp_write_command(&server->out, server->chunk_size, RTMP_ON_STATUS, server->stream_id,
	                   &body);
}

/* Enhanced RTMP: which codecs go through by their FourCC, decoded here by nobody. */
static void add_enhancements(struct buf *body)
{
	static const char *const video[] = { "avc1", "hvc1", "vvc1", "av01", "vp08", "vp09" };
	static const char *const audio[] = { "mp4a", "Opus", "fLaC", ".mp3", "ac-3", "ec-3" };
	static const struct {
		const char *name;
		const char *const *four_ccs;
	} maps[] = { { "videoFourCcInfoMap", video }, { "audioFourCcInfoMap", audio } };

	amf_add_name(body, STR("fourCcList"));
	amf_begin_list(body, COUNT_OF(video) + COUNT_OF(audio));
	for (size_t i = 0; i < COUNT_OF(video); i++)
		amf_add_text(body, str_of(video[i]));
	for (size_t i = 0; i < COUNT_OF(audio); i++)
		amf_add_text(body, str_of(audio[i]));
	for (size_t m = 0; m < COUNT_OF(maps); m++) {
		amf_add_name(body, str_of(maps[m].name));
		amf_begin_object(body);
		for (size_t i = 0; i < COUNT_OF(video); i++) {
			amf_add_name(body, str_of(maps[m].four_ccs[i]));
			amf_add_number(body, CAN_FORWARD);
		}
		amf_end(body);
	}
	amf_add_name(body, STR("capsEx"));
	amf_add_number(body, CAPABLE_OF_MOD_EXTENDED);
}

static void answer_connect(struct rtmp_server *server, double transaction)
{
	struct buf *out = &server->out;
	uint8_t bandwidth[5] = { WINDOW_SIZE >> 24, WINDOW_SIZE >> 16 & 0xFF,
		                 WINDOW_SIZE >> 8 & 0xFF, WINDOW_SIZE & 0xFF, BANDWIDTH_DYNAMIC };
	struct rtmp_message message = { .type = RTMP_SET_PEER_BANDWIDTH,
		                        .body = bandwidth,
		                        .size = sizeof bandwidth };
	AUTO_BUF body = { 0 };

	rtmp_write_control(out, RTMP_WINDOW_ACK_SIZE, WINDOW_SIZE);
	rtmp_chunk_write(out, server->chunk_size, RTMP_ON_CONTROL, &message);
	rtmp_write_control(out, RTMP_SET_CHUNK_SIZE, RTMP_SERVER_CHUNK_SIZE);
	server->chunk_size = RTMP_SERVER_CHUNK_SIZE;

	begin_answer(&body, "_result", transaction);
	amf_begin_object(&body);
	add_member(&body, "fmsVer", "FMS/3,5,7,7009");
	amf_add_name(&body, STR("capabilities"));
	amf_add_number(&body, 31);
	add_enhancements(&body);
	amf_end(&body);
	amf_begin_object(&body);
	add_status(&body, "status", "NetConnection.Connect.Success", "Connection succeeded.");
	amf_add_name(&body, STR("objectEncoding"));
	amf_add_number(&body, 0);
	amf_end(&body);
	send_answer(server, &body);
}

static enum err on_connect(struct server_turn *turn, struct command *command)
{
	struct rtmp_server *server = turn->server;
	struct str app = { 0 }, tc_url = { 0 };
	struct amf_item item;

	if (server->state != SERVER_CONNECT)
		return ERR_MALFORMED;
	enum err err = amf_read(&command->arguments, &item);
	if (err != ERR_OK || item.kind != AMF_OBJECT)
		return err == ERR_OK || err == ERR_NOT_FOUND ? ERR_MALFORMED : err;
	while ((err = amf_read(&command->arguments, &item)) == ERR_OK && item.depth) {
		bool is_text = item.kind == AMF_STRING && item.depth == 1;
		if (is_text && str_equal(item.name, STR("app")))
			app = item.text;
		if (is_text && str_equal(item.name, STR("tcUrl")))
			tc_url = item.text;
	}
	if (err != ERR_OK)
		return err;
	err = rtmp_target_set_app(&server->target, app, tc_url);
	if (err != ERR_OK)
		return err;
	server->state = SERVER_IDLE;
	answer_connect(server, command->transaction);
	return ERR_OK;
}

static enum err on_create_stream(struct server_turn *turn, struct command *command)
{
	AUTO_BUF body = { 0 };

	begin_answer(&body, "_result", command->transaction);
	if (turn->server->streams == RTMP_STREAMS_MAX)
		return ERR_TOO_LARGE;
	amf_add_null(&body);
	amf_add_number(&body, ++turn->server->streams);
	send_answer(turn->server, &body);
	return ERR_OK;
}

/* null, the name: how publish and play begin. */
static enum err read_target(struct server_turn *turn, struct command *command)
{
	struct str name;
	enum err err = amf_read_text(&command->arguments, &name);

	if (err == ERR_OK)
		err = amf_read_text(&command->arguments, &name);
	return err == ERR_OK ? rtmp_target_set_name(&turn->server->target, name) : err;
}

static enum err on_publish(struct server_turn *turn, struct command *command)
{
	struct rtmp_server *server = turn->server;

	if (server->state == SERVER_PLAYING || server->state == SERVER_ASKED_PLAY)
		return ERR_MALFORMED;
	if (server->state == SERVER_PUBLISHING) {
		server_write_status(server, "error", "NetStream.Publish.BadName",
		                    "One connection publishes one stream.");
		return ERR_OK;
	}
	enum err err = read_target(turn, command);
	if (err != ERR_OK)
		return err;
	const struct rtmp_target *target = &server->target;
	struct rtmp_publish publish = { .app = str_of(target->app),
		                        .name = str_of(target->name),
		                        .path = str_of(target->path),
		                        .token = str_of(target->token) };
	server->stream_id = command->stream_id;
	server->state = SERVER_ASKED_PUBLISH;
	turn->events->on_publish(turn->owner, &publish);
	return ERR_OK;
}

static enum err on_play(struct server_turn *turn, struct command *command)
{
	struct rtmp_server *server = turn->server;

	if (server->state != SERVER_IDLE)
		return ERR_MALFORMED;
	enum err err = read_target(turn, command);
	if (err != ERR_OK)
		return err;
	const struct rtmp_target *target = &server->target;
	struct rtmp_play play = { .app = str_of(target->app),
		                  .name = str_of(target->name),
		                  .path = str_of(target->path),
		                  .token = str_of(target->token) };
	server->stream_id = command->stream_id;
	if (turn->events->on_play) {
		server->state = SERVER_ASKED_PLAY;
		turn->events->on_play(turn->owner, &play);
		return ERR_OK;
	}
	server->state = SERVER_REFUSED;
	server_write_status(server, "error", "NetStream.Play.StreamNotFound", "No such stream.");
	return ERR_OK;
}

static void end_stream(struct server_turn *turn)
{
	enum server_state before = turn->server->state;
	bool is_playing = before == SERVER_PLAYING || before == SERVER_ASKED_PLAY;

	if (before != SERVER_PUBLISHING && !is_playing)
		return;
	turn->server->state = SERVER_IDLE;
	void (*told)(void *owner) = is_playing ? turn->events->on_stop : turn->events->on_unpublish;
	if (told)
		told(turn->owner);
}

static enum err on_end(struct server_turn *turn, struct command *command)
{
	end_stream(turn);
	return ERR_OK;
}

/* null, the stream's number; GStreamer's rtmp2sink sends its name instead. Only another stream's
 * number leaves ours alone. */
static enum err on_delete_stream(struct server_turn *turn, struct command *command)
{
	struct amf_item none, which;
	double of_ours = turn->server->stream_id;

	bool is_told = amf_read(&command->arguments, &none) == ERR_OK &&
	               amf_read(&command->arguments, &which) == ERR_OK && which.kind == AMF_NUMBER;
	if (!is_told || (which.number >= of_ours && which.number <= of_ours))
		end_stream(turn);
	return ERR_OK;
}

/* null, whether to stop, where: a live picture goes on with what is new then. */
static enum err on_pause(struct server_turn *turn, struct command *command)
{
	struct rtmp_server *server = turn->server;
	struct amf_item none, flag;

	if (server->state != SERVER_PLAYING)
		return ERR_OK;
	bool is_paused = amf_read(&command->arguments, &none) == ERR_OK &&
	                 amf_read(&command->arguments, &flag) == ERR_OK &&
	                 flag.kind == AMF_BOOLEAN && flag.is_true;
	if (turn->events->on_pause)
		turn->events->on_pause(turn->owner, is_paused);
	if (is_paused)
		server_write_status(server, "status", "NetStream.Pause.Notify", "Paused.");
	else
		server_write_status(server, "status", "NetStream.Unpause.Notify", "Going on.");
	return ERR_OK;
}

static enum err on_seek(struct server_turn *turn, struct command *command)
{
	if (turn->server->state == SERVER_PLAYING)
		server_write_status(turn->server, "error", "NetStream.Seek.Failed",
		                    "A live picture has no other place.");
	return ERR_OK;
}

/* How long it is: 0, as long as it lasts. */
static enum err on_length(struct server_turn *turn, struct command *command)
{
	AUTO_BUF body = { 0 };

	begin_answer(&body, "_result", command->transaction);
	amf_add_null(&body);
	amf_add_number(&body, 0);
	send_answer(turn->server, &body);
	return ERR_OK;
}

static enum err on_subscribe(struct server_turn *turn, struct command *command)
{
	AUTO_BUF body = { 0 };

	begin_answer(&body, "onFCSubscribe", 0);
	amf_add_null(&body);
	amf_begin_object(&body);
	add_status(&body, "status", "NetStream.Play.Start", "Subscribed.");
	amf_end(&body);
	send_answer(turn->server, &body);
	return ERR_OK;
}

void server_write_play_begin(struct rtmp_server *server)
{
	AUTO_BUF access = { 0 };
	struct buf *out = &server->out;

	rtmp_write_control(out, RTMP_SET_CHUNK_SIZE, RTMP_MESSAGE_MAX);
	server->chunk_size = RTMP_MESSAGE_MAX;
	rtmp_write_user_control(out, RTMP_STREAM_BEGIN, server->stream_id);
	server_write_status(server, "status", "NetStream.Play.Reset", "Playing from the start.");
	server_write_status(server, "status", "NetStream.Play.Start", "Playing.");
	buf_init(&access, RTMP_COMMAND_MAX);
	amf_add_text(&access, STR("|RtmpSampleAccess"));
	amf_add_boolean(&access, true);
	amf_add_boolean(&access, true);
	rtmp_write_data(out, server->chunk_size, server->stream_id, &access);
}

/* clang-format off */
static const struct command_row commands[] = {
	{ "connect",         true,  on_connect },
	{ "createStream",    false, on_create_stream },
	{ "publish",         false, on_publish },
	{ "play",            false, on_play },
	{ "FCUnpublish",     false, on_end },
	{ "closeStream",     false, on_end },
	{ "deleteStream",    false, on_delete_stream },
	{ "pause",           false, on_pause },
	{ "seek",            false, on_seek },
	{ "getStreamLength", false, on_length },
	{ "FCSubscribe",     false, on_subscribe },
};
/* clang-format on */

/* Commands without a row (releaseStream, FCPublish, _checkbw, _result, ...) need no answer: no peer
 * waits for one. */
enum err server_command(struct server_turn *turn, const struct rtmp_message *message)
{
	struct command command = { .stream_id = message->stream_id };

	if (message->size > RTMP_COMMAND_MAX)
		return ERR_TOO_LARGE;
	amf_reader_init(&command.arguments, message->body, message->size);
	enum err err = amf_read_text(&command.arguments, &command.name);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		const struct command_row *row = &commands[i];
		if (!str_equal(command.name, str_of(row->name)))
			continue;
		if (!row->is_before_connect && turn->server->state == SERVER_CONNECT)
			return ERR_MALFORMED;
		err = amf_read_number(&command.arguments, &command.transaction);
		return err == ERR_OK ? row->run(turn, &command) : err;
	}
	return ERR_OK;
}
