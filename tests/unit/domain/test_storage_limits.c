/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "tests/unit/domain/bringing.h"

static void so_many_files_and_no_more(void **state)
{
	struct house *house = *state;
	char name[8];

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof name, "%d", i);
		assert_ok(bring_upload(house, "CAM", name, "x", NULL));
	}
	struct bringing *one = bringing_new(house, FILE_UPLOAD, "CAM", "20", "x");
	assert_err(bring(one), ERR_NO_SPACE);
	assert_int_equal(one->put.why.reason, REASON_STORAGE_FULL);
	free(one);
	house_close(house);
	house_open(house); /* counted anew */
	assert_err(bring_upload(house, "CAM", "20", "x", NULL), ERR_NO_SPACE);
}

static void so_many_at_once_and_no_more(void **state)
{
	struct house *house = *state;
	struct bringing *all[14];

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(house, "CAN", DEVICE_CAMERA, SIGN_POLICY_ANY);
	for (int i = 0; i < 14; i++) {
		bool is_over = i == PUTS_PER_DEVICE_MAX || i == 13; /* puts_max is 12 */
		all[i] = bringing_new(house, FILE_UPLOAD, i <= PUTS_PER_DEVICE_MAX ? "CAM" : "CAN",
		                      "x", "x");
		all[i]->is_held = true;
		house_run(house, house->loop, bringing_begin, all[i]);
		assert_int_equal(all[i]->begun, is_over ? ERR_BUSY : ERR_OK);
		assert_int_equal(all[i]->put.why.reason, is_over ? REASON_TOO_MANY : 0);
	}
	for (int i = 0; i < 14; i++) {
		if (all[i]->begun == ERR_OK) {
			house_wait(house, bringing_is_ready, all[i]);
			file_put_cancel(&all[i]->put, ERR_CLOSED);
		}
		assert_int_equal(all[i]->done, 1);
		free(all[i]);
	}
	assert_ok(bring_upload(house, "CAM", "x", "x", NULL));
	wait_objects(house, 1);
}

static enum err insert_many(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *add;
	enum err err = ERR_OK;

	for (int i = 0; i < UPLOADS_PER_DEVICE_MAX - 1 && err == ERR_OK; i++) {
		char id[BLOB_ID_SIZE];
		(void)snprintf(id, sizeof id, "%032x", i);
		err = db_prepare(
			tx,
			"INSERT INTO files (id, organization, did, kind, name, bytes, "
			"time, expires_at) VALUES ($1, 'default', 'CAM', 1, $1, 10, 1, $2)",
			&add);
		db_bind_text(add, 1, str_of(id));
		db_bind_int(add, 2, 9000000000000);
		if (err == ERR_OK)
			err = db_run(add);
	}
	return err;
}

static void so_many_uploads_of_a_device_and_no_more(void **state)
{
	struct house *house = *state;
	struct db_job job = { 0 };

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_ok(db_write_now(house->db, &job, insert_many));
	assert_ok(bring_upload(house, "CAM", "a", "x", NULL));
	struct bringing *one = bringing_new(house, FILE_UPLOAD, "CAM", "b", "x");
	assert_err(bring(one), ERR_NO_SPACE);
	assert_int_equal(one->put.why.reason, REASON_STORAGE_FULL);
	free(one);
	assert_ok(bring_still(house, "CAM", NULL));
}

static void sizes_at_the_limit_are_taken_and_past_it_refused(void **state)
{
	static const struct {
		enum file_kind kind;
		uint64_t most;
	} rows[] = { { FILE_STILL, STILL_BYTES_MAX }, { FILE_UPLOAD, UPLOAD_BYTES_MAX } };
	struct house *house = *state;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bringing *one = bringing_new(house, rows[i].kind, "CAM", "a", "x");
		one->put.expected_bytes = rows[i].most + 1;
		assert_err(bring(one), ERR_TOO_LARGE);
		free(one);
		one = bringing_new(house, rows[i].kind, "CAM", "a", "x");
		one->put.expected_bytes = rows[i].most;
		one->is_held = true;
		house_run(house, house->loop, bringing_begin, one);
		house_wait(house, bringing_is_ready, one);
		one->put.bytes = rows[i].most - 1; /* as if so many had come */
		assert_ok(file_put_add(&one->put, (const uint8_t *)"x", 1));
		assert_err(file_put_add(&one->put, (const uint8_t *)"x", 1), ERR_TOO_LARGE);
		file_put_cancel(&one->put, ERR_TOO_LARGE);
		assert_int_equal(one->done, 1);
		free(one);
	}
}

static void what_a_buffer_holds(void **state)
{
	struct house *house = *state;
	struct bringing *one = bringing_new(house, FILE_UPLOAD, "CAM", "a", "x");
	AUTO_FREE uint8_t *bytes = calloc(1, PUT_BUFFER_MAX);

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	one->is_held = true;
	house_run(house, house->loop, bringing_begin, one);
	house_wait(house, bringing_is_ready, one);
	assert_ok(file_put_add(&one->put, bytes, PUT_BUFFER_BYTES - 1));
	assert_ok(file_put_pace(&one->put));
	assert_ok(file_put_add(&one->put, bytes, PUT_BUFFER_MAX - PUT_BUFFER_BYTES + 1));
	assert_err(file_put_add(&one->put, bytes, 1), ERR_TOO_LARGE);
	file_put_cancel(&one->put, ERR_TOO_LARGE);
	assert_int_equal(one->done, 1);
	free(one);
}

static enum err count_rows(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *find_all;
	bool has_row;

	assert_ok(db_prepare(tx, "SELECT COUNT(*) FROM files", &find_all));
	assert_ok(db_step(find_all, &has_row));
	return db_int(find_all, 0) == 0 ? ERR_OK : ERR_MORE;
}

static bool has_no_rows(void *arg)
{
	struct house *house = arg;
	struct db_job job = { 0 };

	return db_read_now(house->db, &job, count_rows) == ERR_OK;
}

/* More than one batch. */
static void a_thousand_expired_uploads_go(void **state)
{
	struct house *house = *state;
	struct db_job job = { 0 };
	int64_t before = metric_get(METRIC_uploads_expired_total);

	NEEDS_TEST_CLOCK();
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_ok(db_write_now(house->db, &job, insert_many));
	house_run(house, house->loop, start_sweep, house);
	house_turn(house, 50);
	house_move_clock(house, 9000000000000 - clock_now_ms());
	house_wait(house, has_no_rows, house);
	assert_int_equal(metric_get(METRIC_uploads_expired_total) - before,
	                 UPLOADS_PER_DEVICE_MAX - 1);
}

/* One that comes before the last is gone must not put the sweep off for ever: 20 files are kept. */
static void what_is_replaced_all_the_time_goes_all_the_time(void **state)
{
	struct house *house = *state;

	NEEDS_TEST_CLOCK();
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_run(house, house->loop, start_sweep, house);
	for (int i = 0; i < 60; i++) {
		assert_ok(bring_upload(house, "CAM", "a", "x", NULL));
		house_move_clock(house, 100);
	}
	wait_objects(house, 1);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(so_many_files_and_no_more),
		cmocka_unit_test_in_house(so_many_at_once_and_no_more),
		cmocka_unit_test_in_house(so_many_uploads_of_a_device_and_no_more),
		cmocka_unit_test_in_house(sizes_at_the_limit_are_taken_and_past_it_refused),
		cmocka_unit_test_in_house(what_a_buffer_holds),
		cmocka_unit_test_in_house(a_thousand_expired_uploads_go),
		cmocka_unit_test_in_house(what_is_replaced_all_the_time_goes_all_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
