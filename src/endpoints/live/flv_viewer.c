/* SPDX-License-Identifier: Apache-2.0 */
/* One viewer of FLV: HTTP's body or binary WebSocket messages over the same bytes of the ring. */
#include <string.h>

#include "endpoints/live/live_private.h"

#define FLV_FRAMED_MAX (LIVE_PARTS_MAX + 1)

enum err flv_viewer_new(struct str codecs, struct flv_viewer **out)
{
	struct flv_viewer *flv = calloc(1, sizeof *flv);

	if (flv && codecs.size)
		flv->codecs = str_dup(codecs);
	if (!flv || (codecs.size && !flv->codecs)) {
		free(flv);
		return ERR_NO_MEMORY;
	}
	*out = flv;
	return ERR_OK;
}

void flv_viewer_free(struct flv_viewer *flv)
{
	if (!flv)
		return;
	free(flv->codecs);
	feeder_stop(&flv->feeder);
	ws_reader_free(flv->reader);
	free(flv);
}

static size_t total_of(const struct iovec parts[], size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += parts[i].iov_len;
	return total;
}

/* Cuts the parts to `most` bytes; gives how many are left. */
static size_t cut_parts(struct iovec parts[], size_t count, size_t most)
{
	for (size_t i = 0; i < count; i++) {
		if (parts[i].iov_len >= most) {
			parts[i].iov_len = most;
			return most ? i + 1 : i;
		}
		most -= parts[i].iov_len;
	}
	return count;
}

/* The bytes that go out next: for a WebSocket behind the rest of a frame's head. A frame may be
 * finished by later bytes than it was begun for: it is a container without a meaning. */
static size_t next_parts(struct flv_viewer *flv, struct iovec parts[FLV_FRAMED_MAX])
{
	size_t count = viewer_peek(&flv->viewer, parts + 1, LIVE_PARTS_MAX);
	size_t total = total_of(parts + 1, count);

	parts[0] = (struct iovec){ 0 };
	if (!flv->is_websocket)
		return total ? count + 1 : 0;
	if (flv->head_at == flv->head_size && flv->frame_left == 0) {
		if (!total)
			return 0;
		flv->head_size = (uint8_t)ws_frame_head(WS_BINARY, total, flv->head);
		flv->head_at = 0;
		flv->frame_left = total;
	}
	parts[0].iov_base = flv->head + flv->head_at;
	parts[0].iov_len = (size_t)(flv->head_size - flv->head_at);
	count = cut_parts(parts + 1, count, flv->frame_left);
	return parts[0].iov_len + total ? count + 1 : 0;
}

static void took(struct flv_viewer *flv, size_t sent)
{
	if (flv->is_websocket) {
		size_t head = (size_t)(flv->head_size - flv->head_at);
		size_t taken = sent < head ? sent : head;
		flv->head_at = (uint8_t)(flv->head_at + taken);
		sent -= taken;
		flv->frame_left -= sent;
	}
	viewer_advance(&flv->viewer, sent);
}

static void on_more(struct viewer *viewer)
{
	struct flv_viewer *flv = CONTAINER_OF(viewer, struct flv_viewer, viewer);
	struct iovec parts[FLV_FRAMED_MAX];
	bool is_all = true;

	while (is_all) {
		size_t count = next_parts(flv, parts), sent;
		if (!count)
			return;
		size_t first = parts[0].iov_len ? 0 : 1;
		is_all = feeder_send(&flv->feeder, parts + first, count - first, &sent);
		if (sent)
			took(flv, sent);
	}
}

static void on_writable(void *owner)
{
	struct flv_viewer *flv = owner;

	if (feeder_writable(&flv->feeder))
		on_more(&flv->viewer);
}

static void on_closed(void *owner, enum err err)
{
	struct flv_viewer *flv = owner;

	viewer_leave(&flv->viewer);
	flv_viewer_free(flv);
}

static void on_message(void *owner, enum ws_opcode opcode, struct str message)
{
	(void)opcode; /* viewers have nothing to say */
}

