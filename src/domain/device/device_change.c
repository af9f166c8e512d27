/* SPDX-License-Identifier: Apache-2.0 */
/* One device is added, changed or removed: the row and its event in one transaction, then memory.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "domain/device/device_private.h"

#define BIT(part) (1u << (part))
static_assert(DEVICE_SETS_NAME == BIT(FACT_NAME) && DEVICE_SETS_DISABLED == BIT(FACT_DISABLED),
              "a field's bit is its part's");

/* Its event, what ends a live link, and the parts of the facts it changes. */
static const struct {
	const char *event;
	const char *end_reason; /* NULL: the link stays */
	unsigned parts;         /* bits of enum fact_part */
} kinds[] = {
	[DEVICE_CREATE] = { DEVICE_CREATED, NULL, 0 },
	[DEVICE_UPDATE] = { "device.updated", NULL, DEVICE_SETS_ALL },
	[DEVICE_ROTATE] = { "device.secret-rotated", "new secret", BIT(FACT_SECRET) },
	[DEVICE_BIND] = { "device.bound", "gateway changed", BIT(FACT_GATEWAY) },
	[DEVICE_REMOVE] = { "device.removed", "removed", 0 },
};

static unsigned parts_of(const struct device_change *change)
{
	unsigned parts = kinds[change->kind].parts;

	return change->kind == DEVICE_UPDATE ? parts & change->sets : parts;
}

/* Only the columns this change is about: what others wrote meanwhile stays. $9 has a bit for each,
 * as enum fact_part counts them. */
static enum err update_row(struct db_tx *tx, const struct device_change *change)
{
	const struct device_facts *facts = change->fresh;
	struct db_statement *update;
	enum err err = db_prepare(
		tx,
		"UPDATE devices SET "
		"name = CASE WHEN $9 & 1 <> 0 THEN $2 ELSE name END, "
		"sign_policy = CASE WHEN $9 & 2 <> 0 THEN $3 ELSE sign_policy END, "
		"serve_sign = CASE WHEN $9 & 4 <> 0 THEN $4 ELSE serve_sign END, "
		"push = CASE WHEN $9 & 8 <> 0 THEN $5 ELSE push END, "
		"is_disabled = CASE WHEN $9 & 16 <> 0 THEN $6 ELSE is_disabled END, "
		"gateway = CASE WHEN $9 & 32 <> 0 THEN $7 ELSE gateway END, updated_at = $8 "
		"WHERE did = $1",
		&update);
	if (err != ERR_OK)
		return err;
	db_bind_text(update, 1, str_of(facts->did));
	db_bind_text(update, 2, str_of(facts->name));
	db_bind_text(update, 3, str_of(sign_policy_text(facts->sign_policy)));
	db_bind_text(update, 4, str_of(serve_sign_text(facts->serve_sign)));
	db_bind_text(update, 5, str_of(push_mode_text(facts->push)));
	db_bind_int(update, 6, facts->is_disabled);
	db_bind_text(update, 7, facts->gateway[0] ? str_of(facts->gateway) : (struct str){ 0 });
	db_bind_int(update, 8, facts->updated_at);
	db_bind_int(update, 9, parts_of(change));
	err = db_run(update);
	return err == ERR_OK && db_changes(tx) == 0 ? ERR_NOT_FOUND : err;
}

static enum err delete_row(struct db_tx *tx, const struct device_facts *facts)
{
	struct db_statement *remove;
	enum err err = db_prepare(tx, "DELETE FROM devices WHERE did = $1", &remove);

	if (err != ERR_OK)
		return err;
	db_bind_text(remove, 1, str_of(facts->did));
	err = db_run(remove);
	return err == ERR_OK && db_changes(tx) == 0 ? ERR_NOT_FOUND : err;
}

static enum err write_change(struct db_tx *tx, struct db_job *job)
{
	struct device_change *change = CONTAINER_OF(job, struct device_change, job);
	const struct device_facts *facts = change->fresh;
	enum err err = ERR_INTERNAL;

	switch (change->kind) {
	case DEVICE_CREATE: err = device_write_row(tx, facts); break;
	case DEVICE_UPDATE:
	case DEVICE_ROTATE:
	case DEVICE_BIND: err = update_row(tx, change); break;
	case DEVICE_REMOVE: err = delete_row(tx, facts); break;
	}
	if (err == ERR_OK && (change->kind == DEVICE_CREATE || change->kind == DEVICE_ROTATE))
		err = device_write_secret(tx, facts);
	if (err == ERR_OK)
		err = device_append_event(tx, facts, kinds[change->kind].event);
	return err;
}

