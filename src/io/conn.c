/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's life: what comes in, what libuv watches, how it ends. What goes out: conn_send.c.
 */
#include "io/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/metric.h"
#include "io/address.h"
#include "io/conn_private.h"
#include "io/tls.h"

#define CONN_READS_PER_TURN 8
#define TLS_HANDSHAKE_BYTE  0x16 /* RFC 8446 §5.1 */

static void on_poll(uv_poll_t *poll, int status, int events);

void conn_watch(struct conn *conn)
{
	int events = 0;

	if (conn->state == CONN_CLOSED)
		return;
	if (!conn->is_paused || conn->state == CONN_DRAINING)
		events |= UV_READABLE;
	/* A socket that takes bytes is no news while TLS waits for its peer: it would spin. */
	bool is_waiting = conn->wire.needs_readable && (events & UV_READABLE);
	if (((conn->wants_write || conn->queue.size) && !is_waiting) || conn->wire.needs_writable)
		events |= UV_WRITABLE;
	if (events == conn->polled)
		return;
	conn->polled = events;
	if (events)
		(void)uv_poll_start(&conn->poll, events, on_poll);
	else
		(void)uv_poll_stop(&conn->poll);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;

	conn->is_handle_closed = true;
	if (!conn->is_reading_deferred)
		free(conn);
}

static void finish(struct mail *mail)
{
	struct conn *conn = CONTAINER_OF(mail, struct conn, closing);

	loop_timer_stop(conn->loop, &conn->drain);
	list_remove(&conn->node);
	metric_add(METRIC_connections, -1);
	if (conn->events)
		conn->events->on_closed(conn->owner, conn->why);
	(void)uv_poll_stop(&conn->poll);
	uv_close((uv_handle_t *)&conn->poll, on_handle_closed);
	wire_done(&conn->wire);
	buf_done(&conn->queue);
}

void conn_close(struct conn *conn, enum err why)
{
	if (conn->state == CONN_CLOSED)
		return;
	conn->state = CONN_CLOSED;
	conn->why = why;
	if (conn->open_count) /* at once: its listener may be gone by finish() */
		(void)atomic_fetch_sub(conn->open_count, 1);
	(void)uv_poll_stop(&conn->poll);
	conn->closing.fn = finish;
	loop_defer(conn->loop, &conn->closing);
}

static void on_drain_timeout(struct timer *timer);

/* Who takes nothing of what is left for him is not waited for. */
static void watch_parting(struct conn *conn)
{
	conn->parting_left = conn->queue.size;
	loop_timer_start(conn->loop, &conn->drain, CONN_PARTING_MS, on_drain_timeout);
}

static void on_drain_timeout(struct timer *timer)
{
	struct conn *conn = CONTAINER_OF(timer, struct conn, drain);

	if (conn->state == CONN_PARTING && conn->queue.size < conn->parting_left)
		watch_parting(conn);
	else
		conn_close(conn, conn->state == CONN_PARTING ? ERR_TIMEOUT : ERR_OK);
}

/* PARTING with everything sent: half-close and wait for the peer, so that a reset does not eat
 * the answer it has not read yet. */
static void begin_draining(struct conn *conn)
{
	conn->state = CONN_DRAINING;
	wire_shutdown(&conn->wire);
	loop_timer_start(conn->loop, &conn->drain, CONN_DRAIN_MS, on_drain_timeout);
	conn_watch(conn);
}

void conn_close_gently(struct conn *conn)
{
	if (conn->state != CONN_OPEN && conn->state != CONN_SNIFFING)
		return;
	conn->state = CONN_PARTING;
	if (conn->queue.size == 0) {
		begin_draining(conn);
		return;
	}
	watch_parting(conn);
	conn_watch(conn);
}

/* Looks at the first byte without taking it. */
static enum err sniff(struct conn *conn)
{
	uint8_t first;
	ssize_t size = recv(conn->wire.fd, &first, 1, MSG_PEEK);

