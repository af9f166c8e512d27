/* SPDX-License-Identifier: Apache-2.0 */
/* action_field_private.h — between the engine's two files: single values, and those within. */
#ifndef VIGIL_DOMAIN_ACTION_FIELD_PRIVATE_H
#define VIGIL_DOMAIN_ACTION_FIELD_PRIVATE_H

#include <stdint.h>

#include "domain/action/action_field.h"

enum err field_read_object(const struct field *field, const json_t *value, struct field_path *path,
                           struct buf *out, struct why *why);
enum err field_read_list(const struct field *field, const json_t *value, struct field_path *path,
                         struct buf *out, struct why *why);

/* The milliseconds of a FIELD_DATE; ERR_INVALID. */
enum err field_date(const json_t *value, int64_t *out_ms);

#endif
