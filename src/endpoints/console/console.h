/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h — the console's files, which the program carries inside itself.
 *
 * Open to everybody: what they show is asked for with a session. A build without web/dist says how
 * to make it.
 *
 * Threads  any loop.
 */
#ifndef VIGIL_ENDPOINTS_CONSOLE_CONSOLE_H
#define VIGIL_ENDPOINTS_CONSOLE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "http/router.h"

extern const struct route console_routes[]; /* the owner may be NULL */
extern const size_t console_route_count;

/* An Accept-Encoding that takes gzip. Pure. */
bool console_takes_gzip(struct str accept);

/* An If-None-Match that names this strong tag (in quotes), or "*". Pure. */
bool console_has_tag(struct str known, struct str tag);

#endif
