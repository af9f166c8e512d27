/* SPDX-License-Identifier: Apache-2.0 */
/* A file's row when it comes: the grant it spends, what it replaces, what it pushes out. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "domain/storage/storage_private.h"

#define DETAILS_MAX 2048
#define PUSHED_MAX  32 /* stills that one new still pushes out: one, unless the setting fell */

enum err file_append_event(struct db_tx *tx, const char *type, const char *organization,
                           const char *did, int64_t time_ms, struct str details)
{
	const struct event event = { .type = str_of(type),
		                     .organization = str_of(organization),
		                     .did = str_of(did),
		                     .time_ms = time_ms,
		                     .data = details };

	return event_append(tx, &event);
}

/* A large file takes its time to come: the device may be gone by then, or another's. */
static enum err check_owner(struct db_tx *tx, const struct file_put *put)
{
	struct db_statement *find;
	bool has_row = false;
	enum err err =
		db_prepare(tx, "SELECT 1 FROM devices WHERE did = $1 AND organization = $2", &find);

	if (err != ERR_OK)
		return err;
	db_bind_text(find, 1, str_of(put->did));
	db_bind_text(find, 2, str_of(put->organization));
	err = db_step(find, &has_row);
	return err == ERR_OK && !has_row ? ERR_CONFLICT : err;
}

static enum err spend_grant(struct db_tx *tx, struct file_put *put)
{
	struct db_statement *add;
	enum err err = db_prepare(tx,
	                          "INSERT INTO spent_grants (token, expires_at) VALUES ($1, $2) "
	                          "ON CONFLICT (token) DO NOTHING",
	                          &add);
	if (err != ERR_OK)
		return err;
	db_bind_text(add, 1, str_of(put->grant));
	db_bind_int(add, 2, put->now_ms + GRANT_LIFE_MS);
	err = db_run(add);
	put->is_spent = err == ERR_OK && db_changes(tx) == 0;
	return put->is_spent ? ERR_EXISTS : err;
}

enum err file_doom(struct db_tx *tx, const char *id)
{
	struct db_statement *update;
	enum err err = db_prepare(tx, "UPDATE files SET did = NULL WHERE id = $1", &update);

	if (err != ERR_OK)
		return err;
	db_bind_text(update, 1, str_of(id));
	return db_run(update);
}

/* The same name again: the new file takes its place. */
static enum err replace_name(struct db_tx *tx, struct file_put *put)
{
	struct db_statement *update;
	enum err err = db_prepare(
		tx, "UPDATE files SET did = NULL WHERE did = $1 AND kind = $2 AND name = $3",
		&update);

	if (err != ERR_OK)
		return err;
	db_bind_text(update, 1, str_of(put->did));
	db_bind_int(update, 2, put->kind);
	db_bind_text(update, 3, str_of(put->name));
	err = db_run(update);
	put->has_doomed = err == ERR_OK && db_changes(tx) > 0;
	return err;
}

static enum err insert_row(struct db_tx *tx, const struct file_put *put)
{
	const struct file_facts *facts = &put->facts;
	struct db_statement *add;
	enum err err = db_prepare(tx,
	                          "INSERT INTO files (id, organization, did, kind, name, bytes, "
	                          "width, height, time, expires_at) "
	                          "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	                          &add);
	if (err != ERR_OK)
		return err;
	db_bind_text(add, 1, str_of(facts->id));
	db_bind_text(add, 2, str_of(put->organization));
	db_bind_text(add, 3, str_of(facts->did));
	db_bind_int(add, 4, facts->kind);
	db_bind_text(add, 5, str_of(facts->name));
	db_bind_int(add, 6, facts->bytes);
	db_bind_int(add, 7, facts->width);
	db_bind_int(add, 8, facts->height);
	db_bind_int(add, 9, facts->time);
	if (facts->expires_at)
		db_bind_int(add, 10, facts->expires_at);
	else
		db_bind_null(add, 10);
	return db_run(add);
}

/* Stills beyond what a device may keep: the oldest. */
static enum err push_out(struct db_tx *tx, struct file_put *put)
{
	char ids[PUSHED_MAX][BLOB_ID_SIZE];
	struct db_statement *find;
	int count = 0;
	bool has_row = true;
	enum err err = db_prepare(tx,
	                          "SELECT id FROM files WHERE did = $1 AND kind = $2 "
	                          "ORDER BY time DESC, id DESC LIMIT $3 OFFSET $4",
	                          &find);
	if (err != ERR_OK)
		return err;
	db_bind_text(find, 1, str_of(put->did));
	db_bind_int(find, 2, FILE_STILL);
	db_bind_int(find, 3, PUSHED_MAX);
	db_bind_int(find, 4, put->storage->setup.stills_per_device);
	while (err == ERR_OK && has_row && count < PUSHED_MAX) {
		err = db_step(find, &has_row);
		if (err == ERR_OK && has_row)
			err = str_copy(db_text(find, 0), ids[count++], BLOB_ID_SIZE);
	}
	put->has_doomed |= count > 0;
	for (int i = 0; i < count && err == ERR_OK; i++)
		err = file_doom(tx, ids[i]);
	return err;
}

static enum err append_stored(struct db_tx *tx, const struct file_put *put)
{
	const struct file_facts *facts = &put->facts;
	char time[CLOCK_TEXT_SIZE];
	AUTO_BUF details = { 0 };

	buf_init(&details, DETAILS_MAX);
	buf_add_text(&details, "{\"name\":");
	json_add_quoted(&details, str_of(facts->name));
	buf_printf(&details, ",\"bytes\":%" PRId64, facts->bytes);
	if (facts->kind == FILE_STILL)
		buf_printf(&details, ",\"width\":%u,\"height\":%u", facts->width, facts->height);
	if (facts->expires_at) {
		clock_format(facts->expires_at, time);
		buf_printf(&details, ",\"expires_at\":\"%s\"", time);
	}
	buf_add_text(&details, "}");
	if (buf_err(&details) != ERR_OK)
		return buf_err(&details);
	return file_append_event(tx, facts->kind == FILE_STILL ? "still.stored" : "file.stored",
	                         put->organization, put->did, put->now_ms, buf_str(&details));
}

enum err file_write_row(struct db_tx *tx, struct file_put *put)
{
	enum err err = check_owner(tx, put);

	if (err == ERR_OK && put->grant[0])
		err = spend_grant(tx, put);
	if (err == ERR_OK)
		err = replace_name(tx, put);
	if (err == ERR_OK)
		err = insert_row(tx, put);
	if (err == ERR_OK && put->kind == FILE_STILL)
		err = push_out(tx, put);
	return err == ERR_OK ? append_stored(tx, put) : err;
}
