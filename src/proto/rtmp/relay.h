/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h — FLV tags onto the wire of an RTMP player, without touching their bodies: each gets the
 * head of one chunk in front, so the chunk size must have been set above the largest of them.
 *
 *     rtmp_relay_fill(&relay, parts, count, &batch)     what to send for these bytes of FLV
 *     n = rtmp_relay_sent(&relay, &batch, sent)         so many of them are done with
 *
 * The FLV comes in parts; a tag lies whole in one, but the first part may begin inside the tag that
 * was half sent. Times are told anew, from 0.
 *
 * Memory   a batch borrows the parts' bytes, and its own: it must not move before it is sent.
 */
#ifndef VIGIL_PROTO_RTMP_RELAY_H
#define VIGIL_PROTO_RTMP_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "proto/flv/flv_clock.h"
#include "proto/rtmp/chunk.h"

#define RTMP_BATCH_MAX 48 /* messages of one batch */

struct rtmp_relay {
	uint32_t stream_id; /* the owner's to set: which stream the player asked for */
	struct flv_clock clock;
	uint32_t skip;      /* bytes of FLV that are no tag: the file's header */
	uint32_t body_left; /* of the message that is half sent */
	uint8_t head_size, head_at;
	uint8_t head[RTMP_CHUNK_HEAD_MAX]; /* its head */
};

struct rtmp_batch_message {
	uint8_t head[RTMP_CHUNK_HEAD_MAX];
	size_t head_size, body_size;
	size_t lead;            /* bytes of FLV in front of the body */
	struct flv_clock clock; /* when it was told */
};

struct rtmp_batch {
	struct iovec parts[2 * RTMP_BATCH_MAX];
	size_t part_count;
	size_t size; /* of all parts */
	struct rtmp_batch_message messages[RTMP_BATCH_MAX];
	size_t message_count;
};

/* The FLV begins with a file's header. */
void rtmp_relay_init(struct rtmp_relay *relay);

/* True between two messages, when others may be sent. */
bool rtmp_relay_is_between(const struct rtmp_relay *relay);

void rtmp_relay_fill(const struct rtmp_relay *relay, const struct iovec parts[], size_t count,
                     struct rtmp_batch *batch);

/* The first `sent` bytes of the batch went out; gives how many bytes of FLV are done with. */
size_t rtmp_relay_sent(struct rtmp_relay *relay, const struct rtmp_batch *batch, size_t sent);

#endif
