/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h — everything vigild consists of, wired in order; it decides nothing.
 *
 * Threads  the main thread; the loops run on their own from server_start() to server_stop().
 */
#ifndef VIGIL_PROGRAMS_SERVER_H
#define VIGIL_PROGRAMS_SERVER_H

#include <signal.h>

#include "base/err.h"
#include "base/mem.h"
#include "programs/vigild_settings.h"

struct server;

/* Opens the data folder, the keys, the database and every listener; nothing answers yet. */
enum err server_new(const struct vigild_settings *settings, struct server **out, struct why *why);
/* After server_stop(), or of a server that was never started. */
void server_free(struct server *server);
AUTO_DEFINE(server)

/* Starts the loops, then writes the sign-in link and the ready file. */
enum err server_start(struct server *server, struct why *why);

/* SIGHUP: reads the certificate again. */
void server_reload(struct server *server);
/* SIGUSR1: says in the log how the loops, links and streams are. */
void server_tell(struct server *server);

/* SIGTERM: lets everything under way end, for shutdown.drain_s at most, then ends the loops. One
 * of the signals `hurry` (blocked in this thread) ends the wait at once. */
void server_stop(struct server *server, const sigset_t *hurry);

#endif
