/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant.h — the token inside one action: opens one resource of one device for a short time.
 *
 * Not kept anywhere: a keyed hash over device, resource and end makes and proves it, so that ten
 * thousand commands a second cost no row. Text: 38 URL-safe characters.
 */
#ifndef VIGIL_DOMAIN_GRANT_H
#define VIGIL_DOMAIN_GRANT_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "ports/keys/keys.h"

#define GRANT_SIZE    39
#define GRANT_LIFE_MS (15 * 60 * 1000)

/* A grant with the device's name behind it, for an address that names none: still at most 64
 * characters, and so only for a did of up to GRANT_DID_MAX. */
#define GRANT_NAMED_SIZE 65
#define GRANT_DID_MAX    19

/* `resource` is the token kind of the action table: "play", "ptz", "preset", ... */
void grant_make(const struct keys *keys, struct str did, struct str resource, int64_t expires_ms,
                char out[GRANT_SIZE]);

/* ERR_DENIED: another device's or resource's, or over, or never made here. */
enum err grant_check(const struct keys *keys, struct str did, struct str resource, struct str grant,
                     int64_t now_ms);

/* Puts the did behind the grant; nothing when it is too long. */
void grant_add_did(struct str did, char grant[GRANT_NAMED_SIZE]);

/* The did behind a grant, which is cut off *token; empty (and *token is whole) if there is none. */
struct str grant_cut_did(struct str *token, char room[GRANT_DID_MAX + 1]);

#endif
