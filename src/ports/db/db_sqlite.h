/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db_sqlite.h — one connection to SQLite and the statements kept prepared on it.
 *
 * Threads  a connection belongs to one thread at a time.
 * Memory   statements live as long as their connection.
 *
 * Private to ports/db.
 */
#ifndef VIGIL_PORTS_DB_SQLITE_H
#define VIGIL_PORTS_DB_SQLITE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "ports/db/db.h"

/* Literals kept prepared on one connection. Past it, all are dropped when the work ends. */
#define DB_STATEMENTS_MAX 512
#define DB_PARAMETERS_MAX 16

/* How long to wait for another process (a backup) that holds the file. */
#define DB_BUSY_MS 5000

/* The statements that frame a work; prepared once. */
enum db_control {
	DB_BEGIN_READ,
	DB_BEGIN_WRITE,
	DB_COMMIT,
	DB_ROLLBACK,
	DB_SAVEPOINT,
	DB_SAVEPOINT_UNDO,
	DB_SAVEPOINT_END,
	DB_CONTROL_COUNT_
};

/* Makes the file (0600) when it is not there, unless is_reader. */
enum err db_tx_open(const char *path, bool is_reader, bool is_traced, struct db_tx **out,
                    struct why *why);
void db_tx_free(struct db_tx *tx);
AUTO_DEFINE(db_tx)

enum err db_tx_control(struct db_tx *tx, enum db_control control);

/* False after SQLite gave the whole transaction up on its own, as it does on a full disk. */
bool db_tx_is_open(const struct db_tx *tx);

/* Runs the work and lets go of its statements. A statement that failed fails the work, whatever
 * the work made of it. */
enum err db_tx_work(struct db_tx *tx, struct db_job *job);

/* Several statements without parameters and rows (migrations). */
enum err db_tx_script(struct db_tx *tx, const char *sql);

/* SQLite's words for the last failure: names of tables and columns, never values. */
const char *db_tx_words(const struct db_tx *tx);

#endif
