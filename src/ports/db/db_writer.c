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

enum err db_write_batch(struct db_tx *tx, struct db_job *batch, bool is_twice)
{
	enum err err = db_tx_control(tx, DB_BEGIN_WRITE);
	int64_t count = 0;

	for (struct db_job *job = batch; job && !err; job = job->next, count++) {
		if (is_twice)
			err = run_once(tx, job, true);
		if (!err)
			err = run_once(tx, job, false);
	}
	if (!err)
		err = db_tx_control(tx, DB_COMMIT);
	if (err) {
		if (db_tx_is_open(tx))
			(void)db_tx_control(tx, DB_ROLLBACK);
		return err;
	}
	metric_count(METRIC_db_commits_total);
	metric_observe(METRIC_db_batch_size, count);
	return ERR_OK;
}
