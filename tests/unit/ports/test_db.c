/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "io/file.h"
#include "tests/unit/ports/db_fixture.h"
#include "tests/unit/unit.h"

/* --- rules of the schema --- */

static enum err add_orphan(struct db_tx *tx, struct db_job *job)
{
	return prepare_and_run(tx, "INSERT INTO presets (did, preset_index) VALUES ('nobody', 1)");
}

static enum err add_word_as_number(struct db_tx *tx, struct db_job *job)
{
	return prepare_and_run(tx, "INSERT INTO devices (did, organization, created_at, updated_at)"
	                           " VALUES ('d', 'default', 'now', 0)");
}

static void broken_rules_have_their_own_errors(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(put(fixture->db, "a", "1"));
	assert_err(put(fixture->db, "a", "2"), ERR_EXISTS);
	assert_err(write_now(fixture->db, add_orphan), ERR_CONFLICT);
	assert_err(write_now(fixture->db, add_word_as_number), ERR_CONFLICT);
}

static enum err add_device(struct db_tx *tx, struct db_job *job)
{
	static const char *const rows[] = {
		"INSERT INTO devices (did, organization, created_at, updated_at) "
		"VALUES ('gate', 'default', 0, 0)",
		"INSERT INTO devices (did, organization, gateway, created_at, updated_at) "
		"VALUES ('child', 'default', 'gate', 0, 0)",
		"INSERT INTO credentials (organization, did, kind, sealed, created_at) "
		"VALUES ('default', 'gate', 'secret', x'00', 0)",
		"INSERT INTO tokens (hash, kind, organization, did, created_at) "
		"VALUES (x'01', 1, 'default', 'gate', 0)",
		"INSERT INTO tokens (hash, kind, organization, created_at) "
		"VALUES (x'02', 2, 'default', 0)",
		"INSERT INTO presets (did, preset_index, name) VALUES ('gate', 1, 'door')",
		"INSERT INTO events (organization, did, type, time, day) "
		"VALUES ('default', 'gate', 'device.online', 0, 0)",
		"INSERT INTO events (organization, did, type, time, day) "
		"VALUES ('default', 'gate', 'device.offline', 1, 0)",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_ok(prepare_and_run(tx, rows[i]));
	return ERR_OK;
}

static int64_t number(struct db_tx *tx, const char *sql)
{
	struct db_statement *statement = NULL;
	bool is_row = false;

	assert_ok(db_prepare(tx, sql, &statement));
	assert_ok(db_step(statement, &is_row));
	assert_true(is_row);
	return db_int(statement, 0);
}

static enum err remove_device(struct db_tx *tx, struct db_job *job)
{
	assert_ok(prepare_and_run(tx, "DELETE FROM devices WHERE did = 'gate'"));
	assert_int_equal(db_changes(tx), 1);
	assert_int_equal(number(tx, "SELECT count(*) FROM credentials"), 0);
	assert_int_equal(number(tx, "SELECT count(*) FROM tokens"), 1);
	assert_int_equal(number(tx, "SELECT count(*) FROM presets"), 0);
	assert_int_equal(number(tx, "SELECT count(*) FROM devices WHERE gateway IS NULL"), 1);
	assert_int_equal(number(tx, "SELECT count(*) FROM events WHERE cursor IS NULL"), 2);
	return ERR_OK;
}

static void a_device_takes_what_is_its_own_along_but_not_its_events(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(write_now(fixture->db, add_device));
	assert_ok(write_now(fixture->db, remove_device));
}

/* --- works --- */

static enum err put_twice(struct db_tx *tx, struct db_job *job)
{
	assert_ok(prepare_and_run(tx, "INSERT INTO settings (name, value) VALUES ('x', '1')"));
	assert_err(prepare_and_run(tx, "INSERT INTO settings (name, value) VALUES ('x', '2')"),
	           ERR_EXISTS);
	return ERR_OK;
}

static void a_failed_statement_fails_its_work(void **state)
{
	struct fixture *fixture = *state;

	assert_err(write_now(fixture->db, put_twice), ERR_EXISTS);
	assert_int_equal(count_settings(fixture->db), 0);
}

static enum err put_a_lot(struct db_tx *tx, struct db_job *job)
{
	assert_ok(prepare_and_run(tx, "INSERT INTO settings (name, value) "
	                              "VALUES ('a', ''), ('b', ''), ('c', '')"));
	assert_int_equal(db_changes(tx), 3);
	return ERR_DENIED;
}

static void a_failing_work_undoes_only_itself(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(put(fixture->db, "before", ""));
	assert_err(write_now(fixture->db, put_a_lot), ERR_DENIED);
	assert_ok(put(fixture->db, "a", ""));
	assert_int_equal(count_settings(fixture->db), 2);
}

static enum err write_while_reading(struct db_tx *tx, struct db_job *job)
{
	return prepare_and_run(tx, "DELETE FROM settings");
}

static void a_reader_cannot_write(void **state)
{
	struct fixture *fixture = *state;
	struct db_job job = { 0 };

	assert_ok(put(fixture->db, "kept", ""));
	assert_err(db_read_now(fixture->db, &job, write_while_reading), ERR_DENIED);
	assert_int_equal(count_settings(fixture->db), 1);
}

struct look_job {
	struct db_job job;
	struct db *db;
};

static enum err read_uncommitted(struct db_tx *tx, struct db_job *job)
{
	struct db *db = CONTAINER_OF(job, struct look_job, job)->db;

