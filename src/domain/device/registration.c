/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/device/registration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/metric.h"
#include "domain/device/device_private.h"
#include "ports/run/run.h"

static enum err refuse(struct registration *registration, enum err err, enum reason reason)
{
#define X(name, code) { REASON_##name, code },
	static const struct {
		enum reason reason;
		int code;
	} codes[] = { REGISTRATION_CODES(X) };
#undef X

	err = why_set_reason(&registration->why, err, (int)reason, NULL, "%s",
	                     reason_words((int)reason));
	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (codes[i].reason == reason)
			registration->why.code = codes[i].code;
	return err;
}

static void finish(struct registration *registration, enum err err)
{
	device_facts_unref(TAKE(registration->facts));
	free(TAKE(registration->new_profile));
	metric_count(err == ERR_OK ? METRIC_device_registered_total : METRIC_device_refused_total);
	registration->done(registration, err);
}

static enum err check_policy(struct registration *registration)
{
	static const unsigned allowed[] = {
		[SIGN_POLICY_TIMESTAMP] = 1u << SIGN_TIMESTAMP | 1u << SIGN_HMAC,
		[SIGN_POLICY_ANY] = 1u << SIGN_STATIC | 1u << SIGN_TIMESTAMP | 1u << SIGN_HMAC,
		[SIGN_POLICY_HMAC] = 1u << SIGN_HMAC,
	};

	if (registration->sign_kind == SIGN_NONE)
		return ERR_OK; /* check_gateway() decides */
	if (!(allowed[registration->facts->sign_policy] & 1u << registration->sign_kind))
		return refuse(registration, ERR_DENIED, REASON_SIGN_POLICY);
	return ERR_OK;
}

static enum err check_sign(struct registration *registration)
{
	AUTO_BUF secret = { 0 };

	if (registration->sign_kind == SIGN_NONE)
		return ERR_OK;
	buf_init(&secret, DEVICE_SECRET_SIZE + DIGEST_SEAL_EXTRA);
	enum err err = device_secret(registration->devices, registration->facts, &secret);
	if (err != ERR_OK)
		return err;
	bool is_right = registration->matches(registration, buf_str(&secret));
	mem_wipe(secret.at, secret.size);
	return is_right ? ERR_OK : refuse(registration, ERR_DENIED, REASON_BAD_SIGN);
}

/* Under the lock. A stamp counts once, but for a whole second repeated at once from one host. */
static enum err check_timestamp(struct registration *registration, struct device *device)
{
	int64_t stamp_ms = registration->timestamp_ms, skew_ms = stamp_ms - registration->now_ms;

	if (registration->sign_kind != SIGN_TIMESTAMP && registration->sign_kind != SIGN_HMAC)
		return ERR_OK;
	if (skew_ms > REGISTRATION_WINDOW_MS || skew_ms < -REGISTRATION_WINDOW_MS)
		return refuse(registration, ERR_DENIED, REASON_CLOCK_SKEW);
	bool is_repeat =
		registration->is_whole_second && stamp_ms == device->last_timestamp_ms &&
		registration->now_ms - device->last_accepted_ms <= REGISTRATION_REPEAT_MS &&
		str_equal(str_before_last(str_of(registration->address), ':'),
	                  str_before_last(str_of(device->presence.address), ':'));
	if (stamp_ms <= device->last_timestamp_ms && !is_repeat)
		return refuse(registration, ERR_DENIED, REASON_REPLAYED_SIGN);
	return ERR_OK;
}

/* Under the lock. */
static enum err check_gateway(struct registration *registration, const struct device *device)
{
	const struct link *gateway = registration->gateway;
	const char *bound = device->facts->gateway;

	if (!gateway)
		return registration->sign_kind == SIGN_NONE
		               ? refuse(registration, ERR_DENIED, REASON_BAD_SIGN)
		               : ERR_OK;
	bool is_bound_here = strcmp(bound, gateway->did) == 0;
	if (gateway->facts->kind != DEVICE_GATEWAY ||
	    strcmp(gateway->facts->organization, device->facts->organization) != 0 ||
	    (bound[0] && !is_bound_here) ||
	    (registration->sign_kind == SIGN_NONE && !is_bound_here))
		return refuse(registration, ERR_DENIED, REASON_NOT_CHILD);
	if (device->link && !device->link->is_child)
		return refuse(registration, ERR_CONFLICT, REASON_LINK_HELD);
	if (!map_get(&gateway->children, str_of(device->did)) &&
	    gateway->children.count >= LINK_CHILDREN_MAX)
		return refuse(registration, ERR_BUSY, REASON_TOO_MANY);
	return ERR_OK;
}

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

