/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "domain/event/event.h"
#include "tests/unit/domain/house.h"

#define WRITERS 200

struct writing {
	struct db_job job;
	struct house *house;
	struct event event;
	_Atomic int *done;
	enum err last; /* what the work gives after its event: a failure undoes it */
};

static enum err append(struct db_tx *tx, struct db_job *job)
{
	const struct writing *writing = CONTAINER_OF(job, struct writing, job);
	enum err err = event_append(tx, &writing->event);

	return err == ERR_OK ? writing->last : err;
}

static void on_written(struct db_job *job, enum err err)
{
	struct writing *writing = CONTAINER_OF(job, struct writing, job);

	if (err == ERR_OK)
		event_log_wake(writing->house->domain->events);
	(*writing->done)++;
}

static void write_one(void *arg)
{
	struct writing *writing = arg;

	assert_ok(db_write(writing->house->db, &writing->job, append, on_written));
}

static void write_event(struct house *house, const char *type, const char *did)
{
	_Atomic int done = 0;
	struct writing writing = { .house = house, .done = &done };

	writing.event = (struct event){ .type = str_of(type),
		                        .organization = STR("default"),
		                        .did = str_of(did),
		                        .time_ms = 5,
		                        .data = STR("{\"a\":1}") };
	int64_t before = event_last_cursor(house->domain->events);
	house_run(house, house->loop, write_one, &writing);
	house_wait_cursor(house, before + 1);
}

struct reading {
	struct event_page page;
	struct house *house;
	int64_t ids[EVENT_PAGE_MAX];
	char text[8192];
	size_t length;
	bool is_done;
};

static void on_each(struct event_page *page, const struct event *event)
{
	struct reading *reading = CONTAINER_OF(page, struct reading, page);

	reading->ids[page->count - 1] = event->id;
	reading->length += (size_t)snprintf(reading->text + reading->length,
	                                    sizeof reading->text - reading->length, "%s%lld:%.*s",
	                                    reading->length ? " " : "", (long long)event->cursor,
	                                    STR_ARG(event->type));
}

static void on_read(struct event_page *page, enum err err)
{
	assert_ok(err);
	CONTAINER_OF(page, struct reading, page)->is_done = true;
}

static void begin_read(void *arg)
{
	struct reading *reading = arg;

	assert_ok(event_read(reading->house->domain->events, &reading->page));
}

static bool is_read(void *arg)
{
	return ((struct reading *)arg)->is_done;
}

static const char *read_page(struct house *house, struct reading *reading)
{
	reading->house = house;
	reading->page.each = on_each;
	reading->page.done = on_read;
	(void)str_copy(STR("default"), reading->page.organization,
	               sizeof reading->page.organization);
	reading->length = 0;
	reading->text[0] = '\0';
	reading->is_done = false;
	house_run(house, house->loop, begin_read, reading);
	house_wait(house, is_read, reading);
	return reading->text;
}

static bool are_all_done(void *arg)
{
	return *(_Atomic int *)arg == WRITERS;
}

static void cursors_are_dense_and_in_the_order_of_commit_under_many_writers(void **state)
{
	struct house *house = *state;
	struct writing *writings = calloc(WRITERS, sizeof *writings);
	struct reading *reading = calloc(1, sizeof *reading);
	_Atomic int done = 0;

	/* From two loops at once; every fifth is undone with its cause. */
	for (int i = 0; i < WRITERS; i++) {
		writings[i].house = house;
		writings[i].done = &done;
		writings[i].last = i % 5 ? ERR_OK : ERR_CONFLICT;
		writings[i].event =
			(struct event){ .type = STR("x"), .organization = STR("default") };
		house_run(house, i % 2 ? house->loop : house->other, write_one, &writings[i]);
	}
	house_wait(house, are_all_done, &done);
	house_wait_cursor(house, WRITERS * 4 / 5);
	house_turn(house, 50);
	assert_int_equal(event_last_cursor(house->domain->events), WRITERS * 4 / 5);
	reading->page.limit = EVENT_PAGE_MAX;
	(void)read_page(house, reading);
	assert_int_equal(reading->page.count, WRITERS * 4 / 5);
	assert_int_equal(reading->page.last, WRITERS * 4 / 5);
	for (int i = 1; i < reading->page.count; i++)
		assert_true(reading->ids[i] > reading->ids[i - 1]);
	assert_true(str_starts(str_of(reading->text), STR("1:x 2:x 3:x ")));
	free(writings);
	free(reading);
}

static void pages_are_filtered_and_follow_each_other(void **state)
{
	struct house *house = *state;
	struct reading *reading = calloc(1, sizeof *reading);

	write_event(house, "a", "CAM1");
	write_event(house, "b", "CAM2");
	write_event(house, "a", "CAM2");
	write_event(house, "b", "");
	write_event(house, "a", "CAM1");
	reading->page.limit = 3;
	assert_string_equal(read_page(house, reading), "1:a 2:b 3:a");
	reading->page.after = reading->page.last;
	assert_string_equal(read_page(house, reading), "4:b 5:a");
	reading->page.after = reading->page.last;
	assert_string_equal(read_page(house, reading), "");
	assert_int_equal(reading->page.last, 5);
	reading->page.after = 0;
	(void)str_copy(STR("CAM2"), reading->page.did, sizeof reading->page.did);
	assert_string_equal(read_page(house, reading), "2:b 3:a");
	(void)str_copy(STR("a"), reading->page.type, sizeof reading->page.type);
	assert_string_equal(read_page(house, reading), "3:a");
	reading->page.did[0] = '\0';
	assert_string_equal(read_page(house, reading), "1:a 3:a 5:a");
	free(reading);
}

