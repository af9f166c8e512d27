/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ws.h — WebSocket (RFC 6455), a server's side: the handshake's key, frames out, messages in.
 *
 * Frames are read by wslay; what it answers by itself (pong, close) is handed to on_send.
 *
 * Memory   a reader takes about 10 kB and, while a message is incomplete, its size: who seldom
 *          hears from a peer makes one when the first bytes come.
 * Errors   of ws_reader_feed(): ERR_CLOSED after a close frame, ERR_TOO_LARGE and ERR_MALFORMED
 *          after the peer broke a rule. The fitting close frame went to on_send; close the
 *          connection gently then. Later calls give the same.
 */
#ifndef VIGIL_PROTO_WS_WS_H
#define VIGIL_PROTO_WS_WS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define WS_ACCEPT_SIZE      29 /* with its NUL */
#define WS_FRAME_HEAD_SIZE  10
#define WS_CLOSE_REASON_MAX 123
#define WS_CONTROL_MAX      125

enum ws_opcode { WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

/* The value of Sec-WebSocket-Accept; ERR_MALFORMED unless `key` is 16 bytes in base64. */
enum err ws_accept(struct str key, char out[WS_ACCEPT_SIZE]);

/* The head of an unmasked, final frame; gives its length. */
size_t ws_frame_head(enum ws_opcode opcode, uint64_t size, uint8_t out[WS_FRAME_HEAD_SIZE]);

/* One whole message as one frame, appended. */
void ws_write_message(struct buf *out, enum ws_opcode opcode, struct str message);
/* A close frame; the reason is cut to WS_CLOSE_REASON_MAX bytes. */
void ws_write_close(struct buf *out, uint16_t code, struct str reason);
void ws_write_pong(struct buf *out, struct str echoed);

struct ws_events {
	/* A whole text (UTF-8 is checked) or binary message, borrowed. */
	void (*on_message)(void *owner, enum ws_opcode opcode, struct str message);
	/* Bytes to be sent to the peer as they are, borrowed. */
	void (*on_send)(void *owner, const uint8_t *bytes, size_t size);
};

struct ws_reader;

/* Messages of more than `message_max` bytes are refused with 1009. */
enum err ws_reader_new(size_t message_max, struct ws_reader **out);
void ws_reader_free(struct ws_reader *reader);
AUTO_DEFINE(ws_reader)

/* Takes all bytes; the callbacks come from within and must not free the reader. */
enum err ws_reader_feed(struct ws_reader *reader, const uint8_t *bytes, size_t size,
                        const struct ws_events *events, void *owner);

#endif
