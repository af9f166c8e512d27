/* SPDX-License-Identifier: Apache-2.0 */
/* A registration in the database, and what comes of it when it is committed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/device/registration_private.h"

/* The row takes the new epoch only if nobody took it first (compare-and-swap on
 * a number that only grows). */
static enum err write_link(struct db_tx *tx, struct registration *registration)
{
	struct db_statement *update;
	enum err err = db_prepare(
		tx,
		"UPDATE devices SET presence_state = 'online', presence_since = CASE WHEN $8 = 1 "
		"THEN presence_since ELSE $2 END, last_seen = $2, presence_reason = '', "
		"presence_address = $3, is_weak_sign = $4, link_node = $5, link_epoch = $6, "
		"last_timestamp = $7 WHERE did = $1 AND link_epoch < $6",
		&update);
	if (err != ERR_OK)
		return err;
	db_bind_text(update, 1, str_of(registration->facts->did));
	db_bind_int(update, 2, registration->now_ms);
	db_bind_text(update, 3, str_of(registration->address));
	db_bind_int(update, 4, registration->sign_kind == SIGN_STATIC);
	db_bind_text(update, 5, str_of(registration->devices->setup.node));
	db_bind_int(update, 6, registration->epoch);
	db_bind_int(update, 7, registration->timestamp_ms);
	db_bind_int(update, 8, registration->is_renewal);
	err = db_run(update);
	return err == ERR_OK && db_changes(tx) == 0 ? ERR_CONFLICT : err;
}

/* What few registrations change: an index and a foreign key hang on the gateway. */
static enum err write_facts(struct db_tx *tx, struct registration *registration)
{
	const struct device_facts *facts = registration->facts;
	/* A child without a sign of its own is bound already, and stays as it is now. */
	bool is_binding = registration->is_child && registration->sign_kind != SIGN_NONE;
	struct db_statement *update;
	enum err err = db_prepare(tx,
	                          "UPDATE devices SET gateway = COALESCE($2, gateway), "
	                          "profile = COALESCE($3, profile) WHERE did = $1",
	                          &update);
	if (err != ERR_OK)
		return err;
	db_bind_text(update, 1, str_of(facts->did));
	db_bind_text(update, 2, is_binding ? str_of(facts->gateway) : (struct str){ 0 });
	db_bind_text(update, 3,
	             registration->new_profile ? str_of(facts->profile) : (struct str){ 0 });
	return db_run(update);
}

enum err registration_write(struct db_tx *tx, struct db_job *job)
{
	struct registration *registration = CONTAINER_OF(job, struct registration, job);
	const struct device_facts *facts = registration->facts;
	char data[DEVICE_ADDRESS_SIZE + 64];
	enum err err = write_link(tx, registration);

	if (err == ERR_OK && registration->lost_reason[0])
		err = presence_append_lost(tx, facts, registration->lost_at,
		                           registration->lost_reason);
	if (err == ERR_OK && (registration->is_child || registration->new_profile))
		err = write_facts(tx, registration);
	if (err != ERR_OK || registration->is_renewal)
		return err;
	(void)snprintf(data, sizeof data, "{\"address\":\"%s\",\"epoch\":%lld}",
	               registration->address, (long long)registration->epoch);
	const struct event event = { .type = STR("device.connected"),
		                     .organization = str_of(facts->organization),
		                     .did = str_of(facts->did),
		                     .time_ms = registration->now_ms,
		                     .data = str_of(data) };
	return event_append(tx, &event);
}

/* Under the lock: this connection registers what it holds already. */
bool registration_is_same_link(const struct registration *registration, const struct device *device)
{
	const struct link *link = device->link;

	return link && !link->is_ending && link->owner == registration->owner &&
	       link->gateway == registration->gateway;
}

/* Under the lock: what this registration changed, on top of what changed meanwhile. */
static enum err take_facts(const struct registration *registration, struct device *device)
{
	const struct device_facts *written = registration->facts;
	bool is_bound =
		!registration->is_child || strcmp(written->gateway, device->facts->gateway) == 0;

