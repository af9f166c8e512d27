/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/domain/bringing.h"

static void what_is_stored_is_found_also_after_a_restart(void **state)
{
	struct house *house = *state;
	struct file_facts stored, found;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_ok(bring_upload(house, "CAM", "a.flv", "content", &stored));
	assert_int_equal(stored.expires_at - stored.time, 7 * DAY_MS);
	for (int i = 0; i < 2; i++) {
		assert_ok(find_file(house, FILE_UPLOAD, "default", "CAM", "a.flv", &found));
		assert_memory_equal(&found.id, &stored.id, sizeof found.id);
		assert_int_equal(found.bytes, 7);
		assert_int_equal(found.expires_at, stored.expires_at);
		assert_err(find_file(house, FILE_STILL, "default", "CAM", "a.flv", NULL),
		           ERR_NOT_FOUND);
		assert_err(find_file(house, FILE_UPLOAD, "other", "CAM", "a.flv", NULL),
		           ERR_NOT_FOUND);
		assert_err(find_file(house, FILE_UPLOAD, "default", "CAN", "a.flv", NULL),
		           ERR_NOT_FOUND);
		house_close(house);
		house_open(house);
	}
	assert_ok(bring_upload(house, "CAM", "", "x", &stored));
	assert_true(str_ends(str_of(stored.name), STR(".bin")));
	assert_err(bring_upload(house, "CAM", "b", "", NULL), ERR_INVALID);
	assert_err(bring_upload(house, "NOBODY", "b", "x", NULL), ERR_DENIED);
	wait_objects(house, 2);
}

static void a_still_is_found_by_its_second(void **state)
{
	struct house *house = *state;
	struct file_facts stored, found;
	char name[FILE_NAME_SIZE];

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_ok(bring_still(house, "CAM", &stored));
	assert_int_equal(stored.width, 2);
	assert_int_equal(stored.expires_at, 0);
	(void)snprintf(name, sizeof name, "%.15s.jpeg", stored.name);
	assert_ok(find_file(house, FILE_STILL, "default", "CAM", name, &found));
	assert_string_equal(found.name, stored.name);
	assert_ok(find_file(house, FILE_STILL, "default", "", name, NULL));
	assert_err(find_file(house, FILE_STILL, "default", "OTHER", name, NULL), ERR_NOT_FOUND);
	assert_err(find_file(house, FILE_STILL, "other", "", name, NULL), ERR_NOT_FOUND);
	assert_err(find_file(house, FILE_STILL, "default", "", "20191010-101010.jpeg", NULL),
	           ERR_NOT_FOUND);
}

static void a_grant_brings_one_file_also_after_a_restart(void **state)
{
	static const char grant[] = "abcdefghijklmnopqrstuvwxyz012345678901";
	struct house *house = *state;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	struct bringing *bad = bringing_new(house, FILE_UPLOAD, "CAM", "a", "");
	assert_ok(str_copy(STR(grant), bad->put.grant, GRANT_SIZE));
	assert_err(bring(bad), ERR_INVALID); /* a failed one does not count */
	free(bad);
	for (int i = 0; i < 3; i++) {
		struct bringing *one = bringing_new(house, FILE_UPLOAD, "CAM", "a", "x");
		assert_ok(str_copy(STR(grant), one->put.grant, GRANT_SIZE));
		enum err err = bring(one);
		assert_int_equal(err == ERR_OK, i == 0);
		assert_int_equal(one->put.why.reason, i ? REASON_GRANT_USED : 0);
		free(one);
		house_close(house);
		house_open(house);
	}
}

/* What the check at the beginning did not see, the row at the end does. */
static void a_grant_spent_meanwhile_is_refused_at_the_end(void **state)
{
	struct house *house = *state;
	struct bringing *late = bringing_new(house, FILE_UPLOAD, "CAM", "late", "x");
	struct bringing *quick = bringing_new(house, FILE_UPLOAD, "CAM", "quick", "x");

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_ok(str_copy(STR("grant"), quick->put.grant, GRANT_SIZE));
	late->is_held = true;
	house_run(house, house->loop, bringing_begin, late);
	house_wait(house, bringing_is_ready, late);
	assert_ok(bring(quick));
	assert_ok(str_copy(STR("grant"), late->put.grant, GRANT_SIZE));
	late->is_held = false;
	house_run(house, house->loop, bringing_go_on, &late->put);
	house_wait(house, bringing_is_done, late);
	assert_int_equal(late->put.why.reason, REASON_GRANT_USED);
	wait_objects(house, 1);
	free(late);
	free(quick);
}

