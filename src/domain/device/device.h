/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.h — every device of this node's database: what is known, and how it is reached now.
 *
 * Facts are rows; the registry holds them in memory too, so that a read costs no database visit.
 * A change goes to the database first and into memory when it is committed.
 *
 * Threads  the registry is locked inside; callbacks come on the loop that asked.
 * Memory   facts are immutable and shared: device_facts_unref() what you were given.
 * Errors   ERR_NOT_FOUND; ERR_EXISTS with REASON_DID_TAKEN; ERR_INVALID with the field.
 */
#ifndef VIGIL_DOMAIN_DEVICE_H
#define VIGIL_DOMAIN_DEVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/str.h"
#include "domain/event/event.h"
#include "domain/identity/token.h"
#include "ports/db/db.h"
#include "ports/keys/keys.h"

#define DEVICE_NAME_SIZE    129  /* UTF-8, 128 bytes */
#define DEVICE_SECRET_SIZE  129  /* 1..128 bytes */
#define DEVICE_PROFILE_MAX  4096 /* what a device says about itself, JSON */
#define DEVICE_REASON_SIZE  64
#define DEVICE_ADDRESS_SIZE 56
#define DEVICES_MAX         1000000

/* X(NAME, "text"): the order is the column's value. */
#define DEVICE_KINDS(X)     \
	X(CAMERA, "camera") \
	X(GATEWAY, "gateway") X(RECORDER, "recorder") X(SPEAKER, "speaker") X(OTHER, "other")
#define SIGN_POLICIES(X) X(TIMESTAMP, "timestamp") X(ANY, "any") X(HMAC, "hmac")
#define SERVE_SIGNS(X)   X(NONE, "none") X(HMAC, "hmac") X(MD5, "md5")
#define PUSH_MODES(X)    X(PLAY, "play") X(SELF, "self")

#define X(name, text) DEVICE_##name,
enum device_kind { DEVICE_KINDS(X) };
#undef X
#define X(name, text) SIGN_POLICY_##name,
enum sign_policy { SIGN_POLICIES(X) };
#undef X
#define X(name, text) SERVE_SIGN_##name,
enum serve_sign { SERVE_SIGNS(X) };
#undef X
#define X(name, text) PUSH_##name,
enum push_mode { PUSH_MODES(X) }; /* SELF: pushes by itself, is never asked to play */
#undef X

const char *device_kind_text(enum device_kind kind);
const char *sign_policy_text(enum sign_policy policy);
const char *serve_sign_text(enum serve_sign serve);
const char *push_mode_text(enum push_mode push);
enum err device_kind_parse(struct str text, enum device_kind *out);
enum err sign_policy_parse(struct str text, enum sign_policy *out);
enum err serve_sign_parse(struct str text, enum serve_sign *out);
enum err push_mode_parse(struct str text, enum push_mode *out);

struct device_facts {
	_Atomic unsigned refs;
	char did[DID_SIZE];
	char organization[ORGANIZATION_SIZE];
	char name[DEVICE_NAME_SIZE];
	enum device_kind kind;
	enum sign_policy sign_policy;
	enum serve_sign serve_sign;
	enum push_mode push;
	bool is_disabled;
	char gateway[DID_SIZE]; /* empty: none */
	int64_t created_at, updated_at;
	char *profile; /* JSON object */
	size_t sealed_size;
	uint8_t sealed[]; /* the secret, by ports/keys */
};

enum presence_state { PRESENCE_NEVER, PRESENCE_OFFLINE, PRESENCE_ONLINE };

struct presence {
	enum presence_state state;
	int64_t since, last_seen; /* 0: never */
	char reason[DEVICE_REASON_SIZE];
	char address[DEVICE_ADDRESS_SIZE];
	char reached_at[DEVICE_ADDRESS_SIZE]; /* our own end of its connection */
	bool is_weak_sign, is_child;
	int64_t epoch; /* of the link; grows with every registration */
};

struct preset_list;

/* Everything about one device at one moment. */
struct device_view {
	struct device_facts *facts;
	struct presence presence;
	struct preset_list *presets; /* preset.h; NULL: none */
};

struct devices;
struct link;

struct devices_setup {
	struct db *db;
	struct keys *keys;
	struct event_log *events;
	struct tokens *tokens;
	int64_t registration_s; /* how long a registration holds, less its jitter of a tenth */
	const char *node;       /* this node's id, at most 16 characters; borrowed */
};
/* Loads all rows. */
enum err devices_new(const struct devices_setup *setup, struct devices **out);
void devices_free(struct devices *devices);
AUTO_DEFINE(devices)

