/* SPDX-License-Identifier: Apache-2.0 */
/* A page of events that leaves nothing out. */
#include "tests/unit/domain/house.h"

struct reading {
	struct event_page page;
	struct house *house;
	enum err err;
	int created;
	bool is_done;
};

static void on_each(struct event_page *page, const struct event *event)
{
	struct reading *reading = CONTAINER_OF(page, struct reading, page);

	reading->created += str_equal(event->type, STR("device.created"));
}

static void on_done(struct event_page *page, enum err err)
{
	struct reading *reading = CONTAINER_OF(page, struct reading, page);

	reading->err = err;
	reading->is_done = true;
}

static void read_page(void *arg)
{
	struct reading *reading = arg;

	reading->page = (struct event_page){ .limit = 100,
		                             .organization = "default",
		                             .each = on_each,
		                             .done = on_done,
		                             .is_complete = true };
	assert_ok(event_read(reading->house->domain->events, &reading->page));
}

static bool is_read(void *arg)
{
	return ((struct reading *)arg)->is_done;
}

/* The change is answered on this loop; its event gets its cursor only later. */
static void the_event_of_an_answered_call_is_in_the_next_page(void **state)
{
	struct reading reading = { .house = *state };

	for (int i = 1; i <= 3; i++) {
		char did[] = "CAM0";
		did[3] = (char)('0' + i);
		house_add(*state, did, DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
		reading.is_done = false;
		reading.created = 0;
		house_run(*state, reading.house->loop, read_page, &reading);
		house_wait(*state, is_read, &reading);
		assert_ok(reading.err);
		assert_int_equal(reading.created, i);
	}
}

struct sql {
	struct db_job job;
	const char *text;
};

static enum err run_sql(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement;
	enum err err = db_prepare(tx, CONTAINER_OF(job, struct sql, job)->text, &statement);

	return err == ERR_OK ? db_run(statement) : err;
}

static void a_page_does_not_wait_for_a_disk_that_fails(void **state)
{
	struct reading reading = { .house = *state };
	struct sql full = { .text = "CREATE TRIGGER full BEFORE UPDATE OF cursor ON events "
		                    "BEGIN SELECT RAISE(ABORT, 'disk full'); END" };

	assert_ok(db_write_now(reading.house->db, &full.job, run_sql));
	house_add(*state, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	house_run(*state, reading.house->loop, read_page, &reading);
	house_wait(*state, is_read, &reading);
	assert_ok(reading.err);
	assert_int_equal(reading.created, 0);
}

static void nothing_is_left_waiting_at_the_end(void **state)
{
	struct reading reading = { .house = *state };

	house_add(*state, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	house_run(*state, reading.house->loop, read_page, &reading);
	assert_ok(domain_stop(reading.house->domain));
	(void)loop_settle(reading.house->loop); /* no timer fires any more */
	db_stop(reading.house->db);
	(void)loop_settle(reading.house->loop);
	assert_true(reading.is_done);
	assert_ok(reading.err);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, house_start, house_stop)
	const struct CMUnitTest tests[] = {
		TEST(the_event_of_an_answered_call_is_in_the_next_page),
		TEST(a_page_does_not_wait_for_a_disk_that_fails),
		TEST(nothing_is_left_waiting_at_the_end),
	};
#undef TEST
	return cmocka_run_group_tests(tests, NULL, NULL);
}
