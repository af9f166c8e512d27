/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "tests/unit/ports/db_fixture.h"
#include "tests/unit/unit.h"

static enum err select_in_any_order(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement = NULL;
	bool is_row = false;

	assert_ok(db_prepare(tx, "SELECT $2, $1, $10, $2, $3, $4, $5, $6, $7, $8, $9", &statement));
	for (int n = 10; n >= 3; n--)
		db_bind_int(statement, n, n * 100);
	db_bind_text(statement, 1, STR("one"));
	db_bind_blob(statement, 2, STR("t\0o"));
	assert_ok(db_step(statement, &is_row));
	assert_true(is_row);
	assert_int_equal(db_blob(statement, 0).size, 3);
	assert_memory_equal(db_blob(statement, 0).at, "t\0o", 3);
	assert_str(db_text(statement, 1), "one");
	assert_int_equal(db_int(statement, 2), 1000);
	assert_int_equal(db_blob(statement, 3).size, 3);
	assert_int_equal(db_int(statement, 10), 900);
	assert_ok(db_step(statement, &is_row));
	assert_false(is_row);
	return ERR_OK;
}

static void parameters_are_found_by_name_in_any_order(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(write_now(fixture->db, select_in_any_order));
	assert_ok(write_now(fixture->db, select_in_any_order)); /* the kept one */
}

static enum err select_nothings(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement = NULL;
	bool is_row = false;

	assert_ok(db_prepare(tx, "SELECT $1, $2, $3, $4, $5", &statement));
	db_bind_text(statement, 1, (struct str){ NULL, 0 });
	db_bind_null(statement, 2);
	db_bind_text(statement, 3, STR(""));
	db_bind_blob(statement, 4, STR(""));
	db_bind_blob(statement, 5, (struct str){ NULL, 0 });
	assert_ok(db_step(statement, &is_row));
	assert_true(db_is_null(statement, 0));
	assert_true(db_is_null(statement, 1));
	assert_false(db_is_null(statement, 2));
	assert_non_null(db_text(statement, 2).at);
	assert_false(db_is_null(statement, 3));
	assert_non_null(db_blob(statement, 3).at);
	assert_int_equal(db_blob(statement, 3).size, 0);
	assert_true(db_is_null(statement, 4));
	assert_null(db_blob(statement, 4).at);
	return ERR_OK;
}

static void empty_and_null_stay_two_things(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(write_now(fixture->db, select_nothings));
}

static enum err bind_one_of_two(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement = NULL;
	bool is_row = false;

	assert_ok(db_prepare(tx, "SELECT $1, $2", &statement));
	db_bind_int(statement, 1, 1);
	return db_step(statement, &is_row);
}

static enum err bind_a_third(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement = NULL;
	bool is_row = false;

	assert_ok(db_prepare(tx, "SELECT $1, $2 ", &statement));
	for (int n = 1; n <= 3; n++)
		db_bind_int(statement, n, n);
	return db_step(statement, &is_row);
}

static enum err bind_sixteen(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement = NULL;
	bool is_row = false;

	assert_ok(db_prepare(tx,
	                     "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
	                     "$15, $16",
	                     &statement));
	for (int n = 1; n <= 16; n++)
		db_bind_int(statement, n, n);
	assert_ok(db_step(statement, &is_row));
	assert_int_equal(db_int(statement, 15), 16);
	return ERR_OK;
}

static enum err prepare_seventeen(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement = NULL;

	return db_prepare(tx, "SELECT $17", &statement);
}

static enum err prepare_two(struct db_tx *tx, struct db_job *job)
{
	return prepare_and_run(tx, "DELETE FROM settings; DELETE FROM presets");
}

static enum err prepare_nonsense(struct db_tx *tx, struct db_job *job)
{
	return prepare_and_run(tx, "DELETE FROM no_such_table");
}

static void a_wrong_statement_is_a_defect(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(write_now(fixture->db, bind_sixteen));
	assert_err(write_now(fixture->db, prepare_seventeen), ERR_INTERNAL);
	assert_err(write_now(fixture->db, bind_one_of_two), ERR_INTERNAL);
	assert_err(write_now(fixture->db, bind_a_third), ERR_INTERNAL);
	assert_err(write_now(fixture->db, prepare_two), ERR_INTERNAL);
	assert_err(write_now(fixture->db, prepare_nonsense), ERR_INTERNAL);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_err(put(fixture->db, "latin", "caf\xe9"), ERR_INVALID);
	assert_ok(put(fixture->db, "unicode", "caf\xc3\xa9"));
	assert_int_equal(count_settings(fixture->db), 1);
}

static enum err prepare_many(struct db_tx *tx, struct db_job *job)
{
	enum { MANY = 520 }; /* more than a connection keeps */
	static char texts[MANY][32];
	struct db_statement *statement = NULL;
	bool is_row = false;

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(texts[i], sizeof texts[i], "SELECT $1 + %d", i);
		assert_ok(db_prepare(tx, texts[i], &statement));
		db_bind_int(statement, 1, 1);
		assert_ok(db_step(statement, &is_row));
		assert_int_equal(db_int(statement, 0), i + 1);
	}
	/* Another text at the same address is another statement. */
	(void)snprintf(texts[0], sizeof texts[0], "SELECT 7 * $1");
	assert_ok(db_prepare(tx, texts[0], &statement));
	db_bind_int(statement, 1, 6);
	assert_ok(db_step(statement, &is_row));
	assert_int_equal(db_int(statement, 0), 42);
	return ERR_OK;
}

static void more_statements_than_are_kept_still_run(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(write_now(fixture->db, prepare_many));
	assert_ok(write_now(fixture->db, prepare_many));
}

#define with_db(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_db(parameters_are_found_by_name_in_any_order),
		with_db(empty_and_null_stay_two_things),
		with_db(a_wrong_statement_is_a_defect),
		with_db(text_that_is_not_utf8_is_refused),
		with_db(more_statements_than_are_kept_still_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