/* Called on a loop when a device was removed, disabled, unbound or given a new secret: whatever it
 * was granted before is over. Set before the loops run. */
typedef void device_shut_fn(void *owner, struct str did, const char *reason);
void devices_on_shut(struct devices *devices, device_shut_fn *fn, void *owner);

/* Starts saving presence, on this loop. */
void devices_start(struct devices *devices);
/* Writes what is not saved yet; when the loops have ended, and the database has not. */
enum err devices_stop(struct devices *devices);

void device_facts_unref(struct device_facts *facts);

/* ERR_NOT_FOUND also when the device is not of `organization` (empty: any). */
enum err device_view(struct devices *devices, struct str organization, struct str did,
                     struct device_view *out);
void device_view_done(struct device_view *view);
size_t devices_count(struct devices *devices);
/* This node's id; borrowed for good. */
const char *devices_node(const struct devices *devices);

bool did_is_valid(struct str did);

struct device_spec {
	char did[DID_SIZE];
	char organization[ORGANIZATION_SIZE];
	char name[DEVICE_NAME_SIZE];
	char secret[DEVICE_SECRET_SIZE]; /* empty: one is made and stands here afterwards */
	enum device_kind kind;
	enum sign_policy sign_policy;
	enum serve_sign serve_sign;
	enum push_mode push;
};

/* A change under way; lives inside its owner until `done`. */
enum device_change_kind {
	DEVICE_CREATE,
	DEVICE_UPDATE, /* what `sets` names */
	DEVICE_ROTATE, /* a new secret: spec.secret */
	DEVICE_BIND,   /* gateway: spec.did becomes a child of `gateway` (empty: unbinds) */
	DEVICE_REMOVE,
};
/* What a DEVICE_UPDATE sets: the rest stays as it is when its turn comes. */
enum device_sets {
	DEVICE_SETS_NAME = 1 << 0,
	DEVICE_SETS_SIGN_POLICY = 1 << 1,
	DEVICE_SETS_SERVE_SIGN = 1 << 2,
	DEVICE_SETS_PUSH = 1 << 3,
	DEVICE_SETS_DISABLED = 1 << 4,
	DEVICE_SETS_ALL = (1 << 5) - 1,
};
struct device_change {
	enum device_change_kind kind;
	struct device_spec spec;
	unsigned sets; /* of enum device_sets */
	bool is_disabled;
	char gateway[DID_SIZE];
	void (*done)(struct device_change *change, enum err err);
	struct why why;
	struct db_job job; /* private from here */
	struct devices *devices;
	struct device_facts *fresh;
	const char *end_reason; /* why the device went off line by this; NULL: it did not */
	int64_t number;
};
/* ERR_* at once (with change->why), or ERR_OK and `done` later. A device that is disabled,
 * removed, bound elsewhere or given a new secret loses its link. */
enum err device_change(struct devices *devices, struct device_change *change);

/* Makes many at once in one transaction: those that fail say so in specs' results. */
#define DEVICE_IMPORT_BATCH 500
struct device_import {
	struct device_spec *specs; /* borrowed until `done` */
	enum err *results;         /* ERR_OK made, ERR_EXISTS there before */
	size_t count;              /* 1..DEVICE_IMPORT_BATCH */
	void (*done)(struct device_import *import, enum err err);
	struct db_job job; /* private from here */
	struct devices *devices;
	struct device_facts **fresh;
	int64_t number;
};
enum err device_import(struct devices *devices, struct device_import *import);

/* One page of dids in order, for lists; look each up with device_view(). */
#define DEVICE_PAGE_MAX 500
struct device_page {
	char organization[ORGANIZATION_SIZE];
	char after[DID_SIZE];
	char text[DEVICE_NAME_SIZE]; /* part of did or name; empty: all */
	int online;                  /* 1 online, 0 not, -1 all */
	int limit;                   /* 1..DEVICE_PAGE_MAX */
	void (*done)(struct device_page *page, enum err err);
	char (*dids)[DID_SIZE]; /* room for `limit`, the caller's */
	int count;
	struct db_job job; /* private */
};
enum err device_list(struct devices *devices, struct device_page *page);

/* The secret in clear, appended to `out`; wipe it. */
enum err device_secret(struct devices *devices, const struct device_facts *facts, struct buf *out);

#endif
