/* SPDX-License-Identifier: Apache-2.0 */
/* server_private.h — what the files that wire vigild share. */
#ifndef VIGIL_PROGRAMS_SERVER_PRIVATE_H
#define VIGIL_PROGRAMS_SERVER_PRIVATE_H

#include <limits.h>
#include <stdatomic.h>

#include "base/id.h"
#include "base/mail.h"
#include "domain/domain.h"
#include "endpoints/api/api.h"
#include "endpoints/hls/hls_endpoint.h"
#include "endpoints/live/live_endpoint.h"
#include "endpoints/live/thumbnail_endpoint.h"
#include "endpoints/mqtt/mqtt_endpoint.h"
#include "endpoints/rtmp/rtmp_endpoint.h"
#include "endpoints/storage/storage_endpoint.h"
#include "http/http_server.h"
#include "io/dial.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/tls.h"
#include "ports/blob/blob.h"
#include "ports/db/db.h"
#include "ports/keys/keys.h"
#include "ports/media/media.h"
#include "programs/server.h"

#define SERVER_LOOPS_MAX 64
#define DB_QUEUE_MAX     20000
#define DB_READERS       2
#define DISK_QUEUE_MAX   4096
#define DISK_THREADS     4

/* One mail for each loop, for what must happen on all of them. */
struct loop_task {
	struct mail mail;
	struct server *server;
	struct loop *loop;
};

struct server {
	const struct vigild_settings *settings;
	char admin_token[ID_TOKEN_SIZE];
	int lock_fd;
	struct db *db;
	struct keys *keys;
	struct blob *blob;
	struct media *media;
	struct tls *tls;
	struct domain *domain;
	struct api *api;
	struct http_server *http;
	struct mqtt_endpoint *mqtt;
	struct rtmp_endpoint *rtmp;
	struct live_endpoint *live;
	struct hls_endpoint *hls;
	struct storage_endpoint *storage;
	struct thumbnail_endpoint *thumbnails;
	struct listener *mqtt_listener, *rtmp_listener;
	struct rtmp_public rtmp_public;
	struct storage_public storage_public;
	struct dial_policy outbound; /* whom this server may call; nothing of it calls yet */
	struct test_clock *test_clock;
	struct loop *loops[SERVER_LOOPS_MAX];
	struct loop_task first; /* its own: the end may come before it is delivered */
	struct loop_task tasks[SERVER_LOOPS_MAX];
	size_t loop_count, running_count; /* the first ones have their threads */
	bool is_started;
	_Atomic bool is_http_drained;
	_Atomic int tasks_left;
};

/* server_data.c: the data folder's lock, key, token and database. */
enum err server_open_data(struct server *server, struct why *why);
/* DIR/name; `out` takes PATH_MAX bytes. */
void server_path(const struct server *server, const char *name, char out[PATH_MAX]);

/* server_media.c: the helper that makes thumbnails; a missing one is no failure. */
enum err server_open_media(struct server *server);

/* server_listen.c */
enum err server_open_listeners(struct server *server, struct why *why);
enum err server_write_ready(struct server *server, struct why *why);

/* test_clock.c: only in builds with the option test_clock; else they do nothing. */
enum err test_clock_start(struct server *server, struct test_clock **out, struct why *why);
void test_clock_stop(struct test_clock *clock);

#endif
