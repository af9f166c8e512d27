/* SPDX-License-Identifier: Apache-2.0 */
/* Opens everything in order and starts it; how it ends: server_stop.c. */
#include "programs/server.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metric.h"
#include "programs/server_private.h"
#include "programs/version.h"

#define DAY_MS (24 * 60 * 60 * 1000LL)

static enum err open_tls(struct server *server, struct why *why)
{
	const struct vigild_settings *settings = server->settings;

	if (!settings->tls_cert[0])
		return ERR_OK;
	enum err err = tls_server_new(settings->tls_cert, settings->tls_key, &server->tls, why);
	if (err != ERR_OK)
		return err;
	struct why lack = { 0 };
	if (tls_has_kernel(&lack))
		log_info("vigild.tls", "kernel_tls=on");
	else
		log_info("vigild.tls", "kernel_tls=off reason=\"%s\"", lack.text);
	return ERR_OK;
}

static enum err allow_outbound(struct server *server, struct why *why)
{
	const struct settings_list *list = &server->settings->allow_outbound;
	enum err err = ERR_OK;

	for (size_t i = 0; i < list->count && err == ERR_OK; i++)
		err = dial_allow(&server->outbound, list->items[i], why);
	return err;
}

static enum err open_domain(struct server *server, struct why *why)
{
	const struct vigild_settings *settings = server->settings;
	const struct domain_setup setup = {
		.db = server->db,
		.keys = server->keys,
		.blob = server->blob,
		.platform_token = str_of(server->admin_token),
		.registration_s = settings->device_token_s,
		.events_keep_days = settings->events_keep_days,
		.storage = { .keep_ms = settings->storage_keep_days * DAY_MS,
		             .stills_per_device = settings->storage_stills_per_device,
		             .files_max = settings->storage_files_max,
		             .puts_max = settings->storage_uploads_at_once },
		.media = server->media,
		.read_thumbnail = thumbnail_read_flv,
		.live = { .flush_ms = settings->live_flush_ms,
		          .bytes_max = settings->live_rings_mb * 1024 * 1024,
		          .push_url = rtmp_push_url,
		          .owner = &server->rtmp_public },
	};

	(void)snprintf(server->rtmp_public.url, sizeof server->rtmp_public.url, "%s",
	               settings->public_rtmp);
	(void)snprintf(server->storage_public.url, sizeof server->storage_public.url, "%s",
	               settings->public_http);
	(void)snprintf(server->storage_public.host, sizeof server->storage_public.host, "%s",
	               settings->public);
	(void)snprintf(server->rtmp_public.host, sizeof server->rtmp_public.host, "%s",
	               settings->public);
	return domain_new(&setup, &server->domain, why);
}

static enum err open_hls(struct server *server)
{
	const struct vigild_settings *settings = server->settings;
	const struct hls_setup setup = {
		.live = server->domain->live,
		.rights = server->live,
		.sessions_max = (size_t)settings->live_hls_sessions_max,
		.stream_sessions_max = (size_t)settings->live_hls_stream_sessions_max,
		.bytes_max = settings->live_hls_mb * 1024 * 1024,
	};

	return hls_endpoint_new(&setup, &server->hls);
}

static enum err open_endpoints(struct server *server, struct why *why)
{
	const struct vigild_settings *settings = server->settings;
	struct domain *domain = server->domain;
	const struct api_setup api = {
		.devices = domain->devices,
		.tokens = domain->tokens,
		.events = domain->events,
		.public_http = settings->public_http[0] ? settings->public_http : NULL,
		.rtmp = &server->rtmp_public,
		.storage = &server->storage_public,
		.command_timeout_ms = settings->command_timeout_ms,
		.version = VIGIL_VERSION,
	};

	enum err err = api_new(&api, &server->api);
	if (err == ERR_OK)
		err = mqtt_endpoint_new(domain->devices, &server->mqtt);
	if (err == ERR_OK)
		err = rtmp_endpoint_new(domain->live, domain->tokens, domain->devices,
		                        &server->rtmp);
	if (err == ERR_OK)
		err = live_endpoint_new(domain->live, server->api, domain->devices, &server->live);
	if (err == ERR_OK)
		err = open_hls(server);
	if (err == ERR_OK)
		err = storage_endpoint_new(domain->storage, &server->storage);
	if (err == ERR_OK)
		err = thumbnail_endpoint_new(domain->thumbnails, domain->devices,
		                             &server->thumbnails);
	if (err != ERR_OK)
		return why_set(why, err, "%s", err_text(err));
	return server_open_listeners(server, why);
}

