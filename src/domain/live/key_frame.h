/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_frame.h — a short look at the newest key frame of a stream, without being a viewer.
 *
 * It starts no camera, counts nowhere and copies nothing: the bytes are those of the ring.
 *
 * Threads  any. Memory  the bytes stay until key_frame_done(); do not keep them for long.
 */
#ifndef VIGIL_DOMAIN_KEY_FRAME_H
#define VIGIL_DOMAIN_KEY_FRAME_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct live;
struct intro;
struct block;

struct key_frame {
	struct str intro;  /* what every viewer gets first, framed; may be empty */
	struct str unit;   /* the framed key frame first, maybe others behind it */
	uint64_t position; /* with `source`: the same numbers, the same key frame */
	uint32_t source;
	struct intro *held_intro; /* private from here */
	struct block *held_block;
};

/* ERR_CONFLICT with NOT_LIVE: nothing is streaming under this key, or no key frame came yet. */
enum err key_frame_open(struct live *live, struct str key, struct key_frame *out, struct why *why);
void key_frame_done(struct key_frame *frame);

#endif
