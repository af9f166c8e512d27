/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ws/ws.h"

#include <string.h>
#include <wslay/wslay.h>

#include "base/digest.h"

#define WS_FIN      0x80
#define WS_KEY_SIZE 24
#define REPLIES_MAX 65536 /* pongs and the close that one feed may cause */

struct ws_reader {
	wslay_event_context_ptr wslay;
	const uint8_t *at;
	size_t size;
	const struct ws_events *events;
	void *owner;
	struct buf replies;
	enum err err;
};

enum err ws_accept(struct str key, char out[WS_ACCEPT_SIZE])
{
	static const char suffix[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 §1.3 */
	char text[WS_KEY_SIZE + sizeof suffix];
	uint8_t digest[DIGEST_SHA1_SIZE];
	AUTO_BUF base64 = { 0 };

	buf_init(&base64, WS_ACCEPT_SIZE);
	if (key.size != WS_KEY_SIZE || !str_ends(key, STR("==")) ||
	    !str_is_word((struct str){ key.at, WS_KEY_SIZE - 2 }, "+/"))
		return ERR_MALFORMED;
	memcpy(text, key.at, WS_KEY_SIZE);
	memcpy(text + WS_KEY_SIZE, suffix, sizeof suffix);
	digest_sha1((struct str){ text, sizeof text - 1 }, digest);
	digest_base64(digest, sizeof digest, &base64);
	return buf_err(&base64) == ERR_OK ? str_copy(buf_str(&base64), out, WS_ACCEPT_SIZE)
	                                  : ERR_NO_MEMORY;
}

size_t ws_frame_head(enum ws_opcode opcode, uint64_t size, uint8_t out[WS_FRAME_HEAD_SIZE])
{
	out[0] = (uint8_t)(WS_FIN | (unsigned)opcode);
	if (size < 126) {
		out[1] = (uint8_t)size;
		return 2;
	}
	if (size <= UINT16_MAX) {
		out[1] = 126;
		out[2] = (uint8_t)(size >> 8);
		out[3] = (uint8_t)size;
		return 4;
	}
	out[1] = 127;
	for (int i = 0; i < 8; i++)
		out[2 + i] = (uint8_t)(size >> (56 - 8 * i));
	return 10;
}

void ws_write_message(struct buf *out, enum ws_opcode opcode, struct str message)
{
	uint8_t head[WS_FRAME_HEAD_SIZE];

	buf_add(out, head, ws_frame_head(opcode, message.size, head));
	buf_add_str(out, message);
}

void ws_write_close(struct buf *out, uint16_t code, struct str reason)
{
	uint8_t head[WS_FRAME_HEAD_SIZE];

	if (reason.size > WS_CLOSE_REASON_MAX)
		reason.size = WS_CLOSE_REASON_MAX;
	buf_add(out, head, ws_frame_head(WS_CLOSE, reason.size + 2, head));
	buf_add_u16(out, code);
	buf_add_str(out, reason);
}

void ws_write_pong(struct buf *out, struct str echoed)
{
	if (echoed.size > WS_CONTROL_MAX)
		echoed.size = WS_CONTROL_MAX;
	ws_write_message(out, WS_PONG, echoed);
}

static ssize_t on_recv(wslay_event_context_ptr wslay, uint8_t *to, size_t room, int flags,
                       void *owner)
{
	struct ws_reader *reader = owner;
	size_t size = reader->size < room ? reader->size : room;

	if (size == 0) {
		wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(to, reader->at, size);
	reader->at += size;
	reader->size -= size;
	return (ssize_t)size;
}

static ssize_t on_reply(wslay_event_context_ptr wslay, const uint8_t *bytes, size_t size, int flags,
                        void *owner)
{
	struct ws_reader *reader = owner;

	buf_add(&reader->replies, bytes, size);
	if (buf_err(&reader->replies) == ERR_OK)
		return (ssize_t)size;
	wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static void on_message(wslay_event_context_ptr wslay, const struct wslay_event_on_msg_recv_arg *arg,
                       void *owner)
{
	struct ws_reader *reader = owner;
	struct str message = { (const char *)arg->msg, arg->msg_length };

	if (arg->opcode == WS_TEXT || arg->opcode == WS_BINARY)
		reader->events->on_message(reader->owner, (enum ws_opcode)arg->opcode, message);
	/* A pong goes out before the next frame is read: a flood of pings takes no memory. */
	else if (wslay_event_send(wslay) != 0)
		wslay_event_shutdown_read(wslay);
}

enum err ws_reader_new(size_t message_max, struct ws_reader **out)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_recv,
		.send_callback = on_reply,
		.on_msg_recv_callback = on_message,
	};
	AUTO(ws_reader) reader = calloc(1, sizeof *reader);

	if (!reader || wslay_event_context_server_init(&reader->wslay, &callbacks, reader) != 0)
		return ERR_NO_MEMORY;
	wslay_event_config_set_max_recv_msg_length(reader->wslay, message_max);
	buf_init(&reader->replies, REPLIES_MAX);
	*out = TAKE(reader);
	return ERR_OK;
}

void ws_reader_free(struct ws_reader *reader)
{
	if (!reader)
		return;
	if (reader->wslay)
		wslay_event_context_free(reader->wslay);
	buf_done(&reader->replies);
	free(reader);
}

/* What the peer did, when wslay reads no more. */
static enum err verdict(struct ws_reader *reader)
{
	uint16_t sent = wslay_event_get_status_code_sent(reader->wslay);

	/* A close frame is echoed, unless it was broken itself. */
	if (wslay_event_get_close_received(reader->wslay) &&
	    sent == wslay_event_get_status_code_received(reader->wslay))
		return ERR_CLOSED;
	return sent == WSLAY_CODE_MESSAGE_TOO_BIG ? ERR_TOO_LARGE : ERR_MALFORMED;
}

enum err ws_reader_feed(struct ws_reader *reader, const uint8_t *bytes, size_t size,
                        const struct ws_events *events, void *owner)
{
	if (reader->err != ERR_OK)
		return reader->err;
	reader->at = bytes;
	reader->size = size;
	reader->events = events;
	reader->owner = owner;
	int failed = wslay_event_recv(reader->wslay);
	/* For a broken frame wslay's own close frame would not say why. */
	if (failed == 0)
		failed = wslay_event_send(reader->wslay);
	else
		ws_write_close(&reader->replies, WSLAY_CODE_PROTOCOL_ERROR, STR(""));
	if (reader->replies.size)
		events->on_send(owner, reader->replies.at, reader->replies.size);
	buf_clear(&reader->replies);
	if (failed == WSLAY_ERR_NOMEM)
		reader->err = ERR_NO_MEMORY;
	else if (failed != 0)
		reader->err = ERR_MALFORMED;
	else if (!wslay_event_get_read_enabled(reader->wslay))
		reader->err = verdict(reader);
	return reader->err;
}
