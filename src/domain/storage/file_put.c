/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/storage/file_put.h"

#include <stdlib.h>
#include <string.h>

#include "domain/storage/storage_private.h"

static const uint64_t most_bytes[] = {
	[FILE_STILL] = STILL_BYTES_MAX,
	[FILE_UPLOAD] = UPLOAD_BYTES_MAX,
};

static enum err too_large(struct file_put *put)
{
	return why_set(&put->why, ERR_TOO_LARGE, "%s may have at most %llu bytes",
	               put->kind == FILE_STILL ? "a still" : "an upload",
	               (unsigned long long)most_bytes[put->kind]);
}

static enum err grant_used(struct file_put *put)
{
	return why_set_reason(&put->why, ERR_CONFLICT, REASON_GRANT_USED, NULL, "%s",
	                      reason_words(REASON_GRANT_USED));
}

static enum err storage_full(struct file_put *put, const char *remedy)
{
	metric_count(METRIC_storage_full_total);
	return why_set_reason(&put->why, ERR_NO_SPACE, REASON_STORAGE_FULL, NULL, "%s", remedy);
}

static enum err too_many(struct file_put *put, const char *words)
{
	return why_set_reason(&put->why, ERR_BUSY, REASON_TOO_MANY, NULL, "%s", words);
}

/* What a caller can do about it, where the kind of failure does not say it. */
static enum err explain(struct file_put *put, enum err err)
{
	if (put->why.text[0] || put->cancelled != ERR_OK)
		return err;
	if (put->is_spent)
		return grant_used(put);
	if (put->is_over_count)
		return storage_full(put, "this device has as many uploads as are kept: remove "
		                         "some, or wait until they expire");
	if (err == ERR_NO_SPACE)
		return storage_full(put, "the server's disk is full, or nearly so: its operator "
		                         "has to make room");
	return err;
}

static void finish(struct file_put *put, enum err err)
{
	struct storage *storage = put->storage;

	err = explain(put, err);
	(void)pthread_mutex_lock(&storage->lock);
	list_remove(&put->node);
	storage->put_count--;
	(void)pthread_mutex_unlock(&storage->lock);
	metric_add(METRIC_uploads_open, -1);
	if (err == ERR_OK)
		blob_object_free(TAKE(put->object));
	else
		blob_object_drop(TAKE(put->object));
	buf_done(&put->buffer);
	put->done(put, err);
}

static void on_recorded(struct db_job *job, enum err err)
{
	struct file_put *put = CONTAINER_OF(job, struct file_put, row);
	struct storage *storage = put->storage;

	if (err == ERR_CONFLICT)
		err = why_set(&put->why, ERR_DENIED, "the device was removed meanwhile");
	if (err == ERR_OK) {
		(void)atomic_fetch_add(&storage->file_count, 1);
		metric_add(METRIC_stored_files, 1);
		metric_count(put->kind == FILE_STILL ? METRIC_stills_stored_total
		                                     : METRIC_uploads_stored_total);
		event_log_wake(storage->setup.events);
		if (put->has_doomed)
			sweep_wake(storage->sweep);
	}
	finish(put, err);
}

static enum err record(struct db_tx *tx, struct db_job *job)
{
	struct file_put *put = CONTAINER_OF(job, struct file_put, row);

	put->is_spent = put->has_doomed = false;
	return file_write_row(tx, put);
}

/* The object is safe: now its row. A caller that left meanwhile does not want it. */
static void on_committed(struct blob_job *job, enum err err)
{
	struct file_put *put = CONTAINER_OF(job, struct file_put, disk);

	if (err == ERR_OK)
		err = put->cancelled;
	put->state = PUT_RECORDING;
	if (err == ERR_OK)
		err = db_write(put->storage->setup.db, &put->row, record, on_recorded);
	if (err != ERR_OK)
		finish(put, err);
}

static void fill_facts(struct file_put *put)
{
	struct file_facts *facts = &put->facts;
	bool is_still = put->kind == FILE_STILL;

	put->now_ms = clock_now_ms();
	if (is_still || !put->name[0])
		file_name_make(put->now_ms, facts->id, is_still ? "jpeg" : "bin", put->name);
	memcpy(facts->did, put->did, sizeof facts->did);
	memcpy(facts->name, put->name, sizeof facts->name);
	facts->kind = put->kind;
	facts->bytes = (int64_t)put->bytes;
	facts->width = put->width;
	facts->height = put->height;
	facts->time = put->now_ms;
	facts->expires_at = is_still ? 0 : put->now_ms + put->storage->setup.keep_ms;
}

void file_put_end(struct file_put *put)
{
	enum err err = ERR_OK;

	if (put->bytes == 0)
		err = why_set(&put->why, ERR_INVALID, "the file is empty");
	if (err == ERR_OK) {
		fill_facts(put);
		put->state = PUT_COMMITTING;
		put->disk.done = on_committed;
		err = blob_commit(put->object, &put->disk, buf_str(&put->buffer));
	}
	if (err != ERR_OK)
		finish(put, err);
}

