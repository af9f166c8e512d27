/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/db/db_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "ports/db/db_sqlite_private.h"

static const char *const controls[DB_CONTROL_COUNT_] = {
	[DB_BEGIN_READ] = "BEGIN",
	[DB_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[DB_COMMIT] = "COMMIT",
	[DB_ROLLBACK] = "ROLLBACK",
	[DB_SAVEPOINT] = "SAVEPOINT work",
	[DB_SAVEPOINT_UNDO] = "ROLLBACK TO work",
	[DB_SAVEPOINT_END] = "RELEASE work",
};

/* journal_size_limit: a WAL that grew under a long backup shrinks again. */
static const char writer_settings[] = "PRAGMA journal_mode=WAL;"
				      "PRAGMA synchronous=FULL;"
				      "PRAGMA foreign_keys=ON;"
				      "PRAGMA wal_autocheckpoint=1000;"
				      "PRAGMA journal_size_limit=67108864;"
				      "PRAGMA temp_store=MEMORY;";
static const char reader_settings[] = "PRAGMA query_only=ON;"
				      "PRAGMA temp_store=MEMORY;";

/* The first row that fits, by the extended code and then by the code's low byte. */
static const struct {
	int code;
	enum err err;
} code_rows[] = {
	{ SQLITE_CONSTRAINT_UNIQUE, ERR_EXISTS },
	{ SQLITE_CONSTRAINT_PRIMARYKEY, ERR_EXISTS },
	{ SQLITE_CONSTRAINT_ROWID, ERR_EXISTS },
	{ SQLITE_CONSTRAINT, ERR_CONFLICT },
	{ SQLITE_FULL, ERR_NO_SPACE },
	{ SQLITE_IOERR_NOMEM, ERR_NO_MEMORY },
	{ SQLITE_IOERR_SHMSIZE, ERR_NO_SPACE },
	{ SQLITE_IOERR, ERR_IO },
	{ SQLITE_NOMEM, ERR_NO_MEMORY },
	{ SQLITE_BUSY, ERR_BUSY },
	{ SQLITE_LOCKED, ERR_BUSY },
	{ SQLITE_CORRUPT, ERR_IO },
	{ SQLITE_NOTADB, ERR_IO },
	{ SQLITE_CANTOPEN, ERR_IO },
	{ SQLITE_PROTOCOL, ERR_IO },
	{ SQLITE_READONLY, ERR_DENIED },
	{ SQLITE_PERM, ERR_DENIED },
	{ SQLITE_TOOBIG, ERR_TOO_LARGE },
};

/* SQLite takes ENOSPC alone for a full disk; a quota and a file size limit are the same to an
 * operator. All that a transaction writes goes to the WAL, whose errno sqlite3_system_errno() does
 * not tell after a failed COMMIT. */
static bool is_out_of_space(sqlite3 *handle)
{
	sqlite3_file *wal = NULL;
	int reason = 0;

	if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) == SQLITE_OK &&
	    wal && wal->pMethods)
		(void)wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &reason);
	return reason == EDQUOT || reason == EFBIG;
}

enum err db_sqlite_err(sqlite3 *handle, int code)
{
	if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
		return ERR_OK;
	if (code == SQLITE_IOERR_WRITE && handle && is_out_of_space(handle))
		return ERR_NO_SPACE;
	for (size_t i = 0; i < COUNT_OF(code_rows); i++)
		if (code_rows[i].code == code)
			return code_rows[i].err;
	for (size_t i = 0; i < COUNT_OF(code_rows); i++)
		if (code_rows[i].code == (code & 0xff))
			return code_rows[i].err;
	return ERR_INTERNAL;
}

/* Parameters are never part of what sqlite3_sql() gives. */
static int on_statement_traced(unsigned kind, void *owner, void *at, void *nanoseconds)
{
	(void)kind;
	(void)owner;
	log_debug("db.statement", "us=%lld sql=%s",
	          (long long)(*(sqlite3_int64 *)nanoseconds / 1000), sqlite3_sql(at));
	return 0;
}

/* SQLite gives -wal and -shm the mode of the file itself. A file that is there is not opened: to
 * close it would drop the locks another connection of this process holds on it. */
