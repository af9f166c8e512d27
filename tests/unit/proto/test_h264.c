/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "proto/h26x/h264.h"
#include "proto/h26x/nal.h"
#include "tests/unit/unit.h"

struct row {
	const char *record;
	size_t size;
	uint32_t width, height;
	const char *codec;
};

/* clang-format off */
#define ROW(record, width, height, codec) { (record), sizeof(record) - 1, (width), (height), (codec) }
/* Records by x264 (through ffmpeg 5.1) of pictures of known size. */
static const struct row rows[] = {
	/* 4:4:4, cropped from 1088 rows */
	ROW("\x01\xf4\x00\x28\xff\xe1\x00\x1b\x67\xf4\x00\x28\x91\x9b\x28\x0f\x00\x44\xfc\x4e\x02\x20\x00\x00\x03\x00\x20\x00\x00\x06\x41\xe3\x06\x32\xc0\x01\x00\x06\x68\xeb\xe3\xc4\x48\x44\xff\xf8\xf8\x00", 1920, 1080, "avc1.f40028"),
	/* baseline, cropped from 192 rows */
	ROW("\x01\x42\xc0\x0c\xff\xe1\x00\x19\x67\x42\xc0\x0c\xd9\x01\x41\x9f\x9f\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xf1\x42\xa4\x80\x01\x00\x05\x68\xcb\x83\xcb\x20", 320, 180, "avc1.42c00c"),
	/* interlaced, without and with cropping */
	ROW("\x01\x64\x00\x1e\xff\xe1\x00\x18\x67\x64\x00\x1e\xac\xd9\x40\xb4\x24\xd8\x08\x80\x00\x00\x03\x00\x80\x00\x00\x19\x0f\x8a\x14\xcb\x01\x00\x06\x68\xfb\xa3\xcb\x22\xc0\xfd\xf8\xf8\x00", 720, 576, "avc1.64001e"),
	ROW("\x01\x64\x00\x28\xff\xe1\x00\x1a\x67\x64\x00\x28\xac\xd9\x40\x78\x04\x4f\xde\x02\x20\x00\x00\x03\x00\x20\x00\x00\x06\x43\xe2\xc5\xb2\xc0\x01\x00\x06\x68\xfb\xa3\xcb\x22\xc0\xfd\xf8\xf8\x00", 1920, 1080, "avc1.640028"),
	/* grey */
	ROW("\x01\x64\x00\x0a\xff\xe1\x00\x19\x67\x64\x00\x0a\xf3\x65\x1c\xbe\x3e\x3f\x01\x6c\x80\x00\x00\x03\x00\x80\x00\x00\x19\x07\x89\x12\xcb\x01\x00\x06\x68\xeb\xe3\xcb\x22\xc0\xfc\xf8\xf8\x00", 98, 66, "avc1.64000a"),
	/* odd sides, 4:4:4 */
	ROW("\x01\xf4\x00\x0a\xff\xe1\x00\x19\x67\xf4\x00\x0a\x91\x9b\x29\xaf\x08\x42\x18\x08\x80\x00\x00\x03\x00\x80\x00\x00\x19\x07\x89\x12\xcb\x01\x00\x06\x68\xeb\xe3\xc4\x48\x44\xff\xf8\xf8\x00", 33, 17, "avc1.f4000a"),
	/* 4:2:2, 10 bits */
	ROW("\x01\x7a\x00\x0a\xff\xe1\x00\x1a\x67\x7a\x00\x0a\xb6\xcd\x94\x42\x7e\x3f\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xf1\x22\x59\x60\x01\x00\x06\x68\xeb\xe3\xcb\x22\xc0\xfe\xfa\xfa\x00", 64, 50, "avc1.7a000a"),
	/* scaling matrices in the PPS */
	ROW("\x01\x64\x00\x0a\xff\xe1\x00\x18\x67\x64\x00\x0a\xac\xd9\x44\x26\xc0\x44\x00\x00\x03\x00\x04\x00\x00\x03\x00\xc8\x3c\x48\x96\x58\x01\x00\x07\x68\xeb\xe3\xcb\x30\x02\xc0\xfd\xf8\xf8\x00", 64, 64, "avc1.64000a"),
};
/* clang-format on */

static void size_and_codec_are_read_from_a_record(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char codec[H264_CODEC_TEXT_MAX];
		struct h264_config config;
		struct h264_sps sps;

		assert_ok(h264_read_config(bytes_of(rows[i].record, rows[i].size), &config));
		assert_int_equal(config.length_size, 4);
		assert_ok(h264_read_sps(config.sps, &sps));
		assert_int_equal(sps.width, rows[i].width);
		assert_int_equal(sps.height, rows[i].height);
		h264_codec_text(&config, codec);
		assert_string_equal(codec, rows[i].codec);
		assert_int_equal(h264_nal_type(config.pps), H264_NAL_PPS);
	}
}

