/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h — one action sent to a device, and its answer.
 *
 * An answer is matched by (device, link epoch, mid); mids are unguessable. Nobody waits in a
 * thread: `done` comes on the loop that sent, exactly once.
 *
 * Memory   a command lives inside its owner until `done`; data and token are borrowed until then.
 * Errors   ERR_CONFLICT with DEVICE_OFFLINE (at once), ERR_TIMEOUT with DEVICE_TIMEOUT, ERR_BUSY
 *          with DEVICE_BUSY. A device's own refusal is not an error here: read it from `result`.
 */
#ifndef VIGIL_DOMAIN_COMMAND_H
#define VIGIL_DOMAIN_COMMAND_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mail.h"
#include "base/timer.h"
#include "domain/device/device.h"
#include "domain/identity/grant.h"

#define COMMAND_TIMEOUT_MS       5000
#define COMMAND_TIMEOUT_LEAST_MS 100
#define COMMAND_TIMEOUT_MOST_MS  30000
#define COMMAND_RESULT_MAX       65536
#define COMMAND_MID_SIZE         40

struct command {
	char did[DID_SIZE];
	struct str data;     /* JSON object with one action: the characters that go out */
	struct str resource; /* the token's kind: "ptz" */
	int64_t timeout_ms;
	void (*done)(struct command *command, enum err err);
	struct why why;
	char mid[COMMAND_MID_SIZE];
	struct buf result;            /* JSON object; freed after `done` */
	char grant[GRANT_NAMED_SIZE]; /* the action's token; empty: one is made */

	struct devices *devices; /* private from here */
	struct loop *home;
	struct link *link; /* while it waits there */
	struct mail mail;
	struct timer timer;
	struct list_node node;
	enum err err;
	int64_t sent_us;
};

/* Makes command->grant for its did and resource now, for an action whose data must name it. That
 * of a capture has the did in it (grant_add_did): the address it opens names no device. */
void command_make_grant(struct devices *devices, struct command *command);

void command_send(struct devices *devices, struct command *command);

#endif
