/* SPDX-License-Identifier: Apache-2.0 */
/* storage_private.h — what the files of domain/storage share. */
#ifndef VIGIL_DOMAIN_STORAGE_PRIVATE_H
#define VIGIL_DOMAIN_STORAGE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mail.h"
#include "base/metric.h"
#include "base/timer.h"
#include "domain/event/event.h"
#include "domain/reason.h"
#include "domain/storage/file_put.h"
#include "domain/storage/storage.h"

struct sweep;

struct storage {
	struct storage_setup setup;
	struct sweep *sweep;
	_Atomic int64_t file_count; /* rows, with the doomed ones */
	pthread_mutex_t lock;       /* guards the rest */
	struct list puts;           /* under way */
	int64_t put_count;
};

/* --- file_row.c: statements inside a transaction --- */

/* The row, its event, and what it replaces or pushes out. ERR_EXISTS with put->is_spent: the grant
 * was used before; ERR_CONFLICT: the organization has no such device any more. */
enum err file_write_row(struct db_tx *tx, struct file_put *put);
/* Nobody finds it any more. */
enum err file_doom(struct db_tx *tx, const char *id);
/* An event about `count` files of a device. */
enum err file_append_event(struct db_tx *tx, const char *type, const char *organization,
                           const char *did, int64_t time_ms, struct str details);

/* --- sweep.c --- */
/* After file_count was set. */
enum err sweep_new(struct storage *storage, struct sweep **out);
void sweep_free(struct sweep *sweep);
void sweep_start(struct sweep *sweep);
/* There is something doomed: look soon. Any loop. */
void sweep_wake(struct sweep *sweep);

#endif
