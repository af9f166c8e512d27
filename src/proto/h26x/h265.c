/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/h26x/h265.h"

#include <stdio.h>
#include <string.h>

#include "proto/h26x/nal.h"

#define PROFILE_BITS 88 /* of profile_tier_level() without the level */
#define LEVEL_BITS   8
#define LAYERS_MAX   8
#define CHROMA_420   1
#define CHROMA_422   2
#define CHROMA_444   3

/* One array of parameter sets; the first of each kind is kept. */
static void read_array(struct bytes *rest, struct h265_config *config)
{
	uint8_t type = bytes_u8(rest) & 0x3F;
	unsigned count = bytes_u16(rest);

	for (unsigned i = 0; i < count && !rest->is_short; i++) {
		size_t size = bytes_u16(rest);
		const uint8_t *at = bytes_take(rest, size);
		struct bytes *kept = type == H265_NAL_VPS   ? &config->vps
		                     : type == H265_NAL_SPS ? &config->sps
		                     : type == H265_NAL_PPS ? &config->pps
		                                            : NULL;
		if (at && kept && !kept->size)
			*kept = bytes_of(at, size);
	}
}

enum err h265_read_config(struct bytes record, struct h265_config *out)
{
	struct h265_config config = { 0 };

	/* Encoders older than the standard's last draft wrote version 0 before the same fields. */
	if (bytes_u8(&record) > 1)
		return ERR_MALFORMED;
	uint8_t profile = bytes_u8(&record);
	config.space = profile >> 6;
	config.is_high_tier = profile & 0x20;
	config.profile = profile & 0x1F;
	config.compatibility = bytes_u32(&record);
	const uint8_t *constraints = bytes_take(&record, H265_CONSTRAINTS);
	if (constraints)
		memcpy(config.constraints, constraints, H265_CONSTRAINTS);
	config.level = bytes_u8(&record);
	/* Segmentation, parallelism, chroma, two depths and the frame rate. */
	(void)bytes_take(&record, 8);
	config.length_size = (uint8_t)((bytes_u8(&record) & 0x03) + 1);
	unsigned arrays = bytes_u8(&record);
	for (unsigned i = 0; i < arrays && !record.is_short; i++)
		read_array(&record, &config);
	if (record.is_short || config.length_size == 3)
		return ERR_MALFORMED;
	if (!config.sps.size)
		return ERR_UNSUPPORTED;
	*out = config;
	return ERR_OK;
}

/* §7.3.3, with what stands before it in an SPS. */
static void skip_profile(struct nal_bits *bits)
{
	bool has_profile[LAYERS_MAX], has_level[LAYERS_MAX];

	nal_bits_skip(bits, 4); /* sps_video_parameter_set_id */
	unsigned layers = nal_bits_read(bits, 3);
	nal_bits_skip(bits, 1 + PROFILE_BITS + LEVEL_BITS);
	for (unsigned i = 0; i < layers; i++) {
		has_profile[i] = nal_bits_read(bits, 1);
		has_level[i] = nal_bits_read(bits, 1);
	}
	if (layers)
		nal_bits_skip(bits, (size_t)2 * (LAYERS_MAX - layers));
	for (unsigned i = 0; i < layers; i++)
		nal_bits_skip(bits, (size_t)(has_profile[i] ? PROFILE_BITS : 0) +
		                            (has_level[i] ? LEVEL_BITS : 0));
}

enum err h265_read_sps(struct bytes sps, struct h265_sps *out)
{
	struct nal_bits bits = nal_bits_of(sps.at, sps.size);
	uint32_t left = 0, right = 0, top = 0, bottom = 0;

	if (h265_nal_type(sps) != H265_NAL_SPS)
		return ERR_MALFORMED;
	nal_bits_skip(&bits, 16);
	skip_profile(&bits);
	(void)nal_bits_ue(&bits); /* sps_seq_parameter_set_id */
	uint32_t chroma = nal_bits_ue(&bits);
	if (chroma == CHROMA_444)
		nal_bits_skip(&bits, 1); /* separate_colour_plane_flag */
	uint32_t columns = nal_bits_ue(&bits);
	uint32_t rows = nal_bits_ue(&bits);
	if (nal_bits_read(&bits, 1)) { /* conformance_window_flag */
		left = nal_bits_ue(&bits);
		right = nal_bits_ue(&bits);
		top = nal_bits_ue(&bits);
		bottom = nal_bits_ue(&bits);
	}
	if (bits.is_short || chroma > CHROMA_444)
		return ERR_MALFORMED;
	bool is_half_wide = chroma == CHROMA_420 || chroma == CHROMA_422;
	bool is_half_high = chroma == CHROMA_420;
	struct h265_sps found = { .width =
		                          nal_crop_side(columns, is_half_wide ? 2 : 1, left, right),
		                  .height =
		                          nal_crop_side(rows, is_half_high ? 2 : 1, top, bottom) };
	if (!found.width || !found.height)
		return ERR_MALFORMED;
	*out = found;
	return ERR_OK;
}

static uint32_t reverse_bits(uint32_t value)
{
	uint32_t reversed = 0;

	for (int i = 0; i < 32; i++, value >>= 1)
		reversed = reversed << 1 | (value & 1);
	return reversed;
}

void h265_codec_text(const struct h265_config *config, char to[H265_CODEC_TEXT_MAX])
{
	static const char *const spaces[] = { "", "A", "B", "C" };
	size_t told = H265_CONSTRAINTS;

	int at = snprintf(to, H265_CODEC_TEXT_MAX, "hvc1.%s%u.%x.%c%u", spaces[config->space & 3],
	                  config->profile & 0x1FU, reverse_bits(config->compatibility),
	                  config->is_high_tier ? 'H' : 'L', config->level);
	while (told && !config->constraints[told - 1])
		told--;
	for (size_t i = 0; i < told; i++)
		at += snprintf(to + at, (size_t)(H265_CODEC_TEXT_MAX - at), ".%x",
		               config->constraints[i]);
}
