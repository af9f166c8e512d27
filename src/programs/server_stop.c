/* SPDX-License-Identifier: Apache-2.0 */
/* How vigild ends: first what is under way, then the loops, then all that stands on them. */
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "programs/server_private.h"

#define STOP_STEP_MS  20
#define SETTLE_ROUNDS 16 /* a mail that posts another one is followed this far */

static void settle_loops(struct server *server)
{
	bool has_any = true;

	for (int round = 0; has_any && round < SETTLE_ROUNDS; round++) {
		has_any = false;
		for (size_t i = 0; i < server->loop_count; i++)
			has_any |= loop_settle(server->loops[i]);
	}
}

static void on_http_drained(void *owner)
{
	struct server *server = owner;

	atomic_store(&server->is_http_drained, true);
}

/* On each loop: no new devices and pushes; those that are here leave step by step. */
static void on_drain(struct mail *mail)
{
	struct loop_task *task = CONTAINER_OF(mail, struct loop_task, mail);
	struct server *server = task->server;

	if (server->mqtt_listener)
		listener_stop(server->mqtt_listener, task->loop);
	if (server->rtmp_listener)
		listener_stop(server->rtmp_listener, task->loop);
	mqtt_endpoint_drain(server->mqtt, task->loop);
	(void)atomic_fetch_sub(&server->tasks_left, 1);
}

static void on_end(struct mail *mail)
{
	struct loop_task *task = CONTAINER_OF(mail, struct loop_task, mail);

	conn_close_all(task->loop);
	(void)atomic_fetch_sub(&task->server->tasks_left, 1);
}

static void post_to_all(struct server *server, mail_fn *fn)
{
	atomic_store(&server->tasks_left, (int)server->loop_count);
	for (size_t i = 0; i < server->loop_count; i++) {
		server->tasks[i] = (struct loop_task){ .mail = { .fn = fn },
			                               .server = server,
			                               .loop = server->loops[i] };
		loop_post(server->loops[i], &server->tasks[i].mail);
	}
}

/* A loop that the kernel gave no thread has its mails delivered here: who waits for all loops would
 * wait for ever. */
static void turn_unstarted(struct server *server)
{
	for (size_t i = server->running_count; i < server->loop_count; i++)
		(void)loop_settle(server->loops[i]);
}

static void wait_for_tasks(struct server *server)
{
	const struct timespec step = { .tv_nsec = STOP_STEP_MS * 1000000L };

	turn_unstarted(server);
	while (atomic_load(&server->tasks_left) > 0)
		(void)nanosleep(&step, NULL);
}

static bool is_quiet(struct server *server)
{
	return atomic_load(&server->is_http_drained) && atomic_load(&server->tasks_left) == 0 &&
	       metric_get(METRIC_connections) <= metric_get(METRIC_publishers);
}

/* Until nothing is under way, the time is up, or somebody is in a hurry. */
static void drain(struct server *server, const sigset_t *hurry)
{
	const struct timespec step = { .tv_nsec = STOP_STEP_MS * 1000000L };
	int64_t end_us = clock_steady_us() + server->settings->drain_s * 1000000;

	log_info("vigild.stopping", "draining for at most %lld s",
	         (long long)server->settings->drain_s);
	atomic_store(&server->is_http_drained, !server->settings->http[0]);
	if (server->settings->http[0])
		http_server_drain(server->http, on_http_drained, server);
	live_drain(server->domain->live);
	post_to_all(server, on_drain);
	turn_unstarted(server);
	while (!is_quiet(server) && clock_steady_us() < end_us) {
		if (sigtimedwait(hurry, NULL, &step) > 0) {
			log_warn("vigild.hurry", "a second signal: what is under way is cut off");
			break;
		}
	}
	wait_for_tasks(server);
}

void server_stop(struct server *server, const sigset_t *hurry)
{
	if (!server->is_started)
		return;
	drain(server, hurry);
	post_to_all(server, on_end);
	wait_for_tasks(server);
	test_clock_stop(server->test_clock);
	for (size_t i = 0; i < server->loop_count; i++)
		loop_stop(server->loops[i]);
	for (size_t i = 0; i < server->loop_count; i++)
		loop_join(server->loops[i]);
	settle_loops(server);
	enum err err = domain_stop(server->domain);
	if (err != ERR_OK)
		log_error("vigild.stopped", "not all was written: %s", err_text(err));
	log_info("vigild.stopped", "all connections are closed");
}

/*
 * The order of the end; the loops' threads are over, or never began.
 *
 *  1. The database, the disk and the helper that makes thumbnails give their last answers to the
 *     loops; then nothing asks them any more.
 *  2. Connections, those answers and all mails come through: requests still have their server, and
 *     connections the listener that counts them.
 *  3. Listeners and the HTTP server let go of the loops' handles and timers.
 *  4. The loops give back what was closed on them.
 *  5. Endpoints, then the domain, then what the domain stands on.
 */
void server_free(struct server *server)
{
	if (!server)
		return;
	if (server->db)
		db_stop(server->db);
	if (server->blob)
		blob_stop(server->blob);
	for (size_t i = 0; i < server->loop_count; i++)
		conn_close_all(server->loops[i]);
	media_stop(server->media);
	settle_loops(server);
	listener_free(server->mqtt_listener);
	listener_free(server->rtmp_listener);
	http_server_free(server->http);
	for (size_t i = 0; i < server->loop_count; i++)
		loop_free(server->loops[i]);
	hls_endpoint_free(server->hls);
	storage_endpoint_free(server->storage);
	thumbnail_endpoint_free(server->thumbnails);
	live_endpoint_free(server->live);
	rtmp_endpoint_free(server->rtmp);
	mqtt_endpoint_free(server->mqtt);
	api_free(server->api);
	domain_free(server->domain);
	media_free(server->media);
	tls_free(server->tls);
	keys_free(server->keys);
	blob_free(server->blob);
	db_free(server->db);
	if (server->lock_fd >= 0)
		(void)close(server->lock_fd);
	mem_wipe(server->admin_token, sizeof server->admin_token);
	free(server);
}
