/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nal.h — NAL units one after the other, as FLV and MP4 hold them (a length in front) and as
 * encoders give them (Annex B, start codes between), and the bits inside one.
 *
 * Memory   units are borrowed; nothing is allocated.
 */
#ifndef VIGIL_PROTO_H26X_NAL_H
#define VIGIL_PROTO_H26X_NAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define NAL_SIDE_MAX 16384 /* pixels */

/* The next unit; `length_size` is 1, 2 or 4. ERR_NOT_FOUND behind the last, ERR_MALFORMED when a
 * length reaches past the end. */
enum err nal_read(struct bytes *input, unsigned length_size, struct bytes *out);

/* The next unit of Annex B, without start codes and the zeros around them; ERR_NOT_FOUND behind the
 * last. */
enum err nal_read_annex_b(struct bytes *input, struct bytes *out);

/* A reader of bits that leaves out emulation prevention bytes (H.264 §7.4.1, H.265 §7.4.2). Sticky:
 * past the end everything is 0 and is_short is set. */
struct nal_bits {
	const uint8_t *at;
	size_t size;
	size_t position; /* of the byte being read */
	unsigned zeros;  /* bytes 0 right before it */
	unsigned left;   /* bits of `current` */
	uint8_t current;
	bool is_plain;
	bool is_short;
};

struct nal_bits nal_bits_of(const uint8_t *at, size_t size);
/* The same over bytes without emulation prevention: AV1, AAC. */
struct nal_bits nal_bits_of_plain(const uint8_t *at, size_t size);
uint32_t nal_bits_read(struct nal_bits *bits, unsigned count); /* at most 32 */
void nal_bits_skip(struct nal_bits *bits, size_t count);
uint32_t nal_bits_ue(struct nal_bits *bits); /* Exp-Golomb (H.264 §9.1) */
int32_t nal_bits_se(struct nal_bits *bits);

/* A picture's side less what is cropped, which counts in units (H.264 §7.4.2.1.1, H.265
 * §7.4.3.2.1); 0 if nothing is left, or past NAL_SIDE_MAX. */
uint32_t nal_crop_side(uint64_t pixels, uint64_t unit, uint64_t before, uint64_t after);

#endif