static void on_answer(void *owner, const uint8_t *bytes, size_t size)
{
	struct flv_viewer *flv = owner;

	/* Between two frames only: inside one these bytes would be taken for its content. */
	if (flv->frame_left == 0 && flv->head_at == flv->head_size)
		(void)conn_send(flv->feeder.conn, bytes, size);
}

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	static const struct ws_events events = { .on_message = on_message, .on_send = on_answer };
	struct flv_viewer *flv = owner;

	if (!flv->is_websocket)
		return; /* a viewer that asked has nothing more to say */
	if (!flv->reader && ws_reader_new(FLV_MESSAGE_MAX, &flv->reader) != ERR_OK) {
		conn_close(flv->feeder.conn, ERR_NO_MEMORY);
		return;
	}
	if (ws_reader_feed(flv->reader, bytes, size, &events, flv) != ERR_OK)
		conn_close_gently(flv->feeder.conn);
}

const struct conn_events flv_conn_events = { .on_bytes = on_bytes,
	                                     .on_writable = on_writable,
	                                     .on_closed = on_closed };

/* HTTP hears of a picture only when there is one: until then the request is parked. */
static void on_start(struct viewer *viewer)
{
	struct flv_viewer *flv = CONTAINER_OF(viewer, struct flv_viewer, viewer);

	if (flv->feeder.conn)
		return;
	struct request *req = TAKE(flv->req);
	response_header(req, "Cache-Control", STR("no-store"));
	response_header(req, "Access-Control-Allow-Origin", STR("*"));
	/* There is a connection: a request that lost it has called flv_request_gone(). */
	feeder_start(&flv->feeder, viewer,
	             request_take_stream(req, "video/x-flv", &flv_conn_events, flv));
}

void flv_websocket_close(struct conn *conn, enum err err, int reason)
{
	/* X-order of the codes is the contract with players: 4001 ... */
	static const struct {
		int reason;
		uint16_t code;
	} codes[] = {
		{ REASON_DEVICE_OFFLINE, 4001 },    { REASON_DEVICE_DISABLED, 4001 },
		{ REASON_DEVICE_REFUSED, 4002 },    { REASON_NO_ANSWER, 4003 },
		{ REASON_NO_PUSH, 4004 },           { REASON_NO_KEY_FRAME, 4005 },
		{ REASON_CODEC_UNSUPPORTED, 4006 }, { REASON_STREAM_ENDED, 4008 },
	};
	uint16_t code = 4007; /* denied, unknown: not told apart */
	AUTO_BUF frame = { 0 };

	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (codes[i].reason == reason)
			code = codes[i].code;
	buf_init(&frame, 256);
	ws_write_close(&frame, code,
	               str_of(code == 4007 ? "denied" : api_problem_name(err, reason)));
	if (buf_err(&frame) == ERR_OK)
		(void)conn_send(conn, frame.at, frame.size);
	conn_close_gently(conn);
}

static void on_end(struct viewer *viewer, const struct why *why)
{
	struct flv_viewer *flv = CONTAINER_OF(viewer, struct flv_viewer, viewer);

	if (flv->req) {
		struct request *req = TAKE(flv->req);
		response_header(req, "Access-Control-Allow-Origin", STR("*"));
		flv_viewer_free(flv);
		api_problem(req, why->err, why);
		return;
	}
	if (flv->is_websocket && flv->frame_left == 0 && flv->head_at == flv->head_size)
		flv_websocket_close(flv->feeder.conn, why->err, why->reason);
	else
		conn_close_gently(flv->feeder.conn);
}

static bool can_show(struct viewer *viewer, const char *codec)
{
	const struct flv_viewer *flv = CONTAINER_OF(viewer, struct flv_viewer, viewer);

	return codecs_include(str_of(flv->codecs), str_of(codec));
}

const struct viewer_ops flv_viewer_ops = {
	.can_show = can_show, .on_start = on_start, .on_more = on_more, .on_end = on_end
};

void flv_request_gone(void *owner, struct request *req)
{
	struct flv_viewer *flv = owner;

	viewer_leave(&flv->viewer);
	flv_viewer_free(flv);
	response_empty(req, 499);
}