	assert_ok(prepare_and_run(tx, "INSERT INTO settings (name, value) VALUES ('n', 'v')"));
	assert_int_equal(number(tx, "SELECT count(*) FROM settings"), 1);
	assert_int_equal(count_settings(db), 0);
	return ERR_OK;
}

static void a_reader_does_not_see_what_is_not_committed(void **state)
{
	struct fixture *fixture = *state;
	struct look_job job = { .db = fixture->db };

	assert_ok(db_write_now(fixture->db, &job.job, read_uncommitted));
	assert_int_equal(count_settings(fixture->db), 1);
}

static void twice_leaves_the_same_as_once(void **state)
{
	struct fixture *fixture = *state;
	struct put_job job = { .name = "a", .value = "1" };

	fixture_close(fixture);
	fixture_open_with(fixture,
	                  &(struct db_options){ .readers = 1, .queue_max = 10, .is_twice = true });
	assert_ok(db_write_now(fixture->db, &job.job, put_work));
	assert_int_equal(job.runs, 2);
	assert_err(put(fixture->db, "a", "2"), ERR_EXISTS);
	assert_int_equal(count_settings(fixture->db), 1);
}

/* --- opening --- */

static void rows_and_schema_are_there_after_a_restart(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(put(fixture->db, "a", "1"));
	for (int i = 0; i < 3; i++) {
		fixture_close(fixture);
		fixture_open(fixture);
		assert_int_equal(count_settings(fixture->db), 1);
	}
}

static enum err add_migration(struct db_tx *tx, struct db_job *job)
{
	return prepare_and_run(tx, "INSERT INTO migrations (number, name, applied_at) "
	                           "VALUES (9999, 'later', 0)");
}

static void a_newer_schema_is_refused_with_the_remedy(void **state)
{
	struct fixture *fixture = *state;
	struct db_options options = { .url = fixture->url, .readers = 1, .queue_max = 1 };
	struct why why = { 0 };

	assert_ok(write_now(fixture->db, add_migration));
	fixture_close(fixture);
	assert_err(db_open(&options, &fixture->db, &why), ERR_CONFLICT);
	assert_null(fixture->db);
	assert_non_null(strstr(why.text, "newer version"));
	assert_non_null(strstr(why.text, "backup"));
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct db_options options = { .url = fixture->url, .readers = 1, .queue_max = 1 };
	struct why why = { 0 };

	fixture_close(fixture);
	FILE *file = fopen(fixture->path, "w");
	assert_non_null(file);
	for (int i = 0; i < 100; i++)
		assert_true(fputs("this is not a database at all\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_err(db_open(&options, &fixture->db, &why), ERR_IO);
	assert_non_null(strstr(why.text, fixture->path));
}

static enum err look_at_settings(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement = NULL;
	bool is_row = false;

	assert_ok(db_prepare(tx, "PRAGMA journal_mode", &statement));
	assert_ok(db_step(statement, &is_row));
	assert_str(db_text(statement, 0), "wal");
	assert_int_equal(number(tx, "PRAGMA synchronous"), 2); /* FULL */
	assert_int_equal(number(tx, "PRAGMA foreign_keys"), 1);
	return ERR_OK;
}

static void a_commit_is_synced_to_disk(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(write_now(fixture->db, look_at_settings));
}

static void a_traced_statement_is_told_without_its_parameters(void **state)
{
	struct fixture *fixture = *state;
	struct db_options options = { .readers = 1, .queue_max = 1, .is_traced = true };
	AUTO_BUF told = { 0 };
	char path[128];

	(void)snprintf(path, sizeof path, "%s/log", fixture->folder);
	int log = open(path, O_WRONLY | O_CREAT, 0600), before = dup(STDERR_FILENO);
	assert_true(log >= 0 && before >= 0);
	fixture_close(fixture);
	assert_true(dup2(log, STDERR_FILENO) >= 0);
	log_start("test", LOG_DEBUG, false);
	fixture_open_with(fixture, &options);
	enum err err = put(fixture->db, "some-name", "some-secret");
	fixture_close(fixture);
	log_start("test", LOG_INFO, false);
	assert_true(dup2(before, STDERR_FILENO) >= 0);

	assert_ok(err);
	buf_init(&told, 1 << 20);
	assert_ok(file_read(path, &told));
	buf_add_u8(&told, 0);
	assert_non_null(strstr((const char *)told.at, "db.statement us="));
	assert_non_null(strstr((const char *)told.at, "INSERT INTO settings (name, value)"));
	assert_null(strstr((const char *)told.at, "some-"));
	assert_int_equal(close(log) | close(before) | unlink(path), 0);
}

static void an_unknown_url_is_refused(void **state)
{
	static const char *const urls[] = { "", "postgres://x/y", "sqlite:", "sqlite::memory:" };
	struct db *db = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct why why = { 0 };
		struct db_options options = { .url = urls[i], .readers = 1, .queue_max = 1 };
		assert_err(db_open(&options, &db, &why), ERR_INVALID);
		assert_non_null(strstr(why.text, "sqlite:PATH"));
	}
}

static void nobody_else_may_read_the_files(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct fixture *fixture = *state;

	assert_ok(put(fixture->db, "a", "1"));
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		char path[128];
		struct stat there;
		(void)snprintf(path, sizeof path, "%s%s", fixture->path, ends[i]);
		assert_int_equal(stat(path, &there), 0);
		assert_int_equal(there.st_mode & 07777, 0600);
	}
}

#define with_db(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_db(broken_rules_have_their_own_errors),
		with_db(a_device_takes_what_is_its_own_along_but_not_its_events),
		with_db(a_failed_statement_fails_its_work),
		with_db(a_failing_work_undoes_only_itself),
		with_db(a_reader_cannot_write),
		with_db(a_reader_does_not_see_what_is_not_committed),
		with_db(twice_leaves_the_same_as_once),
		with_db(rows_and_schema_are_there_after_a_restart),
		with_db(a_newer_schema_is_refused_with_the_remedy),
		with_db(a_file_that_is_no_database_is_refused),
		with_db(a_commit_is_synced_to_disk),
		with_db(a_traced_statement_is_told_without_its_parameters),
		with_db(an_unknown_url_is_refused),
		with_db(nobody_else_may_read_the_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
