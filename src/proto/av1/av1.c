/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/av1/av1.h"

#include <stdio.h>

#include "proto/h26x/nal.h"

#define MARKER_AND_VERSION  0x81
#define OBU_SEQUENCE_HEADER 1
#define LEB128_BYTES_MAX    8
#define LEVEL_WITH_TIER     7 /* seq_level_idx above it are followed by a tier */

enum err av1_read_config(struct bytes record, struct av1_config *out)
{
	uint8_t mark = bytes_u8(&record), profile = bytes_u8(&record), depth = bytes_u8(&record);

	(void)bytes_u8(&record); /* initial_presentation_delay */
	if (record.is_short || mark != MARKER_AND_VERSION)
		return ERR_MALFORMED;
	*out = (struct av1_config){ .profile = profile >> 5,
		                    .level = profile & 0x1F,
		                    .is_high_tier = depth & 0x80,
		                    .depth = !(depth & 0x40) ? 8
		                             : depth & 0x20  ? 12
		                                             : 10,
		                    .units = record };
	return ERR_OK;
}

static size_t read_leb128(struct bytes *rest)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < LEB128_BYTES_MAX; i++) {
		uint8_t byte = bytes_u8(rest);
		value |= (uint64_t)(byte & 0x7F) << (7 * i);
		if (!(byte & 0x80))
			break;
	}
	return (size_t)value;
}

/* §5.5.3, §5.5.4: the length of a buffer delay in bits, 0 without a decoder model. */
static unsigned read_timing(struct nal_bits *bits)
{
	if (!nal_bits_read(bits, 1))
		return 0;
	nal_bits_skip(bits, 64);
	if (nal_bits_read(bits, 1))
		(void)nal_bits_ue(bits); /* uvlc() is built like ue(v) */
	if (!nal_bits_read(bits, 1))
		return 0;
	unsigned delay_bits = nal_bits_read(bits, 5) + 1;
	nal_bits_skip(bits, 32 + 5 + 5);
	return delay_bits;
}

static void skip_operating_points(struct nal_bits *bits, unsigned delay_bits)
{
	bool has_display_delay = nal_bits_read(bits, 1);
	unsigned points = nal_bits_read(bits, 5) + 1;

	for (unsigned i = 0; i < points && !bits->is_short; i++) {
		nal_bits_skip(bits, 12);
		if (nal_bits_read(bits, 5) > LEVEL_WITH_TIER)
			nal_bits_skip(bits, 1);
		if (delay_bits && nal_bits_read(bits, 1))
			nal_bits_skip(bits, (size_t)2 * delay_bits + 1);
		if (has_display_delay && nal_bits_read(bits, 1))
			nal_bits_skip(bits, 4);
	}
}

static enum err read_sequence_header(struct bytes header, struct av1_size *out)
{
	struct nal_bits bits = nal_bits_of_plain(header.at, header.size);

	nal_bits_skip(&bits, 4); /* seq_profile, still_picture */
	if (nal_bits_read(&bits, 1))
		nal_bits_skip(&bits, 5); /* a single picture has a level only */
	else
		skip_operating_points(&bits, read_timing(&bits));
	unsigned width_bits = nal_bits_read(&bits, 4) + 1;
	unsigned height_bits = nal_bits_read(&bits, 4) + 1;
	struct av1_size size = { .width = nal_bits_read(&bits, width_bits) + 1 };
	size.height = nal_bits_read(&bits, height_bits) + 1;
	if (bits.is_short || size.width > AV1_SIDE_MAX || size.height > AV1_SIDE_MAX)
		return ERR_MALFORMED;
	*out = size;
	return ERR_OK;
}

enum err av1_read_size(struct bytes units, struct av1_size *out)
{
	while (units.size) {
		uint8_t head = bytes_u8(&units);
		unsigned type = head >> 3 & 0x0F;
		bool has_extension = head & 0x04, has_size = head & 0x02;
		if (has_extension)
			(void)bytes_u8(&units);
		size_t size = has_size ? read_leb128(&units) : units.size;
		const uint8_t *at = bytes_take(&units, size);
		if (units.is_short)
			return ERR_MALFORMED;
		if (type == OBU_SEQUENCE_HEADER)
			return read_sequence_header(bytes_of(at, size), out);
	}
	return ERR_NOT_FOUND;
}

void av1_codec_text(const struct av1_config *config, char to[AV1_CODEC_TEXT_MAX])
{
	(void)snprintf(to, AV1_CODEC_TEXT_MAX, "av01.%u.%02u%c.%02u", config->profile & 7U,
	               config->level & 0x1FU, config->is_high_tier ? 'H' : 'M',
	               config->depth & 15U);
}
