/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ports/db/db_sqlite_private.h"

/* A wrong statement is a defect of ours, not an outcome a caller could tell about, so it is the one
 * thing said here. */
static enum err fail_as_defect(struct db_tx *tx, const char *sql, const char *words)
{
	log_error("db.defect", "error=\"%s\" sql=%s", words, sql);
	if (!tx->err)
		tx->err = ERR_INTERNAL;
	return ERR_INTERNAL;
}

static void statement_free(struct db_statement *statement)
{
	if (!statement)
		return;
	(void)sqlite3_finalize(statement->handle);
	free(statement);
}

static struct db_statement **bucket_of(struct db_tx *tx, const char *sql)
{
	uint64_t hash = (uint64_t)(uintptr_t)sql * 0x9e3779b97f4a7c15u;

	return &tx->buckets[hash >> 56];
}
static_assert(DB_BUCKETS == 256, "bucket_of() takes the hash's upper 8 bits");

/* SQLite numbers names by first appearance, so that each $n is looked up once. */
static bool find_places(struct db_statement *statement)
{
	int found = 0;

	for (int n = 1; n <= DB_PARAMETERS_MAX; n++) {
		char name[8];
		(void)snprintf(name, sizeof name, "$%d", n);
		statement->places[n] = sqlite3_bind_parameter_index(statement->handle, name);
		if (!statement->places[n])
			continue;
		statement->wanted |= 1u << n;
		found++;
	}
	return found == sqlite3_bind_parameter_count(statement->handle);
}

static enum err statement_new(struct db_tx *tx, const char *sql, struct db_statement **out)
{
	struct db_statement *statement = calloc(1, sizeof *statement);
	const char *rest = NULL;

	if (!statement)
		return ERR_NO_MEMORY;
	statement->tx = tx;
	statement->sql = sql;
	int code = sqlite3_prepare_v3(tx->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
	                              &statement->handle, &rest);
	const char *words = NULL;
	enum err err = db_sqlite_err(tx->handle, code);
	if (err == ERR_INTERNAL)
		words = sqlite3_errmsg(tx->handle);
	else if (!err && (!statement->handle || *rest))
		words = "not exactly one statement";
	else if (!err && !find_places(statement))
		words = "a parameter is not one of $1..$16";
	if (words)
		err = fail_as_defect(tx, sql, words);
	if (err) {
		statement_free(statement);
		return err;
	}
	*out = statement;
	return ERR_OK;
}

/* NULL when the literal is new, or when another text now stands at a literal's address. */
static struct db_statement *find(struct db_tx *tx, const char *sql)
{
	struct db_statement *statement = *bucket_of(tx, sql);

	while (statement &&
	       (statement->sql != sql || strcmp(sqlite3_sql(statement->handle), sql) != 0))
		statement = statement->next;
	return statement;
}

enum err db_prepare(struct db_tx *tx, const char *sql, struct db_statement **out)
{
	struct db_statement *statement = find(tx, sql);

	if (!statement) {
		enum err err = statement_new(tx, sql, &statement);
		if (err) {
			if (!tx->err)
				tx->err = err;
			return err;
		}
		struct db_statement **bucket = bucket_of(tx, sql);
		statement->next = *bucket;
		*bucket = statement;
		tx->count++;
	}
	if (statement->is_started)
		(void)sqlite3_reset(statement->handle);
	statement->is_started = false;
	statement->bound = 0;
	statement->err = ERR_OK;
	if (!statement->is_used) {
		statement->is_used = true;
		statement->next_used = tx->used;
		tx->used = statement;
	}
	*out = statement;
	return ERR_OK;
}

void db_statements_release(struct db_tx *tx)
{
	struct db_statement *next = NULL;

	for (struct db_statement *statement = tx->used; statement; statement = next) {
		next = statement->next_used;
		(void)sqlite3_reset(statement->handle);
		(void)sqlite3_clear_bindings(statement->handle);
		statement->is_started = false;
		statement->is_used = false;
		statement->next_used = NULL;
	}
	tx->used = NULL;
	if (tx->count > DB_STATEMENTS_MAX)
		db_statements_drop(tx);
}

