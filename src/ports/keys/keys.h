/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.h — the master key and what is sealed with keys derived from it.
 *
 * Threads  any, after keys_open().
 * Errors   ERR_DENIED: wrong master key, or bytes that were sealed elsewhere.
 *
 * master -> organization -> secret: a secret's row is bound to its organization and its name, so a
 * sealed value cannot be moved to another row.
 */
#ifndef VIGIL_PORTS_KEYS_H
#define VIGIL_PORTS_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

struct keys;

/* Reads 32 bytes (64 hex digits, or raw) from `path`; makes the file (0600) when it is not there
 * and is_made is true. A file that others may read is refused. Pass is_made only while nothing is
 * sealed yet: a new key opens nothing old. */
enum err keys_open(const char *path, bool is_made, struct keys **out, struct why *why);
void keys_free(struct keys *keys);
AUTO_DEFINE(keys)

/* A value that is the same for the same master key and tells nothing about it: kept in the
 * database, so that a start with the wrong key is refused. 64 hex digits and a NUL. */
#define KEYS_CHECK_SIZE 65
void keys_check(const struct keys *keys, char out[KEYS_CHECK_SIZE]);

/* `name` says which row, and no other (credential:DID:KIND). The secret's bytes are appended to
 * `out`. Organization and name together: at most about 1000 bytes (ERR_TOO_LARGE). */
enum err keys_seal(const struct keys *keys, struct str organization, struct str name,
                   struct str secret, struct buf *out);
enum err keys_unseal(const struct keys *keys, struct str organization, struct str name,
                     struct str sealed, struct buf *out);

/* A keyed hash under a purpose's own key (action tokens); `purpose` is one of ours. */
#define KEYS_PURPOSE_MAX 64
void keys_mac(const struct keys *keys, struct str purpose, struct str text, uint8_t out[32]);

#endif
