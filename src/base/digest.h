/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h — hashes, keyed hashes, sealing and the text forms of bytes.
 *
 * Threads  any. Errors  only what the signatures say: OpenSSL failing on a plain hash means the
 * process cannot go on, and it does not.
 */
#ifndef VIGIL_BASE_DIGEST_H
#define VIGIL_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define DIGEST_MD5_SIZE    16
#define DIGEST_SHA1_SIZE   20
#define DIGEST_SHA256_SIZE 32
#define DIGEST_KEY_SIZE    32
#define DIGEST_SEAL_EXTRA  28 /* nonce 12, tag 16 */

void digest_md5(struct str text, uint8_t out[DIGEST_MD5_SIZE]);
void digest_sha1(struct str text, uint8_t out[DIGEST_SHA1_SIZE]);
void digest_sha256(struct str text, uint8_t out[DIGEST_SHA256_SIZE]);
void digest_hmac_sha256(struct str key, struct str text, uint8_t out[DIGEST_SHA256_SIZE]);

/* One key from another and a label (HMAC as the key derivation; the labels are ours). */
void digest_derive(const uint8_t key[DIGEST_KEY_SIZE], struct str label,
                   uint8_t out[DIGEST_KEY_SIZE]);

/* AES-256-GCM with a random nonce in front and the tag behind; `bound` is authenticated, not
 * stored. out takes text.size + DIGEST_SEAL_EXTRA bytes (ERR_TOO_LARGE if it cannot). */
enum err digest_seal(const uint8_t key[DIGEST_KEY_SIZE], struct str text, struct str bound,
                     struct buf *out);
/* ERR_DENIED when key, bytes or `bound` are not those it was sealed with. */
enum err digest_unseal(const uint8_t key[DIGEST_KEY_SIZE], struct str sealed, struct str bound,
                       struct buf *out);

/* Lower-case hexadecimal with a NUL: 2 * size + 1 bytes. */
void digest_hex(const uint8_t *bytes, size_t size, char *out);
/* Exactly `size` bytes from 2 * size digits of either case; ERR_INVALID. */
enum err digest_unhex(struct str text, uint8_t *out, size_t size);

/* RFC 4648 §5 without padding, with a NUL. */
#define DIGEST_BASE64_SIZE(size) (((size)*4 + 2) / 3 + 1)
void digest_base64url(const uint8_t *bytes, size_t size, char *out);
/* Exactly `size` bytes, in the one canonical spelling; ERR_INVALID. */
enum err digest_unbase64url(struct str text, uint8_t *out, size_t size);
/* RFC 4648 §4 with padding. */
void digest_base64(const uint8_t *bytes, size_t size, struct buf *out);

#endif