static void a_record_is_written_as_the_encoder_wrote_it(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct h264_config config;
		AUTO_BUF out = { 0 };

		buf_init(&out, 1024);
		assert_ok(h264_read_config(bytes_of(rows[i].record, rows[i].size), &config));
		assert_ok(h264_write_config(config.sps, config.pps, &out));
		assert_int_equal(out.size, rows[i].size);
		assert_memory_equal(out.at, rows[i].record, out.size);
	}
}

/* The parameter sets end the part we read; what follows may be missing. */
static void a_record_cut_at_any_point_is_malformed(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct h264_config config;
		struct bytes record = bytes_of(rows[i].record, rows[i].size);

		assert_ok(h264_read_config(record, &config));
		size_t needed = (size_t)(config.pps.at + config.pps.size - record.at);
		for (size_t size = 0; size < needed; size++) {
			AUTO_FREE uint8_t *exact = malloc(size ? size : 1);
			assert_non_null(exact);
			memcpy(exact, record.at, size);
			enum err err = h264_read_config(bytes_of(exact, size), &config);
			assert_int_equal(err, ERR_MALFORMED);
		}
	}
}

static void a_set_cut_at_any_point_is_read_or_malformed(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct h264_config config;
		struct h264_sps sps;

		assert_ok(h264_read_config(bytes_of(rows[i].record, rows[i].size), &config));
		for (size_t size = 0; size < config.sps.size; size++) {
			AUTO_FREE uint8_t *exact = malloc(size ? size : 1);
			assert_non_null(exact);
			memcpy(exact, config.sps.at, size);
			enum err err = h264_read_sps(bytes_of(exact, size), &sps);
			assert_true(err == ERR_MALFORMED || err == ERR_OK);
			if (err != ERR_OK)
				continue;
			/* Only what stands behind the size was cut off. */
			assert_int_equal(sps.width, rows[i].width);
			assert_int_equal(sps.height, rows[i].height);
		}
	}
}

static void records_without_sets_or_with_lengths_of_three_are_refused(void **state)
{
	struct h264_config config;

	assert_err(h264_read_config(bytes_of("\x01\x64\x00\x1f\xff\xe0\x00", 7), &config),
	           ERR_UNSUPPORTED);
	assert_err(h264_read_config(bytes_of("\x01\x64\x00\x1f\xfe\xe0\x00", 7), &config),
	           ERR_MALFORMED);
	assert_err(h264_read_config(bytes_of("\x00\x64\x00\x1f\xff\xe0\x00", 7), &config),
	           ERR_MALFORMED);
}

/* Baseline, 4:2:0, given numbers of macroblocks: written bit by bit. */
static void add_bits(uint8_t *to, size_t *at, uint32_t value, unsigned count)
{
	for (unsigned i = 0; i < count; i++, ++*at)
		to[*at / 8] |= (uint8_t)((value >> (count - 1 - i) & 1) << (7 - *at % 8));
}

static void add_ue(uint8_t *to, size_t *at, uint32_t value)
{
	unsigned size = 32 - (unsigned)__builtin_clz(value + 1);

	add_bits(to, at, 0, size - 1);
	add_bits(to, at, value + 1, size);
}

static enum err read_sps_of(uint32_t columns, struct h264_sps *out)
{
	uint8_t sps[64] = { 0x67, 66, 0, 30 };
	size_t at = 32;

	add_ue(sps, &at, 0);      /* id */
	add_ue(sps, &at, 0);      /* frame numbers */
	add_ue(sps, &at, 2);      /* order */
	add_ue(sps, &at, 1);      /* references */
	add_bits(sps, &at, 0, 1); /* gaps */
	add_ue(sps, &at, columns - 1);
	add_ue(sps, &at, 0);
	add_bits(sps, &at, 1, 1); /* frames only */
	add_bits(sps, &at, 0, 1); /* direct 8x8 */
	add_bits(sps, &at, 0, 1); /* no cropping */
	return h264_read_sps(bytes_of(sps, sizeof sps), out);
}

static void a_side_ends_at_its_limit(void **state)
{
	struct h264_sps sps;

	assert_ok(read_sps_of(NAL_SIDE_MAX / 16, &sps));
	assert_int_equal(sps.width, NAL_SIDE_MAX);
	assert_int_equal(sps.height, 16);
	assert_err(read_sps_of(NAL_SIDE_MAX / 16 + 1, &sps), ERR_MALFORMED);
}

