/* SPDX-License-Identifier: Apache-2.0 */
/* Old days go, in batches, and cursors go on. Time is moved by hand. */
#include <stdio.h>

#include "base/clock.h"
#include "base/metric.h"
#include "tests/unit/domain/house.h"

#ifdef VIGIL_TEST_CLOCK

#define KEEP_DAYS 7
#define WAIT_DAYS 2

struct filling {
	struct db_job job;
	int64_t day;
	int count;
};

static enum err append_many(struct db_tx *tx, struct db_job *job)
{
	const struct filling *filling = CONTAINER_OF(job, struct filling, job);
	enum err err = ERR_OK;

	for (int i = 0; i < filling->count && err == ERR_OK; i++) {
		const struct event event = { .type = STR("test"),
			                     .organization = STR("default"),
			                     .time_ms = filling->day * EVENT_DAY_MS };
		err = event_append(tx, &event);
	}
	return err;
}

static int64_t today(void)
{
	return clock_now_ms() / EVENT_DAY_MS;
}

static void wake(void *arg)
{
	event_log_wake(arg);
}

/* So many events that happened so many days ago, with their cursors. */
static void fill(struct house *house, int64_t days_ago, int count)
{
	struct filling filling = { .day = today() - days_ago, .count = count };
	int64_t before = event_last_cursor(house->domain->events);

	assert_ok(db_write_now(house->db, &filling.job, append_many));
	house_run(house, house->loop, wake, house->domain->events);
	house_wait_cursor(house, before + count);
}

struct reading {
	struct event_page page;
	struct event_log *log;
	int64_t first;
	bool is_done;
};

static void on_each(struct event_page *page, const struct event *event)
{
	struct reading *reading = CONTAINER_OF(page, struct reading, page);

	if (page->count == 1)
		reading->first = event->cursor;
}

static void on_read(struct event_page *page, enum err err)
{
	assert_ok(err);
	CONTAINER_OF(page, struct reading, page)->is_done = true;
}

static void begin_reading(void *arg)
{
	struct reading *reading = arg;

	assert_ok(event_read(reading->log, &reading->page));
}

static bool is_read(void *arg)
{
	return ((struct reading *)arg)->is_done;
}

/* What a reader who saw cursor `after` gets next. */
static struct reading read_after(struct house *house, int64_t after)
{
	struct reading reading = { .log = house->domain->events,
		                   .page = { .after = after,
		                             .limit = 1,
		                             .organization = "default",
		                             .each = on_each,
		                             .done = on_read } };

	house_run(house, house->loop, begin_reading, &reading);
	house_wait(house, is_read, &reading);
	return reading;
}

static struct retention *retention; /* of the test */

static void start(void *arg)
{
	retention_start(retention);
}

static enum err write_nothing(struct db_tx *tx, struct db_job *job)
{
	return ERR_OK;
}

/* Whatever comes due is done: writes are taken in their order, and answered in it. */
static void pass(struct house *house, int64_t pass_ms)
{
	struct db_job fence = { 0 };

	house_move_clock(house, pass_ms);
	assert_ok(db_write_now(house->db, &fence, write_nothing));
	house_move_clock(house, 0);
}

/* As long as it takes to look once, and `batches` times more. */
static void sweep(struct house *house, int64_t first_ms, int batches)
{
	pass(house, first_ms);
	for (int i = 0; i <= batches; i++)
		pass(house, RETENTION_PAUSE_MS);
}

static int set_up(void **state)
{
	struct house *house;

	if (house_start(state) != 0)
		return -1;
	house = *state;
	assert_ok(retention_new(house->db, KEEP_DAYS, &retention));
	house_run(house, house->loop, start, NULL);
	return 0;
}

static int tear_down(void **state)
{
	int result = house_stop(state);

	retention_free(retention);
	return result;
}

