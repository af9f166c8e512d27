/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server.h"

#include "base/digest.h"
#include "base/id.h"
#include "http/http_private.h"

static void set_default(int64_t *value, int64_t fallback)
{
	if (*value <= 0)
		*value = fallback;
}

enum err http_server_new(const struct http_server_setup *setup, struct http_server **out)
{
	AUTO(http_server) server = calloc(1, sizeof *server);

	if (!server)
		return ERR_NO_MEMORY;
	server->setup = *setup;
	if (server->setup.limits.head_bytes == 0)
		server->setup.limits.head_bytes = HTTP_HEAD_BYTES_MAX;
	set_default(&server->setup.head_ms, HTTP_HEAD_MS);
	set_default(&server->setup.idle_ms, HTTP_IDLE_MS);
	set_default(&server->setup.stall_ms, HTTP_STALL_MS);
	enum err err = router_new(&server->router);
	if (err != ERR_OK)
		return err;
	*out = TAKE(server);
	return ERR_OK;
}

static void http_loop_free(struct http_loop *home)
{
	if (!home)
		return;
	list_each (node, &home->conns)
		http_conn_abandon(CONTAINER_OF(node, struct http_conn, node));
	loop_timer_stop(home->loop, &home->drain_timer);
	request_pool_done(home);
	buf_done(&home->head);
	free(home);
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	for (size_t i = 0; i < HTTP_LOOPS_MAX; i++)
		http_loop_free(server->loops[i]);
	for (size_t i = 0; i < server->listener_count; i++)
		listener_free(server->listeners[i]);
	router_free(server->router);
	free(server);
}

enum err http_server_add_routes(struct http_server *server, const struct route *routes,
                                size_t count, void *owner, struct why *why)
{
	return router_add(server->router, routes, count, owner, why);
}

enum err http_server_accept(struct http_server *server, struct loop *loop, struct conn_setup *setup)
{
	struct http_loop *home = server->loops[loop_index(loop)];
	struct http_conn *hc = http_conn_new(home);

	if (!hc)
		return ERR_NO_MEMORY;
	setup->events = &http_conn_events;
	setup->owner = hc;
	enum err err = conn_new(loop, setup, &hc->conn);
	if (err != ERR_OK) {
		free(hc);
		return err;
	}
	http_conn_start(hc);
	return ERR_OK;
}

static enum err on_accept(void *owner, struct loop *loop, struct conn_setup *setup)
{
	return http_server_accept(owner, loop, setup);
}

enum err http_server_listen(struct http_server *server, const struct listener_setup *listen,
                            struct why *why)
{
	struct listener_setup setup = *listen;

	if (server->listener_count >= HTTP_LISTENERS_MAX)
		return why_set(why, ERR_TOO_LARGE, "%s: at most %d listeners", listen->name,
		               HTTP_LISTENERS_MAX);
	if (setup.connections_max == 0)
		setup.connections_max = HTTP_CONNECTIONS_MAX;
	setup.is_backlog_served = true;
	setup.on_accept = on_accept;
	setup.owner = server;
	enum err err = listener_open(&setup, &server->listeners[server->listener_count], why);
	if (err == ERR_OK)
		server->listener_count++;
	return err;
}

const char *http_server_address(const struct http_server *server, size_t index)
{
	return index < server->listener_count ? listener_address(server->listeners[index]) : "";
}

bool http_server_is_tls_only(const struct http_server *server, size_t index)
{
	return index < server->listener_count && listener_is_tls_only(server->listeners[index]);
}

static enum err http_loop_new(struct http_server *server, struct loop *loop)
{
	unsigned index = loop_index(loop);
	uint8_t random[4];

	if (index >= HTTP_LOOPS_MAX || server->loops[index])
		return ERR_INVALID;
	struct http_loop *home = calloc(1, sizeof *home);
	if (!home)
		return ERR_NO_MEMORY;
	home->server = server;
	home->loop = loop;
	list_init(&home->conns);
	buf_init(&home->head, HTTP_HEAD_BYTES_MAX + RESPONSE_HEADERS_BYTES_MAX);
	id_random(random, sizeof random);
	digest_hex(random, sizeof random, home->prefix);
	server->loops[index] = home;
	atomic_fetch_add(&server->undrained, 1);
	return ERR_OK;
}

enum err http_server_start(struct http_server *server, struct loop *const loops[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum err err = http_loop_new(server, loops[i]);
		for (size_t k = 0; err == ERR_OK && k < server->listener_count; k++)
			err = listener_start(server->listeners[k], loops[i]);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/* The last connection of a draining loop went. */
void http_loop_conn_gone(struct http_loop *home)
{
	struct http_server *server = home->server;

	if (!home->is_draining || home->is_drained || !list_is_empty(&home->conns))
		return;
	home->is_drained = true;
	loop_timer_stop(home->loop, &home->drain_timer);
	if (atomic_fetch_sub(&server->undrained, 1) == 1 && server->on_drained)
		server->on_drained(server->drain_owner);
}

static void drain_conns(struct http_loop *home, bool is_idle_too)
{
	list_each (node, &home->conns)
		http_conn_drain(CONTAINER_OF(node, struct http_conn, node), is_idle_too);
}

static void on_drain_timer(struct timer *timer)
{
	drain_conns(CONTAINER_OF(timer, struct http_loop, drain_timer), true);
}

static void drain_loop(struct mail *mail)
{
	struct http_loop *home = CONTAINER_OF(mail, struct http_loop, drain);

	home->is_draining = true;
	for (size_t i = 0; i < home->server->listener_count; i++)
		listener_stop(home->server->listeners[i], home->loop);
	drain_conns(home, false);
	loop_timer_start(home->loop, &home->drain_timer, HTTP_DRAIN_IDLE_MS, on_drain_timer);
	http_loop_conn_gone(home);
}

void http_server_drain(struct http_server *server, http_drained_fn *fn, void *owner)
{
	server->on_drained = fn;
	server->drain_owner = owner;
	for (size_t i = 0; i < HTTP_LOOPS_MAX; i++) {
		struct http_loop *home = server->loops[i];
		if (!home)
			continue;
		home->drain.fn = drain_loop;
		loop_post(home->loop, &home->drain);
	}
}
