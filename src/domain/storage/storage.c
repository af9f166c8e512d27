/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/storage/storage.h"

#include <stdlib.h>
#include <string.h>

#include "domain/device/registration.h"
#include "domain/storage/storage_private.h"

struct counting {
	struct db_job job;
	int64_t count;
};

static enum err count_rows(struct db_tx *tx, struct db_job *job)
{
	struct counting *counting = CONTAINER_OF(job, struct counting, job);
	struct db_statement *find;
	bool has_row = false;
	enum err err = db_prepare(tx, "SELECT COUNT(*) FROM files", &find);

	if (err == ERR_OK)
		err = db_step(find, &has_row);
	if (err == ERR_OK && has_row)
		counting->count = db_int(find, 0);
	return err;
}

enum err storage_new(const struct storage_setup *setup, struct storage **out)
{
	AUTO(storage) storage = calloc(1, sizeof *storage);
	struct counting counting = { 0 };

	if (!storage)
		return ERR_NO_MEMORY;
	storage->setup = *setup;
	list_init(&storage->puts);
	(void)pthread_mutex_init(&storage->lock, NULL);
	enum err err = db_read_now(setup->db, &counting.job, count_rows);
	atomic_store(&storage->file_count, counting.count);
	if (err == ERR_OK)
		err = sweep_new(storage, &storage->sweep);
	if (err != ERR_OK)
		return err;
	metric_set(METRIC_stored_files, counting.count);
	*out = TAKE(storage);
	return ERR_OK;
}

void storage_free(struct storage *storage)
{
	if (!storage)
		return;
	sweep_free(storage->sweep);
	(void)pthread_mutex_destroy(&storage->lock);
	free(storage);
}

void storage_start(struct storage *storage)
{
	sweep_start(storage->sweep);
}

/* The token's kind in the action table. */
static const struct str resources[] = {
	[FILE_STILL] = { "capture", 7 },
	[FILE_UPLOAD] = { "upload", 6 },
};

enum err storage_check_token(struct storage *storage, enum file_kind kind, struct str did,
                             struct str token, char out_organization[ORGANIZATION_SIZE],
                             bool *out_single, struct why *why)
{
	const struct storage_setup *setup = &storage->setup;
	struct device_view view;
	bool is_single =
		grant_check(setup->keys, did, resources[kind], token, clock_now_ms()) == ERR_OK;
	enum err err = is_single ? ERR_OK : registration_token_check(setup->devices, did, token);

	if (err == ERR_OK)
		err = device_view(setup->devices, (struct str){ 0 }, did, &view);
	/* All alike, so that nobody learns which devices there are. */
	if (err != ERR_OK)
		return why_set(why, ERR_DENIED,
		               "the token is not this device's, or its time is over: ask the "
		               "device again");
	bool is_disabled = view.facts->is_disabled;
	memcpy(out_organization, view.facts->organization, ORGANIZATION_SIZE);
	device_view_done(&view);
	if (is_disabled)
		return why_set_reason(why, ERR_CONFLICT, REASON_DEVICE_DISABLED, NULL, "%s",
		                      reason_words(REASON_DEVICE_DISABLED));
	*out_single = is_single;
	return ERR_OK;
}

enum err storage_check_device(struct storage *storage, struct str organization, struct str did)
{
	struct device_view view;
	enum err err = device_view(storage->setup.devices, organization, did, &view);

	if (err == ERR_OK)
		device_view_done(&view);
	return err;
}

static void on_read(struct blob_job *job, enum err err)
{
	struct file_reader *reader = CONTAINER_OF(job, struct file_reader, job);

	reader->done(reader, err);
}

enum err file_reader_open(struct storage *storage, const struct file_facts *facts,
                          struct file_reader *reader)
{
	reader->job.done = on_read;
	return blob_find(storage->setup.blob, facts->id, &reader->object);
}

enum err file_reader_read(struct file_reader *reader, uint64_t offset, uint8_t *to, size_t size)
{
	return blob_read(reader->object, &reader->job, offset, to, size);
}

void file_reader_close(struct file_reader *reader)
{
	blob_object_free(TAKE(reader->object));
}
