/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/h26x/h264.h"

#include <stdio.h>

#include "proto/h26x/nal.h"

#define RECORD_VERSION 1
#define CHROMA_400     0
#define CHROMA_420     1
#define CHROMA_422     2
#define CHROMA_444     3

static struct bytes read_sets(struct bytes *rest, unsigned count)
{
	struct bytes first = { 0 };

	for (unsigned i = 0; i < count && !rest->is_short; i++) {
		size_t size = bytes_u16(rest);
		const uint8_t *at = bytes_take(rest, size);
		if (i == 0 && at)
			first = bytes_of(at, size);
	}
	return first;
}

enum err h264_read_config(struct bytes record, struct h264_config *out)
{
	struct h264_config config = { 0 };

	if (bytes_u8(&record) != RECORD_VERSION)
		return ERR_MALFORMED;
	config.profile = bytes_u8(&record);
	config.compatibility = bytes_u8(&record);
	config.level = bytes_u8(&record);
	config.length_size = (uint8_t)((bytes_u8(&record) & 0x03) + 1);
	config.sps = read_sets(&record, bytes_u8(&record) & 0x1F);
	config.pps = read_sets(&record, bytes_u8(&record));
	if (record.is_short || config.length_size == 3)
		return ERR_MALFORMED;
	if (!config.sps.size || !config.pps.size)
		return ERR_UNSUPPORTED;
	*out = config;
	return ERR_OK;
}

static bool has_chroma_format(uint8_t profile)
{
	static const uint8_t profiles[] = { 100, 110, 122, 244, 44,  83, 86,
		                            118, 128, 138, 139, 134, 135 };

	for (size_t i = 0; i < sizeof profiles; i++)
		if (profiles[i] == profile)
			return true;
	return false;
}

/* §7.3.2.1.1.1 */
static void skip_scaling_list(struct nal_bits *bits, unsigned size)
{
	int32_t last = 8, next = 8;

	for (unsigned i = 0; i < size && !bits->is_short; i++) {
		if (next)
			next = (int32_t)(((uint32_t)last + (uint32_t)nal_bits_se(bits)) & 0xFF);
		last = next ? next : last;
	}
}

struct chroma {
	uint32_t format;
	uint32_t depth_luma, depth_chroma;
};

static struct chroma read_chroma(struct nal_bits *bits, uint8_t profile)
{
	struct chroma chroma = { .format = CHROMA_420 };

	if (!has_chroma_format(profile))
		return chroma;
	chroma.format = nal_bits_ue(bits);
	if (chroma.format == CHROMA_444)
		nal_bits_skip(bits, 1); /* separate_colour_plane_flag */
	chroma.depth_luma = nal_bits_ue(bits);
	chroma.depth_chroma = nal_bits_ue(bits);
	nal_bits_skip(bits, 1); /* qpprime_y_zero_transform_bypass_flag */
	if (!nal_bits_read(bits, 1))
		return chroma;
	unsigned lists = chroma.format == CHROMA_444 ? 12 : 8;
	for (unsigned i = 0; i < lists; i++)
		if (nal_bits_read(bits, 1))
			skip_scaling_list(bits, i < 6 ? 16 : 64);
	return chroma;
}

static void skip_order(struct nal_bits *bits)
{
	uint32_t kind = nal_bits_ue(bits);

	if (kind == 0)
		(void)nal_bits_ue(bits); /* log2_max_pic_order_cnt_lsb_minus4 */
	if (kind != 1)
		return;
	nal_bits_skip(bits, 1);
	(void)nal_bits_se(bits);
	(void)nal_bits_se(bits);
	uint32_t count = nal_bits_ue(bits);
	for (uint32_t i = 0; i < count && !bits->is_short; i++)
		(void)nal_bits_se(bits);
}

struct crop {
	uint32_t left, right, top, bottom;
};

static struct crop read_crop(struct nal_bits *bits)
{
	struct crop crop = { 0 };

	if (!nal_bits_read(bits, 1))
		return crop;
	crop.left = nal_bits_ue(bits);
	crop.right = nal_bits_ue(bits);
	crop.top = nal_bits_ue(bits);
	crop.bottom = nal_bits_ue(bits);
	return crop;
}

