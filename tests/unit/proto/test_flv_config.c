/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "proto/audio/audio.h"
#include "proto/av1/av1.h"
#include "proto/flv/flv_config.h"
#include "proto/h26x/h265.h"
#include "proto/h26x/nal.h"
#include "tests/unit/unit.h"

struct row {
	const char *record;
	size_t size;
	uint32_t width, height;
	enum flv_codec codec;
	uint8_t length_size;
	const char *text;
};

/* clang-format off */
#define ROW(record, ...) { (record), sizeof(record) - 1, __VA_ARGS__ }
/* Records by x265, SVT-AV1 and libaom (through ffmpeg 5.1) of pictures of known size; the second is
 * cropped and of ten bits, the third 4:4:4. */
static const struct row rows[] = {
	ROW("\x01\x01\x60\x00\x00\x00\x90\x00\x00\x00\x00\x00\x3c\xf0\x00\xfc\xfd\xf8\xf8\x00\x00\x0f\x03\xa0\x00\x01\x00\x18\x40\x01\x0c\x01\xff\xff\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x3c\x95\x98\x09\xa1\x00\x01\x00\x2b\x42\x01\x01\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x3c\xa0\x0a\x08\x0b\x9f\x79\x65\x66\x92\x4c\xaf\x01\x68\x08\x00\x00\x03\x00\x08\x00\x00\x03\x00\xc8\x40\xa2\x00\x01\x00\x07\x44\x01\xc1\x72\xb4\x62\x40", 320, 180, FLV_HEVC, 4, "hvc1.1.6.L60.90"),
	ROW("\x01\x22\x20\x00\x00\x00\x90\x00\x00\x00\x00\x00\x7b\xf0\x00\xfc\xfd\xfa\xfa\x00\x00\x0f\x03\xa0\x00\x01\x00\x18\x40\x01\x0c\x01\xff\xff\x22\x20\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x7b\x95\x98\x09\xa1\x00\x01\x00\x2c\x42\x01\x01\x22\x20\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x7b\xa0\x03\xc0\x80\x10\xe4\xd9\x65\x66\x92\x4c\xaf\x01\x68\x08\x00\x00\x03\x00\x08\x00\x00\x03\x00\xc8\x40\xa2\x00\x01\x00\x07\x44\x01\xc1\x72\xb4\x62\x40", 1920, 1080, FLV_HEVC, 4, "hvc1.2.4.H123.90"),
	ROW("\x01\x04\x08\x00\x00\x00\x9e\x08\x00\x00\x00\x00\x1e\xf0\x00\xfc\xff\xf8\xf8\x00\x00\x0f\x03\xa0\x00\x01\x00\x17\x40\x01\x0c\x01\xff\xff\x04\x08\x00\x00\x03\x00\x9e\x08\x00\x00\x03\x00\x00\x1e\x95\x98\x09\xa1\x00\x01\x00\x2a\x42\x01\x01\x04\x08\x00\x00\x03\x00\x9e\x08\x00\x00\x03\x00\x00\x1e\x90\x04\x90\x73\x9e\x7c\xb2\xb3\x5c\x99\x5e\x02\xd0\x10\x00\x00\x03\x00\x10\x00\x00\x03\x01\x90\x80\xa2\x00\x01\x00\x08\x44\x01\xc1\x73\x18\x31\x18\x90", 66, 50, FLV_HEVC, 4, "hvc1.4.10.L30.9e.8"),
	ROW("\x81\x00\x0c\x00\x0a\x0b\x00\x00\x00\x04\x3c\xfe\xcc\x02\xf8\x00\x40", 320, 180, FLV_AV1, 0, "av01.0.00M.08"),
	ROW("\x81\x00\x4c\x00\x0a\x0a\x00\x00\x00\x03\x36\x18\x26\xd7\xca\x02", 98, 66, FLV_AV1, 0, "av01.0.00M.10"),
	/* x264 */
	ROW("\x01\x42\xc0\x0c\xff\xe1\x00\x19\x67\x42\xc0\x0c\xd9\x01\x41\x9f\x9f\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xf1\x42\xa4\x80\x01\x00\x05\x68\xcb\x83\xcb\x20", 320, 180, FLV_AVC, 4, "avc1.42c00c"),
};
/* clang-format on */

static struct flv_video header_of(enum flv_codec codec, const void *at, size_t size)
{
	return (struct flv_video){ .codec = codec,
		                   .is_header = true,
		                   .payload = bytes_of(at, size) };
}