void db_statements_drop(struct db_tx *tx)
{
	for (size_t i = 0; i < DB_BUCKETS; i++) {
		struct db_statement *next = NULL;
		for (struct db_statement *at = tx->buckets[i]; at; at = next) {
			next = at->next;
			statement_free(at);
		}
		tx->buckets[i] = NULL;
	}
	tx->used = NULL;
	tx->count = 0;
}

/* Where $n goes; 0, with the failure kept for db_step(), when the text has no $n. */
static int place_of(struct db_statement *statement, int n)
{
	if (n < 1 || n > DB_PARAMETERS_MAX || !statement->places[n]) {
		statement->err = fail_as_defect(statement->tx, statement->sql,
		                                "bound a parameter that is not there");
		return 0;
	}
	statement->bound |= 1u << n;
	return statement->places[n];
}

static void keep(struct db_statement *statement, int code)
{
	if (code != SQLITE_OK && !statement->err)
		statement->err = db_sqlite_err(statement->tx->handle, code);
}

void db_bind_int(struct db_statement *statement, int n, int64_t value)
{
	int place = place_of(statement, n);

	if (place)
		keep(statement, sqlite3_bind_int64(statement->handle, place, value));
}

void db_bind_text(struct db_statement *statement, int n, struct str value)
{
	int place = place_of(statement, n);

	if (!place)
		return;
	/* PostgreSQL refuses what is not UTF-8 without NUL; so nothing else gets in here. */
	if (!str_is_utf8(value)) {
		if (!statement->err)
			statement->err = ERR_INVALID;
		return;
	}
	keep(statement, sqlite3_bind_text64(statement->handle, place, value.at, value.size,
	                                    SQLITE_STATIC, SQLITE_UTF8));
}

void db_bind_blob(struct db_statement *statement, int n, struct str value)
{
	int place = place_of(statement, n);

	if (place)
		keep(statement, sqlite3_bind_blob64(statement->handle, place, value.at, value.size,
		                                    SQLITE_STATIC));
}

void db_bind_null(struct db_statement *statement, int n)
{
	int place = place_of(statement, n);

	if (place)
		keep(statement, sqlite3_bind_null(statement->handle, place));
}

static enum err step(struct db_statement *statement, bool *out_row)
{
	if (statement->err)
		return statement->err;
	if (statement->bound != statement->wanted)
		return fail_as_defect(statement->tx, statement->sql, "a parameter was not bound");

	statement->is_started = true;
	int code = sqlite3_step(statement->handle);
	if (code == SQLITE_ROW) {
		*out_row = true;
		return ERR_OK;
	}
	enum err err = db_sqlite_err(statement->tx->handle, code);
	if (err == ERR_INTERNAL)
		err = fail_as_defect(statement->tx, statement->sql,
		                     sqlite3_errmsg(statement->tx->handle));
	(void)sqlite3_reset(statement->handle);
	if (!err)
		*out_row = false;
	return err;
}

enum err db_step(struct db_statement *statement, bool *out_row)
{
	enum err err = step(statement, out_row);

	if (err && !statement->tx->err)
		statement->tx->err = err;
	return err;
}

enum err db_run(struct db_statement *statement)
{
	bool is_row = false;
	enum err err = db_step(statement, &is_row);

	if (!err && is_row)
		err = fail_as_defect(statement->tx, statement->sql, "gave a row to db_run()");
	if (!err)
		statement->tx->changes = sqlite3_changes64(statement->tx->handle);
	return err;
}

int64_t db_int(struct db_statement *statement, int column)
{
	return sqlite3_column_int64(statement->handle, column);
}

struct str db_text(struct db_statement *statement, int column)
{
	const unsigned char *at = sqlite3_column_text(statement->handle, column);

	return (struct str){ (const char *)at,
		             (size_t)sqlite3_column_bytes(statement->handle, column) };
}

struct str db_blob(struct db_statement *statement, int column)
{
	const char *at = sqlite3_column_blob(statement->handle, column);
	size_t size = (size_t)sqlite3_column_bytes(statement->handle, column);

	/* SQLite gives NULL for an empty blob too. */
	if (!at && !db_is_null(statement, column))
		at = "";
	return (struct str){ at, size };
}

bool db_is_null(struct db_statement *statement, int column)
{
	return sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
}

int64_t db_changes(struct db_tx *tx)
{
	return tx->changes;
}
