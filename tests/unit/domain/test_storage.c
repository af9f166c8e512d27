/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/storage/file_put.h"
#include "tests/unit/domain/house.h"

#define DAY_MS 86400000LL

/* One file on its way in, as an endpoint would bring it. */
struct bringing {
	struct file_put put;
	struct house *house;
	struct str content;
	enum err err, begun;
	int ready, done;
	bool is_held;    /* `ready` does nothing: the test goes on */
	enum err cancel; /* right after the begin, when not ERR_OK */
};

static struct storage *storage_of(struct house *house)
{
	return house->domain->storage;
}

static void on_ready(struct file_put *put)
{
	struct bringing *one = CONTAINER_OF(put, struct bringing, put);

	one->ready++;
	if (one->is_held)
		return;
	if (one->content.size) {
		assert_ok(file_put_add(put, (const uint8_t *)one->content.at, one->content.size));
		one->content.size = 0;
		enum err err = file_put_pace(put);
		if (err == ERR_MORE)
			return;
		assert_ok(err);
	}
	file_put_end(put);
}

static void on_done(struct file_put *put, enum err err)
{
	struct bringing *one = CONTAINER_OF(put, struct bringing, put);

	one->err = err;
	one->done++;
}

static bool is_done(void *arg)
{
	return ((struct bringing *)arg)->done > 0;
}

static bool is_ready(void *arg)
{
	return ((struct bringing *)arg)->ready > 0 || is_done(arg);
}

static void begin(void *arg)
{
	struct bringing *one = arg;

	one->put.ready = on_ready;
	one->put.done = on_done;
	one->begun = one->err = file_put_begin(storage_of(one->house), &one->put);
	if (one->begun != ERR_OK)
		one->done = 1;
	else if (one->cancel != ERR_OK)
		file_put_cancel(&one->put, one->cancel);
}

static struct bringing *bringing_new(struct house *house, enum file_kind kind, const char *did,
                                     const char *name, const char *content)
{
	struct bringing *one = calloc(1, sizeof *one);

	one->house = house;
	one->content = str_of(content);
	one->put.kind = kind;
	assert_ok(str_copy(str_of(did), one->put.did, DID_SIZE));
	assert_ok(str_copy(STR("default"), one->put.organization, ORGANIZATION_SIZE));
	assert_ok(str_copy(str_of(name), one->put.name, FILE_NAME_SIZE));
	return one;
}

static enum err bring(struct bringing *one)
{
	house_run(one->house, one->house->loop, begin, one);
	house_wait(one->house, is_done, one);
	assert_int_equal(one->done, 1);
	return one->err;
}

/* The whole story of a small upload; its facts, if wanted. */
static enum err upload(struct house *house, const char *did, const char *name, const char *content,
                       struct file_facts *out)
{
	struct bringing *one = bringing_new(house, FILE_UPLOAD, did, name, content);
	enum err err = bring(one);

	if (out)
		*out = one->put.facts;
	free(one);
	return err;
}

static enum err still(struct house *house, const char *did, struct file_facts *out)
{
	struct bringing *one = bringing_new(house, FILE_STILL, did, "", "picture");

	one->put.width = 2;
	one->put.height = 1;
	enum err err = bring(one);
	if (out)
		*out = one->put.facts;
	free(one);
	return err;
}

struct finding {
	struct file_find find;
	struct house *house;
	bool is_second, is_done;
	enum err err;
};

static void on_found(struct file_find *find, enum err err)
{
	struct finding *one = CONTAINER_OF(find, struct finding, find);

	one->err = err;
	one->is_done = true;
}

static bool find_done(void *arg)
{
	return ((struct finding *)arg)->is_done;
}

static void find_begin(void *arg)
{
	struct finding *one = arg;
	struct storage *storage = storage_of(one->house);

	one->find.done = on_found;
	one->err = one->is_second ? file_find_second(storage, &one->find)
	                          : file_find(storage, &one->find);
	one->is_done = one->err != ERR_OK;
}

static enum err find(struct house *house, enum file_kind kind, const char *organization,
                     const char *did, const char *name, struct file_facts *out)
{
	struct finding one = { .house = house, .is_second = strlen(name) == 20, .find.kind = kind };

	assert_ok(str_copy(str_of(organization), one.find.organization, ORGANIZATION_SIZE));
	assert_ok(str_copy(str_of(did), one.find.did, DID_SIZE));
	assert_ok(str_copy(str_of(name), one.find.name, FILE_NAME_SIZE));
	house_run(house, house->loop, find_begin, &one);
	house_wait(house, find_done, &one);
	if (out)
		*out = one.find.facts;
	return one.err;
}

/* Objects on the disk, the unfinished ones too. */
static int count_objects(struct house *house)
{
	int count = 0;

	for (int i = -1; i < BLOB_FOLDERS; i++) {
		char path[160];
		(void)snprintf(path, sizeof path, i < 0 ? "%s/tmp" : "%s/%02x", house->objects, i);
		DIR *names = opendir(path);
		for (struct dirent *entry; names && (entry = readdir(names)) != NULL;)
			count += entry->d_name[0] != '.';
		if (names)
			(void)closedir(names);
	}
	return count;
}

