/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.h — paths and queries with every foreign character percent-encoded (RFC 3986 section 2.1).
 */
#ifndef VIGIL_CTL_TEXT_URL_H
#define VIGIL_CTL_TEXT_URL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* Appends `text` with everything but unreserved characters encoded. A lone "." or ".." is encoded
 * too, so that nobody on the way takes it for a folder. */
void url_add_segment(struct buf *out, struct str text);

/* Appends ?name=value or &name=value, whichever is due; nothing when `value` is NULL. */
void url_add_query(struct buf *out, const char *name, const char *value);

/* An http or https URL with a host, without user, query or fragment; a trailing slash is cut off
 * in *out. ERR_INVALID with why. */
enum err url_check_base(struct str url, struct str *out, struct why *why);

/* The host names this machine, so plain http to it does not cross a network. */
bool url_is_loopback(struct str url);

#endif
