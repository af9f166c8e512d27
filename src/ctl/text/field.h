/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.h — turns `ptz.start direction=2 speed=1` into the JSON an action needs, with the types
 * that the server's own table of actions (GET /v2/actions) names.
 *
 * Memory   JSON given is a new reference.
 * Errors   ERR_INVALID and ERR_NOT_FOUND with why, in words for the one who typed it.
 */
#ifndef VIGIL_CTL_TEXT_FIELD_H
#define VIGIL_CTL_TEXT_FIELD_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

/* One value. `field` is the field's row {"type","least","most"}, or NULL where the server names
 * none: then what reads as JSON is JSON, and all else is text. */
enum err field_value(struct str text, const json_t *field, json_t **out, struct why *why);

/* The `data` of an action: {"ptz":{"start":{"direction":2,"speed":1}}}. `actions` is the server's
 * table; each of `words` reads NAME=VALUE. */
enum err field_action(struct str name, const json_t *actions, const char *const *words,
                      size_t count, json_t **out, struct why *why);

#endif