struct expectation {
	struct house *house;
	int objects;
};

static bool has_objects(void *arg)
{
	const struct expectation *expected = arg;

	return count_objects(expected->house) == expected->objects;
}

static void wait_objects(struct house *house, int objects)
{
	struct expectation expected = { house, objects };

	house_wait(house, has_objects, &expected);
}

static void begin_domain(void *arg)
{
	struct house *house = arg;

	storage_start(storage_of(house));
}

static void what_is_stored_is_found_also_after_a_restart(void **state)
{
	struct house *house = *state;
	struct file_facts stored, found;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_ok(upload(house, "CAM", "a.flv", "content", &stored));
	assert_int_equal(stored.expires_at - stored.time, 7 * DAY_MS);
	for (int i = 0; i < 2; i++) {
		assert_ok(find(house, FILE_UPLOAD, "default", "CAM", "a.flv", &found));
		assert_memory_equal(&found.id, &stored.id, sizeof found.id);
		assert_int_equal(found.bytes, 7);
		assert_int_equal(found.expires_at, stored.expires_at);
		assert_err(find(house, FILE_STILL, "default", "CAM", "a.flv", NULL), ERR_NOT_FOUND);
		assert_err(find(house, FILE_UPLOAD, "other", "CAM", "a.flv", NULL), ERR_NOT_FOUND);
		assert_err(find(house, FILE_UPLOAD, "default", "CAN", "a.flv", NULL),
		           ERR_NOT_FOUND);
		house_close(house);
		house_open(house);
	}
	assert_ok(upload(house, "CAM", "", "x", &stored));
	assert_true(str_ends(str_of(stored.name), STR(".bin")));
	assert_err(upload(house, "CAM", "b", "", NULL), ERR_INVALID);
	assert_err(upload(house, "NOBODY", "b", "x", NULL), ERR_DENIED);
	wait_objects(house, 2);
}

static void a_still_is_found_by_its_second(void **state)
{
	struct house *house = *state;
	struct file_facts stored, found;
	char name[FILE_NAME_SIZE];

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_ok(still(house, "CAM", &stored));
	assert_int_equal(stored.width, 2);
	assert_int_equal(stored.expires_at, 0);
	(void)snprintf(name, sizeof name, "%.15s.jpeg", stored.name);
	assert_ok(find(house, FILE_STILL, "default", "CAM", name, &found));
	assert_string_equal(found.name, stored.name);
	assert_ok(find(house, FILE_STILL, "default", "", name, NULL));
	assert_err(find(house, FILE_STILL, "default", "OTHER", name, NULL), ERR_NOT_FOUND);
	assert_err(find(house, FILE_STILL, "other", "", name, NULL), ERR_NOT_FOUND);
	assert_err(find(house, FILE_STILL, "default", "", "20191010-101010.jpeg", NULL),
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
	house_run(house, house->loop, begin, late);
	house_wait(house, is_ready, late);
	assert_ok(bring(quick));
	assert_ok(str_copy(STR("grant"), late->put.grant, GRANT_SIZE));
	late->is_held = false;
	house_run(house, house->loop, (void (*)(void *))on_ready, &late->put);
	house_wait(house, is_done, late);
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
	house_run(house, house->loop, begin_domain, house);
	assert_ok(upload(house, "CAM", "a", "old", NULL));
	assert_ok(upload(house, "CAM", "a", "newer", NULL));
	assert_ok(find(house, FILE_UPLOAD, "default", "CAM", "a", &other));
	assert_int_equal(other.bytes, 5);
	wait_objects(house, 1);
	assert_ok(still(house, "CAN", &other));
	assert_ok(still(house, "CAM", &first));
	for (int i = 1; i < 3; i++)
		assert_ok(still(house, "CAM", NULL));
	assert_ok(find(house, FILE_STILL, "default", "CAM", first.name, NULL));
	wait_objects(house, 5);
	house_turn(house, 2); /* the next one is younger by its time */
	assert_ok(still(house, "CAM", NULL));
	wait_objects(house, 5);
	assert_ok(find(house, FILE_STILL, "default", "CAN", other.name, NULL));
}

static void so_many_files_and_no_more(void **state)
{
	struct house *house = *state;
	char name[8];

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof name, "%d", i);
		assert_ok(upload(house, "CAM", name, "x", NULL));
	}
	struct bringing *one = bringing_new(house, FILE_UPLOAD, "CAM", "20", "x");
	assert_err(bring(one), ERR_NO_SPACE);
	assert_int_equal(one->put.why.reason, REASON_STORAGE_FULL);
	free(one);
	house_close(house);
	house_open(house); /* counted anew */
	assert_err(upload(house, "CAM", "20", "x", NULL), ERR_NO_SPACE);
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
		house_run(house, house->loop, begin, all[i]);
		assert_int_equal(all[i]->begun, is_over ? ERR_BUSY : ERR_OK);
		assert_int_equal(all[i]->put.why.reason, is_over ? REASON_TOO_MANY : 0);
	}
	for (int i = 0; i < 14; i++) {
		if (all[i]->begun == ERR_OK) {
			house_wait(house, is_ready, all[i]);
			file_put_cancel(&all[i]->put, ERR_CLOSED);
		}
		assert_int_equal(all[i]->done, 1);
		free(all[i]);
	}
	assert_ok(upload(house, "CAM", "x", "x", NULL));
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
	assert_ok(upload(house, "CAM", "a", "x", NULL));
	struct bringing *one = bringing_new(house, FILE_UPLOAD, "CAM", "b", "x");
	assert_err(bring(one), ERR_NO_SPACE);
	assert_int_equal(one->put.why.reason, REASON_STORAGE_FULL);
	free(one);
	assert_ok(still(house, "CAM", NULL));
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
		house_run(house, house->loop, begin, one);
		house_wait(house, is_ready, one);
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
	house_run(house, house->loop, begin, one);
	house_wait(house, is_ready, one);
	assert_ok(file_put_add(&one->put, bytes, PUT_BUFFER_BYTES - 1));
	assert_ok(file_put_pace(&one->put));
	assert_ok(file_put_add(&one->put, bytes, PUT_BUFFER_MAX - PUT_BUFFER_BYTES + 1));
	assert_err(file_put_add(&one->put, bytes, 1), ERR_TOO_LARGE);
	file_put_cancel(&one->put, ERR_TOO_LARGE);
	assert_int_equal(one->done, 1);
	free(one);
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
		house_run(house, house->loop, begin, one);
		house_wait(house, is_ready, one);
		assert_int_equal(one->put.state, i ? PUT_COMMITTING : PUT_WRITING);
		file_put_cancel(&one->put, ERR_TIMEOUT);
		house_wait(house, is_done, one);
		assert_err(one->err, ERR_TIMEOUT);
		free(one);
	}
	wait_objects(house, 0);
	assert_err(find(house, FILE_UPLOAD, "default", "CAM", "a", NULL), ERR_NOT_FOUND);
	assert_ok(upload(house, "CAM", "a", large, NULL));
}

