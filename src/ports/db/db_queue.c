/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/db/db_queue.h"

void db_queue_init(struct db_queue *queue, size_t max)
{
	*queue = (struct db_queue){ .max = max };
	queue->last = &queue->first;
	(void)pthread_mutex_init(&queue->mutex, NULL);
	(void)pthread_cond_init(&queue->filled, NULL);
}

void db_queue_done(struct db_queue *queue)
{
	(void)pthread_mutex_destroy(&queue->mutex);
	(void)pthread_cond_destroy(&queue->filled);
}

enum err db_queue_push(struct db_queue *queue, struct db_job *job)
{
	enum err err = ERR_OK;

	job->next = NULL;
	(void)pthread_mutex_lock(&queue->mutex);
	if (queue->is_closed) {
		err = ERR_CLOSED;
	} else if (queue->count >= queue->max) {
		err = ERR_BUSY;
	} else {
		*queue->last = job;
		queue->last = &job->next;
		queue->count++;
		(void)pthread_cond_signal(&queue->filled);
	}
	(void)pthread_mutex_unlock(&queue->mutex);
	return err;
}

struct db_job *db_queue_take(struct db_queue *queue, size_t most)
{
	(void)pthread_mutex_lock(&queue->mutex);
	while (!queue->first && !queue->is_closed)
		(void)pthread_cond_wait(&queue->filled, &queue->mutex);

	struct db_job *first = queue->first;
	struct db_job **end = &queue->first;
	for (size_t i = 0; i < most && *end; i++) {
		end = &(*end)->next;
		queue->count--;
	}
	queue->first = *end;
	*end = NULL;
	if (!queue->first)
		queue->last = &queue->first;
	(void)pthread_mutex_unlock(&queue->mutex);
	return first;
}

void db_queue_close(struct db_queue *queue)
{
	(void)pthread_mutex_lock(&queue->mutex);
	queue->is_closed = true;
	(void)pthread_cond_broadcast(&queue->filled);
	(void)pthread_mutex_unlock(&queue->mutex);
}
