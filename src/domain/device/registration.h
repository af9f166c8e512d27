/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registration.h — a device proves who it is; the only way a link comes to be.
 *
 * Rules (ARCHITECTURE.md section 7, requirements M-126..M-138):
 *  - a timestamp must lie within 300 s of now and be later than the last accepted one of that
 *    device; a whole-second stamp may repeat for 2 s from the same address;
 *  - a static sign needs the device's policy `any` and never displaces a live link: that one is
 *    probed, and only silence yields;
 *  - a child is bound to its gateway in a row; binding needs the child's own sign, or was done by
 *    an administrator; a gateway never takes a child with a live direct link.
 *
 * Threads  a loop. Memory  the registration lives inside its owner until `done`.
 */
#ifndef VIGIL_DOMAIN_REGISTRATION_H
#define VIGIL_DOMAIN_REGISTRATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/timer.h"
#include "domain/device/link.h"

#define REGISTRATION_WINDOW_MS 300000
#define REGISTRATION_REPEAT_MS 2000
#define REGISTRATION_PROBE_MS  2000

enum sign_kind {
	SIGN_NONE,      /* a bound child behind its gateway */
	SIGN_STATIC,    /* no timestamp in it */
	SIGN_TIMESTAMP, /* md5 with a timestamp */
	SIGN_HMAC,
};

/* X(NAME, code, reason): what a refused device is told (gap G-02). */
#define REGISTRATION_CODES(X)     \
	X(BAD_SIGN, 40001)        \
	X(UNKNOWN_DID, 40002)     \
	X(CLOCK_SKEW, 40003)      \
	X(REPLAYED_SIGN, 40004)   \
	X(DEVICE_DISABLED, 40005) \
	X(SIGN_POLICY, 40006) X(LINK_HELD, 40007) X(NOT_CHILD, 40008) X(TOO_MANY, 40009)

struct registration {
	char did[DID_SIZE];
	enum sign_kind sign_kind;
	int64_t timestamp_ms;
	bool is_whole_second; /* the timestamp had 10 digits */
	/* The sign fits this secret; the connection knows the formula, and may find that a sign
	 * it took for SIGN_TIMESTAMP is a SIGN_STATIC. Called at once. */
	bool (*matches)(struct registration *registration, struct str secret);
	struct str profile; /* JSON object, or empty; copied */
	char address[DEVICE_ADDRESS_SIZE];
	char reached_at[DEVICE_ADDRESS_SIZE]; /* our own end of its connection */
	struct link *gateway;                 /* the registering gateway's own link, or NULL */
	const struct link_ops *ops;
	void *owner;
	/* ERR_OK: `link` is live, `token` and `expires_s` go to the device. Else why.reason and
	 * why.code (40001..) say what to tell it; ERR_BUSY: try again later. */
	void (*done)(struct registration *registration, enum err err);
	struct why why;
	struct link *link;
	bool is_renewal; /* the link existed before on this connection */
	bool is_child;   /* behind a gateway */
	char token[ID_TOKEN_SIZE];
	char id[ID_SIZE];
	int64_t expires_s;

	struct db_job job; /* private from here */
	struct devices *devices;
	struct device_facts *facts;
	struct timer probe;
	int64_t now_ms, epoch, probed_seen_ms, probe_epoch, change;
	bool is_cancelled;
	char *new_profile;
	char lost_reason[DEVICE_REASON_SIZE]; /* going offline before, not yet told; empty: none */
	int64_t lost_at;
};

/* `done` may come within the call. Afterwards, and only while `done` is outstanding, the owner may
 * call registration_cancel(): `done` still comes, perhaps within that call, with ERR_CLOSED and no
 * link. */
void registration_start(struct devices *devices, struct registration *registration);
void registration_cancel(struct registration *registration);

/* The device's access token, as answered to its registration, or the one before it during the
 * overlap. Any thread. ERR_DENIED. */
enum err registration_token_check(struct devices *devices, struct str did, struct str token);

#endif
