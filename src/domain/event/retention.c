/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/event/retention.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/timer.h"
#include "domain/event/event.h"
#include "ports/run/run.h"

struct retention {
	struct db *db;
	struct db_job job;
	struct timer timer;
	int64_t keep_days;
	int64_t before_day; /* of the job under way */
	int64_t removed;    /* by it */
};

static void on_due(struct timer *timer);

/* The id of the last event of the beginning that may go; 0: none. */
static enum err find_last(struct db_tx *tx, int64_t before_day, int64_t *out_last)
{
	struct db_statement *find;
	int64_t id = 0;
	bool has_row = true;
	enum err err =
		db_prepare(tx, "SELECT id, day, cursor FROM events ORDER BY id LIMIT $1", &find);

	*out_last = 0;
	if (err != ERR_OK)
		return err;
	db_bind_int(find, 1, RETENTION_BATCH + 1);
	while ((err = db_step(find, &has_row)) == ERR_OK && has_row) {
		/* The one before may go because this one has its cursor. */
		if (db_is_null(find, 2))
			break;
		*out_last = id;
		if (db_int(find, 1) >= before_day)
			break;
		id = db_int(find, 0);
	}
	return err;
}

static enum err remove_batch(struct db_tx *tx, struct db_job *job)
{
	struct retention *retention = CONTAINER_OF(job, struct retention, job);
	struct db_statement *remove;
	int64_t last;
	enum err err = find_last(tx, retention->before_day, &last);

	retention->removed = 0;
	if (err != ERR_OK || last == 0)
		return err;
	err = db_prepare(tx, "DELETE FROM events WHERE id <= $1", &remove);
	if (err != ERR_OK)
		return err;
	db_bind_int(remove, 1, last);
	err = db_run(remove);
	if (err == ERR_OK)
		retention->removed = db_changes(tx);
	return err;
}

static void on_removed(struct db_job *job, enum err err)
{
	struct retention *retention = CONTAINER_OF(job, struct retention, job);

	int64_t wait_ms = RETENTION_EVERY_MS;

	if (err == ERR_OK)
		metric_add(METRIC_events_swept_total, retention->removed);
	if (err == ERR_OK && retention->removed == RETENTION_BATCH)
		wait_ms = RETENTION_PAUSE_MS;
	run_after(&retention->timer, wait_ms, on_due);
}

static void on_due(struct timer *timer)
{
	struct retention *retention = CONTAINER_OF(timer, struct retention, timer);

	retention->before_day = clock_now_ms() / EVENT_DAY_MS - retention->keep_days;
	if (db_write(retention->db, &retention->job, remove_batch, on_removed) != ERR_OK)
		run_after(timer, RETENTION_EVERY_MS, on_due);
}

enum err retention_new(struct db *db, int64_t keep_days, struct retention **out)
{
	struct retention *retention = calloc(1, sizeof *retention);

	if (!retention)
		return ERR_NO_MEMORY;
	retention->db = db;
	retention->keep_days = keep_days;
	*out = retention;
	return ERR_OK;
}

void retention_free(struct retention *retention)
{
	free(retention);
}

void retention_start(struct retention *retention)
{
	if (retention->keep_days)
		run_after(&retention->timer, RETENTION_FIRST_MS, on_due);
}
