/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ports/db/db_migration.h"
#include "ports/db/db_sqlite.h"
#include "tests/unit/unit.h"

struct fixture {
	char folder[64];
	char path[96];
	struct db_tx *tx;
};

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct why why = { 0 };

	assert_non_null(fixture);
	(void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/vigil-schema-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->path, sizeof fixture->path, "%s/test.db", fixture->folder);
	assert_ok(db_tx_open(fixture->path, false, false, &fixture->tx, &why));
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	db_tx_free(fixture->tx);
	assert_int_equal(unlink(fixture->path), 0);
	assert_int_equal(rmdir(fixture->folder), 0);
	free(fixture);
	return 0;
}

static const struct db_migration steps[] = {
	{ 1, "first", "CREATE TABLE a (x INTEGER); CREATE TABLE b (x INTEGER);" },
	{ 2, "second", "INSERT INTO a VALUES (1); CREATE TABLE c (x INTEGER);" },
};

static void each_step_is_taken_once(void **state)
{
	struct fixture *fixture = *state;
	struct why why = { 0 };

	assert_ok(db_migrate(fixture->tx, steps, 1, &why));
	assert_ok(db_migrate(fixture->tx, steps, 2, &why));
	assert_ok(db_migrate(fixture->tx, steps, 2, &why));
	assert_ok(db_tx_script(fixture->tx, "SELECT 1 FROM a, b, c"));
}

static void an_older_build_refuses_the_schema(void **state)
{
	struct fixture *fixture = *state;
	struct why why = { 0 };

	assert_ok(db_migrate(fixture->tx, steps, 2, &why));
	assert_err(db_migrate(fixture->tx, steps, 1, &why), ERR_CONFLICT);
	assert_non_null(strstr(why.text, "schema 2, this one knows 1"));
}

static void a_step_that_fails_leaves_nothing_and_is_named(void **state)
{
	static const struct db_migration broken[] = {
		{ 1, "first", "CREATE TABLE a (x INTEGER);" },
		{ 2, "bad", "CREATE TABLE b (x INTEGER); INSERT INTO nowhere VALUES (1);" },
	};
	static const struct db_migration mended[] = {
		{ 1, "first", "CREATE TABLE a (x INTEGER);" },
		{ 2, "good", "CREATE TABLE b (x INTEGER);" },
	};
	struct fixture *fixture = *state;
	struct why why = { 0 };

	assert_err(db_migrate(fixture->tx, broken, 2, &why), ERR_INTERNAL);
	assert_non_null(strstr(why.text, "step 2 (bad)"));
	assert_non_null(strstr(why.text, "nowhere"));
	assert_ok(db_migrate(fixture->tx, mended, 2, &why));
}

static void the_real_schema_has_its_first_organization(void **state)
{
	struct fixture *fixture = *state;
	struct why why = { 0 };

	assert_true(db_migrations_sqlite_count >= 1);
	for (size_t i = 0; i < db_migrations_sqlite_count; i++)
		assert_int_equal(db_migrations_sqlite[i].number, i + 1);
	assert_ok(db_migrate(fixture->tx, db_migrations_sqlite, db_migrations_sqlite_count, &why));
	/* Refused by the primary key, for the row is there. */
	assert_err(db_tx_script(fixture->tx, "INSERT INTO organizations (id, name, created_at) "
	                                     "VALUES ('default', 'x', 0)"),
	           ERR_EXISTS);
}

#define with_file(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_file(each_step_is_taken_once),
		with_file(an_older_build_refuses_the_schema),
		with_file(a_step_that_fails_leaves_nothing_and_is_named),
		with_file(the_real_schema_has_its_first_organization),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