/* These parts as the change has them, and nothing else. */
static void set_parts(const struct device_change *change, unsigned parts,
                      struct device_facts *facts)
{
	const struct device_spec *spec = &change->spec;

	if (parts & BIT(FACT_NAME))
		memcpy(facts->name, spec->name, sizeof facts->name);
	if (parts & BIT(FACT_SIGN_POLICY))
		facts->sign_policy = spec->sign_policy;
	if (parts & BIT(FACT_SERVE_SIGN))
		facts->serve_sign = spec->serve_sign;
	if (parts & BIT(FACT_PUSH))
		facts->push = spec->push;
	if (parts & BIT(FACT_DISABLED))
		facts->is_disabled = change->is_disabled;
	if (parts & BIT(FACT_GATEWAY))
		memcpy(facts->gateway, change->gateway, sizeof facts->gateway);
}

/* Under the lock: the rows of a gateway's children lost its name with its own row. */
static void leave_children(struct devices *devices, const char *gateway)
{
	size_t at = 0;

	for (struct device *child; (child = map_next(&devices->by_did, &at)) != NULL;) {
		if (strcmp(child->facts->gateway, gateway) != 0)
			continue;
		struct device_facts *alone = device_facts_copy(child->facts, (struct str){ 0 });
		if (!alone)
			continue;
		alone->gateway[0] = '\0';
		device_facts_unref(child->facts);
		child->facts = alone;
	}
}

/* Under the lock. */
static void remove_device(struct devices *devices, struct device *device)
{
	if (device->facts->kind == DEVICE_GATEWAY)
		leave_children(devices, device->did);
	(void)map_remove(&devices->by_did, str_of(device->did));
	list_remove(&device->unsaved);
	device_facts_unref(device->facts);
	preset_list_unref(device->presets);
	free(device);
}

/* Under the lock: the facts as they are now, with this change. A registration or another change
 * may have been committed since change->fresh was made, and must not be undone by it. */
static enum err take_facts(struct device_change *change, struct device *device)
{
	struct str sealed = { (const char *)change->fresh->sealed, change->fresh->sealed_size };
	const char *end_reason = kinds[change->kind].end_reason;
	struct device_facts *fresh = device_facts_copy(
		device->facts, change->kind == DEVICE_ROTATE ? sealed : (struct str){ 0 });

	if (!fresh)
		return ERR_NO_MEMORY;
	unsigned wanted = parts_of(change), parts = 0;
	for (unsigned part = 0; part < FACT_PARTS_; part++)
		if (wanted & BIT(part) && device_takes(device, part, change->number))
			parts |= BIT(part);
	if (wanted && !parts) {
		device_facts_unref(fresh); /* newer changes were told first */
		return ERR_OK;
	}
	set_parts(change, parts, fresh);
	if (device_takes(device, FACT_UPDATED_AT, change->number))
		fresh->updated_at = change->fresh->updated_at;
	if (fresh->is_disabled)
		end_reason = "disabled";
	change->end_reason = end_reason;
	if (end_reason && device->link)
		link_end_soon(device->link, end_reason);
	device_facts_unref(device->facts);
	device->facts = fresh;
	return ERR_OK;
}

/* Under the lock: ends its link too. */
static void take_removal(struct devices *devices, struct device *device)
{
	if (device->link)
		link_end_soon(device->link, kinds[DEVICE_REMOVE].end_reason);
	remove_device(devices, device);
}

/* Under the lock; takes the reference. */
enum err device_add_new(struct devices *devices, struct device_facts *facts, int64_t number)
{
	struct device *device = device_find(devices, str_of(facts->did));

	if (device) /* the row was free: the end of its removal is still on its way here */
		take_removal(devices, device);
	enum err err = devices_add(devices, facts, number);
	if (err != ERR_OK)
		device_facts_unref(facts);
	return err;
}

/* Under the lock, after the commit. */
static enum err take_over(struct device_change *change)
{
	struct devices *devices = change->devices;
	struct device *device = device_find(devices, str_of(change->fresh->did));