enum err h264_read_sps(struct bytes sps, struct h264_sps *out)
{
	struct nal_bits bits = nal_bits_of(sps.at, sps.size);
	struct h264_sps found = { 0 };

	if ((nal_bits_read(&bits, 8) & 0x1F) != H264_NAL_SPS)
		return ERR_MALFORMED;
	found.profile = (uint8_t)nal_bits_read(&bits, 8);
	found.compatibility = (uint8_t)nal_bits_read(&bits, 8);
	found.level = (uint8_t)nal_bits_read(&bits, 8);
	(void)nal_bits_ue(&bits); /* seq_parameter_set_id */
	struct chroma chroma = read_chroma(&bits, found.profile);
	(void)nal_bits_ue(&bits); /* log2_max_frame_num_minus4 */
	skip_order(&bits);
	(void)nal_bits_ue(&bits); /* max_num_ref_frames */
	nal_bits_skip(&bits, 1);  /* gaps_in_frame_num_value_allowed_flag */
	uint64_t columns = (uint64_t)nal_bits_ue(&bits) + 1;
	uint64_t rows = (uint64_t)nal_bits_ue(&bits) + 1;
	uint32_t fields = nal_bits_read(&bits, 1) ? 1 : 2; /* frame_mbs_only_flag */
	if (fields == 2)
		nal_bits_skip(&bits, 1);
	nal_bits_skip(&bits, 1); /* direct_8x8_inference_flag */
	struct crop crop = read_crop(&bits);
	if (bits.is_short || chroma.format > CHROMA_444)
		return ERR_MALFORMED;

	bool is_half_wide = chroma.format == CHROMA_420 || chroma.format == CHROMA_422;
	bool is_half_high = chroma.format == CHROMA_420;
	found.width = nal_crop_side(columns * 16, is_half_wide ? 2 : 1, crop.left, crop.right);
	found.height = nal_crop_side(rows * 16 * fields, fields * (is_half_high ? 2U : 1U),
	                             crop.top, crop.bottom);
	if (!found.width || !found.height)
		return ERR_MALFORMED;
	*out = found;
	return ERR_OK;
}

enum err h264_write_config(struct bytes sps, struct bytes pps, struct buf *out)
{
	struct h264_sps read;

	if (sps.size > UINT16_MAX || pps.size > UINT16_MAX)
		return ERR_TOO_LARGE;
	enum err err = h264_read_sps(sps, &read);
	if (err != ERR_OK || h264_nal_type(pps) != H264_NAL_PPS)
		return ERR_MALFORMED;
	buf_add_u8(out, RECORD_VERSION);
	buf_add_u8(out, read.profile);
	buf_add_u8(out, read.compatibility);
	buf_add_u8(out, read.level);
	buf_add_u8(out, 0xFC | 3); /* lengths of 4 bytes */
	buf_add_u8(out, 0xE0 | 1);
	buf_add_u16(out, (uint16_t)sps.size);
	buf_add(out, sps.at, sps.size);
	buf_add_u8(out, 1);
	buf_add_u16(out, (uint16_t)pps.size);
	buf_add(out, pps.at, pps.size);
	if (!has_chroma_format(read.profile))
		return buf_err(out);
	/* The high profiles end with the chroma format, the depths and no extension sets. */
	struct nal_bits bits = nal_bits_of(sps.at, sps.size);
	nal_bits_skip(&bits, 32);
	(void)nal_bits_ue(&bits);
	struct chroma chroma = read_chroma(&bits, read.profile);
	buf_add_u8(out, (uint8_t)(0xFC | (chroma.format & 3)));
	buf_add_u8(out, (uint8_t)(0xF8 | (chroma.depth_luma & 7)));
	buf_add_u8(out, (uint8_t)(0xF8 | (chroma.depth_chroma & 7)));
	buf_add_u8(out, 0);
	return buf_err(out);
}

void h264_codec_text(const struct h264_config *config, char to[H264_CODEC_TEXT_MAX])
{
	(void)snprintf(to, H264_CODEC_TEXT_MAX, "avc1.%02x%02x%02x", config->profile,
	               config->compatibility, config->level);
}
