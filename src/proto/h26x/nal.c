/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/h26x/nal.h"

#include <string.h>

enum err nal_read(struct bytes *input, unsigned length_size, struct bytes *out)
{
	struct bytes rest = *input;
	size_t size = 0;

	if (!rest.size)
		return ERR_NOT_FOUND;
	for (unsigned i = 0; i < length_size; i++)
		size = size << 8 | bytes_u8(&rest);
	const uint8_t *at = bytes_take(&rest, size);
	if (rest.is_short)
		return ERR_MALFORMED;
	*input = rest;
	*out = bytes_of(at, size);
	return ERR_OK;
}

static const uint8_t *find_start_code(struct bytes input)
{
	static const uint8_t start_code[3] = { 0, 0, 1 };

	return input.size ? memmem(input.at, input.size, start_code, sizeof start_code) : NULL;
}

enum err nal_read_annex_b(struct bytes *input, struct bytes *out)
{
	const uint8_t *start = find_start_code(*input);

	while (start) {
		struct bytes rest =
			bytes_of(start + 3, (size_t)(input->at + input->size - start - 3));
		const uint8_t *next = find_start_code(rest);
		const uint8_t *end = next ? next : rest.at + rest.size;

		*input = bytes_of(end, (size_t)(rest.at + rest.size - end));
		/* A unit never ends in a zero: those belong to the next start code or are filling.
		 */
		while (end > rest.at && end[-1] == 0)
			end--;
		if (end > rest.at) {
			*out = bytes_of(rest.at, (size_t)(end - rest.at));
			return ERR_OK;
		}
		start = next;
	}
	return ERR_NOT_FOUND;
}

struct nal_bits nal_bits_of(const uint8_t *at, size_t size)
{
	return (struct nal_bits){ .at = at, .size = size };
}

struct nal_bits nal_bits_of_plain(const uint8_t *at, size_t size)
{
	return (struct nal_bits){ .at = at, .size = size, .is_plain = true };
}

static void next_byte(struct nal_bits *bits)
{
	bool is_emulation = !bits->is_plain && bits->zeros >= 2 && bits->position < bits->size &&
	                    bits->at[bits->position] == 3;

	if (is_emulation) {
		bits->position++;
		bits->zeros = 0;
	}
	if (bits->position >= bits->size) {
		bits->is_short = true;
		return;
	}
	bits->current = bits->at[bits->position++];
	bits->zeros = bits->current ? 0 : bits->zeros + 1;
	bits->left = 8;
}

uint32_t nal_bits_read(struct nal_bits *bits, unsigned count)
{
	uint32_t value = 0;

	while (count) {
		if (!bits->left)
			next_byte(bits);
		if (bits->is_short)
			return 0;
		unsigned taken = count < bits->left ? count : bits->left;
		uint32_t part =
			((uint32_t)bits->current >> (bits->left - taken)) & ((1U << taken) - 1);
		value = value << taken | part;
		bits->left -= taken;
		count -= taken;
	}
	return value;
}

void nal_bits_skip(struct nal_bits *bits, size_t count)
{
	for (; count > 32 && !bits->is_short; count -= 32)
		(void)nal_bits_read(bits, 32);
	(void)nal_bits_read(bits, bits->is_short ? 0 : (unsigned)count);
}

uint32_t nal_bits_ue(struct nal_bits *bits)
{
	unsigned zeros = 0;

	while (zeros <= 32 && nal_bits_read(bits, 1) == 0 && !bits->is_short)
		zeros++;
	if (zeros > 31)
		bits->is_short = true;
	if (bits->is_short)
		return 0;
	return (uint32_t)((1ULL << zeros) - 1) + nal_bits_read(bits, zeros);
}

int32_t nal_bits_se(struct nal_bits *bits)
{
	uint32_t value = nal_bits_ue(bits);

	return value & 1 ? (int32_t)(value / 2 + 1) : -(int32_t)(value / 2);
}

uint32_t nal_crop_side(uint64_t pixels, uint64_t unit, uint64_t before, uint64_t after)
{
	uint64_t cropped = unit * (before + after);

	return pixels > NAL_SIDE_MAX || cropped >= pixels ? 0 : (uint32_t)(pixels - cropped);
}
