/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h — the one face of a connected device, whatever carries it: MQTT now, a gateway's child,
 * later the edge's own channel.
 *
 * A link is made by a registration that succeeded (registration.h) and ends with its connection,
 * with its registration's validity, or when another connection takes the device over. Every link
 * has an epoch; an answer with an old one finds nothing.
 *
 * Threads  a link lives on its connection's loop; all calls there.
 * Memory   the connection borrows it from `opened` until it calls link_close() or its ops->ended
 *          is called, whichever comes first.
 */
#ifndef VIGIL_DOMAIN_LINK_H
#define VIGIL_DOMAIN_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "domain/device/device.h"

#define LINK_COMMANDS_MAX 32    /* commands that may wait for one device */
#define LINK_CHILDREN_MAX 1024  /* children of one gateway */
#define LINK_OVERLAP_MS   60000 /* how long the token before a renewal stays good */

#define LINK_TAKEN_OVER "taken over" /* the reason when another connection has the device now */

/* What a device is told; the connection puts it into its own words. */
struct link_message {
	struct str did, mid, token;
	struct str data; /* JSON object: exactly these characters go out */
	int64_t timestamp_ms;
	enum serve_sign serve_sign;
	struct str secret; /* for serve_sign; empty with SERVE_SIGN_NONE */
};

struct link_ops {
	/* ERR_CLOSED, ERR_BUSY: it did not go out. */
	enum err (*send)(void *owner, const struct link_message *message);
	/* The link is over and must not be used again; the reason in a few words. The connection
	 * may live on (a gateway that lost one child). */
	void (*ended)(void *owner, struct link *link, const char *reason);
};

const char *link_did(const struct link *link);
int64_t link_epoch(const struct link *link);

/* The connection ended, or takes the link back. No ops->ended follows. */
void link_close(struct link *link, const char *reason);

/* Bytes came from the device. */
void link_seen(struct link *link);

/* An answer to the command `mid`; `result` is its JSON object. Late, double and foreign ones are
 * counted and dropped. */
void link_answer(struct link *link, struct str mid, struct str result);

/* An event of the device, stored and put on the log as "device.event". `data` is a JSON object,
 * at most EVENT_DATA_MAX bytes (ERR_TOO_LARGE); ERR_BUSY when the database is behind: the device
 * may send it again. `done` (may be NULL) comes after the commit, or with what prevented it; not
 * when this returned an error. */
typedef void link_event_fn(void *owner, enum err err);
enum err link_event(struct link *link, int64_t time_ms, struct str data, link_event_fn *done,
                    void *owner);

/* The live link of a gateway's child, or NULL; borrowed for the call. */
struct link *link_child(struct link *gateway, struct str did);

#endif