static void uploads_expire_and_a_removed_devices_files_go(void **state)
{
	struct house *house = *state;
	struct device_change remove = { .kind = DEVICE_REMOVE };
	struct file_facts stored;

	NEEDS_TEST_CLOCK();
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(house, "CAN", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_run(house, house->loop, begin_domain, house);
	assert_ok(upload(house, "CAM", "a", "x", NULL));
	assert_ok(still(house, "CAM", &stored));
	assert_ok(still(house, "CAN", NULL));
	house_move_clock(house, 7 * DAY_MS - 60000);
	house_turn(house, 50);
	assert_ok(find(house, FILE_UPLOAD, "default", "CAM", "a", NULL));
	house_move_clock(house, 60000);
	assert_err(find(house, FILE_UPLOAD, "default", "CAM", "a", NULL), ERR_NOT_FOUND);
	house_move_clock(house, 60000);
	wait_objects(house, 2);
	(void)str_copy(STR("CAM"), remove.spec.did, DID_SIZE);
	assert_ok(house_change(house, &remove));
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_err(find(house, FILE_STILL, "default", "CAM", stored.name, NULL), ERR_NOT_FOUND);
	house_move_clock(house, 60000);
	wait_objects(house, 1);
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
	house_run(house, house->loop, begin_domain, house);
	house_turn(house, 50);
	house_move_clock(house, 9000000000000 - clock_now_ms());
	house_wait(house, has_no_rows, house);
	assert_int_equal(metric_get(METRIC_uploads_expired_total) - before,
	                 UPLOADS_PER_DEVICE_MAX - 1);
}

#define in_house(test)       cmocka_unit_test_setup_teardown(test, house_start, house_stop)
#define in_house_twice(test) cmocka_unit_test_setup_teardown(test, house_start_twice, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_house(what_is_stored_is_found_also_after_a_restart),
		in_house_twice(what_is_stored_is_found_also_after_a_restart),
		in_house(a_still_is_found_by_its_second),
		in_house(a_grant_brings_one_file_also_after_a_restart),
		in_house_twice(a_grant_brings_one_file_also_after_a_restart),
		in_house(a_grant_spent_meanwhile_is_refused_at_the_end),
		in_house(a_name_again_and_one_still_too_many_make_room),
		in_house_twice(a_name_again_and_one_still_too_many_make_room),
		in_house(so_many_files_and_no_more),
		in_house(so_many_at_once_and_no_more),
		in_house(so_many_uploads_of_a_device_and_no_more),
		in_house(sizes_at_the_limit_are_taken_and_past_it_refused),
		in_house(what_a_buffer_holds),
		in_house(a_caller_may_leave_at_any_time),
		in_house(uploads_expire_and_a_removed_devices_files_go),
		in_house_twice(uploads_expire_and_a_removed_devices_files_go),
		in_house(a_thousand_expired_uploads_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
