/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who went offline is written at most once a second, who was seen once a minute: a power cut of a
 * thousand shops is one transaction, not a thousand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "domain/device/device_private.h"
#include "ports/run/run.h"

#define PRESENCE_FLUSH_MS  1000
#define PRESENCE_SEEN_MS   60000
#define PRESENCE_BATCH_MAX 500
#define DAY_MS             86400000

struct presence_row {
	char did[DID_SIZE];
	char organization[ORGANIZATION_SIZE];
	char reason[DEVICE_REASON_SIZE];
	int64_t since, last_seen, epoch;
	bool is_lost; /* else only seen */
};

struct presence_batch {
	struct db_job job;
	struct devices *devices;
	size_t count;
	struct presence_row rows[PRESENCE_BATCH_MAX];
};

static void on_flush(struct timer *timer);

void presence_unsaved(struct devices *devices, struct device *device)
{
	if (!list_has(&device->unsaved))
		list_add(&devices->unsaved, &device->unsaved);
}

void presence_lost(struct devices *devices, struct device *device, const char *reason)
{
	struct presence *presence = &device->presence;

	presence->state = PRESENCE_OFFLINE;
	presence->since = clock_now_ms();
	presence->last_seen = presence->since;
	(void)snprintf(presence->reason, sizeof presence->reason, "%s", reason);
	presence_unsaved(devices, device);
}

/* Reasons are words of ours: nothing in them needs escaping. */
static enum err append_lost(struct db_tx *tx, const char *organization, const char *did,
                            int64_t at_ms, const char *reason)
{
	char data[DEVICE_REASON_SIZE + 32];

	(void)snprintf(data, sizeof data, "{\"reason\":\"%s\"}", reason);
	const struct event event = { .type = STR("device.disconnected"),
		                     .organization = str_of(organization),
		                     .did = str_of(did),
		                     .time_ms = at_ms,
		                     .data = str_of(data) };
	return event_append(tx, &event);
}

enum err presence_append_lost(struct db_tx *tx, const struct device_facts *facts, int64_t at_ms,
                              const char *reason)
{
	return append_lost(tx, facts->organization, facts->did, at_ms, reason);
}

/* The epoch guards: a device that came back meanwhile is not written as gone. */
static enum err write_lost(struct db_tx *tx, const struct presence_row *row)
{
	struct db_statement *update;
	enum err err =
		db_prepare(tx,
	                   "UPDATE devices SET presence_state = 'offline', presence_since = $2, "
	                   "last_seen = $3, presence_reason = $4 "
	                   "WHERE did = $1 AND link_epoch = $5",
	                   &update);
	if (err != ERR_OK)
		return err;
	db_bind_text(update, 1, str_of(row->did));
	db_bind_int(update, 2, row->since);
	db_bind_int(update, 3, row->last_seen);
	db_bind_text(update, 4, str_of(row->reason));
	db_bind_int(update, 5, row->epoch);
	err = db_run(update);
	if (err != ERR_OK || db_changes(tx) == 0)
		return err;
	return append_lost(tx, row->organization, row->did, row->since, row->reason);
}

static enum err write_seen(struct db_tx *tx, const struct presence_row *row)
{
	struct db_statement *update;
	enum err err = db_prepare(tx, "UPDATE devices SET last_seen = $2 WHERE did = $1", &update);

	if (err != ERR_OK)
		return err;
	db_bind_text(update, 1, str_of(row->did));
	db_bind_int(update, 2, row->last_seen);
	return db_run(update);
}

static enum err write_batch(struct db_tx *tx, struct db_job *job)
{
	const struct presence_batch *batch = CONTAINER_OF(job, struct presence_batch, job);
	enum err err = ERR_OK;

	for (size_t i = 0; i < batch->count && err == ERR_OK; i++)
		err = batch->rows[i].is_lost ? write_lost(tx, &batch->rows[i])
		                             : write_seen(tx, &batch->rows[i]);
	return err;
}

/* What was not written is unsaved again, unless the device came back. */
static void put_back(struct devices *devices, const struct presence_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct device *device = device_find(devices, str_of(batch->rows[i].did));
		if (batch->rows[i].is_lost && device && !device->link)
			presence_unsaved(devices, device);
	}
}

static void on_batch_written(struct db_job *job, enum err err)
{
	struct presence_batch *batch = CONTAINER_OF(job, struct presence_batch, job);
	struct devices *devices = batch->devices;

	devices_lock(devices);
	if (err != ERR_OK)
		put_back(devices, batch);
	bool has_more = err == ERR_OK && !list_is_empty(&devices->unsaved);
	devices->batch = NULL;
	devices_unlock(devices);
	free(batch);
	if (err == ERR_OK)
		event_log_wake(devices->setup.events);
	if (has_more)
		on_flush(&devices->presence_timer);
}