static void size_and_codec_are_read_from_a_record(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct flv_video video = header_of(rows[i].codec, rows[i].record, rows[i].size);
		struct flv_config facts;

		assert_ok(flv_video_config(&video, &facts));
		assert_string_equal(facts.text, rows[i].text);
		assert_int_equal(facts.width, rows[i].width);
		assert_int_equal(facts.height, rows[i].height);
		assert_int_equal(facts.length_size, rows[i].length_size);
		assert_ptr_equal(facts.record.at, rows[i].record);
		assert_int_equal(facts.record.size, rows[i].size);
	}
}

/* Cut anywhere it is malformed, or what stands behind the size is missing; never past its end. */
static void a_record_cut_at_any_point_is_read_or_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t size = 0; size < rows[i].size; size++) {
			AUTO_FREE uint8_t *exact = malloc(size ? size : 1);
			struct flv_config facts = { 0 };

			assert_non_null(exact);
			memcpy(exact, rows[i].record, size);
			struct flv_video video = header_of(rows[i].codec, exact, size);
			enum err err = flv_video_config(&video, &facts);
			assert_true(err == ERR_OK || err == ERR_MALFORMED);
			if (err == ERR_OK)
				assert_true(facts.width == 0 || facts.width == rows[i].width);
		}
	}
}

static void h265_records_without_a_picture_set_or_of_another_version_are_refused(void **state)
{
	static const uint8_t none[23] = { 1, [21] = 3 };
	static const uint8_t later[23] = { 2, [21] = 3 };
	static const uint8_t lengths_of_three[23] = { 1, [21] = 2 };
	struct h265_config config;

	assert_err(h265_read_config(bytes_of(none, sizeof none), &config), ERR_UNSUPPORTED);
	assert_err(h265_read_config(bytes_of(later, sizeof later), &config), ERR_MALFORMED);
	assert_err(h265_read_config(bytes_of(lengths_of_three, sizeof lengths_of_three), &config),
	           ERR_MALFORMED);
}

static void the_longest_h265_text_fits(void **state)
{
	struct h265_config config = { .space = 3,
		                      .profile = 31,
		                      .level = 255,
		                      .is_high_tier = true,
		                      .compatibility = UINT32_MAX };
	char text[H265_CODEC_TEXT_MAX];

	memset(config.constraints, 0xFF, sizeof config.constraints);
	h265_codec_text(&config, text);
	assert_string_equal(text, "hvc1.C31.ffffffff.H255.ff.ff.ff.ff.ff.ff");
}

static void av1_is_found_behind_other_units(void **state)
{
	/* A temporal delimiter, padding with an extension byte, then the header of 320 by 180. */
	static const char units[] = "\x12\x00"
				    "\x7e\x00\x02\xff\xff"
				    "\x0a\x0b\x00\x00\x00\x04\x3c\xfe\xcc\x02\xf8\x00\x40";
	struct av1_size size;

	assert_ok(av1_read_size(bytes_of(units, sizeof units - 1), &size));
	assert_int_equal(size.width, 320);
	assert_int_equal(size.height, 180);
	assert_err(av1_read_size(bytes_of(units, 7), &size), ERR_NOT_FOUND);
	assert_err(av1_read_size(bytes_of(units, 8), &size), ERR_MALFORMED);
}

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

static enum err read_h265_of(uint32_t columns, struct h265_sps *out)
{
	uint8_t sps[64] = { 0x42, 0x01 };
	size_t at = 16 + 8 + 96; /* one layer; a profile and level of zeros */

	add_ue(sps, &at, 0); /* id */
	add_ue(sps, &at, 1); /* 4:2:0 */
	add_ue(sps, &at, columns);
	add_ue(sps, &at, 64);
	add_bits(sps, &at, 0, 1); /* no cropping */
	return h265_read_sps(bytes_of(sps, sizeof sps), out);
}

/* A single picture, reduced; sides of 15 bits. */
static enum err read_av1_of(uint32_t columns, struct av1_size *out)
{
	uint8_t unit[16] = { 0x0A, 14 };
	size_t at = 16;

	add_bits(unit, &at, 3, 5);
	add_bits(unit, &at, 0, 5);
	add_bits(unit, &at, 14, 4);
	add_bits(unit, &at, 14, 4);
	add_bits(unit, &at, columns - 1, 15);
	add_bits(unit, &at, 63, 15);
	return av1_read_size(bytes_of(unit, sizeof unit), out);
}