static enum err write_registration(struct db_tx *tx, struct db_job *job)
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
static bool is_same_link(const struct registration *registration, const struct device *device)
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
		return refuse(registration, ERR_DENIED, REASON_DEVICE_DISABLED);
	if (now->sealed_size != then->sealed_size ||
	    memcmp(now->sealed, then->sealed, now->sealed_size) != 0)
		return refuse(registration, ERR_DENIED, REASON_BAD_SIGN);
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
		return refuse(registration, ERR_NOT_FOUND, REASON_UNKNOWN_DID);
	/* Answers of the database come on their own loops: the newest epoch has the device. */
	if (registration->epoch < device->presence.epoch)
		return refuse(registration, ERR_BUSY, REASON_LINK_HELD);
	enum err err = take_facts(registration, device);
	if (err == ERR_CONFLICT)
		err = refuse(registration, err, REASON_NOT_CHILD);
	else if (err == ERR_OK)
		err = check_still_good(registration, device);
	if (err != ERR_OK) {
		take_nothing(registration, device,
		             err == ERR_CLOSED ? "connection closed" : "refused");
		return err;
	}
	/* While the row was written the link may have ended, or come of the one before this. */
	registration->is_renewal = is_same_link(registration, device);
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

static void on_written(struct db_job *job, enum err err)
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
		err = refuse(registration, ERR_BUSY, REASON_LINK_HELD);
	}
	finish(registration, err);
}

/* The facts the device will have: bound to its gateway, with its new profile. */
static enum err prepare_facts(struct registration *registration)
{
	struct device_facts *facts = registration->facts;
	struct str profile = registration->profile;
	bool is_binding =
		registration->gateway && strcmp(facts->gateway, registration->gateway->did) != 0;
	bool is_new = profile.size && !str_equal(profile, str_of(facts->profile));

	if (!is_binding && !is_new)
		return ERR_OK;
	struct device_facts *fresh = device_facts_copy(facts, (struct str){ 0 });
	if (!fresh)
		return ERR_NO_MEMORY;
	if (registration->gateway)
		memcpy(fresh->gateway, registration->gateway->did, sizeof fresh->gateway);
	if (is_new) {
		registration->new_profile = str_dup(profile);
		free(fresh->profile);
		fresh->profile = str_dup(profile);
	}
	device_facts_unref(registration->facts);
	registration->facts = fresh;
	return fresh->profile && (!is_new || registration->new_profile) ? ERR_OK : ERR_NO_MEMORY;
}

/* All checks passed: claims the timestamp and writes. Under the lock. */
static enum err claim(struct registration *registration, struct device *device)
{
	enum err err = prepare_facts(registration);

	if (err != ERR_OK)
		return err;
	if (registration->timestamp_ms > device->last_timestamp_ms) {
		device->last_timestamp_ms = registration->timestamp_ms;
		device->last_accepted_ms = registration->now_ms; /* repeats do not renew it */
	} else {
		registration->timestamp_ms = device->last_timestamp_ms;
	}
	registration->epoch = ++device->claimed_epoch;
	registration->change = ++registration->devices->last_change;
	if (list_has(&device->unsaved)) { /* gone and back at once: both are told, in this order */
		list_remove(&device->unsaved);
		memcpy(registration->lost_reason, device->presence.reason,
		       sizeof registration->lost_reason);
		registration->lost_at = device->presence.since;
	}
	registration->is_child = registration->gateway != NULL;
	registration->is_renewal = is_same_link(registration, device);
	id_make_token(registration->token);
	id_make(registration->id);
	/* A tenth earlier or not at all, so that devices do not all renew at one moment. */
	uint8_t jitter;
	id_random(&jitter, 1);
	int64_t whole_s = registration->devices->setup.registration_s;
	registration->expires_s = whole_s - whole_s * jitter / 2550;
	err = db_write(registration->devices->setup.db, &registration->job, write_registration,
	               on_written);
	if (err != ERR_OK && registration->lost_reason[0])
		presence_unsaved(registration->devices, device);
	return err;
}

