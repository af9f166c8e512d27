/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date.h — dates as HTTP writes them (RFC 9110 §5.6.7, IMF-fixdate).
 */
#ifndef VIGIL_PROTO_HTTP_DATE_H
#define VIGIL_PROTO_HTTP_DATE_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define HTTP_DATE_SIZE 30

/* "Sun, 06 Nov 1994 08:49:37 GMT"; seconds since 1970 UTC, 0 up to the year 9999. */
void http_date_write(int64_t seconds, char out[HTTP_DATE_SIZE]);

/* Reads exactly that form; ERR_INVALID for the two obsolete ones and all else. */
enum err http_date_read(struct str text, int64_t *out_seconds);

#endif