static void cursors_go_on_after_a_restart(void **state)
{
	struct house *house = *state;
	struct reading *reading = calloc(1, sizeof *reading);

	write_event(house, "a", "");
	house_close(house);
	house_open(house);
	assert_int_equal(event_last_cursor(house->domain->events), 1);
	write_event(house, "b", "");
	reading->page.limit = 10;
	assert_string_equal(read_page(house, reading), "1:a 2:b");
	free(reading);
}

struct statement {
	struct db_job job;
	const char *sql;
};

static enum err run_sql(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement;
	enum err err = db_prepare(tx, CONTAINER_OF(job, struct statement, job)->sql, &statement);

	return err == ERR_OK ? db_run(statement) : err;
}

static void what_could_not_be_sealed_is_sealed_later(void **state)
{
	struct house *house = *state;
	struct statement full = { .sql = "CREATE TRIGGER full BEFORE UPDATE OF cursor ON events "
		                         "BEGIN SELECT RAISE(ABORT, 'disk full'); END" };
	struct statement room = { .sql = "DROP TRIGGER full" };
	_Atomic int done = 0;
	struct writing writing = { .house = house, .done = &done };

	NEEDS_TEST_CLOCK();
	writing.event = (struct event){ .type = STR("x"), .organization = STR("default") };
	assert_ok(db_write_now(house->db, &full.job, run_sql));
	house_run(house, house->loop, write_one, &writing);
	house_turn(house, 50);
	assert_int_equal(event_last_cursor(house->domain->events), 0);
	assert_ok(db_write_now(house->db, &room.job, run_sql));
	house_move_clock(house, 1000);
	house_wait_cursor(house, 1);
	write_event(house, "y", "");
	assert_int_equal(event_last_cursor(house->domain->events), 2);
}

struct listener {
	struct event_subscription subscription;
	struct house *house;
	enum err err;
	_Atomic int told;
};

static void on_more(struct event_subscription *subscription)
{
	CONTAINER_OF(subscription, struct listener, subscription)->told++;
}

static void subscribe(void *arg)
{
	struct listener *listener = arg;

	listener->subscription.on_more = on_more;
	listener->err = event_subscribe(listener->house->domain->events, &listener->subscription);
}

static void unsubscribe(void *arg)
{
	struct listener *listener = arg;

	event_unsubscribe(listener->house->domain->events, &listener->subscription);
}

static bool is_told(void *arg)
{
	return ((struct listener *)arg)->told > 0;
}

static void subscribers_on_every_loop_are_told(void **state)
{
	struct house *house = *state;
	struct listener here = { .house = house }, there = { .house = house };

	house_run(house, house->loop, subscribe, &here);
	house_run(house, house->other, subscribe, &there);
	assert_ok(here.err);
	assert_ok(there.err);
	write_event(house, "a", "");
	house_wait(house, is_told, &here);
	house_wait(house, is_told, &there);
	house_run(house, house->loop, unsubscribe, &here);
	house_run(house, house->loop, unsubscribe, &here); /* again does nothing */
	int before = here.told, other_before = there.told;
	write_event(house, "a", "");
	house_turn(house, 20);
	assert_int_equal(here.told, before);
	assert_true(there.told > other_before);
	house_run(house, house->other, unsubscribe, &there);
}

static void a_thousand_may_subscribe_and_no_more(void **state)
{
	struct house *house = *state;
	struct listener *all = calloc(EVENT_SUBSCRIBERS_MAX + 1, sizeof *all);

	for (int i = 0; i <= EVENT_SUBSCRIBERS_MAX; i++) {
		all[i].house = house;
		house_run(house, house->other, subscribe, &all[i]);
		assert_err(all[i].err, i < EVENT_SUBSCRIBERS_MAX ? ERR_OK : ERR_BUSY);
	}
	house_run(house, house->other, unsubscribe, &all[0]);
	house_run(house, house->other, subscribe, &all[EVENT_SUBSCRIBERS_MAX]);
	assert_ok(all[EVENT_SUBSCRIBERS_MAX].err);
	for (int i = 1; i <= EVENT_SUBSCRIBERS_MAX; i++)
		house_run(house, house->other, unsubscribe, &all[i]);
	free(all);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(
			cursors_are_dense_and_in_the_order_of_commit_under_many_writers),
		cmocka_unit_test_setup_teardown(
			cursors_are_dense_and_in_the_order_of_commit_under_many_writers,
			house_start_twice, house_stop),
		cmocka_unit_test_in_house(pages_are_filtered_and_follow_each_other),
		cmocka_unit_test_in_house(cursors_go_on_after_a_restart),
		cmocka_unit_test_in_house(what_could_not_be_sealed_is_sealed_later),
		cmocka_unit_test_in_house(subscribers_on_every_loop_are_told),
		cmocka_unit_test_in_house(a_thousand_may_subscribe_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
