/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/device/registration.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/device/registration_private.h"
#include "ports/run/run.h"

enum err registration_refuse(struct registration *registration, enum err err, enum reason reason)
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

void registration_finish(struct registration *registration, enum err err)
{
	device_facts_unref(TAKE(registration->facts));
	free(TAKE(registration->new_profile));
	metric_count(err == ERR_OK ? METRIC_device_registered_total : METRIC_device_refused_total);
	registration->done(registration, err);
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
	registration->is_renewal = registration_is_same_link(registration, device);
	id_make_token(registration->token);
	id_make(registration->id);
	/* A tenth earlier or not at all, so that devices do not all renew at one moment. */
	uint8_t jitter;
	id_random(&jitter, 1);
	int64_t whole_s = registration->devices->setup.registration_s;
	registration->expires_s = whole_s - whole_s * jitter / 2550;
	err = db_write(registration->devices->setup.db, &registration->job, registration_write,
	               registration_on_written);
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
		registration_finish(registration, err);
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
		               : registration_refuse(registration, ERR_CONFLICT, REASON_LINK_HELD);
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
	enum err err =
		device ? ERR_OK
		       : registration_refuse(registration, ERR_NOT_FOUND, REASON_UNKNOWN_DID);
	if (err == ERR_OK)
		err = registration_check_timestamp(registration, device);
	if (err == ERR_OK)
		err = registration_check_gateway(registration, device);
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
		err = registration_refuse(registration, err, REASON_UNKNOWN_DID);
	else if (registration->profile.size > DEVICE_PROFILE_MAX)
		registration->profile = (struct str){ 0 };
	if (err == ERR_OK)
		err = registration_check_sign(registration);
	if (err == ERR_OK)
		err = registration_check_policy(registration);
	if (err == ERR_OK && view.facts->is_disabled)
		err = registration_refuse(registration, ERR_DENIED, REASON_DEVICE_DISABLED);
	if (err == ERR_OK)
		err = check_and_claim(registration);
	if (err != ERR_OK)
		registration_finish(registration, err);
}

void registration_cancel(struct registration *registration)
{
	registration->is_cancelled = true;
	/* Its gateway's link may be gone before the row is written. */
	registration->gateway = NULL;
	if (timer_is_running(&registration->probe)) {
		run_cancel(&registration->probe);
		registration_finish(registration, ERR_CLOSED);
	}
}