static void units_with_lengths_are_walked(void **state)
{
	struct bytes nal, input = bytes_of("\0\0\0\x02"
	                                   "ab"
	                                   "\0\0\0\0"
	                                   "\0\0\0\x01"
	                                   "c",
	                                   15);

	assert_ok(nal_read(&input, 4, &nal));
	assert_int_equal(nal.size, 2);
	assert_memory_equal(nal.at, "ab", 2);
	assert_ok(nal_read(&input, 4, &nal));
	assert_int_equal(nal.size, 0);
	assert_ok(nal_read(&input, 4, &nal));
	assert_memory_equal(nal.at, "c", 1);
	assert_err(nal_read(&input, 4, &nal), ERR_NOT_FOUND);

	input = bytes_of("\x00\x01"
	                 "a"
	                 "\x00\x02"
	                 "b",
	                 6);
	assert_ok(nal_read(&input, 2, &nal));
	assert_err(nal_read(&input, 2, &nal), ERR_MALFORMED);
	input = bytes_of("\xff\xff\xff\xff"
	                 "a",
	                 5);
	assert_err(nal_read(&input, 4, &nal), ERR_MALFORMED);
	input = bytes_of("\0\0\0", 3);
	assert_err(nal_read(&input, 4, &nal), ERR_MALFORMED);
}

static void units_of_annex_b_are_walked(void **state)
{
	static const char stream[] = "junk\0\0\0\x01"
				     "ab\0\0\x01"
				     "c\0\0\0\0\x01\0\0\x01"
				     "d\0e\0\0";
	struct bytes nal, input = bytes_of(stream, sizeof stream - 1);

	assert_ok(nal_read_annex_b(&input, &nal));
	assert_int_equal(nal.size, 2);
	assert_memory_equal(nal.at, "ab", 2);
	assert_ok(nal_read_annex_b(&input, &nal));
	assert_int_equal(nal.size, 1);
	assert_memory_equal(nal.at, "c", 1);
	assert_ok(nal_read_annex_b(&input, &nal));
	assert_int_equal(nal.size, 3);
	assert_memory_equal(nal.at, "d\0e", 3);
	assert_err(nal_read_annex_b(&input, &nal), ERR_NOT_FOUND);
	input = bytes_of(NULL, 0);
	assert_err(nal_read_annex_b(&input, &nal), ERR_NOT_FOUND);
}

static void emulation_prevention_is_left_out(void **state)
{
	static const uint8_t raw[] = { 0, 0, 3, 1, 0, 0, 0, 3, 0xFF };
	struct nal_bits bits = nal_bits_of(raw, sizeof raw);

	assert_int_equal(nal_bits_read(&bits, 24), 0x000001);
	assert_int_equal(nal_bits_read(&bits, 32), 0x000000FF);
	assert_false(bits.is_short);
	assert_int_equal(nal_bits_read(&bits, 1), 0);
	assert_true(bits.is_short);
}

static void exp_golomb_numbers_are_read(void **state)
{
	/* 1 010 011 00100 00101 and 31 zeros before the largest. */
	static const uint8_t small[] = { 0xA6, 0x42, 0x98 };
	static const uint8_t large[] = { 0, 0, 3, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF };
	static const uint8_t endless[] = { 0, 0, 3, 0, 0, 3, 0, 0, 3, 0xFF };
	struct nal_bits bits = nal_bits_of(small, sizeof small);

	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(nal_bits_ue(&bits), i);
	bits = nal_bits_of(small, sizeof small);
	assert_int_equal(nal_bits_se(&bits), 0);
	assert_int_equal(nal_bits_se(&bits), 1);
	assert_int_equal(nal_bits_se(&bits), -1);
	assert_int_equal(nal_bits_se(&bits), 2);
	assert_int_equal(nal_bits_se(&bits), -2);
	bits = nal_bits_of(large, sizeof large);
	assert_int_equal(nal_bits_ue(&bits), UINT32_MAX - 1);
	assert_false(bits.is_short);
	bits = nal_bits_of(endless, sizeof endless);
	assert_int_equal(nal_bits_ue(&bits), 0);
	assert_true(bits.is_short);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_and_codec_are_read_from_a_record),
		cmocka_unit_test(a_record_is_written_as_the_encoder_wrote_it),
		cmocka_unit_test(a_record_cut_at_any_point_is_malformed),
		cmocka_unit_test(a_set_cut_at_any_point_is_read_or_malformed),
		cmocka_unit_test(records_without_sets_or_with_lengths_of_three_are_refused),
		cmocka_unit_test(a_side_ends_at_its_limit),
		cmocka_unit_test(units_with_lengths_are_walked),
		cmocka_unit_test(units_of_annex_b_are_walked),
		cmocka_unit_test(emulation_prevention_is_left_out),
		cmocka_unit_test(exp_golomb_numbers_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
