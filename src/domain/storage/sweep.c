/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes by itself: orphans of an earlier process, uploads whose time is over, and the objects
 * of doomed rows.
 *
 *     IDLE --at first--> LISTING --> MATCHING --> DROPPING --each folder--> EXPIRING
 *     IDLE --STORAGE_SWEEP_MS--> EXPIRING --batch by batch--> GATHERING
 *     IDLE --woken--> GATHERING --some--> UNLINKING --> FORGETTING --more--> GATHERING
 *     any --none left, or a failure--> IDLE, and again later
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "domain/storage/storage_private.h"
#include "ports/run/run.h"

#define BATCH     STORAGE_SWEEP_BATCH_MAX
#define WAKE_MS   200 /* what is doomed within so long goes together */
#define NAMES_MAX (8 * 1024 * 1024)
#define ID_CHARS  (BLOB_ID_SIZE - 1)

_Static_assert(BATCH <= BLOB_REMOVE_MAX, "a batch is removed at once");

enum sweep_state {
	SWEEP_IDLE,
	SWEEP_LISTING,
	SWEEP_MATCHING,
	SWEEP_DROPPING,
	SWEEP_EXPIRING,
	SWEEP_GATHERING,
	SWEEP_UNLINKING,
	SWEEP_FORGETTING,
};

struct expired {
	char id[BLOB_ID_SIZE], organization[ORGANIZATION_SIZE], did[DID_SIZE];
	int64_t bytes;
};

struct sweep {
	struct storage *storage;
	struct loop *home; /* NULL: not started; read by all loops */
	struct timer timer;
	struct mail mail;
	_Atomic bool is_mailed;
	bool is_again; /* woken while at work */
	bool is_soon;  /* woken while idle: the timer is set for it */
	enum sweep_state state;
	unsigned folder;  /* the next to be listed */
	struct buf names; /* of one folder */
	size_t matched;   /* bytes of them */
	int64_t expired_ms, now_ms;
	struct db_job row;
	struct blob_job disk;
	char ids[BATCH][BLOB_ID_SIZE];
	struct expired expired[BATCH];
	size_t count; /* of ids, or of expired */
};

static void step(struct sweep *sweep, enum err err);

static void on_row(struct db_job *job, enum err err)
{
	step(CONTAINER_OF(job, struct sweep, row), err);
}

static void on_disk(struct blob_job *job, enum err err)
{
	step(CONTAINER_OF(job, struct sweep, disk), err);
}

static enum err has_row(struct db_tx *tx, struct str id, bool *out)
{
	struct db_statement *find;
	enum err err = db_prepare(tx, "SELECT 1 FROM files WHERE id = $1", &find);

	if (err != ERR_OK)
		return err;
	db_bind_text(find, 1, id);
	return db_step(find, out);
}

/* The next names of the folder; those without a row are kept in ids. */
static enum err match(struct db_tx *tx, struct db_job *job)
{
	struct sweep *sweep = CONTAINER_OF(job, struct sweep, row);
	size_t at = sweep->matched;
	enum err err = ERR_OK;

	sweep->count = 0;
	for (; err == ERR_OK && at < sweep->names.size && sweep->count < BATCH; at += ID_CHARS) {
		struct str id = { (const char *)sweep->names.at + at, ID_CHARS };
		bool is_known = false;
		err = has_row(tx, id, &is_known);
		if (err == ERR_OK && !is_known)
			err = str_copy(id, sweep->ids[sweep->count++], BLOB_ID_SIZE);
	}
	if (err == ERR_OK)
		sweep->matched = at;
	return err;
}

static enum err find_expired(struct db_tx *tx, struct sweep *sweep)
{
	struct db_statement *find;
	bool is_more = true;
	enum err err = db_prepare(tx,
	                          "SELECT id, organization, did, bytes FROM files "
	                          "WHERE did IS NOT NULL AND expires_at IS NOT NULL AND "
	                          "expires_at <= $1 ORDER BY expires_at LIMIT $2",
	                          &find);
	if (err != ERR_OK)
		return err;
	db_bind_int(find, 1, sweep->now_ms);
	db_bind_int(find, 2, BATCH);
	sweep->count = 0;
	while (sweep->count < BATCH) {
		struct expired *one = &sweep->expired[sweep->count];
		err = db_step(find, &is_more);
		if (err != ERR_OK || !is_more)
			break;
		if (str_copy(db_text(find, 0), one->id, sizeof one->id) != ERR_OK ||
		    str_copy(db_text(find, 1), one->organization, ORGANIZATION_SIZE) != ERR_OK ||
		    str_copy(db_text(find, 2), one->did, DID_SIZE) != ERR_OK)
			return ERR_INTERNAL;
		one->bytes = db_int(find, 3);
		sweep->count++;
	}
	return err;
}

