/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for files, and removing one. */
#include <string.h>

#include "base/json.h"
#include "domain/storage/storage_private.h"

#define COLUMNS   "id, did, kind, name, bytes, width, height, time, expires_at"
#define SECOND_MS 1000

static enum err take_row(struct db_statement *row, struct file_facts *facts)
{
	facts->kind = db_int(row, 2) == FILE_STILL ? FILE_STILL : FILE_UPLOAD;
	facts->bytes = db_int(row, 4);
	facts->width = (unsigned)db_int(row, 5);
	facts->height = (unsigned)db_int(row, 6);
	facts->time = db_int(row, 7);
	facts->expires_at = db_int(row, 8);
	if (str_copy(db_text(row, 0), facts->id, sizeof facts->id) != ERR_OK ||
	    str_copy(db_text(row, 1), facts->did, sizeof facts->did) != ERR_OK ||
	    str_copy(db_text(row, 3), facts->name, sizeof facts->name) != ERR_OK)
		return ERR_INTERNAL;
	return ERR_OK;
}

static enum err prepare_by_name(struct db_tx *tx, const struct file_find *find,
                                struct db_statement **out)
{
	enum err err = db_prepare(tx,
	                          "SELECT " COLUMNS " FROM files WHERE did = $1 AND kind = $2 AND "
	                          "name = $3 AND organization = $4 AND "
	                          "(expires_at IS NULL OR expires_at > $5)",
	                          out);
	if (err != ERR_OK)
		return err;
	db_bind_text(*out, 1, str_of(find->did));
	db_bind_int(*out, 2, find->kind);
	db_bind_text(*out, 3, str_of(find->name));
	db_bind_text(*out, 4, str_of(find->organization));
	db_bind_int(*out, 5, find->now_ms);
	return ERR_OK;
}

static enum err prepare_by_second(struct db_tx *tx, const struct file_find *find,
                                  struct db_statement **out)
{
	enum err err =
		db_prepare(tx,
	                   "SELECT " COLUMNS " FROM files WHERE did IS NOT NULL AND "
	                   "organization = $1 AND kind = $2 AND time >= $3 AND time < $4 AND "
	                   "($5 = '' OR did = $5) ORDER BY time DESC, id DESC LIMIT 1",
	                   out);
	if (err != ERR_OK)
		return err;
	db_bind_text(*out, 1, str_of(find->organization));
	db_bind_int(*out, 2, find->kind);
	db_bind_int(*out, 3, find->from_ms);
	db_bind_int(*out, 4, find->from_ms + SECOND_MS);
	db_bind_text(*out, 5, str_of(find->did));
	return ERR_OK;
}

static enum err read_one(struct db_tx *tx, struct db_job *job)
{
	struct file_find *find = CONTAINER_OF(job, struct file_find, job);
	struct db_statement *row = NULL;
	bool has_row = false;
	enum err err =
		find->from_ms ? prepare_by_second(tx, find, &row) : prepare_by_name(tx, find, &row);

	if (err == ERR_OK)
		err = db_step(row, &has_row);
	if (err != ERR_OK)
		return err;
	return has_row ? take_row(row, &find->facts) : ERR_NOT_FOUND;
}

static void on_found(struct db_job *job, enum err err)
{
	struct file_find *find = CONTAINER_OF(job, struct file_find, job);

	find->done(find, err);
}

enum err file_find(struct storage *storage, struct file_find *find)
{
	find->now_ms = clock_now_ms();
	return db_read(storage->setup.db, &find->job, read_one, on_found);
}

enum err file_find_second(struct storage *storage, struct file_find *find)
{
	enum err err = file_name_second(str_of(find->name), &find->from_ms);

	return err == ERR_OK && find->from_ms > 0 ? file_find(storage, find) : ERR_NOT_FOUND;
}

static enum err read_page(struct db_tx *tx, struct db_job *job)
{
	struct file_page *page = CONTAINER_OF(job, struct file_page, job);
	struct db_statement *find;
	bool has_row = true;
	enum err err = db_prepare(tx,
	                          "SELECT " COLUMNS " FROM files WHERE did = $1 AND kind = $2 AND "
	                          "(time < $3 OR (time = $3 AND id < $4)) AND "
	                          "(expires_at IS NULL OR expires_at > $5) "
	                          "ORDER BY time DESC, id DESC LIMIT $6",
	                          &find);
	if (err != ERR_OK)
		return err;
	db_bind_text(find, 1, str_of(page->did));
	db_bind_int(find, 2, page->kind);
	db_bind_int(find, 3, page->before_time);
	db_bind_text(find, 4, str_of(page->before_id));
	db_bind_int(find, 5, page->now_ms);
	db_bind_int(find, 6, page->limit);
	page->count = 0;
	while (err == ERR_OK && page->count < page->limit) {
		err = db_step(find, &has_row);
		if (err != ERR_OK || !has_row)
			break;
		err = take_row(find, &page->items[page->count++]);
	}
	return err;
}

static void on_page(struct db_job *job, enum err err)
{
	struct file_page *page = CONTAINER_OF(job, struct file_page, job);

	page->done(page, err);
}

enum err file_list(struct storage *storage, struct file_page *page)
{
	page->now_ms = clock_now_ms();
	return db_read(storage->setup.db, &page->job, read_page, on_page);
}

static enum err doom_named(struct db_tx *tx, const struct file_removal *removal)
{
	struct db_statement *update;
	enum err err = db_prepare(tx,
	                          "UPDATE files SET did = NULL WHERE did = $1 AND kind = $2 AND "
	                          "name = $3 AND organization = $4",
	                          &update);
	if (err != ERR_OK)
		return err;
	db_bind_text(update, 1, str_of(removal->did));
	db_bind_int(update, 2, removal->kind);
	db_bind_text(update, 3, str_of(removal->name));
	db_bind_text(update, 4, str_of(removal->organization));
	err = db_run(update);
	return err == ERR_OK && db_changes(tx) == 0 ? ERR_NOT_FOUND : err;
}

static enum err remove_one(struct db_tx *tx, struct db_job *job)
{
	struct file_removal *removal = CONTAINER_OF(job, struct file_removal, job);
	const char *type = removal->kind == FILE_STILL ? "still.removed" : "file.removed";
	AUTO_BUF details = { 0 };
	enum err err = doom_named(tx, removal);

	buf_init(&details, 1024);
	buf_add_text(&details, "{\"name\":");
	json_add_quoted(&details, str_of(removal->name));
	buf_add_text(&details, "}");
	if (err == ERR_OK)
		err = buf_err(&details);
	return err == ERR_OK ? file_append_event(tx, type, removal->organization, removal->did,
	                                         removal->now_ms, buf_str(&details))
	                     : err;
}

static void on_removed(struct db_job *job, enum err err)
{
	struct file_removal *removal = CONTAINER_OF(job, struct file_removal, job);

	if (err == ERR_OK) {
		event_log_wake(removal->storage->setup.events);
		sweep_wake(removal->storage->sweep);
	}
	removal->done(removal, err);
}

enum err file_remove(struct storage *storage, struct file_removal *removal)
{
	removal->storage = storage;
	removal->now_ms = clock_now_ms();
	return db_write(storage->setup.db, &removal->job, remove_one, on_removed);
}
