/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db_queue.h — jobs on their way to a database thread, first in, first out.
 *
 * Threads  any. Errors  ERR_BUSY: `max` jobs wait already; ERR_CLOSED after db_queue_close().
 *
 * Private to ports/db.
 */
#ifndef VIGIL_PORTS_DB_QUEUE_H
#define VIGIL_PORTS_DB_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "ports/db/db.h"

struct db_queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct db_job *first;
	struct db_job **last;
	size_t count;
	size_t max;
	bool is_closed;
};

void db_queue_init(struct db_queue *queue, size_t max);
/* All threads that use it must be gone. */
void db_queue_done(struct db_queue *queue);

enum err db_queue_push(struct db_queue *queue, struct db_job *job);

/* Waits for a job, then takes what is there, at most `most`, as a chain by `next`; NULL when the
 * queue is closed and empty. */
struct db_job *db_queue_take(struct db_queue *queue, size_t most);

/* Nothing more comes in; what is in is still given out. */
void db_queue_close(struct db_queue *queue);

#endif
