/* SPDX-License-Identifier: Apache-2.0 */
/* mp4_private.h — what the files of this folder share: boxes, begun and ended on a buf. */
#ifndef VIGIL_PROTO_MP4_PRIVATE_H
#define VIGIL_PROTO_MP4_PRIVATE_H

#include "proto/mp4/mp4.h"

/* Gives where the box stands, for box_end(), which writes its size. */
size_t box_begin(struct buf *out, const char type[4]);
/* The same with a version and 24 flags (a FullBox). */
size_t box_begin_full(struct buf *out, const char type[4], uint8_t version, uint32_t flags);
void box_end(struct buf *out, size_t box);

void box_add_zeros(struct buf *out, size_t count);
/* Writes a number over four bytes that were added before. */
void box_set_u32(struct buf *out, size_t at, uint32_t value);

/* mp4_entry.c: ERR_INVALID when the track's facts do not make a sample entry. */
enum err mp4_check_track(const struct mp4_track *track);
/* stsd's one entry; the track was checked. */
void mp4_add_entry(struct buf *out, const struct mp4_track *track);

#endif