static void add_row(struct presence_batch *batch, const struct device *device, bool is_lost)
{
	struct presence_row *row = &batch->rows[batch->count++];

	memcpy(row->did, device->did, sizeof row->did);
	memcpy(row->organization, device->facts->organization, sizeof row->organization);
	memcpy(row->reason, device->presence.reason, sizeof row->reason);
	row->since = device->presence.since;
	row->last_seen =
		device->link ? atomic_load_explicit(&device->link->seen_ms, memory_order_relaxed)
			     : device->presence.last_seen;
	row->epoch = device->presence.epoch;
	row->is_lost = is_lost;
}

/* Under the lock: sends the batch on its way, or takes it back. */
static void send_batch(struct devices *devices, struct presence_batch *batch)
{
	devices->batch = batch;
	if (batch->count &&
	    db_write(devices->setup.db, &batch->job, write_batch, on_batch_written) == ERR_OK)
		return;
	devices->batch = NULL;
	put_back(devices, batch);
	free(batch);
}

static struct presence_batch *new_batch(struct devices *devices)
{
	struct presence_batch *batch = devices->batch ? NULL : calloc(1, sizeof *batch);

	if (batch)
		batch->devices = devices;
	return batch;
}

/* Under the lock. */
static void take_unsaved(struct devices *devices, struct presence_batch *batch)
{
	for (struct list_node *node;
	     batch->count < PRESENCE_BATCH_MAX && (node = list_first(&devices->unsaved));) {
		list_remove(node);
		add_row(batch, CONTAINER_OF(node, struct device, unsaved), true);
	}
}

static void on_flush(struct timer *timer)
{
	struct devices *devices = CONTAINER_OF(timer, struct devices, presence_timer);

	devices_lock(devices);
	struct presence_batch *batch = list_is_empty(&devices->unsaved) ? NULL : new_batch(devices);
	if (batch) {
		take_unsaved(devices, batch);
		send_batch(devices, batch);
	}
	devices_unlock(devices);
	run_after(&devices->presence_timer, PRESENCE_FLUSH_MS, on_flush);
}

/* One part of the map a turn, so that a million devices do not hold the lock for long. */
static void on_seen(struct timer *timer)
{
	struct devices *devices = CONTAINER_OF(timer, struct devices, seen_timer);
	bool is_over = true;

	devices_lock(devices);
	struct presence_batch *batch = new_batch(devices);
	if (batch) {
		size_t end = devices->seen_place + PRESENCE_BATCH_MAX;
		for (; devices->seen_place < end && devices->seen_place < devices->by_did.room;
		     devices->seen_place++) {
			struct device *device = devices->by_did.entries[devices->seen_place].value;
			if (device && device->link)
				add_row(batch, device, false);
		}
		is_over = devices->seen_place >= devices->by_did.room;
		if (is_over)
			devices->seen_place = 0;
		send_batch(devices, batch);
	}
	bool is_waiting = batch == NULL;
	devices_unlock(devices);
	run_after(&devices->seen_timer, is_waiting || !is_over ? 20 : PRESENCE_SEEN_MS, on_seen);
}

static enum err write_ended(struct db_tx *tx, struct db_job *job)
{
	const struct devices *devices = CONTAINER_OF(job, struct devices, loading);
	struct db_statement *add, *update;
	int64_t now_ms = clock_now_ms();
	enum err err = db_prepare(tx,
	                          "INSERT INTO events (organization, did, type, time, data, day) "
	                          "SELECT organization, did, 'device.disconnected', $1, "
	                          "'{\"reason\":\"server restarted\"}', $2 FROM devices "
	                          "WHERE presence_state = 'online' AND link_node = $3 ORDER BY did",
	                          &add);
	if (err != ERR_OK)
		return err;
	db_bind_int(add, 1, now_ms);
	db_bind_int(add, 2, now_ms / DAY_MS);
	db_bind_text(add, 3, str_of(devices->setup.node));
	err = db_run(add);
	if (err == ERR_OK)
		err = db_prepare(tx,
		                 "UPDATE devices SET presence_state = 'offline', "
		                 "presence_since = $1, presence_reason = 'server restarted' "
		                 "WHERE presence_state = 'online' AND link_node = $2",
		                 &update);
	if (err != ERR_OK)
		return err;
	db_bind_int(update, 1, now_ms);
	db_bind_text(update, 2, str_of(devices->setup.node));
	return db_run(update);
}

enum err presence_end_all(struct devices *devices)
{
	return db_write_now(devices->setup.db, &devices->loading, write_ended);
}

void devices_start(struct devices *devices)
{
	event_log_wake(devices->setup.events); /* for what presence_end_all() wrote */
	run_after(&devices->presence_timer, PRESENCE_FLUSH_MS, on_flush);
	run_after(&devices->seen_timer, PRESENCE_SEEN_MS, on_seen);
}

enum err devices_stop(struct devices *devices)
{
	AUTO_FREE struct presence_batch *batch = calloc(1, sizeof *batch);
	enum err err = batch ? ERR_OK : ERR_NO_MEMORY;

	while (err == ERR_OK) {
		devices_lock(devices);
		batch->count = 0;
		take_unsaved(devices, batch);
		devices_unlock(devices);
		if (!batch->count)
			break;
		err = db_write_now(devices->setup.db, &batch->job, write_batch);
	}
	return err;
}
