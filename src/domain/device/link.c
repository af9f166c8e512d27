/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/device/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/device/device_private.h"
#include "ports/run/run.h"

const char *link_did(const struct link *link)
{
	return link->did;
}

int64_t link_epoch(const struct link *link)
{
	return link->epoch;
}

void link_seen(struct link *link)
{
	atomic_store_explicit(&link->seen_ms, clock_now_ms(), memory_order_relaxed);
}

struct link *link_child(struct link *gateway, struct str did)
{
	return map_get(&gateway->children, did);
}

/* Leaves the registry, fails what waits, frees. With `told` the connection hears of it. */
static void finish(struct link *link, const char *reason, bool is_told)
{
	struct devices *devices = link->devices;
	size_t at = 0;

	for (struct link *child; (child = map_next(&link->children, &at)) != NULL; at = 0) {
		(void)map_remove(&link->children, str_of(child->did));
		child->gateway = NULL;
		finish(child, "gateway gone", is_told);
	}
	if (link->gateway)
		(void)map_remove(&link->gateway->children, str_of(link->did));
	link->gateway =
		NULL; /* a mail on its way comes here again, and may find the gateway gone */
	run_cancel(&link->expiry);

	devices_lock(devices);
	struct device *device = device_find(devices, str_of(link->did));
	if (device && device->link == link) {
		device->link = NULL;
		presence_lost(devices, device, reason);
	}
	bool is_mailed = link->is_ending;
	devices_unlock(devices);

	commands_fail(link);
	if (is_told && link->ops)
		link->ops->ended(link->owner, link, reason);
	link->ops = NULL;
	if (is_mailed)
		return; /* the mail that is on its way frees it */
	metric_add(METRIC_devices_linked, -1);
	map_done(&link->children);
	device_facts_unref(link->facts);
	free(link);
}

static void on_ending(struct mail *mail)
{
	struct link *link = CONTAINER_OF(mail, struct link, ending);
	char reason[DEVICE_REASON_SIZE];

	devices_lock(link->devices);
	link->is_ending = false;
	memcpy(reason, link->end_reason, sizeof reason);
	devices_unlock(link->devices);
	finish(link, reason, true);
}

void link_end_soon(struct link *link, const char *reason)
{
	if (link->is_ending)
		return;
	link->is_ending = true;
	(void)snprintf(link->end_reason, sizeof link->end_reason, "%s", reason);
	link->ending.fn = on_ending;
	run_post(link->loop, &link->ending);
}

void link_close(struct link *link, const char *reason)
{
	if (link)
		finish(link, reason, false);
}

static void on_expired(struct timer *timer)
{
	struct link *link = CONTAINER_OF(timer, struct link, expiry);

	finish(link, "registration expired", true);
}

/* The new token, with the one before it good for a while; under the lock. */
static void take_token(struct link *link, const struct registration *registration)
{
	memcpy(link->previous_token_hash, link->token_hash, sizeof link->token_hash);
	link->previous_until_ms = registration->is_renewal ? clock_now_ms() + LINK_OVERLAP_MS : 0;
	digest_sha256(str_of(registration->token), link->token_hash);
	link->expires_ms = clock_now_ms() + registration->expires_s * 1000;
	link->epoch = registration->epoch;
	link->is_weak_sign = registration->sign_kind == SIGN_STATIC;
	run_after(&link->expiry, registration->expires_s * 1000, on_expired);
}

static struct link *link_new(struct devices *devices, struct device *device,
                             const struct registration *registration)
{
	struct link *link = calloc(1, sizeof *link);

	if (!link)
		return NULL;
	link->devices = devices;
	link->loop = run_here();
	link->facts = device_facts_ref(device->facts);
	memcpy(link->did, device->did, sizeof link->did);
	link->ops = registration->ops;
	link->owner = registration->owner;
	link->gateway = registration->gateway;
	link->is_child = registration->gateway != NULL;
	map_init(&link->children, (const uint8_t *)devices->by_did.seed);
	list_init(&link->commands);
	if (link->gateway && map_add(&link->gateway->children, str_of(link->did), link) != ERR_OK) {
		device_facts_unref(link->facts);
		free(link);
		return NULL;
	}
	metric_add(METRIC_devices_linked, 1);
	return link;
}