	if (!is_bound && registration->sign_kind == SIGN_NONE)
		return ERR_CONFLICT; /* unbound meanwhile */
	if (is_bound && !registration->new_profile)
		return ERR_OK;
	struct device_facts *fresh = device_facts_copy(device->facts, (struct str){ 0 });
	char *profile = registration->new_profile ? str_dup(str_of(written->profile)) : NULL;
	if (!fresh || (registration->new_profile && !profile)) {
		device_facts_unref(fresh);
		free(profile);
		return ERR_NO_MEMORY;
	}
	if (registration->is_child && device_takes(device, FACT_GATEWAY, registration->change))
		memcpy(fresh->gateway, written->gateway, sizeof fresh->gateway);
	if (profile && device_takes(device, FACT_PROFILE, registration->change)) {
		char *before = fresh->profile;
		fresh->profile = profile;
		profile = before;
	}
	free(profile);
	device_facts_unref(device->facts);
	device->facts = fresh;
	return ERR_OK;
}

/* Under the lock: what was checked before the row was written may have changed since. */
static enum err check_still_good(struct registration *registration, const struct device *device)
{
	const struct device_facts *now = device->facts, *then = registration->facts;

	if (registration->is_cancelled)
		return ERR_CLOSED;
	if (now->is_disabled)
		return registration_refuse(registration, ERR_DENIED, REASON_DEVICE_DISABLED);
	if (now->sealed_size != then->sealed_size ||
	    memcmp(now->sealed, then->sealed, now->sealed_size) != 0)
		return registration_refuse(registration, ERR_DENIED, REASON_BAD_SIGN);
	return ERR_OK;
}

/* Under the lock: the row says online, in this epoch, but no link came of it. */
static void take_nothing(const struct registration *registration, struct device *device,
                         const char *reason)
{
	if (device->presence.epoch < registration->epoch)
		device->presence.epoch = registration->epoch;
	if (device->link)
		return;
	if (device->presence.state == PRESENCE_OFFLINE)
		presence_unsaved(registration->devices, device);
	else
		presence_lost(registration->devices, device, reason);
}

/* Under the lock, after the commit. */
static enum err take_link(struct registration *registration)
{
	struct devices *devices = registration->devices;
	struct device *device = device_find(devices, str_of(registration->did));

	if (!device)
		return registration_refuse(registration, ERR_NOT_FOUND, REASON_UNKNOWN_DID);
	/* Answers of the database come on their own loops: the newest epoch has the device. */
	if (registration->epoch < device->presence.epoch)
		return registration_refuse(registration, ERR_BUSY, REASON_LINK_HELD);
	enum err err = take_facts(registration, device);
	if (err == ERR_CONFLICT)
		err = registration_refuse(registration, err, REASON_NOT_CHILD);
	else if (err == ERR_OK)
		err = check_still_good(registration, device);
	if (err != ERR_OK) {
		take_nothing(registration, device,
		             err == ERR_CLOSED ? "connection closed" : "refused");
		return err;
	}
	/* While the row was written the link may have ended, or come of the one before this. */
	registration->is_renewal = registration_is_same_link(registration, device);
	registration->link = link_open(devices, device, registration);
	return registration->link ? ERR_OK : ERR_NO_MEMORY;
}

/* The row was not written, and so nobody was told how the device went before. */
static void put_back_lost(struct registration *registration)
{
	struct devices *devices = registration->devices;

	devices_lock(devices);
	struct device *device = device_find(devices, str_of(registration->did));
	if (device && !device->link)
		presence_unsaved(devices, device);
	devices_unlock(devices);
}

void registration_on_written(struct db_job *job, enum err err)
{
	struct registration *registration = CONTAINER_OF(job, struct registration, job);
	struct devices *devices = registration->devices;

	if (err != ERR_OK && registration->lost_reason[0])
		put_back_lost(registration);
	if (err == ERR_OK) {
		devices_lock(devices);
		err = take_link(registration);
		devices_unlock(devices);
		if (!registration->is_renewal)
			event_log_wake(devices->setup.events);
	} else if (err == ERR_CONFLICT) {
		err = registration_refuse(registration, ERR_BUSY, REASON_LINK_HELD);
	}
	registration_finish(registration, err);
}
