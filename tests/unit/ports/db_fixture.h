/* SPDX-License-Identifier: Apache-2.0 */
/* db_fixture.h — a database in a scratch folder, and works made of one statement. */
#ifndef VIGIL_TESTS_DB_FIXTURE_H
#define VIGIL_TESTS_DB_FIXTURE_H

#include "ports/db/db.h"

struct fixture {
	char folder[64];
	char path[96];
	char url[128];
	struct db *db;
};

/* cmocka set-up and tear-down; *state is a struct fixture with the database open. */
int fixture_start(void **state);
int fixture_stop(void **state);

void fixture_open(struct fixture *fixture);
void fixture_open_with(struct fixture *fixture, const struct db_options *options);
void fixture_close(struct fixture *fixture);

/* Runs `work` with nothing but a connection; for what a statement does. */
enum err write_now(struct db *db, db_work_fn *work);
/* A statement without parameters and rows, inside a work. */
enum err prepare_and_run(struct db_tx *tx, const char *sql);

/* INSERT INTO settings, on this thread's word. */
enum err put(struct db *db, const char *name, const char *value);
int64_t count_settings(struct db *db);

/* A job that puts one setting. */
struct put_job {
	struct db_job job;
	const char *name;
	const char *value;
	enum err last; /* what the work answers after its statement went well */
	int runs;
	bool is_done;
	enum err outcome;
};

db_work_fn put_work;

#endif