static enum err open_loops(struct server *server)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t wanted = server->settings->loops;

	if (wanted == SETTINGS_AUTO)
		wanted = cores < 1 ? 1 : cores;
	if (wanted > SERVER_LOOPS_MAX)
		wanted = SERVER_LOOPS_MAX;
	while (server->loop_count < (size_t)wanted) {
		enum err err =
			loop_new((unsigned)server->loop_count, &server->loops[server->loop_count]);
		if (err != ERR_OK)
			return err;
		server->loop_count++;
	}
	return ERR_OK;
}

enum err server_new(const struct vigild_settings *settings, struct server **out, struct why *why)
{
	AUTO(server) server = calloc(1, sizeof *server);

	if (!server)
		return ERR_NO_MEMORY;
	server->settings = settings;
	server->lock_fd = -1;
	enum err err = allow_outbound(server, why);
	if (err == ERR_OK)
		err = server_open_data(server, why);
	if (err == ERR_OK)
		err = open_tls(server, why);
	if (err == ERR_OK)
		err = server_open_media(server);
	if (err == ERR_OK)
		err = open_domain(server, why);
	if (err == ERR_OK)
		err = open_loops(server);
	if (err == ERR_OK)
		err = open_endpoints(server, why);
	if (err == ERR_OK)
		*out = TAKE(server);
	return err;
}

static void on_first_turn(struct mail *mail)
{
	domain_start(CONTAINER_OF(mail, struct loop_task, mail)->server->domain);
}

enum err server_start(struct server *server, struct why *why)
{
	enum err err = server->settings->http[0]
	                       ? http_server_start(server->http, server->loops, server->loop_count)
	                       : ERR_OK;

	for (size_t i = 0; i < server->loop_count && err == ERR_OK; i++) {
		if (server->mqtt_listener)
			err = listener_start(server->mqtt_listener, server->loops[i]);
		if (err == ERR_OK && server->rtmp_listener)
			err = listener_start(server->rtmp_listener, server->loops[i]);
	}
	if (err != ERR_OK)
		return why_set(why, err, "cannot listen: %s", err_text(err));
	server->is_started = true;
	server->first = (struct loop_task){ .mail = { .fn = on_first_turn }, .server = server };
	loop_post(server->loops[0], &server->first.mail);
	while (server->running_count < server->loop_count && err == ERR_OK) {
		err = loop_start(server->loops[server->running_count]);
		server->running_count += err == ERR_OK;
	}
	if (err != ERR_OK)
		return why_set(why, err, "thread %zu of %zu could not be started: %s",
		               server->running_count + 1, server->loop_count, err_text(err));
	err = test_clock_start(server, &server->test_clock, why);
	return err == ERR_OK ? server_write_ready(server, why) : err;
}

void server_reload(struct server *server)
{
	struct why why = { 0 };

	if (!server->tls)
		log_info("vigild.reload", "nothing to reload: no certificate is set");
	else if (tls_reload(server->tls, &why) == ERR_OK)
		log_info("vigild.reload", "certificate=%s", server->settings->tls_cert);
	else
		log_error("vigild.reload", "the old certificate stays: %s", why.text);
}

void server_tell(struct server *server)
{
	for (size_t i = 0; i < server->loop_count; i++)
		log_info("loop.state", "loop=%zu busy_permille=%u", i,
		         loop_busy_permille(server->loops[i]));
	log_info("vigild.state",
	         "connections=%lld devices=%lld streams=%lld publishers=%lld viewers=%lld "
	         "ring_bytes=%lld",
	         (long long)metric_get(METRIC_connections),
	         (long long)metric_get(METRIC_devices_linked),
	         (long long)metric_get(METRIC_streams), (long long)metric_get(METRIC_publishers),
	         (long long)metric_get(METRIC_viewers), (long long)metric_get(METRIC_ring_bytes));
}
