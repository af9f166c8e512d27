/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/loop.h"
#include "ports/blob/blob.h"
#include "tests/unit/unit.h"

#define WAIT_MS 5000

struct fixture {
	char folder[64], objects[96];
	struct loop *loop;
	struct blob *blob;
	int64_t reserve_bytes;
};

static void open_store(struct fixture *fixture)
{
	const struct blob_options options = { .url = "",
		                              .fallback = fixture->objects,
		                              .reserve_bytes = fixture->reserve_bytes,
		                              .threads = 2,
		                              .queue_max = 4 };
	struct why why = { 0 };

	if (blob_open(&options, &fixture->blob, &why) != ERR_OK)
		fail_msg("%s", why.text);
}

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	(void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/vigil-blob-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->objects, sizeof fixture->objects, "%s/objects", fixture->folder);
	assert_ok(loop_new(0, &fixture->loop));
	open_store(fixture);
	*state = fixture;
	return 0;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
	return remove(path);
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	blob_stop(fixture->blob);
	loop_free(fixture->loop);
	blob_free(fixture->blob);
	assert_int_equal(nftw(fixture->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(fixture);
	return 0;
}

/* One call, made on the loop and waited for. */
struct call {
	struct blob_job job;
	enum { APPEND, COMMIT, READ, REMOVE, LIST } kind;
	struct fixture *fixture;
	struct blob_object *object;
	struct str bytes;
	uint64_t offset;
	uint8_t *to;
	size_t size;
	const char (*ids)[BLOB_ID_SIZE];
	unsigned folder;
	struct buf *out;
	enum err err;
	bool is_begun, is_done;
};

static void on_done(struct blob_job *job, enum err err)
{
	struct call *call = CONTAINER_OF(job, struct call, job);

	call->err = err;
	call->is_done = true;
}

static enum err begin(struct call *call)
{
	struct blob *blob = call->fixture->blob;

	call->job.done = on_done;
	switch (call->kind) {
	case APPEND: return blob_append(call->object, &call->job, call->bytes);
	case COMMIT: return blob_commit(call->object, &call->job, call->bytes);
	case READ: return blob_read(call->object, &call->job, call->offset, call->to, call->size);
	case REMOVE: return blob_remove(blob, &call->job, call->ids, call->size);
	case LIST: return blob_list(blob, &call->job, call->folder, call->out);
	}
	return ERR_INTERNAL;
}

static bool is_done(void *arg)
{
	struct call *call = arg;

	if (!call->is_begun) {
		call->is_begun = true;
		call->err = begin(call);
		call->is_done = call->err != ERR_OK;
	}
	return call->is_done;
}

static enum err make(struct fixture *fixture, struct call call)
{
	call.fixture = fixture;
	assert_true(loop_run_until(fixture->loop, is_done, &call, WAIT_MS));
	return call.err;
}

static struct blob_object *create(struct fixture *fixture, char id[BLOB_ID_SIZE])
{
	struct blob_object *object = NULL;

	blob_make_id(fixture->blob, id);
	assert_ok(blob_create(fixture->blob, id, 0, &object));
	return object;
}

static void put(struct fixture *fixture, const char *text, char id[BLOB_ID_SIZE])
{
	struct blob_object *object = create(fixture, id);

	assert_ok(make(fixture,
	               (struct call){ .kind = COMMIT, .object = object, .bytes = str_of(text) }));
	blob_object_free(object);
}

static enum err get(struct fixture *fixture, const char *id, uint64_t offset, size_t size,
                    uint8_t *to)
{
	struct blob_object *object = NULL;

	assert_ok(blob_find(fixture->blob, id, &object));
	enum err err = make(
		fixture,
		(struct call){
			.kind = READ, .object = object, .offset = offset, .to = to, .size = size });
	blob_object_free(object);
	return err;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* 1: being written, 2: committed, 0: neither; when what goes in the background is gone. */
static int place_of(struct fixture *fixture, const char *id)
{
	char path[160];

	(void)loop_run_until(fixture->loop, never, NULL, 50);
	(void)snprintf(path, sizeof path, "%s/tmp/%s", fixture->objects, id);
	int count = access(path, F_OK) == 0;
	(void)snprintf(path, sizeof path, "%s/%.2s/%s", fixture->objects, id, id);
	return count + 2 * (access(path, F_OK) == 0);
}

static void what_was_committed_is_read_in_pieces(void **state)
{
	struct fixture *fixture = *state;
	char id[BLOB_ID_SIZE];
	uint8_t bytes[16];

	struct blob_object *object = create(fixture, id);
	assert_ok(make(fixture,
	               (struct call){ .kind = APPEND, .object = object, .bytes = STR("0123") }));
	assert_int_equal(place_of(fixture, id), 1);
	assert_err(get(fixture, id, 0, 1, bytes), ERR_NOT_FOUND);
	assert_ok(make(fixture,
	               (struct call){ .kind = APPEND, .object = object, .bytes = STR("45") }));
	assert_ok(make(fixture,
	               (struct call){ .kind = COMMIT, .object = object, .bytes = STR("6789") }));
	blob_object_free(object);
	assert_int_equal(place_of(fixture, id), 2);
	assert_ok(get(fixture, id, 3, 4, bytes));
	assert_memory_equal(bytes, "3456", 4);
	assert_ok(get(fixture, id, 0, 10, bytes));
	assert_memory_equal(bytes, "0123456789", 10);
	assert_err(get(fixture, id, 8, 3, bytes), ERR_IO);
}

static void what_was_not_committed_is_dropped(void **state)
{
	struct fixture *fixture = *state;
	char id[BLOB_ID_SIZE];
	struct blob_object *object = create(fixture, id);

	assert_ok(make(fixture,
	               (struct call){ .kind = APPEND, .object = object, .bytes = STR("x") }));
	blob_object_free(object);
	assert_int_equal(place_of(fixture, id), 0);
	blob_object_free(create(fixture, id)); /* never touched the disk */
	assert_int_equal(place_of(fixture, id), 0);
	object = create(fixture, id);
	assert_ok(make(fixture,
	               (struct call){ .kind = COMMIT, .object = object, .bytes = STR("x") }));
	blob_object_drop(object);
	assert_int_equal(place_of(fixture, id), 0);
}

static void a_removed_object_stays_readable_for_who_reads_it(void **state)
{
	struct fixture *fixture = *state;
	char ids[2][BLOB_ID_SIZE];
	struct blob_object *object = NULL;
	uint8_t bytes[8];

	put(fixture, "one", ids[0]);
	put(fixture, "two", ids[1]);
	assert_ok(blob_find(fixture->blob, ids[0], &object));
	const struct call read = { .kind = READ, .object = object, .to = bytes, .size = 3 };
	assert_ok(make(fixture, read));
	for (int i = 0; i < 2; i++) /* the second time none is there */
		assert_ok(make(fixture, (struct call){ .kind = REMOVE,
		                                       .ids = (const char(*)[BLOB_ID_SIZE])ids,
		                                       .size = 2 }));
	assert_ok(make(fixture, read));
	assert_memory_equal(bytes, "one", 3);
	blob_object_free(object);
	assert_err(get(fixture, ids[1], 0, 1, bytes), ERR_NOT_FOUND);
}

static void a_start_drops_what_is_half_and_lists_what_is_older(void **state)
{
	struct fixture *fixture = *state;
	char old[BLOB_ID_SIZE], half[BLOB_ID_SIZE], fresh[BLOB_ID_SIZE];
	struct blob_object *object = create(fixture, half);
	unsigned found = 0;

	put(fixture, "old", old);
	assert_ok(make(fixture,
	               (struct call){ .kind = APPEND, .object = object, .bytes = STR("x") }));
	blob_stop(fixture->blob);
	blob_free(fixture->blob);
	free(object); /* as a crash would leave it */
	open_store(fixture);
	assert_int_equal(place_of(fixture, half), 0);
	put(fixture, "fresh", fresh);
	for (unsigned folder = 0; folder < BLOB_FOLDERS; folder++) {
		AUTO_BUF names = { 0 };
		buf_init(&names, 4096);
		assert_ok(make(fixture,
		               (struct call){ .kind = LIST, .folder = folder, .out = &names }));
		if (names.size)
			assert_str(buf_str(&names), old);
		found += names.size > 0;
	}
	assert_int_equal(found, 1);
}

static void a_reserve_is_left_free(void **state)
{
	struct fixture *fixture = *state;
	char id[BLOB_ID_SIZE];
	struct blob_object *object = NULL;

	blob_stop(fixture->blob);
	blob_free(fixture->blob);
	fixture->reserve_bytes = INT64_MAX;
	open_store(fixture);
	object = create(fixture, id);
	const struct call commit = { .kind = COMMIT, .object = object, .bytes = STR("x") };
	assert_err(make(fixture, commit), ERR_NO_SPACE);
	assert_err(make(fixture, commit), ERR_NO_SPACE);
	blob_object_free(object);
	assert_int_equal(place_of(fixture, id), 0);
}

static void more_than_there_is_room_for_is_refused_with_the_first_bytes(void **state)
{
	struct fixture *fixture = *state;
	char id[BLOB_ID_SIZE];
	struct blob_object *object = NULL;

	blob_make_id(fixture->blob, id);
	assert_ok(blob_create(fixture->blob, id, UINT64_MAX / 2, &object));
	assert_err(
		make(fixture, (struct call){ .kind = APPEND, .object = object, .bytes = STR("x") }),
		ERR_NO_SPACE);
	blob_object_free(object);
}

static void a_folder_is_one_process_own(void **state)
{
	struct fixture *fixture = *state;
	const struct blob_options options = {
		.url = "", .fallback = fixture->objects, .threads = 1, .queue_max = 1
	};
	struct blob *second = NULL;
	struct why why = { 0 };

	assert_err(blob_open(&options, &second, &why), ERR_BUSY);
	assert_null(second);
	assert_non_null(strstr(why.text, fixture->objects));
	const struct blob_options other = { .url = "s3://a:b@c/d", .fallback = "", .threads = 1 };
	assert_err(blob_open(&other, &second, &why), ERR_INVALID);
}

static void after_the_end_everything_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char id[BLOB_ID_SIZE];
	struct blob_object *object = create(fixture, id);

	assert_ok(make(fixture,
	               (struct call){ .kind = APPEND, .object = object, .bytes = STR("x") }));
	blob_stop(fixture->blob);
	assert_err(
		make(fixture, (struct call){ .kind = COMMIT, .object = object, .bytes = STR("x") }),
		ERR_CLOSED);
	blob_object_free(object);
	assert_int_equal(place_of(fixture, id), 0);
}

#define cmocka_unit_test_with_store(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_with_store(what_was_committed_is_read_in_pieces),
		cmocka_unit_test_with_store(what_was_not_committed_is_dropped),
		cmocka_unit_test_with_store(a_removed_object_stays_readable_for_who_reads_it),
		cmocka_unit_test_with_store(a_start_drops_what_is_half_and_lists_what_is_older),
		cmocka_unit_test_with_store(a_reserve_is_left_free),
		cmocka_unit_test_with_store(
			more_than_there_is_room_for_is_refused_with_the_first_bytes),
		cmocka_unit_test_with_store(a_folder_is_one_process_own),
		cmocka_unit_test_with_store(after_the_end_everything_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
