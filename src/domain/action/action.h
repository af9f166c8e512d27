/* SPDX-License-Identifier: Apache-2.0 */
/*
 * action.h — what may be asked of a device, and what its answer means.
 *
 * One table (action_table.c) describes every action of the device protocol; one small engine
 * (action_field.c) interprets it. What a caller writes is checked and rewritten in the protocol's
 * printed form, fields in the table's order, before it leaves.
 *
 * Threads  any: everything is pure.
 * Memory   action_request_done() frees a request; actions and words live for ever.
 * Errors   ERR_INVALID with REASON_INVALID_ACTION and the field at fault ("ptz.start.direction");
 *          ERR_CONFLICT with REASON_DEVICE_REFUSED and the device's code; ERR_MALFORMED for an
 *          answer without shape; ERR_NO_MEMORY.
 */
#ifndef VIGIL_DOMAIN_ACTION_H
#define VIGIL_DOMAIN_ACTION_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

#define ACTION_NAME_SIZE 32
#define ACTION_DATA_MAX  32768
#define ACTION_URL_MAX   512

#define ACTION_CODE_PRESETS_FULL      60007
#define ACTION_CODE_PRESETS_FULL_ALSO 60008 /* some devices say it so; read as 60007 */
#define ACTION_CODE_ALREADY_THERE     60010

struct action; /* a row of the table */

struct action_request {
	const struct action *action;
	struct buf data; /* {"ptz":{"start":{"direction":2,"speed":1}}}, to be sent as it stands */
	bool lacks_url;  /* the device needs a url and the caller gave none: add it first */
};

/* Reads the `data` of a caller: exactly one action, in its printed form or an accepted alias. */
enum err action_read(const json_t *data, struct action_request *out, struct why *why);
void action_request_done(struct action_request *request);

/* Gives a request that lacks_url its url. */
enum err action_request_add_url(struct action_request *request, struct str url);

const char *action_name(const struct action *action); /* "ptz.start" */

/* The token's kind: play, ptz, preset, capture, config, replay or upload. */
const char *action_resource(const struct action *action);

/* Whether the API takes this action; where it lacks_url the server adds its own. */
bool action_is_for_callers(const struct action *action);

/* The row called "ptz.start", or NULL. */
const struct action *action_find(struct str name);

/* Reads a device's `result` to `action`. ERR_OK: why->code is 0, or ACTION_CODE_ALREADY_THERE,
 * which is no failure. ERR_CONFLICT: why->code and why->text say what the device refused. */
enum err action_check_answer(const struct action *action, const json_t *result, struct why *why);

/* English words for a code the protocol prints; NULL for any other. */
const char *action_code_words(int code);

/* The table for people and consoles: {"items":[...],"codes":{...},"printed":{...}}, the last
 * being the codes' words as the protocol prints them, in Chinese. */
enum err action_table_write(struct buf *out);

/* The server's own actions, as canonical text appended to `out`; look at buf_err() afterwards. */
void action_play(struct buf *out, struct str url, int players);
void action_stop(struct buf *out, struct str reason);
void action_capture(struct buf *out, struct str url);
void action_upload(struct buf *out, struct str url, struct str file);

#endif
