/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/db/db_writer.h"

#include "base/metric.h"
#include "ports/db/db_sqlite.h"

/* One run in a savepoint, which is undone when the work failed or `is_undone`. What is returned is
 * the transaction's state; the work's is in job->err. */
static enum err run_once(struct db_tx *tx, struct db_job *job, bool is_undone)
{
	enum err err = db_tx_control(tx, DB_SAVEPOINT);

	if (err)
		return err;
	job->err = db_tx_work(tx, job);
	if (!db_tx_is_open(tx))
		return job->err ? job->err : ERR_IO;
	if (job->err || is_undone)
		err = db_tx_control(tx, DB_SAVEPOINT_UNDO);
	return err ? err : db_tx_control(tx, DB_SAVEPOINT_END);
}

/* The batch without savepoints, which cost as much as a small work: right when every work succeeds.
 * ERR_MORE: one did not, or it cannot be done so; nothing was kept. */
static enum err write_straight(struct db_tx *tx, struct db_job *batch, int64_t *out_count)
{
	enum err err = db_tx_control(tx, DB_BEGIN_WRITE);
	int64_t count = 0;

	if (err)
		return err;
	for (struct db_job *job = batch; job && !err; job = job->next, count++)
		err = job->err = db_tx_work(tx, job);
	if (!err) {
		*out_count = count;
		return db_tx_control(tx, DB_COMMIT);
	}
	if (db_tx_is_open(tx))
		(void)db_tx_control(tx, DB_ROLLBACK);
	return ERR_MORE;
}

/* Each work on its own: one that fails leaves the others be. */
static enum err write_in_savepoints(struct db_tx *tx, struct db_job *batch, bool is_twice,
                                    int64_t *out_count)
{
	enum err err = db_tx_control(tx, DB_BEGIN_WRITE);
	int64_t count = 0;

	for (struct db_job *job = batch; job && !err; job = job->next, count++) {
		if (is_twice)
			err = run_once(tx, job, true);
		if (!err)
			err = run_once(tx, job, false);
	}
	*out_count = count;
	return err ? err : db_tx_control(tx, DB_COMMIT);
}

enum err db_write_batch(struct db_tx *tx, struct db_job *batch, bool is_twice)
{
	int64_t count = 0;
	enum err err = is_twice ? ERR_MORE : write_straight(tx, batch, &count);

	if (err == ERR_MORE)
		err = write_in_savepoints(tx, batch, is_twice, &count);
	if (err) {
		if (db_tx_is_open(tx))
			(void)db_tx_control(tx, DB_ROLLBACK);
		return err;
	}
	metric_count(METRIC_db_commits_total);
	metric_observe(METRIC_db_batch_size, count);
	return ERR_OK;
}
