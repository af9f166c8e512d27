/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.h — rows that survive. One SQL text serves every database behind this face.
 *
 * Threads  db_write() and db_read() on a loop: `work` runs on a writer's or reader's thread, `done`
 *          on the loop that asked. Statements only inside `work`.
 * Memory   a job lives inside its owner and must stay until `done`. Text a statement gives is
 *          borrowed until its next step.
 * Errors   ERR_BUSY: the queue is full, nothing was done. ERR_EXISTS: a UNIQUE or PRIMARY KEY rule.
 *          ERR_CONFLICT: another rule of the schema. ERR_NO_SPACE, ERR_IO: the disk.
 *
 * Writes: many `work`s share one commit, each inside a savepoint of its own: a failing one undoes
 * only itself. `work` touches nothing but the database and its own job, and may run twice. `done`
 * with ERR_OK means committed and synced to disk. When the commit itself fails, every work of the
 * batch gets that error and nothing of it is kept. A work whose statement failed is undone, even
 * if it returns ERR_OK: "insert unless it is there" is ON CONFLICT, not a look at the error.
 *
 * Reads: one snapshot each; they see what was committed before they began.
 *
 * SQL: parameters are $1 to $16, each bound before the first step; INTEGER, TEXT (UTF-8 without
 * NUL, else ERR_INVALID) and BLOB only; times are INTEGER milliseconds. ERR_INTERNAL: the
 * statement itself is wrong; the log says how.
 */
#ifndef VIGIL_PORTS_DB_H
#define VIGIL_PORTS_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mail.h"
#include "base/mem.h"
#include "base/str.h"

struct db;
struct db_tx; /* an open transaction, or a reader's snapshot */
struct db_statement;
struct db_job;
struct db_waiter;
struct loop;

#define DB_READERS_MAX 32

typedef enum err db_work_fn(struct db_tx *tx, struct db_job *job);
typedef void db_done_fn(struct db_job *job, enum err err);

struct db_job {
	db_work_fn *work;
	db_done_fn *done;
	struct loop *home; /* private from here on */
	enum err err;
	struct mail mail;
	struct db_job *next;
	struct db_waiter *waiter;
};

struct db_options {
	const char *url;  /* "sqlite:PATH" */
	unsigned readers; /* threads of the db_read lane: 1..DB_READERS_MAX */
	size_t queue_max; /* jobs that may wait, for writes and for reads */
	bool is_twice;    /* db_twice: every write's first run is rolled back (tests) */
	bool is_traced;   /* db_trace: every statement and its time go to the log (debug) */
};

/* Opens, takes the schema forward to this build's version, starts the threads. A schema from a
 * newer build is refused with why. */
enum err db_open(const struct db_options *options, struct db **out, struct why *why);
/* Finishes what is queued and refuses what comes later with ERR_CLOSED; the loops that asked must
 * still be there to get their `done`. */
void db_stop(struct db *db);
void db_free(struct db *db);
AUTO_DEFINE(db)

enum err db_write(struct db *db, struct db_job *job, db_work_fn *work, db_done_fn *done);
enum err db_read(struct db *db, struct db_job *job, db_work_fn *work, db_done_fn *done);

/* The same without a loop, waiting for the outcome: start-up, tests. */
enum err db_write_now(struct db *db, struct db_job *job, db_work_fn *work);
enum err db_read_now(struct db *db, struct db_job *job, db_work_fn *work);

/* One statement, kept prepared under its text's address: `sql` must be a literal. Preparing the
 * same literal again starts it over. */
enum err db_prepare(struct db_tx *tx, const char *sql, struct db_statement **out);

/* Parameters from 1. Text and blobs are borrowed until the statement is prepared again. A str
 * whose `at` is NULL binds NULL. */
void db_bind_int(struct db_statement *statement, int n, int64_t value);
void db_bind_text(struct db_statement *statement, int n, struct str value);
void db_bind_blob(struct db_statement *statement, int n, struct str value);
void db_bind_null(struct db_statement *statement, int n);

/* The next row: *out_row false at the end. Binding failures come out here. */
enum err db_step(struct db_statement *statement, bool *out_row);
/* For a statement that gives no rows. */
enum err db_run(struct db_statement *statement);

/* Columns from 0. */
int64_t db_int(struct db_statement *statement, int column);
struct str db_text(struct db_statement *statement, int column);
struct str db_blob(struct db_statement *statement, int column);
bool db_is_null(struct db_statement *statement, int column);

/* Rows the last db_run() of this transaction changed. */
int64_t db_changes(struct db_tx *tx);

#endif
