/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dial.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "io/address.h"

/* Outlives its dial: libuv gives a cancelled look-up back only later. */
struct dial_attempt {
	uv_getaddrinfo_t lookup;
	uv_poll_t poll;
	struct dial *dial; /* NULL: cancelled, or over */
	const struct dial_policy *policy;
	int fd;
	bool is_looking_up, is_polling;
};

static void free_attempt(uv_handle_t *handle)
{
	free(handle->data);
}

/* Frees the attempt when nothing of libuv's points to it any more. */
static void release(struct dial_attempt *attempt)
{
	if (attempt->is_looking_up)
		return;
	if (attempt->is_polling) {
		attempt->is_polling = false;
		(void)uv_poll_stop(&attempt->poll);
		uv_close((uv_handle_t *)&attempt->poll, free_attempt);
		return;
	}
	free(attempt);
}

static void finish(struct dial_attempt *attempt, enum err err)
{
	struct dial *dial = attempt->dial;
	struct conn *conn = NULL;
	int fd = attempt->fd;

	attempt->dial = NULL;
	attempt->fd = -1;
	release(attempt);
	if (!dial)
		return;
	loop_timer_stop(dial->loop, &dial->timer);
	dial->attempt = NULL;
	if (err == ERR_OK) {
		struct conn_setup setup = { .fd = fd,
			                    .tls = dial->tls,
			                    .events = dial->events,
			                    .owner = dial->owner,
			                    .server_name = dial->host };
		err = conn_new(dial->loop, &setup, &conn);
	}
	if (err != ERR_OK && fd >= 0)
		(void)close(fd);
	dial->on_done(dial, conn, err);
}

static void on_connected(uv_poll_t *poll, int status, int events)
{
	struct dial_attempt *attempt = poll->data;
	int error = 0;
	socklen_t size = sizeof error;

	(void)getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error == 0 && status < 0)
		error = ECONNREFUSED;
	finish(attempt, err_from_errno(error));
}

static enum err connect_to(struct dial_attempt *attempt, const struct sockaddr *address,
                           socklen_t size)
{
	if (!dial_is_allowed(attempt->policy, address))
		return ERR_DENIED;
	attempt->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (attempt->fd < 0)
		return err_from_errno(errno);
	if (connect(attempt->fd, address, size) != 0 && errno != EINPROGRESS)
		return err_from_errno(errno);
	if (uv_poll_init(loop_uv(attempt->dial->loop), &attempt->poll, attempt->fd) != 0)
		return ERR_IO;
	attempt->poll.data = attempt;
	attempt->is_polling = true;
	(void)uv_poll_start(&attempt->poll, UV_WRITABLE, on_connected);
	return ERR_OK;
}

static void on_found(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
	struct dial_attempt *attempt = lookup->data;
	enum err err = ERR_NOT_FOUND;

	attempt->is_looking_up = false;
	if (attempt->dial && status == 0 && found)
		err = connect_to(attempt, found->ai_addr, found->ai_addrlen);
	uv_freeaddrinfo(found);
	if (err != ERR_OK)
		finish(attempt, err);
}

static void on_timeout(struct timer *timer)
{
	struct dial *dial = CONTAINER_OF(timer, struct dial, timer);
	void (*on_done)(struct dial *, struct conn *, enum err) = dial->on_done;

	dial_cancel(dial);
	on_done(dial, NULL, ERR_TIMEOUT);
}

enum err dial_start(struct dial *dial, struct loop *loop, const struct dial_policy *policy,
                    const char *host_port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC };
	char port_text[8];
	unsigned port;

	if (address_split(host_port, dial->host, sizeof dial->host, &port) != ERR_OK || !port)
		return ERR_INVALID;
	struct dial_attempt *attempt = calloc(1, sizeof *attempt);
	if (!attempt)
		return ERR_NO_MEMORY;
	attempt->dial = dial;
	attempt->policy = policy;
	attempt->fd = -1;
	attempt->lookup.data = attempt;
	(void)snprintf(port_text, sizeof port_text, "%u", port & 0xffffu);
	if (uv_getaddrinfo(loop_uv(loop), &attempt->lookup, on_found, dial->host, port_text,
	                   &hints) != 0) {
		free(attempt);
		return ERR_IO;
	}
	attempt->is_looking_up = true;
	dial->loop = loop;
	dial->attempt = attempt;
	memset(&dial->timer, 0, sizeof dial->timer);
	loop_timer_start(loop, &dial->timer, DIAL_TIMEOUT_MS, on_timeout);
	return ERR_OK;
}

void dial_cancel(struct dial *dial)
{
	struct dial_attempt *attempt = dial->attempt;

	if (!attempt)
		return;
	loop_timer_stop(dial->loop, &dial->timer);
	dial->attempt = NULL;
	attempt->dial = NULL;
	if (attempt->fd >= 0)
		(void)close(attempt->fd);
	attempt->fd = -1;
	release(attempt);
}
