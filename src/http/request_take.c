/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that stop being HTTP: viewers, tunnels, WebSockets. */
#include "http/http_private.h"
#include "http/request.h"
#include "http/response.h"
#include "proto/ws/ws.h"

static struct conn *take(struct request *req, int status, const struct conn_events *events,
                         void *owner, struct buf *leftover)
{
	struct http_conn *hc = req->conn;
	struct conn *conn = hc ? hc->conn : NULL;

	request_over(req, hc ? status : STATUS_GONE);
	if (!hc)
		return NULL;
	conn_hand_over(conn, events, owner);
	http_conn_release(hc, leftover);
	return conn;
}

struct conn *request_take_conn(struct request *req, const struct conn_events *events, void *owner,
                               struct buf *leftover)
{
	return take(req, 200, events, owner, leftover);
}

struct conn *request_take_stream(struct request *req, const char *content_type,
                                 const struct conn_events *events, void *owner)
{
	if (req->conn) {
		struct str head = response_head(req, 200, content_type, -1, "close");
		(void)conn_send(req->conn->conn, head.at, head.size);
	}
	return take(req, 200, events, owner, NULL);
}

bool request_is_websocket(const struct request *req)
{
	return http_list_has(req->head.upgrade, "websocket");
}

bool request_offers_subprotocol(const struct request *req, const char *name)
{
	return http_list_has(http_head_get(&req->head, "Sec-WebSocket-Protocol"), name);
}

struct conn *request_upgrade_websocket(struct request *req, const char *subprotocol,
                                       const struct conn_events *events, void *owner,
                                       struct buf *leftover)
{
	struct str key = request_header(req, "Sec-WebSocket-Key");
	char accept[WS_ACCEPT_SIZE];

	if (!request_is_websocket(req) ||
	    !str_equal(request_header(req, "Sec-WebSocket-Version"), STR("13"))) {
		response_header(req, "Upgrade", STR("websocket"));
		response_header(req, "Sec-WebSocket-Version", STR("13"));
		response_problem(req,
		                 &(struct problem){ .status = 426,
		                                    .name = "upgrade-required",
		                                    .title = "This address speaks WebSocket" });
		return NULL;
	}
	if (req->head.method != HTTP_GET || ws_accept(key, accept) != ERR_OK) {
		response_problem(req, &(struct problem){ .status = 400,
		                                         .name = "invalid-request",
		                                         .title = "The handshake is wrong",
		                                         .field = "Sec-WebSocket-Key" });
		return NULL;
	}
	response_header(req, "Upgrade", STR("websocket"));
	response_header(req, "Sec-WebSocket-Accept", str_of(accept));
	if (subprotocol)
		response_header(req, "Sec-WebSocket-Protocol", str_of(subprotocol));
	if (req->conn) {
		struct str head = response_head(req, 101, NULL, -1, "Upgrade");
		(void)conn_send(req->conn->conn, head.at, head.size);
	}
	return take(req, 101, events, owner, leftover);
}
