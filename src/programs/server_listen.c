/* SPDX-License-Identifier: Apache-2.0 */
/* The listeners, and the file that says where they are. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "endpoints/console/console.h"
#include "io/address.h"
#include "io/file.h"
#include "programs/server_private.h"

static const char fixed_headers[] = "X-Content-Type-Options: nosniff\r\n"
				    "Referrer-Policy: no-referrer\r\n";

static enum err add_routes(struct server *server, struct why *why)
{
	const struct {
		const struct route *routes;
		size_t count;
		void *owner;
	} tables[] = {
		{ api_routes, api_route_count, server->api },
		{ live_routes, live_route_count, server->live },
		{ hls_routes, hls_route_count, server->hls },
		{ storage_routes, storage_route_count, server->storage },
		{ thumbnail_routes, thumbnail_route_count, server->thumbnails },
		{ mqtt_routes, mqtt_route_count, server->mqtt },
		{ console_routes, console_route_count, NULL },
	};

	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		enum err err = http_server_add_routes(server->http, tables[i].routes,
		                                      tables[i].count, tables[i].owner, why);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static enum err open_http(struct server *server, struct why *why)
{
	const struct vigild_settings *settings = server->settings;
	const struct http_server_setup setup = { .on_route = api_guard,
		                                 .owner = server->api,
		                                 .fixed_headers = fixed_headers };
	const struct listener_setup listen = {
		.name = "http",
		.address = settings->http,
		.tls = server->tls,
		.is_plain_allowed = settings->allow_plain,
		.connections_max = (size_t)settings->http_connections_max,
	};
	char host[64];

	enum err err = http_server_new(&setup, &server->http);
	if (err == ERR_OK)
		err = add_routes(server, why);
	if (err == ERR_OK && settings->http[0])
		err = http_server_listen(server->http, &listen, why);
	if (err != ERR_OK || !settings->http[0])
		return err;
	server->storage_public.is_tls_only = http_server_is_tls_only(server->http, 0);
	return address_split(http_server_address(server->http, 0), host, sizeof host,
	                     &server->storage_public.port);
}

static enum err open_rtmp(struct server *server, struct why *why)
{
	const struct vigild_settings *settings = server->settings;
	struct listener_setup listen = {
		.name = "rtmp",
		.address = settings->rtmp,
		.tls = server->tls,
		.is_plain_allowed = settings->allow_plain,
		.connections_max = (size_t)settings->rtmp_connections_max,
	};
	char host[64];

	if (!settings->rtmp[0])
		return ERR_OK;
	rtmp_endpoint_listen(server->rtmp, &listen);
	enum err err = listener_open(&listen, &server->rtmp_listener, why);
	if (err != ERR_OK)
		return err;
	server->rtmp_public.is_tls_only = listener_is_tls_only(server->rtmp_listener);
	return address_split(listener_address(server->rtmp_listener), host, sizeof host,
	                     &server->rtmp_public.port);
}

static enum err open_mqtt(struct server *server, struct why *why)
{
	const struct vigild_settings *settings = server->settings;
	struct listener_setup listen = {
		.name = "mqtt",
		.address = settings->mqtt,
		.tls = server->tls,
		.is_plain_allowed = settings->allow_plain,
		.connections_max = (size_t)settings->mqtt_connections_max,
		.accepts_per_s = (unsigned)settings->mqtt_accept_per_s,
	};

	if (!settings->mqtt[0])
		return ERR_OK;
	mqtt_endpoint_listen(server->mqtt, &listen);
	return listener_open(&listen, &server->mqtt_listener, why);
}

/* Settings of what is not built yet are taken, and have no effect: once is enough to say so. */
static void warn_of_absent(const struct vigild_settings *settings)
{
	const struct {
		const char *name, *value, *fallback;
	} rows[] = {
		{ "s3", settings->s3, "127.0.0.1:9000" },
		{ "bus", settings->bus, "local" },
		{ "advertise", settings->advertise, "" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].value[0] && strcmp(rows[i].value, rows[i].fallback) != 0)
			log_warn("setting.absent", "%s is not built yet: %s has no effect",
			         rows[i].name, rows[i].value);
}

enum err server_open_listeners(struct server *server, struct why *why)
{
	enum err err = open_http(server, why);

	if (err == ERR_OK)
		err = open_rtmp(server, why);
	if (err == ERR_OK)
		err = open_mqtt(server, why);
	if (err == ERR_OK)
		warn_of_absent(server->settings);
	return err;
}

static void add_url(struct buf *out, const struct server *server, const char *scheme,
                    const char *address)
{
	if (!address)
		return;
	buf_printf(out, "\"%s\":\"%s://%s\",", scheme, scheme, address);
	if (server->tls)
		buf_printf(out, "\"%ss\":\"%ss://%s\",", scheme, scheme, address);
}

/* A fresh link that signs in once: the console's first door. */
static enum err write_sign_in(struct server *server, struct why *why)
{
	char base_url[ADDRESS_TEXT_SIZE + 16], path[PATH_MAX];
	AUTO_BUF link = { 0 };

	buf_init(&link, 512);
	(void)snprintf(base_url, sizeof base_url, "%s://%s", server->tls ? "https" : "http",
	               http_server_address(server->http, 0));
	enum err err = api_sign_in_link(
		server->domain->tokens,
		server->settings->public_http[0] ? server->settings->public_http : base_url, &link);
	buf_add_text(&link, "\n");
	server_path(server, "sign-in.url", path);
	if (err == ERR_OK)
		err = file_write(path, buf_str(&link), 0600);
	if (err != ERR_OK)
		return why_set(why, err, "%.100s: %s", path, err_text(err));
	return ERR_OK;
}

enum err server_write_ready(struct server *server, struct why *why)
{
	const struct vigild_settings *settings = server->settings;
	enum err err = ERR_OK;
	AUTO_BUF text = { 0 };

	if (settings->http[0])
		err = write_sign_in(server, why);
	if (err != ERR_OK)
		return err;
	buf_init(&text, 4096);
	buf_add_text(&text, "{");
	add_url(&text, server, "http",
	        settings->http[0] ? http_server_address(server->http, 0) : NULL);
	add_url(&text, server, "rtmp",
	        server->rtmp_listener ? listener_address(server->rtmp_listener) : NULL);
	add_url(&text, server, "mqtt",
	        server->mqtt_listener ? listener_address(server->mqtt_listener) : NULL);
	buf_printf(&text, "\"pid\":%d}\n", (int)getpid());
	log_info("vigild.ready", "%.*s", (int)(text.size - 1), (const char *)text.at);
	if (!settings->ready_file[0])
		return ERR_OK;
	err = file_write(settings->ready_file, buf_str(&text), 0644);
	return err == ERR_OK ? ERR_OK
	                     : why_set(why, err, "ready_file: cannot write %.100s: %s",
	                               settings->ready_file, err_text(err));
}
