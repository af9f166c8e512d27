/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign.h — the signatures of the device protocol, made by both sides and compared by one.
 *
 *     register, md5    md5(did:secret) or md5(did:secret:timestamp)
 *     register, hmac   HMAC-SHA256(secret, did:timestamp), sent with ":hmac-sha256" behind it
 *     action           HMAC-SHA256(secret, did:mid:timestamp:sha256hex(data as sent))
 *
 * All are lower-case hexadecimal when made and of either case when read. A timestamp is the exact
 * characters that were received or will be sent, so 1600000000 and 1600000000.0 differ.
 *
 * Threads  any; pure.
 * Errors   ERR_TOO_LARGE when the parts together are over SIGN_TEXT_MAX (no valid did, mid,
 *          timestamp and secret of SIGN_SECRET_MAX are); ERR_MALFORMED from sign_split().
 */
#ifndef VIGIL_PROTO_ENVELOPE_SIGN_H
#define VIGIL_PROTO_ENVELOPE_SIGN_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"

#define SIGN_SECRET_MAX 256
#define SIGN_TEXT_MAX   512
#define SIGN_MD5_SIZE   (2 * DIGEST_MD5_SIZE + 1)    /* with the NUL */
#define SIGN_HMAC_SIZE  (2 * DIGEST_SHA256_SIZE + 1) /* with the NUL */

#define SIGN_SUFFIX_MD5  ":md5"
#define SIGN_SUFFIX_HMAC ":hmac-sha256"

enum sign_algorithm {
	SIGN_MD5,
	SIGN_HMAC_SHA256,
};

/* An empty timestamp makes the static form. */
enum err sign_make_md5(struct str did, struct str secret, struct str timestamp,
                       char out[SIGN_MD5_SIZE]);
/* The digest alone, without the suffix a device sends behind it. */
enum err sign_make_hmac(struct str did, struct str secret, struct str timestamp,
                        char out[SIGN_HMAC_SIZE]);
/* What the server puts on an action; `data` is the text of the member as it stands in the message.
 */
enum err sign_make_action(struct str did, struct str secret, struct str mid, struct str timestamp,
                          struct str data, char out[SIGN_HMAC_SIZE]);

/* Splits digest and suffix; without a suffix the digest's length tells the algorithm. */
enum err sign_split(struct str sign, struct str *out_digest, enum sign_algorithm *out_algorithm);

/* Digits of either case, in time that does not depend on where they differ. */
bool sign_digest_equal(struct str digest, struct str expected);

#endif
