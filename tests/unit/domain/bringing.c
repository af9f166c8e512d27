/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/domain/bringing.h"

#include <dirent.h>
#include <stdio.h>

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
		if (err == ERR_OK)
			file_put_end(put);
		else
			assert_err(err, ERR_MORE);
	} else {
		file_put_end(put);
	}
	if (one->cancel_late != ERR_OK)
		file_put_cancel(put, one->cancel_late);
}

void bringing_go_on(void *put)
{
	on_ready(put);
}

static void on_done(struct file_put *put, enum err err)
{
	struct bringing *one = CONTAINER_OF(put, struct bringing, put);

	one->err = err;
	one->done++;
}

bool bringing_is_done(void *arg)
{
	return ((struct bringing *)arg)->done > 0;
}

bool bringing_is_ready(void *arg)
{
	return ((struct bringing *)arg)->ready > 0 || bringing_is_done(arg);
}

void bringing_begin(void *arg)
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

struct bringing *bringing_new(struct house *house, enum file_kind kind, const char *did,
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

enum err bring(struct bringing *one)
{
	house_run(one->house, one->house->loop, bringing_begin, one);
	house_wait(one->house, bringing_is_done, one);
	assert_int_equal(one->done, 1);
	return one->err;
}

enum err bring_upload(struct house *house, const char *did, const char *name, const char *content,
                      struct file_facts *out)
{
	struct bringing *one = bringing_new(house, FILE_UPLOAD, did, name, content);
	enum err err = bring(one);

	if (out)
		*out = one->put.facts;
	free(one);
	return err;
}

enum err bring_still(struct house *house, const char *did, struct file_facts *out)
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

enum err find_file(struct house *house, enum file_kind kind, const char *organization,
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

void wait_objects(struct house *house, int objects)
{
	struct expectation expected = { house, objects };

	house_wait(house, has_objects, &expected);
}

void start_sweep(void *arg)
{
	struct house *house = arg;

	storage_start(storage_of(house));
}