static void sides_end_at_their_limit(void **state)
{
	struct h265_sps sps;
	struct av1_size size;

	assert_ok(read_h265_of(NAL_SIDE_MAX, &sps));
	assert_int_equal(sps.width, NAL_SIDE_MAX);
	assert_int_equal(sps.height, 64);
	assert_err(read_h265_of(NAL_SIDE_MAX + 1, &sps), ERR_MALFORMED);
	assert_ok(read_av1_of(AV1_SIDE_MAX, &size));
	assert_int_equal(size.width, AV1_SIDE_MAX);
	assert_int_equal(size.height, 64);
	assert_err(read_av1_of(AV1_SIDE_MAX + 1, &size), ERR_MALFORMED);
}

static void aac_says_its_kind_rate_and_channels(void **state)
{
	static const struct {
		const char *config;
		size_t size;
		const char *text;
		uint32_t rate_hz;
		uint8_t channels;
	} sounds[] = {
		{ "\x12\x10", 2, "mp4a.40.2", 44100, 2 },
		{ "\x11\x88", 2, "mp4a.40.2", 48000, 1 },
		/* HE-AAC: a core of 24 kHz heard at 48 kHz; with parametric stereo */
		{ "\x2b\x11\x88", 3, "mp4a.40.5", 48000, 2 },
		{ "\xeb\x09\x88", 3, "mp4a.40.29", 48000, 2 },
		/* A rate in figures: 8000 Hz; eight channels by number 7 */
		{ "\x17\x80\x0f\xa0\x08", 5, "mp4a.40.2", 8000, 1 },
		{ "\x11\xb8", 2, "mp4a.40.2", 48000, 8 },
	};

	for (size_t i = 0; i < COUNT_OF(sounds); i++) {
		struct flv_audio audio = { .codec = FLV_AAC,
			                   .is_header = true,
			                   .payload = bytes_of(sounds[i].config, sounds[i].size) };
		struct flv_config facts;

		assert_ok(flv_audio_config(&audio, &facts));
		assert_string_equal(facts.text, sounds[i].text);
		assert_int_equal(facts.rate_hz, sounds[i].rate_hz);
		assert_int_equal(facts.channels, sounds[i].channels);
	}
	struct audio_config config;
	assert_err(audio_read_aac(bytes_of("\x12", 1), &config), ERR_MALFORMED);
	assert_err(audio_read_aac(bytes_of("\x16\x90", 2), &config), ERR_MALFORMED);
	assert_err(audio_read_aac(bytes_of("\x02\x10", 2), &config), ERR_MALFORMED);
}

static void opus_says_its_channels(void **state)
{
	static const char head[] = "OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00";
	struct audio_config config;

	assert_ok(audio_read_opus(bytes_of(head, sizeof head - 1), &config));
	assert_int_equal(config.channels, 2);
	assert_int_equal(config.rate_hz, 48000);
	for (size_t size = 0; size < sizeof head - 1; size++)
		assert_err(audio_read_opus(bytes_of(head, size), &config), ERR_MALFORMED);
	assert_err(audio_read_opus(
			   bytes_of("OpusTags\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00", 19),
			   &config),
	           ERR_MALFORMED);
}

static void codecs_without_a_record_are_named(void **state)
{
	struct flv_video vp9 = header_of(FLV_VP9, "x", 1), frame = { .codec = FLV_AVC };
	struct flv_audio g711 = { .codec = FLV_G711_ALAW, .is_frame = true };
	struct flv_audio sound = { .codec = FLV_AAC, .is_frame = true };
	struct flv_config facts;

	assert_ok(flv_video_config(&vp9, &facts));
	assert_string_equal(facts.text, "vp09");
	assert_ok(flv_audio_config(&g711, &facts));
	assert_string_equal(facts.text, "g711a");
	assert_int_equal(facts.rate_hz, 8000);
	assert_int_equal(facts.channels, 1);
	assert_err(flv_video_config(&frame, &facts), ERR_UNSUPPORTED);
	assert_err(flv_audio_config(&sound, &facts), ERR_UNSUPPORTED);
	for (int codec = 0; codec < FLV_CODEC_COUNT; codec++)
		assert_non_null(flv_codec_text((enum flv_codec)codec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_and_codec_are_read_from_a_record),
		cmocka_unit_test(a_record_cut_at_any_point_is_read_or_refused),
		cmocka_unit_test(
			h265_records_without_a_picture_set_or_of_another_version_are_refused),
		cmocka_unit_test(the_longest_h265_text_fits),
		cmocka_unit_test(av1_is_found_behind_other_units),
		cmocka_unit_test(sides_end_at_their_limit),
		cmocka_unit_test(aac_says_its_kind_rate_and_channels),
		cmocka_unit_test(opus_says_its_channels),
		cmocka_unit_test(codecs_without_a_record_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
