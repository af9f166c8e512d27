/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out of a connection: at once, or by its queue. */
#include <string.h>

#include "io/conn_private.h"

#define KEEP_BYTES 4096 /* an emptied queue larger than this gives its memory back */

enum err conn_flush(struct conn *conn)
{
	while (conn->queue.size) {
		struct iovec part = { conn->queue.at, conn->queue.size };
		size_t sent = 0;
		enum err err = wire_write(&conn->wire, &part, 1, &sent);
		if (err == ERR_MORE)
			return ERR_OK;
		if (err != ERR_OK)
			return err;
		buf_drop(&conn->queue, sent, KEEP_BYTES);
	}
	return ERR_OK;
}

/* What the kernel did not take waits in the queue. */
static enum err enqueue(struct conn *conn, const struct iovec *parts, size_t count, size_t skip)
{
	for (size_t i = 0; i < count; i++) {
		const uint8_t *at = parts[i].iov_base;
		size_t size = parts[i].iov_len;
		size_t gone = skip < size ? skip : size;
		skip -= gone;
		buf_add(&conn->queue, at + gone, size - gone);
	}
	return buf_err(&conn->queue) == ERR_OK ? ERR_OK : ERR_BUSY;
}

enum err conn_send_parts(struct conn *conn, const struct iovec *parts, size_t count)
{
	size_t sent = 0;
	enum err err = ERR_OK;

	if (conn->state != CONN_OPEN)
		return ERR_CLOSED;
	if (conn->queue.size == 0)
		err = wire_write(&conn->wire, parts, count, &sent);
	if (err == ERR_OK || err == ERR_MORE)
		err = enqueue(conn, parts, count, sent);
	/* Where OpenSSL seals, one call is one record: the rest goes right behind it. */
	if (err == ERR_OK && conn->wire.ssl && !conn->wire.is_in_kernel && conn->queue.size && sent)
		err = conn_flush(conn);
	if (err != ERR_OK)
		conn_close(conn, err);
	conn_watch(conn);
	return err;
}

enum err conn_send(struct conn *conn, const void *bytes, size_t size)
{
	struct iovec part = { .iov_len = size };

	memcpy(&part.iov_base, &bytes, sizeof bytes); /* iovec has no const */
	return conn_send_parts(conn, &part, 1);
}

/* OpenSSL has made a record of these bytes already and wants the same ones again: they count as
 * sent and wait in the queue, so that the viewer may skip behind them. */
static enum err keep_record(struct conn *conn, const struct iovec *parts, size_t count,
                            size_t *out_sent)
{
	for (size_t i = 0; i < count && *out_sent < WIRE_RECORD_BYTES; i++) {
		size_t room = WIRE_RECORD_BYTES - *out_sent;
		size_t size = parts[i].iov_len < room ? parts[i].iov_len : room;
		buf_add(&conn->queue, parts[i].iov_base, size);
		*out_sent += size;
	}
	enum err err = buf_err(&conn->queue);
	if (err != ERR_OK)
		conn_close(conn, err);
	conn_watch(conn);
	return err;
}

enum err conn_try_send(struct conn *conn, const struct iovec *parts, size_t count, size_t *out_sent)
{
	*out_sent = 0;
	if (conn->state != CONN_OPEN)
		return ERR_CLOSED;
	if (conn->queue.size)
		return ERR_BUSY;
	enum err err = wire_write(&conn->wire, parts, count, out_sent);
	if (err == ERR_MORE && conn->wire.must_repeat)
		return keep_record(conn, parts, count, out_sent);
	if (err == ERR_MORE)
		return ERR_BUSY;
	if (err != ERR_OK)
		conn_close(conn, err);
	return err;
}

void conn_want_write(struct conn *conn)
{
	conn->wants_write = true;
	conn_watch(conn);
}

size_t conn_queued_bytes(const struct conn *conn)
{
	return conn->queue.size;
}
