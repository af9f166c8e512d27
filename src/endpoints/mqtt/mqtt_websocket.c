/* SPDX-License-Identifier: Apache-2.0 */
/* MQTT in binary WebSocket messages (MQTT 5 §6): GET /mqtt, subprotocol "mqtt". */
#include <string.h>

#include "endpoints/mqtt/mqtt_private.h"
#include "http/request.h"
#include "http/response.h"
#include "proto/ws/ws.h"

struct mqtt_websocket {
	struct mqtt_session *session;
	struct conn *conn;
	struct ws_reader *reader;
};

static enum err send_message(void *carrier, const uint8_t *bytes, size_t size)
{
	struct mqtt_websocket *websocket = carrier;
	uint8_t head[WS_FRAME_HEAD_SIZE];
	struct iovec parts[2] = { { .iov_base = head }, { .iov_len = size } };

	parts[0].iov_len = ws_frame_head(WS_BINARY, size, head);
	memcpy(&parts[1].iov_base, &bytes, sizeof bytes); /* iovec has no const */
	return conn_send_parts(websocket->conn, parts, COUNT_OF(parts));
}

static void close_websocket(void *carrier)
{
	struct mqtt_websocket *websocket = carrier;
	AUTO_BUF frame = { 0 };

	buf_init(&frame, 128);
	ws_write_close(&frame, 1000, STR("closed"));
	(void)conn_send(websocket->conn, frame.at, frame.size);
	conn_close_gently(websocket->conn);
}

static const struct mqtt_transport transport = { .send = send_message, .close = close_websocket };

static void on_message(void *owner, enum ws_opcode opcode, struct str message)
{
	struct mqtt_websocket *websocket = owner;

	if (opcode == WS_BINARY)
		mqtt_session_feed(websocket->session, (const uint8_t *)message.at, message.size);
	else
		mqtt_session_close(websocket->session, MQTT_REASON_PROTOCOL, "text message");
}

static void on_answer(void *owner, const uint8_t *bytes, size_t size)
{
	struct mqtt_websocket *websocket = owner;

	(void)conn_send(websocket->conn, bytes, size);
}

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	static const struct ws_events events = { .on_message = on_message, .on_send = on_answer };
	struct mqtt_websocket *websocket = owner;

	if (ws_reader_feed(websocket->reader, bytes, size, &events, websocket) != ERR_OK)
		conn_close_gently(websocket->conn);
}

static void on_closed(void *owner, enum err err)
{
	struct mqtt_websocket *websocket = owner;

	mqtt_session_gone(websocket->session, err);
	ws_reader_free(websocket->reader);
	free(websocket);
}

static const struct conn_events events = { .on_bytes = on_bytes, .on_closed = on_closed };

static enum err prepare(struct mqtt_websocket *websocket, struct mqtt_endpoint *endpoint,
                        struct request *req)
{
	enum err err = ws_reader_new(MQTT_PACKET_MAX, &websocket->reader);

	if (err != ERR_OK)
		return err;
	websocket->session = mqtt_session_new(endpoint, request_loop(req), &transport, websocket);
	return websocket->session ? ERR_OK : ERR_NO_MEMORY;
}

static void connect_websocket(void *owner, struct request *req)
{
	struct mqtt_websocket *websocket = calloc(1, sizeof *websocket);
	const char *subprotocol = request_offers_subprotocol(req, "mqtt") ? "mqtt" : NULL;
	AUTO_BUF leftover = { 0 };

	if (!websocket || prepare(websocket, owner, req) != ERR_OK) {
		if (websocket)
			ws_reader_free(websocket->reader);
		free(websocket);
		response_empty(req, 503);
		return;
	}
	buf_init(&leftover, MQTT_PACKET_MAX);
	websocket->conn =
		request_upgrade_websocket(req, subprotocol, &events, websocket, &leftover);
	if (!websocket->conn) {
		on_closed(websocket, ERR_CLOSED);
		return;
	}
	websocket->session->conn = websocket->conn;
	if (leftover.size)
		on_bytes(websocket, leftover.at, leftover.size);
}

/* clang-format off */
const struct route mqtt_routes[] = {
	{ "GET", "/mqtt", RIGHT_OPEN, 0, connect_websocket, ROUTE_ENDLESS },
};
/* clang-format on */
const size_t mqtt_route_count = COUNT_OF(mqtt_routes);
