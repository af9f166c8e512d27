/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db_migration.h — the schema, taken forward one numbered step at a time.
 *
 * Threads  before any other thread uses the database.
 * Errors   ERR_CONFLICT: the schema is not one this build can use; why says what to do.
 */
#ifndef VIGIL_PORTS_DB_MIGRATION_H
#define VIGIL_PORTS_DB_MIGRATION_H

#include <stddef.h>

#include "base/err.h"

struct db_migration {
	int number; /* 1, 2, 3 ... without a gap */
	const char *name;
	const char *sql;
};

extern const struct db_migration db_migrations_sqlite[];
extern const size_t db_migrations_sqlite_count;

struct db_tx;

/* Applies what is missing, each step with its row in `migrations` in one transaction. */
enum err db_migrate(struct db_tx *tx, const struct db_migration *migrations, size_t count,
                    struct why *why);

#endif