static enum err check_and_claim(struct registration *registration);

static void on_probe(struct timer *timer)
{
	struct registration *registration = CONTAINER_OF(timer, struct registration, probe);
	enum err err = registration->is_cancelled ? ERR_CLOSED : check_and_claim(registration);

	if (err != ERR_OK)
		finish(registration, err);
}

/* A probe has no answer worth reading: any byte of the device proves it alive (link_seen). */
struct probe {
	struct command command;
};

static void on_probe_answered(struct command *command, enum err err)
{
	free(CONTAINER_OF(command, struct probe, command));
}

static void send_probe(struct registration *registration)
{
	struct probe *probe = calloc(1, sizeof *probe);

	if (!probe)
		return;
	memcpy(probe->command.did, registration->did, sizeof probe->command.did);
	probe->command.data = STR("{\"read\":[\"config\"]}");
	probe->command.resource = STR("config");
	probe->command.timeout_ms = REGISTRATION_PROBE_MS;
	probe->command.done = on_probe_answered;
	command_send(registration->devices, &probe->command);
}

/* Under the lock: a static sign meets a live link. OK: it may have it; MORE: wait for the probe. */
static enum err yield_or_probe(struct registration *registration, const struct device *device)
{
	const struct link *link = device->link;

	if (registration->sign_kind != SIGN_STATIC || !link || link->owner == registration->owner)
		return ERR_OK;
	int64_t seen_ms = atomic_load(&link->seen_ms);
	if (registration->probe_epoch == link->epoch)
		return seen_ms == registration->probed_seen_ms
		               ? ERR_OK
		               : refuse(registration, ERR_CONFLICT, REASON_LINK_HELD);
	registration->probe_epoch = link->epoch;
	registration->probed_seen_ms = seen_ms;
	return ERR_MORE;
}

static enum err check_and_claim(struct registration *registration)
{
	struct devices *devices = registration->devices;

	registration->now_ms = clock_now_ms();
	devices_lock(devices);
	struct device *device = device_find(devices, str_of(registration->did));
	enum err err = device ? ERR_OK : refuse(registration, ERR_NOT_FOUND, REASON_UNKNOWN_DID);
	if (err == ERR_OK)
		err = check_timestamp(registration, device);
	if (err == ERR_OK)
		err = check_gateway(registration, device);
	if (err == ERR_OK)
		err = yield_or_probe(registration, device);
	if (err == ERR_OK)
		err = claim(registration, device);
	devices_unlock(devices);
	if (err != ERR_MORE)
		return err;
	send_probe(registration);
	run_after(&registration->probe, REGISTRATION_PROBE_MS, on_probe);
	return ERR_OK;
}

void registration_start(struct devices *devices, struct registration *registration)
{
	struct device_view view = { 0 };

	registration->devices = devices;
	enum err err = device_view(devices, (struct str){ 0 }, str_of(registration->did), &view);
	registration->facts = view.facts;
	preset_list_unref(TAKE(view.presets));
	if (err != ERR_OK)
		err = refuse(registration, err, REASON_UNKNOWN_DID);
	else if (registration->profile.size > DEVICE_PROFILE_MAX)
		registration->profile = (struct str){ 0 };
	if (err == ERR_OK)
		err = check_sign(registration);
	if (err == ERR_OK)
		err = check_policy(registration);
	if (err == ERR_OK && view.facts->is_disabled)
		err = refuse(registration, ERR_DENIED, REASON_DEVICE_DISABLED);
	if (err == ERR_OK)
		err = check_and_claim(registration);
	if (err != ERR_OK)
		finish(registration, err);
}

void registration_cancel(struct registration *registration)
{
	registration->is_cancelled = true;
	/* Its gateway's link may be gone before the row is written. */
	registration->gateway = NULL;
	if (timer_is_running(&registration->probe)) {
		run_cancel(&registration->probe);
		finish(registration, ERR_CLOSED);
	}
}
