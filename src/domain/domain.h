/* SPDX-License-Identifier: Apache-2.0 */
/*
 * domain.h — builds the domain's modules in order and frees them in reverse.
 *
 * Threads  built and freed by the program; domain_start() on the first loop.
 */
#ifndef VIGIL_DOMAIN_DOMAIN_H
#define VIGIL_DOMAIN_DOMAIN_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/str.h"
#include "domain/device/device.h"
#include "domain/event/event.h"
#include "domain/event/retention.h"
#include "domain/identity/token.h"
#include "domain/live/live.h"
#include "domain/live/thumbnail.h"
#include "domain/storage/storage.h"
#include "ports/db/db.h"
#include "ports/keys/keys.h"

#define NODE_SIZE 9

struct domain_setup {
	struct db *db;     /* borrowed */
	struct keys *keys; /* borrowed */
	struct blob *blob; /* borrowed */
	struct str platform_token;
	int64_t registration_s;       /* how long one holds, before its jitter */
	int64_t events_keep_days;     /* 0: for ever */
	struct storage_setup storage; /* only its numbers are looked at */
	struct live_setup live;       /* devices, keys, events are filled in by domain_new() */
	struct media *media;          /* borrowed; NULL: no thumbnails */
	thumbnail_read_fn *read_thumbnail;
};

struct domain {
	char node[NODE_SIZE];
	struct event_log *events;
	struct retention *retention;
	struct tokens *tokens;
	struct devices *devices;
	struct live *live;
	struct storage *storage;
	struct thumbnails *thumbnails;
};

enum err domain_new(const struct domain_setup *setup, struct domain **out, struct why *why);
void domain_free(struct domain *domain);
AUTO_DEFINE(domain)

/* Starts what runs by the clock. */
void domain_start(struct domain *domain);
/* When the loops have ended: writes what only memory knows. Until then the database is open. */
enum err domain_stop(struct domain *domain);

/* The master key fits the database: ERR_DENIED with why if not. A database that has no check yet
 * gets this key's; *out_is_fresh tells that nothing was ever sealed here. */
enum err domain_check_key(struct db *db, const struct keys *keys, struct why *why);
enum err domain_is_fresh(struct db *db, bool *out_is_fresh);

#endif