struct link *link_open(struct devices *devices, struct device *device,
                       const struct registration *registration)
{
	struct link *link = registration->is_renewal ? device->link : NULL;
	struct presence *presence = &device->presence;

	if (!link) {
		if (device->link) {
			/* A child's place in its gateway is taken by the new link of that name. The
			 * connection is not told: it may be gone when the old one ends, and would
			 * no more find it among the gateway's children. */
			if (registration->gateway && device->link->loop == run_here() &&
			    device->link->gateway == registration->gateway) {
				(void)map_remove(&registration->gateway->children,
				                 str_of(device->did));
				device->link->gateway = NULL;
				device->link->ops = NULL;
			}
			link_end_soon(device->link, LINK_TAKEN_OVER);
		}
		link = link_new(devices, device, registration);
		if (!link)
			return NULL;
		device->link = link;
		presence->since = clock_now_ms();
	}
	take_token(link, registration);
	link_seen(link);
	list_remove(&device->unsaved);
	presence->state = PRESENCE_ONLINE;
	presence->reason[0] = '\0';
	presence->epoch = registration->epoch;
	presence->is_weak_sign = link->is_weak_sign;
	presence->is_child = link->is_child;
	memcpy(presence->address, registration->address, sizeof presence->address);
	memcpy(presence->reached_at, registration->reached_at, sizeof presence->reached_at);
	return link;
}

enum err registration_token_check(struct devices *devices, struct str did, struct str token)
{
	uint8_t hash[DIGEST_SHA256_SIZE];
	enum err err = ERR_DENIED;
	int64_t now_ms = clock_now_ms();

	digest_sha256(token, hash);
	struct str asked = { (const char *)hash, sizeof hash };
	devices_lock(devices);
	const struct device *device = device_find(devices, did);
	const struct link *link = device ? device->link : NULL;
	if (link && !link->is_ending) {
		struct str current = { (const char *)link->token_hash, sizeof hash };
		struct str previous = { (const char *)link->previous_token_hash, sizeof hash };
		if ((str_equal_secret(asked, current) && now_ms < link->expires_ms) ||
		    (str_equal_secret(asked, previous) && now_ms < link->previous_until_ms))
			err = ERR_OK;
	}
	devices_unlock(devices);
	return err;
}

/* One event on its way to the database. */
struct device_event {
	struct db_job job;
	struct devices *devices;
	struct device_facts *facts;
	link_event_fn *done; /* NULL: nobody waits */
	void *owner;
	int64_t time_ms;
	size_t size;
	char data[];
};

static enum err write_event(struct db_tx *tx, struct db_job *job)
{
	const struct device_event *report = CONTAINER_OF(job, struct device_event, job);
	const struct event event = { .type = STR("device.event"),
		                     .organization = str_of(report->facts->organization),
		                     .did = str_of(report->facts->did),
		                     .time_ms = report->time_ms,
		                     .data = { report->data, report->size } };

	return event_append(tx, &event);
}

static void on_event_written(struct db_job *job, enum err err)
{
	struct device_event *report = CONTAINER_OF(job, struct device_event, job);

	if (err == ERR_OK) {
		metric_count(METRIC_device_events_total);
		event_log_wake(report->devices->setup.events);
	} else {
		metric_count(METRIC_device_events_lost_total);
	}
	if (report->done)
		report->done(report->owner, err);
	device_facts_unref(report->facts);
	free(report);
}

enum err link_event(struct link *link, int64_t time_ms, struct str data, link_event_fn *done,
                    void *owner)
{
	if (data.size > EVENT_DATA_MAX)
		return ERR_TOO_LARGE;
	struct device_event *report = calloc(1, sizeof *report + data.size);
	if (!report)
		return ERR_NO_MEMORY;
	report->devices = link->devices;
	report->facts = device_facts_ref(link->facts);
	report->done = done;
	report->owner = owner;
	report->time_ms = time_ms;
	report->size = data.size;
	memcpy(report->data, data.at, data.size);
	enum err err =
		db_write(link->devices->setup.db, &report->job, write_event, on_event_written);
	if (err != ERR_OK) {
		metric_count(METRIC_device_events_lost_total);
		device_facts_unref(report->facts);
		free(report);
	}
	return err;
}
