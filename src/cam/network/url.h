/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.h — the little a camera must know about the addresses it is given. Pure.
 */
#ifndef VIGIL_CAM_URL_H
#define VIGIL_CAM_URL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

#define URL_MAX 2048

/* Begins with one of the two schemes, has no blanks or controls and is not over URL_MAX. */
bool url_is(struct str url, struct str scheme, struct str other);

/* The last path segment, without the query. */
struct str url_name(struct str url);

/* Appends `url` with token=TOKEN in its query, unless it has one or the token is empty. */
void url_add_token(struct buf *out, struct str url, struct str token);

#endif
