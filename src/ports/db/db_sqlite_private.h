/* SPDX-License-Identifier: Apache-2.0 */
/* db_sqlite_private.h — what a connection and its statements know of each other. */
#ifndef VIGIL_PORTS_DB_SQLITE_PRIVATE_H
#define VIGIL_PORTS_DB_SQLITE_PRIVATE_H

#include <sqlite3.h>

#include "ports/db/db_sqlite.h"

#define DB_BUCKETS 256 /* a power of two */

struct db_statement {
	sqlite3_stmt *handle;
	struct db_tx *tx;
	const char *sql; /* the literal: its address is the key */
	struct db_statement *next;
	struct db_statement *next_used;
	uint32_t wanted; /* bit n: the text has $n */
	uint32_t bound;
	int places[DB_PARAMETERS_MAX + 1]; /* $n's place in SQLite's own order */
	enum err err;                      /* of a binding */
	bool is_used;                      /* by the running work */
	bool is_started;
};

struct db_tx {
	sqlite3 *handle;
	sqlite3_stmt *controls[DB_CONTROL_COUNT_];
	struct db_statement *buckets[DB_BUCKETS];
	struct db_statement *used;
	size_t count;
	int64_t changes;
	enum err err; /* of the running work's first failed statement */
};

enum err db_sqlite_err(sqlite3 *handle, int code);

/* After a work: statements are reset, so that they hold no snapshot and no borrowed text. */
void db_statements_release(struct db_tx *tx);
void db_statements_drop(struct db_tx *tx);

#endif