	switch (change->kind) {
	case DEVICE_CREATE: return device_add_new(devices, TAKE(change->fresh), change->number);
	case DEVICE_UPDATE:
	case DEVICE_ROTATE:
	case DEVICE_BIND: return device ? take_facts(change, device) : ERR_NOT_FOUND;
	case DEVICE_REMOVE:
		if (device && device->born < change->number) {
			take_removal(devices, device);
			change->end_reason = kinds[DEVICE_REMOVE].end_reason;
		}
		return ERR_OK;
	}
	return ERR_INTERNAL;
}

static void on_written(struct db_job *job, enum err err)
{
	struct device_change *change = CONTAINER_OF(job, struct device_change, job);
	struct devices *devices = change->devices;

	if (err == ERR_OK) {
		devices_lock(devices);
		err = take_over(change);
		devices_unlock(devices);
		event_log_wake(devices->setup.events);
		if (change->kind == DEVICE_REMOVE)
			token_revoke_device(devices->setup.tokens, str_of(change->spec.did));
		if (change->end_reason && devices->on_shut)
			devices->on_shut(devices->shut_owner, str_of(change->spec.did),
			                 change->end_reason);
	}
	if (err == ERR_EXISTS)
		err = why_set_reason(&change->why, err, REASON_DID_TAKEN, "did", "%s",
		                     reason_words(REASON_DID_TAKEN));
	device_facts_unref(TAKE(change->fresh));
	change->done(change, err);
}

void devices_on_shut(struct devices *devices, device_shut_fn *fn, void *owner)
{
	devices->on_shut = fn;
	devices->shut_owner = owner;
}

/* What the row will be, from what it is and what is asked. */
static enum err prepare_change(struct device_change *change, const struct device_facts *before)
{
	struct device_spec *spec = &change->spec;
	AUTO_BUF sealed = { 0 };

	buf_init(&sealed, DEVICE_SECRET_SIZE + DIGEST_SEAL_EXTRA);
	if (change->kind == DEVICE_CREATE || change->kind == DEVICE_ROTATE) {
		enum err err = device_seal_secret(change->devices, spec, &sealed);
		if (err != ERR_OK)
			return err;
	}
	struct device_facts *fresh = before ? device_facts_copy(before, buf_str(&sealed))
	                                    : device_facts_new(spec, buf_str(&sealed), STR("{}"));
	if (!fresh)
		return ERR_NO_MEMORY;
	fresh->updated_at = clock_now_ms();
	if (!before)
		fresh->created_at = fresh->updated_at;
	set_parts(change, parts_of(change), fresh);
	change->fresh = fresh;
	return ERR_OK;
}

/* A gateway that a device is bound to must be one, and of the same organization. */
static enum err check_gateway(struct devices *devices, struct device_change *change)
{
	struct device_view gateway;

	if (change->kind != DEVICE_BIND || !change->gateway[0])
		return ERR_OK;
	if (device_view(devices, str_of(change->spec.organization), str_of(change->gateway),
	                &gateway) != ERR_OK)
		return why_set_reason(&change->why, ERR_NOT_FOUND, REASON_NONE, "gateway",
		                      "gateway: no such device");
	bool is_gateway = gateway.facts->kind == DEVICE_GATEWAY;
	device_view_done(&gateway);
	if (!is_gateway || strcmp(change->gateway, change->spec.did) == 0)
		return why_set_reason(&change->why, ERR_INVALID, REASON_NONE, "gateway",
		                      "gateway: %s is not of kind gateway", change->gateway);
	return ERR_OK;
}

enum err device_change(struct devices *devices, struct device_change *change)
{
	struct device_view view = { 0 };
	enum err err = device_check_spec(&change->spec, &change->why);

	change->devices = devices;
	if (err == ERR_OK)
		err = check_gateway(devices, change);
	if (err == ERR_OK && change->kind == DEVICE_CREATE && devices_count(devices) >= DEVICES_MAX)
		err = why_set_reason(&change->why, ERR_BUSY, REASON_TOO_MANY, NULL,
		                     "this server holds %d devices, its limit", DEVICES_MAX);
	if (err == ERR_OK && change->kind != DEVICE_CREATE)
		err = device_view(devices, str_of(change->spec.organization),
		                  str_of(change->spec.did), &view);
	if (err == ERR_OK)
		err = prepare_change(change, view.facts);
	device_view_done(&view);
	if (err != ERR_OK)
		return err;
	devices_lock(devices);
	change->number = ++devices->last_change;
	err = db_write(devices->setup.db, &change->job, write_change, on_written);
	devices_unlock(devices);
	if (err != ERR_OK)
		device_facts_unref(TAKE(change->fresh));
	return err;
}