static int by_did(const void *a, const void *b)
{
	return strcmp(((const struct expired *)a)->did, ((const struct expired *)b)->did);
}

/* One event for each device of the batch, not for each file. */
static enum err tell_expired(struct db_tx *tx, struct sweep *sweep)
{
	enum err err = ERR_OK;

	qsort(sweep->expired, sweep->count, sizeof sweep->expired[0], by_did);
	for (size_t from = 0, to = 0; from < sweep->count && err == ERR_OK; from = to) {
		const struct expired *first = &sweep->expired[from];
		int64_t bytes = 0;
		AUTO_BUF details = { 0 };

		for (; to < sweep->count && by_did(first, &sweep->expired[to]) == 0; to++)
			bytes += sweep->expired[to].bytes;
		buf_init(&details, 128);
		buf_printf(&details, "{\"count\":%zu,\"bytes\":%" PRId64 "}", to - from, bytes);
		err = file_append_event(tx, "file.expired", first->organization, first->did,
		                        sweep->now_ms, buf_str(&details));
	}
	return err;
}

static enum err forget_grants(struct db_tx *tx, int64_t now_ms)
{
	struct db_statement *remove;
	enum err err = db_prepare(tx, "DELETE FROM spent_grants WHERE expires_at <= $1", &remove);

	if (err != ERR_OK)
		return err;
	db_bind_int(remove, 1, now_ms);
	return db_run(remove);
}

static enum err expire(struct db_tx *tx, struct db_job *job)
{
	struct sweep *sweep = CONTAINER_OF(job, struct sweep, row);
	enum err err = find_expired(tx, sweep);

	for (size_t i = 0; i < sweep->count && err == ERR_OK; i++)
		err = file_doom(tx, sweep->expired[i].id);
	if (err == ERR_OK)
		err = tell_expired(tx, sweep);
	return err == ERR_OK ? forget_grants(tx, sweep->now_ms) : err;
}

static enum err gather(struct db_tx *tx, struct db_job *job)
{
	struct sweep *sweep = CONTAINER_OF(job, struct sweep, row);
	struct db_statement *find;
	bool is_more = true;
	enum err err = db_prepare(tx, "SELECT id FROM files WHERE did IS NULL LIMIT $1", &find);

	if (err != ERR_OK)
		return err;
	db_bind_int(find, 1, BATCH);
	sweep->count = 0;
	while (err == ERR_OK && is_more && sweep->count < BATCH) {
		err = db_step(find, &is_more);
		if (err == ERR_OK && is_more)
			err = str_copy(db_text(find, 0), sweep->ids[sweep->count++], BLOB_ID_SIZE);
	}
	return err;
}

static enum err forget(struct db_tx *tx, struct db_job *job)
{
	struct sweep *sweep = CONTAINER_OF(job, struct sweep, row);
	enum err err = ERR_OK;

	for (size_t i = 0; i < sweep->count && err == ERR_OK; i++) {
		struct db_statement *remove;
		err = db_prepare(tx, "DELETE FROM files WHERE id = $1", &remove);
		if (err != ERR_OK)
			break;
		db_bind_text(remove, 1, str_of(sweep->ids[i]));
		err = db_run(remove);
	}
	return err;
}

static void count_gone(struct sweep *sweep)
{
	(void)atomic_fetch_sub(&sweep->storage->file_count, (int64_t)sweep->count);
	metric_add(METRIC_stored_files, -(int64_t)sweep->count);
}

/* What follows the state that has just ended well. */
static enum sweep_state next(struct sweep *sweep)
{
	bool is_full = sweep->count == BATCH;

	switch (sweep->state) {
	case SWEEP_IDLE:
		if (sweep->folder < BLOB_FOLDERS)
			return SWEEP_LISTING;
		return sweep->now_ms - sweep->expired_ms >= STORAGE_SWEEP_MS ? SWEEP_EXPIRING
		                                                             : SWEEP_GATHERING;
	case SWEEP_LISTING: sweep->folder++; return SWEEP_MATCHING;
	case SWEEP_MATCHING: return SWEEP_DROPPING;
	case SWEEP_DROPPING:
		metric_add(METRIC_storage_orphans_total, (int64_t)sweep->count);
		if (sweep->matched < sweep->names.size)
			return SWEEP_MATCHING;
		return sweep->folder < BLOB_FOLDERS ? SWEEP_LISTING : SWEEP_EXPIRING;
	case SWEEP_EXPIRING:
		metric_add(METRIC_uploads_expired_total, (int64_t)sweep->count);
		if (sweep->count)
			event_log_wake(sweep->storage->setup.events);
		if (!is_full)
			sweep->expired_ms = sweep->now_ms;
		return is_full ? SWEEP_EXPIRING : SWEEP_GATHERING;
	case SWEEP_GATHERING: return sweep->count ? SWEEP_UNLINKING : SWEEP_IDLE;
	case SWEEP_UNLINKING: return SWEEP_FORGETTING;
	case SWEEP_FORGETTING: count_gone(sweep); return SWEEP_GATHERING;
	}
	return SWEEP_IDLE;
}