static void old_days_go_and_cursors_go_on(void **state)
{
	struct house *house = *state;
	int64_t swept = metric_get(METRIC_events_swept_total);

	fill(house, KEEP_DAYS + 2, 3);
	fill(house, KEEP_DAYS + 1, 2);
	fill(house, KEEP_DAYS, 4);
	fill(house, 0, 1);
	sweep(house, RETENTION_FIRST_MS, 1);
	struct reading reading = read_after(house, 0);
	assert_int_equal(reading.first, 6);
	assert_int_equal(reading.page.oldest, 6);
	assert_int_equal(metric_get(METRIC_events_swept_total) - swept, 5);
	/* A reader of before goes on at what is left; one further on where he was. */
	assert_int_equal(read_after(house, 2).first, 6);
	assert_int_equal(read_after(house, 7).first, 8);
	fill(house, 0, 1);
	assert_int_equal(read_after(house, 10).first, 11);
}

static void the_newest_event_stays_so_that_cursors_never_start_again(void **state)
{
	struct house *house = *state;

	fill(house, KEEP_DAYS + 30, 5);
	sweep(house, RETENTION_FIRST_MS, 1);
	assert_int_equal(read_after(house, 0).first, 5);
	house_close(house);
	house_open(house);
	fill(house, 0, 1);
	assert_int_equal(read_after(house, 5).first, 6);
}

static void a_batch_is_1000_and_the_next_one_follows(void **state)
{
	struct house *house = *state;

	fill(house, KEEP_DAYS + 2, 2 * RETENTION_BATCH + 1);
	fill(house, 0, 1);
	pass(house, RETENTION_FIRST_MS);
	assert_int_equal(read_after(house, 0).first, RETENTION_BATCH + 1);
	sweep(house, 0, 2);
	assert_int_equal(read_after(house, 0).first, 2 * RETENTION_BATCH + 2);
}

static void it_looks_again_every_hour(void **state)
{
	struct house *house = *state;

	fill(house, KEEP_DAYS, 2);
	sweep(house, RETENTION_FIRST_MS, 1);
	assert_int_equal(read_after(house, 0).first, 1);
	sweep(house, WAIT_DAYS * EVENT_DAY_MS, 1);
	fill(house, 0, 1);
	sweep(house, RETENTION_EVERY_MS, 1);
	assert_int_equal(read_after(house, 0).first, 3);
}

static void what_has_no_cursor_yet_holds_up_what_is_before_it(void **state)
{
	struct house *house = *state;
	struct filling filling = { .day = today() - KEEP_DAYS - 2, .count = 2 };

	fill(house, KEEP_DAYS + 2, 2);
	assert_ok(db_write_now(house->db, &filling.job, append_many)); /* nobody wakes the sealer */
	sweep(house, RETENTION_FIRST_MS, 1);
	assert_int_equal(read_after(house, 0).first, 2);
}

static void for_ever_is_for_ever(void **state)
{
	assert_int_equal(house_start(state), 0);
	struct house *house = *state;
	assert_ok(retention_new(house->db, 0, &retention));
	house_run(house, house->loop, start, NULL);
	fill(house, 30000, 2);
	fill(house, 0, 1);
	sweep(house, RETENTION_FIRST_MS, 1);
	assert_int_equal(read_after(house, 0).first, 1);
	assert_int_equal(tear_down(state), 0);
}

#define cmocka_unit_test_swept(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_swept(old_days_go_and_cursors_go_on),
		cmocka_unit_test_swept(the_newest_event_stays_so_that_cursors_never_start_again),
		cmocka_unit_test_swept(a_batch_is_1000_and_the_next_one_follows),
		cmocka_unit_test_swept(it_looks_again_every_hour),
		cmocka_unit_test_swept(what_has_no_cursor_yet_holds_up_what_is_before_it),
		cmocka_unit_test(for_ever_is_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	(void)puts("1..0 # SKIP this build has no clock to move");
	return 0;
}

#endif