	if (size < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_MORE : err_from_errno(errno);
	if (size == 0)
		return ERR_CLOSED;
	if (first == TLS_HANDSHAKE_BYTE) {
		conn->wire.ssl = tls_session(conn->tls, conn->wire.fd, NULL);
		if (!conn->wire.ssl)
			return ERR_NO_MEMORY;
	} else if (conn->is_tls_required) {
		return ERR_DENIED;
	}
	conn->state = CONN_OPEN;
	return ERR_OK;
}

static void read_some(struct conn *conn);

static void on_read_again(struct mail *mail)
{
	struct conn *conn = CONTAINER_OF(mail, struct conn, reading);

	conn->is_reading_deferred = false;
	if (conn->is_handle_closed)
		free(conn);
	else if (conn->state != CONN_CLOSED && !conn->is_paused)
		read_some(conn);
}

/* TLS may hold decrypted bytes that no socket event will announce: come back for them. */
static void read_again_later(struct conn *conn)
{
	if (conn->is_reading_deferred || conn->state == CONN_CLOSED)
		return;
	conn->is_reading_deferred = true;
	conn->reading.fn = on_read_again;
	loop_post(conn->loop, &conn->reading);
}

static void read_some(struct conn *conn)
{
	uint8_t *to = loop_read_buffer(conn->loop);
	int most = conn->wire.ssl ? CONN_READS_PER_TURN : 1;

	for (int i = 0; i < most; i++) {
		size_t size = 0;
		enum err err = wire_read(&conn->wire, to, LOOP_READ_BYTES, &size);
		if (err == ERR_MORE)
			return;
		if (err != ERR_OK) {
			conn_close(conn, err);
			return;
		}
		if (conn->state == CONN_OPEN)
			conn->events->on_bytes(conn->owner, to, size);
		if (conn->state == CONN_CLOSED || conn->is_paused)
			return;
	}
	if (conn->wire.ssl)
		read_again_later(conn);
}

static void on_writable(struct conn *conn)
{
	enum err err = conn_flush(conn);

	if (err != ERR_OK) {
		conn_close(conn, err);
		return;
	}
	if (conn->queue.size)
		return;
	if (conn->state == CONN_PARTING) {
		begin_draining(conn);
		return;
	}
	conn->wants_write = false;
	if (conn->state == CONN_OPEN && conn->events->on_writable)
		conn->events->on_writable(conn->owner);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct conn *conn = poll->data;

	loop_turn(conn->loop);
	if (conn->state == CONN_CLOSED)
		return;
	if (status < 0) {
		/* libuv has stopped watching: an error stands on the socket. */
		int error = 0;
		socklen_t size = sizeof error;
		(void)getsockopt(conn->wire.fd, SOL_SOCKET, SO_ERROR, &error, &size);
		conn_close(conn, error ? err_from_errno(error) : ERR_CLOSED);
		return;
	}
	if (conn->state == CONN_SNIFFING && (events & UV_READABLE)) {
		enum err err = sniff(conn);
		if (err != ERR_OK && err != ERR_MORE)
			conn_close(conn, err);
		if (err != ERR_OK)
			return;
	}
	if (events & UV_READABLE)
		conn->wire.needs_readable = false; /* the next write will tell */
	if (events & UV_WRITABLE)
		on_writable(conn);
	bool reads = (events & UV_READABLE) || conn->wire.needs_writable;
	if (reads && conn->state != CONN_CLOSED && conn->state != CONN_SNIFFING)
		read_some(conn);
	conn_watch(conn);
}

enum err conn_new(struct loop *loop, const struct conn_setup *setup, struct conn **out)
{
	struct conn *conn = calloc(1, sizeof *conn);
	int one = 1;

	if (!conn)
		return ERR_NO_MEMORY;
	conn->wire.fd = setup->fd;
	conn->loop = loop;
	conn->events = setup->events;
	conn->owner = setup->owner;
	conn->tls = setup->tls;
	conn->is_tls_required = setup->is_tls_required;
	conn->open_count = setup->open_count;
	conn->state = CONN_OPEN;
	if (setup->tls && tls_is_client(setup->tls)) {
		conn->wire.ssl = tls_session(setup->tls, setup->fd, setup->server_name);
		conn->wants_write = true; /* the client speaks first */
	} else if (setup->tls) {
		conn->state = CONN_SNIFFING;
	}
	buf_init(&conn->queue, CONN_QUEUE_MAX);
	if ((setup->tls && tls_is_client(setup->tls) && !conn->wire.ssl) ||
	    uv_poll_init(loop_uv(loop), &conn->poll, setup->fd) != 0) {
		wire_leave(&conn->wire);
		free(conn);
		return ERR_NO_MEMORY;
	}
	conn->poll.data = conn;
	(void)setsockopt(setup->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	list_add(loop_conns(loop), &conn->node);
	metric_add(METRIC_connections, 1);
	conn_watch(conn);
	*out = conn;
	return ERR_OK;
}

void conn_hand_over(struct conn *conn, const struct conn_events *events, void *owner)
{
	conn->events = events;
	conn->owner = owner;
}

void conn_keep_alive(struct conn *conn)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 15 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 4 },
	};

	for (size_t i = 0; i < COUNT_OF(options); i++)
		(void)setsockopt(conn->wire.fd, options[i].level, options[i].name,
		                 &options[i].value, sizeof options[i].value);
}

void conn_pause(struct conn *conn)
{
	conn->is_paused = true;
	conn_watch(conn);
}

void conn_resume(struct conn *conn)
{
	if (!conn->is_paused)
		return;
	conn->is_paused = false;
	conn_watch(conn);
	if (conn->wire.ssl)
		read_again_later(conn);
}

void conn_close_all(struct loop *loop)
{
	list_each (node, loop_conns(loop))
		conn_close(CONTAINER_OF(node, struct conn, node), ERR_OK);
}

struct loop *conn_loop(const struct conn *conn)
{
	return conn->loop;
}

bool conn_is_tls(const struct conn *conn)
{
	return conn->wire.ssl != NULL;
}

static void format_name(int fd, int (*name_of)(int, struct sockaddr *, socklen_t *), char *out)
{
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof address;

	(void)name_of(fd, (struct sockaddr *)&address, &size);
	address_format((struct sockaddr *)&address, out);
}

bool conn_is_loopback(const struct conn *conn)
{
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof address;

	return getpeername(conn->wire.fd, (struct sockaddr *)&address, &size) == 0 &&
	       address_is_loopback((struct sockaddr *)&address);
}

void conn_peer(const struct conn *conn, char out[CONN_ADDRESS_SIZE])
{
	format_name(conn->wire.fd, getpeername, out);
}

void conn_local(const struct conn *conn, char out[CONN_ADDRESS_SIZE])
{
	format_name(conn->wire.fd, getsockname, out);
}
