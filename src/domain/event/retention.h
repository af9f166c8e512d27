/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retention.h — old events go: once an hour the days before the last `keep_days` ones, oldest
 * first.
 *
 * What goes is always the log's beginning, so cursors stay dense from the oldest event that is
 * left; a day is gone when its last event is. The newest event stays whatever its age: the next
 * cursor follows from it.
 *
 * Threads  retention_start() and what it starts: one loop.
 */
#ifndef VIGIL_DOMAIN_RETENTION_H
#define VIGIL_DOMAIN_RETENTION_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "ports/db/db.h"

#define RETENTION_FIRST_MS 60000   /* after the start */
#define RETENTION_EVERY_MS 3600000 /* also after a failure */
#define RETENTION_BATCH    1000    /* events of one transaction */
#define RETENTION_PAUSE_MS 50      /* before the next: others write too */

struct retention;

/* keep_days 0: everything stays for ever. */
enum err retention_new(struct db *db, int64_t keep_days, struct retention **out);
void retention_free(struct retention *retention);
AUTO_DEFINE(retention)

/* Begins to look, on this loop. */
void retention_start(struct retention *retention);

#endif