void file_put_cancel(struct file_put *put, enum err err)
{
	if (put->cancelled == ERR_OK)
		put->cancelled = err;
	if (put->state == PUT_TAKING)
		finish(put, put->cancelled);
}

static void take_on(struct file_put *put, enum err err)
{
	if (err == ERR_OK)
		err = put->cancelled;
	put->state = PUT_TAKING;
	if (err == ERR_OK)
		put->ready(put);
	else
		finish(put, err);
}

static void on_written(struct blob_job *job, enum err err)
{
	struct file_put *put = CONTAINER_OF(job, struct file_put, disk);

	buf_clear(&put->buffer);
	take_on(put, err);
}

enum err file_put_add(struct file_put *put, const uint8_t *bytes, size_t size)
{
	if (size > most_bytes[put->kind] - put->bytes)
		return too_large(put);
	put->bytes += size;
	buf_add(&put->buffer, bytes, size);
	return buf_err(&put->buffer);
}

enum err file_put_pace(struct file_put *put)
{
	if (put->buffer.size < PUT_BUFFER_BYTES)
		return ERR_OK;
	put->disk.done = on_written;
	enum err err = blob_append(put->object, &put->disk, buf_str(&put->buffer));
	if (err != ERR_OK)
		return err;
	put->state = PUT_WRITING;
	return ERR_MORE;
}

/* Refused before the first byte has come; the row written at the end decides. */
static enum err check(struct db_tx *tx, struct db_job *job)
{
	struct file_put *put = CONTAINER_OF(job, struct file_put, row);
	struct db_statement *find;
	bool has_row = false;
	enum err err = db_prepare(tx,
	                          "SELECT (SELECT COUNT(*) FROM spent_grants WHERE token = $1), "
	                          "(SELECT COUNT(*) FROM files WHERE did = $2 AND kind = $3)",
	                          &find);
	if (err != ERR_OK)
		return err;
	db_bind_text(find, 1, str_of(put->grant));
	db_bind_text(find, 2, put->kind == FILE_UPLOAD ? str_of(put->did) : STR(""));
	db_bind_int(find, 3, FILE_UPLOAD);
	err = db_step(find, &has_row);
	if (err != ERR_OK || !has_row)
		return err;
	put->is_spent = db_int(find, 0) > 0;
	put->is_over_count = db_int(find, 1) >= UPLOADS_PER_DEVICE_MAX;
	return ERR_OK;
}

static void on_checked(struct db_job *job, enum err err)
{
	struct file_put *put = CONTAINER_OF(job, struct file_put, row);

	if (err == ERR_OK && put->is_spent)
		err = ERR_EXISTS;
	if (err == ERR_OK && put->is_over_count)
		err = ERR_NO_SPACE;
	take_on(put, err);
}

/* Under the lock: one grant brings one file, so it is not tried twice at once. */
static enum err find_room(struct storage *storage, struct file_put *put)
{
	int of_device = 0;

	if (atomic_load(&storage->file_count) + storage->put_count >= storage->setup.files_max)
		return storage_full(put, "this server keeps as many files as it may: files have to "
		                         "be removed, or storage.files_max raised");
	if (storage->put_count >= storage->setup.puts_max)
		return too_many(put, "too many uploads are under way: try again in a moment");
	list_each (node, &storage->puts) {
		const struct file_put *other = CONTAINER_OF(node, struct file_put, node);
		if (put->grant[0] && strcmp(other->grant, put->grant) == 0)
			return grant_used(put);
		of_device += strcmp(other->did, put->did) == 0;
	}
	if (of_device >= PUTS_PER_DEVICE_MAX)
		return too_many(put, "this device sends too many files at once");
	return ERR_OK;
}

static enum err enter(struct storage *storage, struct file_put *put)
{
	(void)pthread_mutex_lock(&storage->lock);
	enum err err = find_room(storage, put);
	if (err == ERR_OK) {
		list_add(&storage->puts, &put->node);
		storage->put_count++;
	}
	(void)pthread_mutex_unlock(&storage->lock);
	return err;
}

static void leave(struct file_put *put)
{
	(void)pthread_mutex_lock(&put->storage->lock);
	list_remove(&put->node);
	put->storage->put_count--;
	(void)pthread_mutex_unlock(&put->storage->lock);
	blob_object_free(TAKE(put->object));
}

enum err file_put_begin(struct storage *storage, struct file_put *put)
{
	const struct storage_setup *setup = &storage->setup;

	put->storage = storage;
	if (put->expected_bytes > most_bytes[put->kind])
		return too_large(put);
	enum err err = enter(storage, put);
	if (err != ERR_OK)
		return err;
	buf_init(&put->buffer, PUT_BUFFER_MAX);
	blob_make_id(setup->blob, put->facts.id);
	err = blob_create(setup->blob, put->facts.id, put->expected_bytes, &put->object);
	if (err == ERR_OK)
		err = db_read(setup->db, &put->row, check, on_checked);
	if (err != ERR_OK) {
		leave(put);
		return err;
	}
	metric_add(METRIC_uploads_open, 1);
	return ERR_OK;
}
