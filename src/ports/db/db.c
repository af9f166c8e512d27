/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/db/db.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/metric.h"
#include "io/loop.h"
#include "ports/db/db_migration.h"
#include "ports/db/db_queue.h"
#include "ports/db/db_sqlite.h"
#include "ports/db/db_writer.h"

#define SQLITE_PREFIX "sqlite:"

struct worker {
	struct db *db;
	struct db_tx *tx;
	pthread_t thread;
	bool is_started;
};

struct db {
	struct db_queue writes;
	struct db_queue reads;
	struct worker writer;
	struct worker readers[DB_READERS_MAX];
	bool is_twice;
};

/* Somebody who waits on his own thread. */
struct db_waiter {
	pthread_mutex_t mutex;
	pthread_cond_t finished;
	bool is_finished;
};

static void on_delivered(struct mail *mail)
{
	struct db_job *job = CONTAINER_OF(mail, struct db_job, mail);

	job->done(job, job->err);
}

/* The job may be gone when this returns. */
static void deliver(struct db_job *job)
{
	struct db_waiter *waiter = job->waiter;

	if (!waiter) {
		loop_post(job->home, &job->mail);
		return;
	}
	(void)pthread_mutex_lock(&waiter->mutex);
	waiter->is_finished = true;
	(void)pthread_cond_signal(&waiter->finished);
	(void)pthread_mutex_unlock(&waiter->mutex);
}

static void *write_all(void *owner)
{
	struct worker *worker = owner;
	struct db *db = worker->db;
	struct db_job *batch = NULL;

	(void)pthread_setname_np(pthread_self(), "db_write");
	while ((batch = db_queue_take(&db->writes, DB_BATCH_MAX))) {
		enum err err = db_write_batch(worker->tx, batch, db->is_twice);
		for (struct db_job *next = NULL; batch; batch = next) {
			next = batch->next;
			/* Also a work that failed by itself: it may have seen rows of the batch
			 * that now never were. */
			if (err)
				batch->err = err;
			deliver(batch);
		}
	}
	return NULL;
}

static enum err read_one(struct db_tx *tx, struct db_job *job)
{
	enum err err = db_tx_control(tx, DB_BEGIN_READ);

	if (err)
		return err;
	err = db_tx_work(tx, job);
	if (db_tx_is_open(tx))
		(void)db_tx_control(tx, DB_ROLLBACK);
	return err;
}

static void *read_all(void *owner)
{
	struct worker *worker = owner;
	struct db_job *job = NULL;

	(void)pthread_setname_np(pthread_self(), "db_read");
	while ((job = db_queue_take(&worker->db->reads, 1))) {
		job->err = read_one(worker->tx, job);
		deliver(job);
	}
	return NULL;
}

static enum err start(struct worker *worker, struct db *db, void *(*run)(void *))
{
	worker->db = db;
	worker->is_started = pthread_create(&worker->thread, NULL, run, worker) == 0;
	return worker->is_started ? ERR_OK : ERR_BUSY;
}

static void stop(struct worker *worker)
{
	if (worker->is_started)
		(void)pthread_join(worker->thread, NULL);
	worker->is_started = false;
	db_tx_free(TAKE(worker->tx));
}

static enum err open_all(struct db *db, const struct db_options *options, const char *path,
                         struct why *why)
{
	enum err err = db_tx_open(path, false, options->is_traced, &db->writer.tx, why);

	if (!err)
		err = db_migrate(db->writer.tx, db_migrations_sqlite, db_migrations_sqlite_count,
		                 why);
	for (unsigned i = 0; i < options->readers && !err; i++)
		err = db_tx_open(path, true, options->is_traced, &db->readers[i].tx, why);
	if (!err)
		err = start(&db->writer, db, write_all);
	for (unsigned i = 0; i < options->readers && !err; i++)
		err = start(&db->readers[i], db, read_all);
	return err;
}

enum err db_open(const struct db_options *options, struct db **out, struct why *why)
{
	struct str url = str_of(options->url);
	const char *path = options->url + sizeof SQLITE_PREFIX - 1;

	/* SQLite takes an empty name and ":memory:" for databases that do not survive. */
	if (!str_starts(url, STR(SQLITE_PREFIX)) || *path == '\0' || *path == ':')
		return why_set_reason(why, ERR_INVALID, 0, "db", "db: \"%.100s\" is not %sPATH",
		                      options->url, SQLITE_PREFIX);
	if (options->readers < 1 || options->readers > DB_READERS_MAX)
		return why_set_reason(why, ERR_INVALID, 0, "readers", "readers: %u is not in 1..%d",
		                      options->readers, DB_READERS_MAX);

	AUTO(db) db = calloc(1, sizeof *db);
	if (!db)
		return ERR_NO_MEMORY;
	db_queue_init(&db->writes, options->queue_max);
	db_queue_init(&db->reads, options->queue_max);
	db->is_twice = options->is_twice;
	enum err err = open_all(db, options, path, why);
	if (err)
		return err;
	*out = TAKE(db);
	return ERR_OK;
}

void db_stop(struct db *db)
{
	db_queue_close(&db->writes);
	db_queue_close(&db->reads);
	for (unsigned i = 0; i < DB_READERS_MAX; i++)
		stop(&db->readers[i]);
	stop(&db->writer); /* last: it may then fold the WAL into the file */
}

void db_free(struct db *db)
{
	if (!db)
		return;
	db_stop(db);
	db_queue_done(&db->writes);
	db_queue_done(&db->reads);
	free(db);
}

static enum err post(struct db_queue *queue, enum metric refused, struct db_job *job,
                     db_work_fn *work)
{
	job->work = work;
	job->err = ERR_OK;

	enum err err = db_queue_push(queue, job);
	if (err == ERR_BUSY)
		metric_count(refused);
	return err;
}

static enum err post_home(struct db_queue *queue, enum metric refused, struct db_job *job,
                          db_work_fn *work, db_done_fn *done)
{
	job->done = done;
	job->home = loop_current();
	job->waiter = NULL;
	job->mail.fn = on_delivered;
	assert(job->home);
	return post(queue, refused, job, work);
}

enum err db_write(struct db *db, struct db_job *job, db_work_fn *work, db_done_fn *done)
{
	return post_home(&db->writes, METRIC_db_refused_total, job, work, done);
}

enum err db_read(struct db *db, struct db_job *job, db_work_fn *work, db_done_fn *done)
{
	return post_home(&db->reads, METRIC_lane_refused_total, job, work, done);
}

static enum err post_and_wait(struct db_queue *queue, enum metric refused, struct db_job *job,
                              db_work_fn *work)
{
	struct db_waiter waiter = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

	job->waiter = &waiter;
	enum err err = post(queue, refused, job, work);
	if (err)
		return err;
	(void)pthread_mutex_lock(&waiter.mutex);
	while (!waiter.is_finished)
		(void)pthread_cond_wait(&waiter.finished, &waiter.mutex);
	(void)pthread_mutex_unlock(&waiter.mutex);
	(void)pthread_mutex_destroy(&waiter.mutex);
	(void)pthread_cond_destroy(&waiter.finished);
	return job->err;
}

enum err db_write_now(struct db *db, struct db_job *job, db_work_fn *work)
{
	return post_and_wait(&db->writes, METRIC_db_refused_total, job, work);
}

enum err db_read_now(struct db *db, struct db_job *job, db_work_fn *work)
{
	return post_and_wait(&db->reads, METRIC_lane_refused_total, job, work);
}
