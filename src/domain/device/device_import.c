/* SPDX-License-Identifier: Apache-2.0 */
/* Many devices at once, in one transaction. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "domain/device/device_private.h"

static enum err write_import(struct db_tx *tx, struct db_job *job)
{
	struct device_import *import = CONTAINER_OF(job, struct device_import, job);

	for (size_t i = 0; i < import->count; i++) {
		const struct device_facts *facts = import->fresh[i];
		if (!facts)
			continue;
		enum err err = device_write_row(tx, facts);
		if (err == ERR_EXISTS) {
			import->results[i] = ERR_EXISTS;
			continue;
		}
		if (err == ERR_OK)
			err = device_write_secret(tx, facts);
		if (err == ERR_OK)
			err = device_append_event(tx, facts, DEVICE_CREATED);
		if (err != ERR_OK)
			return err;
		import->results[i] = ERR_OK;
	}
	return ERR_OK;
}

static void on_imported(struct db_job *job, enum err err)
{
	struct device_import *import = CONTAINER_OF(job, struct device_import, job);
	struct devices *devices = import->devices;

	devices_lock(devices);
	for (size_t i = 0; i < import->count; i++) {
		struct device_facts *fresh = import->fresh[i];
		if (err == ERR_OK && fresh && import->results[i] == ERR_OK)
			(void)device_add_new(devices, fresh, import->number);
		else
			device_facts_unref(fresh);
	}
	devices_unlock(devices);
	free(import->fresh);
	if (err == ERR_OK)
		event_log_wake(devices->setup.events);
	import->done(import, err);
}

enum err device_import(struct devices *devices, struct device_import *import)
{
	enum err err = ERR_OK;

	import->devices = devices;
	import->fresh = calloc(import->count, sizeof(struct device_facts *));
	if (!import->fresh)
		return ERR_NO_MEMORY;
	if (devices_count(devices) + import->count > DEVICES_MAX)
		err = ERR_BUSY;
	for (size_t i = 0; i < import->count && err == ERR_OK; i++) {
		AUTO_BUF sealed = { 0 };
		buf_init(&sealed, DEVICE_SECRET_SIZE + DIGEST_SEAL_EXTRA);
		import->results[i] = device_check_spec(&import->specs[i], NULL);
		if (import->results[i] != ERR_OK)
			continue;
		err = device_seal_secret(devices, &import->specs[i], &sealed);
		if (err != ERR_OK)
			break;
		import->fresh[i] = device_facts_new(&import->specs[i], buf_str(&sealed), STR("{}"));
		if (!import->fresh[i])
			err = ERR_NO_MEMORY;
		else
			import->fresh[i]->created_at = import->fresh[i]->updated_at =
				clock_now_ms();
	}
	if (err == ERR_OK) {
		devices_lock(devices);
		import->number = ++devices->last_change;
		err = db_write(devices->setup.db, &import->job, write_import, on_imported);
		devices_unlock(devices);
	}
	if (err != ERR_OK) {
		for (size_t i = 0; i < import->count; i++)
			device_facts_unref(import->fresh[i]);
		free(import->fresh);
	}
	return err;
}