static void a_name_again_and_one_still_too_many_make_room(void **state)
{
	struct house *house = *state;
	struct file_facts first, other;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(house, "CAN", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_run(house, house->loop, start_sweep, house);
	assert_ok(bring_upload(house, "CAM", "a", "old", NULL));
	assert_ok(bring_upload(house, "CAM", "a", "newer", NULL));
	assert_ok(find_file(house, FILE_UPLOAD, "default", "CAM", "a", &other));
	assert_int_equal(other.bytes, 5);
	wait_objects(house, 1);
	assert_ok(bring_still(house, "CAN", &other));
	assert_ok(bring_still(house, "CAM", &first));
	for (int i = 1; i < 3; i++)
		assert_ok(bring_still(house, "CAM", NULL));
	assert_ok(find_file(house, FILE_STILL, "default", "CAM", first.name, NULL));
	wait_objects(house, 5);
	house_turn(house, 2); /* the next one is younger by its time */
	assert_ok(bring_still(house, "CAM", NULL));
	wait_objects(house, 5);
	assert_ok(find_file(house, FILE_STILL, "default", "CAN", other.name, NULL));
}

/* Before, while and after the disk is asked: one end each, and nothing stays. */
static void a_caller_may_leave_at_any_time(void **state)
{
	struct house *house = *state;
	static char large[PUT_BUFFER_BYTES + 1];

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	memset(large, 'x', sizeof large - 1);
	struct bringing *one = bringing_new(house, FILE_UPLOAD, "CAM", "a", "x");
	one->cancel = ERR_CLOSED;
	assert_err(bring(one), ERR_CLOSED);
	free(one);
	for (int i = 0; i < 2; i++) {
		one = bringing_new(house, FILE_UPLOAD, "CAM", "a", i ? "x" : large);
		one->cancel_late = ERR_TIMEOUT;
		assert_err(bring(one), ERR_TIMEOUT);
		assert_int_equal(one->ready, 1);
		free(one);
	}
	wait_objects(house, 0);
	assert_err(find_file(house, FILE_UPLOAD, "default", "CAM", "a", NULL), ERR_NOT_FOUND);
	assert_ok(bring_upload(house, "CAM", "a", large, NULL));
}

static enum err give_away(struct db_tx *tx, struct db_job *job)
{
	static const char *const texts[] = {
		"DELETE FROM devices WHERE did = 'GONE'",
		"INSERT INTO organizations (id, name, created_at) VALUES ('other', 'other', 0)",
		"UPDATE devices SET organization = 'other' WHERE did = 'SOLD'",
	};
	struct db_statement *change;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_ok(db_prepare(tx, texts[i], &change));
		assert_ok(db_run(change));
	}
	return ERR_OK;
}

static void a_device_that_is_gone_or_anothers_by_then_keeps_nothing(void **state)
{
	static const char *const dids[] = { "GONE", "SOLD" };
	struct house *house = *state;
	struct bringing *both[2];
	struct db_job job = { 0 };

	for (int i = 0; i < 2; i++) {
		house_add(house, dids[i], DEVICE_CAMERA, SIGN_POLICY_ANY);
		both[i] = bringing_new(house, FILE_UPLOAD, dids[i], "a", "x");
		both[i]->is_held = true;
		house_run(house, house->loop, bringing_begin, both[i]);
		house_wait(house, bringing_is_ready, both[i]);
	}
	assert_ok(db_write_now(house->db, &job, give_away));
	for (int i = 0; i < 2; i++) {
		both[i]->is_held = false;
		house_run(house, house->loop, bringing_go_on, &both[i]->put);
		house_wait(house, bringing_is_done, both[i]);
		assert_err(both[i]->err, ERR_DENIED);
		free(both[i]);
	}
	wait_objects(house, 0);
}

static void uploads_expire_and_a_removed_devices_files_go(void **state)
{
	struct house *house = *state;
	struct device_change remove = { .kind = DEVICE_REMOVE };
	struct file_facts stored;

	NEEDS_TEST_CLOCK();
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(house, "CAN", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_run(house, house->loop, start_sweep, house);
	assert_ok(bring_upload(house, "CAM", "a", "x", NULL));
	assert_ok(bring_still(house, "CAM", &stored));
	assert_ok(bring_still(house, "CAN", NULL));
	house_move_clock(house, 7 * DAY_MS - 60000);
	house_turn(house, 50);
	assert_ok(find_file(house, FILE_UPLOAD, "default", "CAM", "a", NULL));
	house_move_clock(house, 60000);
	assert_err(find_file(house, FILE_UPLOAD, "default", "CAM", "a", NULL), ERR_NOT_FOUND);
	house_move_clock(house, 60000);
	wait_objects(house, 2);
	(void)str_copy(STR("CAM"), remove.spec.did, DID_SIZE);
	assert_ok(house_change(house, &remove));
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_err(find_file(house, FILE_STILL, "default", "CAM", stored.name, NULL),
	           ERR_NOT_FOUND);
	house_move_clock(house, 60000);
	wait_objects(house, 1);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)
#define cmocka_unit_test_in_house_twice(test) \
	cmocka_unit_test_setup_teardown(test, house_start_twice, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(what_is_stored_is_found_also_after_a_restart),
		cmocka_unit_test_in_house_twice(what_is_stored_is_found_also_after_a_restart),
		cmocka_unit_test_in_house(a_still_is_found_by_its_second),
		cmocka_unit_test_in_house(a_grant_brings_one_file_also_after_a_restart),
		cmocka_unit_test_in_house_twice(a_grant_brings_one_file_also_after_a_restart),
		cmocka_unit_test_in_house(a_grant_spent_meanwhile_is_refused_at_the_end),
		cmocka_unit_test_in_house(a_name_again_and_one_still_too_many_make_room),
		cmocka_unit_test_in_house_twice(a_name_again_and_one_still_too_many_make_room),
		cmocka_unit_test_in_house(a_caller_may_leave_at_any_time),
		cmocka_unit_test_in_house(a_device_that_is_gone_or_anothers_by_then_keeps_nothing),
		cmocka_unit_test_in_house(uploads_expire_and_a_removed_devices_files_go),
		cmocka_unit_test_in_house_twice(uploads_expire_and_a_removed_devices_files_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