static enum err begin(struct sweep *sweep)
{
	struct db *db = sweep->storage->setup.db;
	struct blob *blob = sweep->storage->setup.blob;

	switch (sweep->state) {
	case SWEEP_IDLE: return ERR_OK;
	case SWEEP_LISTING:
		sweep->matched = 0;
		buf_clear(&sweep->names);
		return blob_list(blob, &sweep->disk, sweep->folder, &sweep->names);
	case SWEEP_MATCHING: return db_read(db, &sweep->row, match, on_row);
	case SWEEP_DROPPING:
	case SWEEP_UNLINKING:
		return blob_remove(blob, &sweep->disk, (const char(*)[BLOB_ID_SIZE])sweep->ids,
		                   sweep->count);
	case SWEEP_EXPIRING: return db_write(db, &sweep->row, expire, on_row);
	case SWEEP_GATHERING: return db_read(db, &sweep->row, gather, on_row);
	case SWEEP_FORGETTING: return db_write(db, &sweep->row, forget, on_row);
	}
	return ERR_INTERNAL;
}

static void on_due(struct timer *timer)
{
	struct sweep *sweep = CONTAINER_OF(timer, struct sweep, timer);

	sweep->is_soon = false;
	sweep->now_ms = clock_now_ms();
	step(sweep, ERR_OK);
}

/* Idle until it is time again; after a failure (disk full, too busy) that is soon enough too. */
static void rest(struct sweep *sweep)
{
	sweep->state = SWEEP_IDLE;
	buf_done(&sweep->names);
	buf_init(&sweep->names, NAMES_MAX);
	run_after(&sweep->timer, sweep->is_again ? WAKE_MS : STORAGE_SWEEP_MS, on_due);
	sweep->is_soon = sweep->is_again;
	sweep->is_again = false;
}

static void step(struct sweep *sweep, enum err err)
{
	if (err == ERR_TOO_LARGE && sweep->state == SWEEP_LISTING)
		err = ERR_OK; /* the rest of this folder is for the next start */
	if (err == ERR_OK) {
		sweep->state = next(sweep);
		err = begin(sweep);
	}
	if (err != ERR_OK) {
		metric_count(METRIC_storage_sweep_failures_total);
		sweep->is_again = false;
	}
	if (err != ERR_OK || sweep->state == SWEEP_IDLE)
		rest(sweep);
}

static void on_wake(struct mail *mail)
{
	struct sweep *sweep = CONTAINER_OF(mail, struct sweep, mail);

	atomic_store(&sweep->is_mailed, false);
	if (sweep->state != SWEEP_IDLE) {
		sweep->is_again = true;
		return;
	}
	/* Counted from the first of them: where stills push out stills all the time, the last never
	 * comes. */
	if (!sweep->is_soon)
		run_after(&sweep->timer, WAKE_MS, on_due);
	sweep->is_soon = true;
}

void sweep_wake(struct sweep *sweep)
{
	struct loop *home = __atomic_load_n(&sweep->home, __ATOMIC_ACQUIRE);

	if (!home || atomic_exchange(&sweep->is_mailed, true))
		return;
	sweep->mail.fn = on_wake;
	run_post(home, &sweep->mail);
}

enum err sweep_new(struct storage *storage, struct sweep **out)
{
	struct sweep *sweep = calloc(1, sizeof *sweep);

	if (!sweep)
		return ERR_NO_MEMORY;
	sweep->storage = storage;
	sweep->disk.done = on_disk;
	/* A database that has no file is a new one, or the wrong one: what lies there may be
	 * another's. */
	sweep->folder = atomic_load(&storage->file_count) ? 0 : BLOB_FOLDERS;
	buf_init(&sweep->names, NAMES_MAX);
	*out = sweep;
	return ERR_OK;
}

void sweep_free(struct sweep *sweep)
{
	if (!sweep)
		return;
	buf_done(&sweep->names);
	free(sweep);
}

void sweep_start(struct sweep *sweep)
{
	__atomic_store_n(&sweep->home, run_here(), __ATOMIC_RELEASE);
	sweep->now_ms = clock_now_ms();
	step(sweep, ERR_OK);
}
