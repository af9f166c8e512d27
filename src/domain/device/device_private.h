/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_private.h — what the files of domain/device share.
 *
 * The registry's lock guards: the map, every device's fields, and device->link. A link's own
 * fields belong to its loop, but for those marked (lock). A link leaves device->link under the
 * lock before it is freed, so whoever holds the lock may look at it.
 */
#ifndef VIGIL_DOMAIN_DEVICE_PRIVATE_H
#define VIGIL_DOMAIN_DEVICE_PRIVATE_H

#include <pthread.h>

#include "base/digest.h"
#include "base/list.h"
#include "base/mail.h"
#include "base/map.h"
#include "base/timer.h"
#include "domain/device/command.h"
#include "domain/device/device.h"
#include "domain/device/link.h"
#include "domain/device/preset.h"
#include "domain/device/registration.h"
#include "domain/reason.h"

/*
 * Rows are written in the order of the change numbers: a number is claimed and its job queued
 * under one hold of the lock. Answers of the database come back on the loops that asked, in any
 * order; a part of the facts is taken only from a change newer than the last one it was taken
 * from, so memory ends as the row does.
 */
enum fact_part {
	FACT_NAME, /* the first five in the order of enum device_sets */
	FACT_SIGN_POLICY,
	FACT_SERVE_SIGN,
	FACT_PUSH,
	FACT_DISABLED,
	FACT_GATEWAY,
	FACT_SECRET,
	FACT_PROFILE,
	FACT_UPDATED_AT,
	FACT_PARTS_,
};

struct device {
	char did[DID_SIZE];
	struct device_facts *facts;
	int64_t born, taken[FACT_PARTS_]; /* change numbers */
	struct presence presence;
	struct link *link; /* the live one, or NULL */
	int64_t last_timestamp_ms, last_accepted_ms;
	int64_t claimed_epoch; /* the highest one given to a registration */
	struct preset_list *presets;
	struct list_node unsaved; /* its going offline is not in the database yet */
};

struct devices {
	struct devices_setup setup;
	device_shut_fn *on_shut; /* NULL: nobody asks */
	void *shut_owner;
	pthread_mutex_t lock;
	struct map by_did;
	int64_t last_change; /* the number given last */
	struct list unsaved;
	struct db_job loading;
	struct timer presence_timer, seen_timer;
	struct presence_batch *batch; /* the one on its way to the database */
	size_t seen_place;            /* where in the map the last-seen round stands */
};

struct link {
	struct devices *devices;
	struct loop *loop;
	struct device_facts *facts;
	char did[DID_SIZE];
	int64_t epoch;
	const struct link_ops *ops; /* NULL once its connection let go of it */
	void *owner;
	struct link *gateway; /* a child's */
	struct map children;  /* a gateway's: did -> link */
	struct list commands; /* waiting for their answers */
	unsigned command_count;
	uint8_t token_hash[DIGEST_SHA256_SIZE];          /* (lock) */
	uint8_t previous_token_hash[DIGEST_SHA256_SIZE]; /* (lock) */
	int64_t expires_ms, previous_until_ms;           /* (lock) */
	_Atomic int64_t seen_ms;
	struct timer expiry;
	struct mail ending;
	char end_reason[DEVICE_REASON_SIZE]; /* (lock) */
	bool is_ending;                      /* (lock) the mail is on its way */
	bool is_child, is_weak_sign;
};

static inline void devices_lock(struct devices *devices)
{
	(void)pthread_mutex_lock(&devices->lock);
}

static inline void devices_unlock(struct devices *devices)
{
	(void)pthread_mutex_unlock(&devices->lock);
}

/* Under the lock; NULL if there is none. */
static inline struct device *device_find(struct devices *devices, struct str did)
{
	return map_get(&devices->by_did, did);
}

/* Under the lock: true when nothing newer was taken; the part is this change's then. */
static inline bool device_takes(struct device *device, enum fact_part part, int64_t change)
{
	if (change <= device->born || change <= device->taken[part])
		return false;
	device->taken[part] = change;
	return true;
}

struct device_facts *device_facts_ref(struct device_facts *facts);
struct device_facts *device_facts_new(const struct device_spec *spec, struct str sealed,
                                      struct str profile);
/* A changed copy starts as this. */
struct device_facts *device_facts_copy(const struct device_facts *facts, struct str sealed);

/* Under the lock; takes the reference; `born` is the number of its making, 0 at start-up.
 * ERR_EXISTS, ERR_NO_MEMORY. */
enum err devices_add(struct devices *devices, struct device_facts *facts, int64_t born);

/* Reads one row of DEVICE_COLUMNS. */
#define DEVICE_COLUMNS                                                                             \
	"devices.did, devices.organization, devices.name, devices.kind, sign_policy, serve_sign, " \
	"push, gateway, is_disabled, profile, devices.created_at, updated_at, presence_state, "    \
	"presence_since, last_seen, presence_reason, presence_address, is_weak_sign, link_epoch, " \
	"last_timestamp"

/* Ends the device's link, if it has one, wherever it lives. Under the lock. */
void link_end_soon(struct link *link, const char *reason);

/* Makes the link and puts it in the device's place; the one before is ended. Under the lock. */
struct link *link_open(struct devices *devices, struct device *device,
                       const struct registration *registration);

/* presence.c: the device went offline; under the lock. */
void presence_lost(struct devices *devices, struct device *device, const char *reason);
/* Under the lock: what is known of its going offline is to be written (again). */
void presence_unsaved(struct devices *devices, struct device *device);
/* The event of a device that went offline. */
enum err presence_append_lost(struct db_tx *tx, const struct device_facts *facts, int64_t at_ms,
                              const char *reason);

/* At start-up: whoever was online when this node ended is not any more; rows and events. */
enum err presence_end_all(struct devices *devices);

/* command.c: everything waiting on this link fails. */
void commands_fail(struct link *link);

/* device_row.c: one device's row, secret and event; the statements inside a transaction. */
#define DEVICE_CREATED "device.created"
enum err device_seal_secret(struct devices *devices, struct device_spec *spec, struct buf *out);
enum err device_check_spec(const struct device_spec *spec, struct why *why);
/* ERR_EXISTS when the did is taken. */
enum err device_write_row(struct db_tx *tx, const struct device_facts *facts);
enum err device_write_secret(struct db_tx *tx, const struct device_facts *facts);
enum err device_append_event(struct db_tx *tx, const struct device_facts *facts, const char *type);

/* device_change.c: a new row's device enters the registry; under the lock, takes the reference. */
enum err device_add_new(struct devices *devices, struct device_facts *facts, int64_t number);

#endif
