/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/db/db_migration.h"

#include "base/clock.h"
#include "ports/db/db_sqlite.h"

static const char table_sql[] = "CREATE TABLE IF NOT EXISTS migrations ("
				"number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
				"applied_at INTEGER NOT NULL) STRICT";

/* A work of its own, so that its statements are let go of before the schema changes. */
struct look {
	struct db_job job;
	int64_t latest;
};

static enum err find_latest(struct db_tx *tx, struct db_job *job)
{
	struct look *look = CONTAINER_OF(job, struct look, job);
	struct db_statement *statement = NULL;
	bool is_row = false;
	enum err err =
		db_prepare(tx, "SELECT coalesce(max(number), 0) FROM migrations", &statement);

	if (!err)
		err = db_step(statement, &is_row);
	if (!err)
		look->latest = db_int(statement, 0);
	return err;
}

struct step {
	struct db_job job;
	const struct db_migration *migration;
};

static enum err apply(struct db_tx *tx, struct db_job *job)
{
	const struct db_migration *migration = CONTAINER_OF(job, struct step, job)->migration;
	struct db_statement *statement = NULL;
	enum err err = db_tx_script(tx, migration->sql);

	if (!err)
		err = db_prepare(tx,
		                 "INSERT INTO migrations (number, name, applied_at) "
		                 "VALUES ($1, $2, $3)",
		                 &statement);
	if (err)
		return err;
	db_bind_int(statement, 1, migration->number);
	db_bind_text(statement, 2, str_of(migration->name));
	db_bind_int(statement, 3, clock_now_ms());
	return db_run(statement);
}

static enum err apply_alone(struct db_tx *tx, const struct db_migration *migration, struct why *why)
{
	struct step step = { .job.work = apply, .migration = migration };
	enum err err = db_tx_control(tx, DB_BEGIN_WRITE);

	if (!err)
		err = db_tx_work(tx, &step.job);
	if (!err)
		err = db_tx_control(tx, DB_COMMIT);
	if (!err)
		return ERR_OK;

	err = why_set(why, err, "database: step %d (%s) of the schema failed: %s",
	              migration->number, migration->name, db_tx_words(tx));
	if (db_tx_is_open(tx))
		(void)db_tx_control(tx, DB_ROLLBACK);
	return err;
}

enum err db_migrate(struct db_tx *tx, const struct db_migration *migrations, size_t count,
                    struct why *why)
{
	struct look look = { .job.work = find_latest };
	enum err err = db_tx_script(tx, table_sql);

	if (!err)
		err = db_tx_work(tx, &look.job);
	if (err)
		return why_set(why, err, "database: %s", db_tx_words(tx));
	if (look.latest > (int64_t)count)
		return why_set(why, ERR_CONFLICT,
		               "the database was made by a newer version (schema %lld, this one "
		               "knows %zu): start that version, or restore a backup made before it",
		               (long long)look.latest, count);
	for (size_t i = (size_t)look.latest; i < count; i++) {
		err = apply_alone(tx, &migrations[i], why);
		if (err)
			return err;
	}
	return ERR_OK;
}