static enum err make_file(const char *path, struct why *why)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0) {
		(void)close(fd);
		return ERR_OK;
	}
	if (errno == EEXIST && chmod(path, 0600) == 0)
		return ERR_OK;
	return why_set(why, err_from_errno(errno), "database %s: %s", path, strerror(errno));
}

static enum err prepare_controls(struct db_tx *tx)
{
	for (size_t i = 0; i < DB_CONTROL_COUNT_; i++) {
		int code = sqlite3_prepare_v3(tx->handle, controls[i], -1,
		                              SQLITE_PREPARE_PERSISTENT, &tx->controls[i], NULL);
		if (code != SQLITE_OK)
			return db_sqlite_err(tx->handle, code);
	}
	return ERR_OK;
}

/* SQLite stays with its old journal, without a word, where the file system has no shared memory. */
static bool has_wal(struct db_tx *tx)
{
	sqlite3_stmt *statement = NULL;
	bool is_wal =
		sqlite3_prepare_v2(tx->handle, "PRAGMA journal_mode", -1, &statement, NULL) ==
			SQLITE_OK &&
		sqlite3_step(statement) == SQLITE_ROW &&
		str_equal(str_of((const char *)sqlite3_column_text(statement, 0)), STR("wal"));

	(void)sqlite3_finalize(statement);
	return is_wal;
}

static enum err set_up(struct db_tx *tx, bool is_reader, bool is_traced)
{
	(void)sqlite3_extended_result_codes(tx->handle, 1);
	(void)sqlite3_busy_timeout(tx->handle, DB_BUSY_MS);
	/* PostgreSQL takes "x" for a column only, so that we do too. */
	(void)sqlite3_db_config(tx->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(tx->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	(void)sqlite3_db_config(tx->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(tx->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (is_traced)
		(void)sqlite3_trace_v2(tx->handle, SQLITE_TRACE_PROFILE, on_statement_traced, NULL);

	enum err err = db_tx_script(tx, is_reader ? reader_settings : writer_settings);
	return err ? err : prepare_controls(tx);
}

enum err db_tx_open(const char *path, bool is_reader, bool is_traced, struct db_tx **out,
                    struct why *why)
{
	int flags = is_reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	enum err err = is_reader ? ERR_OK : make_file(path, why);

	if (err)
		return err;

	/* Its count of bytes costs a lock at every allocation. Refused, and not needed, once any
	 * database is open. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	AUTO(db_tx) tx = calloc(1, sizeof *tx);
	if (!tx)
		return ERR_NO_MEMORY;
	err = db_sqlite_err(NULL,
	                    sqlite3_open_v2(path, &tx->handle, flags | SQLITE_OPEN_NOMUTEX, NULL));
	if (!err)
		err = set_up(tx, is_reader, is_traced);
	if (err)
		return why_set(why, err, "database %s: %s", path, db_tx_words(tx));
	if (!has_wal(tx))
		return why_set(why, ERR_UNSUPPORTED,
		               "database %s: no write-ahead log here: use a local file system",
		               path);
	*out = TAKE(tx);
	return ERR_OK;
}

void db_tx_free(struct db_tx *tx)
{
	if (!tx)
		return;
	db_statements_drop(tx);
	for (size_t i = 0; i < DB_CONTROL_COUNT_; i++)
		(void)sqlite3_finalize(tx->controls[i]);
	(void)sqlite3_close(tx->handle);
	free(tx);
}

enum err db_tx_control(struct db_tx *tx, enum db_control control)
{
	(void)sqlite3_step(tx->controls[control]);
	return db_sqlite_err(tx->handle, sqlite3_reset(tx->controls[control]));
}

bool db_tx_is_open(const struct db_tx *tx)
{
	return !sqlite3_get_autocommit(tx->handle);
}

enum err db_tx_work(struct db_tx *tx, struct db_job *job)
{
	tx->err = ERR_OK;
	tx->changes = 0;

	enum err err = job->work(tx, job);
	db_statements_release(tx);
	return err ? err : tx->err;
}

enum err db_tx_script(struct db_tx *tx, const char *sql)
{
	return db_sqlite_err(tx->handle, sqlite3_exec(tx->handle, sql, NULL, NULL, NULL));
}

const char *db_tx_words(const struct db_tx *tx)
{
	return sqlite3_errmsg(tx->handle);
}
