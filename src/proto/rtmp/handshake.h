/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handshake.h — the simple handshake of RTMP (section 5.2), for both sides: a version byte, 1536
 * bytes of our own, and the peer's 1536 bytes given back.
 *
 * Errors   ERR_MALFORMED (another version); the rest in the buf (sticky).
 */
#ifndef VIGIL_PROTO_RTMP_HANDSHAKE_H
#define VIGIL_PROTO_RTMP_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#define RTMP_HANDSHAKE_SIZE 1536 /* of each of C1, S1, C2 and S2 */
#define RTMP_VERSION        3

struct rtmp_handshake {
	bool is_server; /* begins when the peer did */
	bool has_version;
	uint16_t left; /* of the peer's two parts */
};

/* A client's begins at once: C0 and C1 are appended to `out`; a server's is not looked at. */
void rtmp_handshake_init(struct rtmp_handshake *handshake, bool is_server, struct buf *out);

/* Reads on and appends the answer to `out`, which must not be sent before
 * rtmp_handshake_is_answered(): peers want it in one piece. */
enum err rtmp_handshake_read(struct rtmp_handshake *handshake, struct bytes *input,
                             struct buf *out);

/* The peer's first part came whole and stands in `out`. */
static inline bool rtmp_handshake_is_answered(const struct rtmp_handshake *handshake)
{
	return handshake->left <= RTMP_HANDSHAKE_SIZE;
}

static inline bool rtmp_handshake_is_done(const struct rtmp_handshake *handshake)
{
	return handshake->left == 0;
}

#endif
