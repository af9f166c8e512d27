/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.h — the name of a stream: `{did}`, or `{did}_replay_{channel}_{stream}_{start}_{end}` for
 * what a recorder keeps. A did has no underscore, so the two cannot be confused.
 *
 * Times of a key are civil, YYYYMMDDhhmmss, of the device's zone; both with the suffix Z: UTC. Pure
 * but for stream_key_span(), which asks the zone this server lives in.
 *
 * Errors   ERR_INVALID.
 */
#ifndef VIGIL_DOMAIN_LIVE_KEY_H
#define VIGIL_DOMAIN_LIVE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "domain/identity/token.h"

#define STREAM_KEY_SIZE        128 /* the longest did and replay fit */
#define STREAM_KEY_CHANNEL_MAX 65535
#define STREAM_KEY_SPAN_MAX_MS (31LL * 24 * 3600 * 1000)

struct stream_key {
	char did[DID_SIZE];
	bool is_replay; /* only then the rest counts */
	bool is_utc;
	uint16_t channel;         /* from 1 */
	uint8_t stream;           /* 0 main, 1 sub */
	int64_t start_ms, end_ms; /* the civil times, as if they were UTC */
};

/* The start is before the end, by at most STREAM_KEY_SPAN_MAX_MS. */
enum err stream_key_read(struct str text, struct stream_key *out);

void stream_key_write(const struct stream_key *key, char out[STREAM_KEY_SIZE]);

/* When a replay begins and ends, in milliseconds since 1970 UTC. */
void stream_key_span(const struct stream_key *key, int64_t *out_start_ms, int64_t *out_end_ms);

/* The device's part of a key's text: all of it for a live stream. */
struct str stream_key_did(struct str text);

#endif
