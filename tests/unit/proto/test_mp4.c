/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "proto/mp4/mp4.h"
#include "tests/unit/unit.h"

#define ROOM (4 * 1024 * 1024)

static const char avcc[] = "\x01\x42\xc0\x0c\xff\xe1\x00\x04\x67\x42\xc0\x0c\x01\x00\x02\x68\xcb";
static const char asc[] = "\x12\x10";
static const char opus_head[] = "OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x05\x01\x00";

static struct mp4_track video(void)
{
	return (struct mp4_track){ .codec = MP4_AVC,
		                   .timescale = 1000,
		                   .record = bytes_of(avcc, sizeof avcc - 1),
		                   .width = 320,
		                   .height = 180 };
}

static struct mp4_track sound(void)
{
	return (struct mp4_track){ .codec = MP4_AAC,
		                   .timescale = 44100,
		                   .record = bytes_of(asc, sizeof asc - 1),
		                   .channels = 2,
		                   .rate_hz = 44100 };
}

/* The body of the first box of that type in `from`; fails when a box does not fit. */
static struct bytes find(struct bytes from, const char *type)
{
	while (from.size) {
		uint32_t size = bytes_u32(&from);
		const uint8_t *name = bytes_take(&from, 4);
		assert_non_null(name);
		assert_true(size >= 8 && size - 8 <= from.size);
		const uint8_t *body = bytes_take(&from, size - 8);
		if (memcmp(name, type, 4) == 0)
			return bytes_of(body, size - 8);
	}
	fail_msg("no box %s", type);
	return from;
}

/* find() along a path: "moov/trak/mdia". */
static struct bytes walk(struct bytes from, const char *path)
{
	for (; path[0]; path += path[4] ? 5 : 4)
		from = find(from, path);
	return from;
}

static void an_initialisation_has_a_track_for_each(void **state)
{
	const struct mp4_track tracks[] = { video(), sound() };
	AUTO_BUF out = { 0 };

	buf_init(&out, ROOM);
	assert_ok(mp4_write_init(tracks, 2, &out));
	struct bytes whole = bytes_of(out.at, out.size);
	assert_memory_equal(find(whole, "ftyp").at, "iso6", 4);
	struct bytes entry = walk(whole, "moov/trak/mdia/minf/stbl/stsd");
	(void)bytes_take(&entry, 8);
	entry = find(entry, "avc1");
	struct bytes sides = bytes_of(entry.at + 24, 4);
	assert_int_equal(bytes_u16(&sides), 320);
	assert_int_equal(bytes_u16(&sides), 180);
	struct bytes record = find(bytes_of(entry.at + 78, entry.size - 78), "avcC");
	assert_int_equal(record.size, sizeof avcc - 1);
	assert_memory_equal(record.at, avcc, record.size);
	struct bytes trex = walk(whole, "moov/mvex/trex");
	(void)bytes_u32(&trex);
	assert_int_equal(bytes_u32(&trex), 1);
}

static void a_header_of_opus_is_written_in_the_order_of_mp4(void **state)
{
	struct mp4_track track = sound();
	AUTO_BUF out = { 0 };

	track.codec = MP4_OPUS;
	track.record = bytes_of(opus_head, sizeof opus_head - 1);
	buf_init(&out, ROOM);
	assert_ok(mp4_write_init(&track, 1, &out));
	struct bytes entry = walk(bytes_of(out.at, out.size), "moov/trak/mdia/minf/stbl/stsd");
	(void)bytes_take(&entry, 8);
	entry = find(entry, "Opus");
	struct bytes dops = find(bytes_of(entry.at + 28, entry.size - 28), "dOps");
	static const uint8_t expected[] = { 0, 2, 0x01, 0x38, 0, 0, 0xbb, 0x80, 0x01, 0x05, 0 };
	assert_int_equal(dops.size, sizeof expected);
	assert_memory_equal(dops.at, expected, sizeof expected);
}

static void facts_that_are_missing_are_refused(void **state)
{
	struct mp4_track track;
	AUTO_BUF out = { 0 };

	buf_init(&out, ROOM);
	assert_err(mp4_write_init(&track, 0, &out), ERR_INVALID);
	track = video();
	track.width = 0;
	assert_err(mp4_write_init(&track, 1, &out), ERR_INVALID);
	track = video();
	track.height = MP4_SIDE_MAX;
	assert_ok(mp4_write_init(&track, 1, &out));
	track.height = MP4_SIDE_MAX + 1;
	assert_err(mp4_write_init(&track, 1, &out), ERR_INVALID);
	track = video();
	track.timescale = 0;
	assert_err(mp4_write_init(&track, 1, &out), ERR_INVALID);
	track = sound();
	track.channels = 0;
	assert_err(mp4_write_init(&track, 1, &out), ERR_INVALID);
	track = sound();
	track.codec = MP4_OPUS; /* with another's record */
	assert_err(mp4_write_init(&track, 1, &out), ERR_INVALID);
}

static void records_have_a_largest_size(void **state)
{
	static uint8_t large[MP4_RECORD_MAX + 1];
	struct mp4_track track = video();
	AUTO_BUF out = { 0 };

	buf_init(&out, ROOM);
	track.record = bytes_of(large, MP4_RECORD_MAX);
	assert_ok(mp4_write_init(&track, 1, &out));
	track.record = bytes_of(large, MP4_RECORD_MAX + 1);
	assert_err(mp4_write_init(&track, 1, &out), ERR_TOO_LARGE);
	track = sound();
	track.record = bytes_of(large, MP4_SOUND_RECORD_MAX);
	assert_ok(mp4_write_init(&track, 1, &out));
	track.record = bytes_of(large, MP4_SOUND_RECORD_MAX + 1);
	assert_err(mp4_write_init(&track, 1, &out), ERR_TOO_LARGE);
}

/* By hand from ISO/IEC 14496-12: two tracks, one with all that can differ, one with nothing. */
static void a_fragment_is_written_byte_by_byte(void **state)
{
	static const struct mp4_sample pictures[] = { { 7, 40, 80, true }, { 5, 33, -40, false } };
	static const struct mp4_sample packets[] = { { 3, 1024, 0, true }, { 4, 1024, 0, true } };
	const struct mp4_run runs[] = {
		{ 1, 0x100000002, pictures, 2 },
		{ 2, 9, packets, 2 },
	};
	/* clang-format off */
	static const char expected[] =
		"\x00\x00\x00\xc8moof"
		"\x00\x00\x00\x10mfhd\x00\x00\x00\x00\x00\x00\x00\x2a"
		"\x00\x00\x00\x60traf"
		"\x00\x00\x00\x10tfhd\x00\x02\x00\x00\x00\x00\x00\x01"
		"\x00\x00\x00\x14tfdt\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02"
		"\x00\x00\x00\x34trun\x01\x00\x0f\x01\x00\x00\x00\x02\x00\x00\x00\xd0"
		"\x00\x00\x00\x28\x00\x00\x00\x07\x02\x00\x00\x00\x00\x00\x00\x50"
		"\x00\x00\x00\x21\x00\x00\x00\x05\x01\x01\x00\x00\xff\xff\xff\xd8"
		"\x00\x00\x00\x50traf"
		"\x00\x00\x00\x18tfhd\x00\x02\x00\x28\x00\x00\x00\x02\x00\x00\x04\x00\x02\x00\x00"
	        "\x00"
		"\x00\x00\x00\x14tfdt\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09"
		"\x00\x00\x00\x1ctrun\x01\x00\x02\x01\x00\x00\x00\x02\x00\x00\x00\xdc"
		"\x00\x00\x00\x03\x00\x00\x00\x04"
		"\x00\x00\x00\x1bmdat";
	/* clang-format on */
	AUTO_BUF out = { 0 };

	buf_init(&out, ROOM);
	assert_ok(mp4_write_fragment(42, runs, 2, &out));
	assert_int_equal(out.size, sizeof expected - 1);
	assert_memory_equal(out.at, expected, out.size);
}

static void fragments_have_a_largest_number_of_samples_and_bytes(void **state)
{
	static struct mp4_sample samples[MP4_SAMPLES_MAX + 1];
	struct mp4_run run = { 1, 0, samples, MP4_SAMPLES_MAX };
	AUTO_BUF out = { 0 };

	buf_init(&out, ROOM);
	assert_ok(mp4_write_fragment(1, &run, 1, &out));
	run.count = MP4_SAMPLES_MAX + 1;
	assert_err(mp4_write_fragment(1, &run, 1, &out), ERR_TOO_LARGE);
	run.count = 1;
	samples[0].size = MP4_PAYLOAD_MAX;
	assert_ok(mp4_write_fragment(1, &run, 1, &out));
	samples[0].size = MP4_PAYLOAD_MAX + 1;
	assert_err(mp4_write_fragment(1, &run, 1, &out), ERR_TOO_LARGE);
	run.count = 0;
	assert_err(mp4_write_fragment(1, &run, 1, &out), ERR_INVALID);
}

static void a_full_buffer_is_told(void **state)
{
	const struct mp4_track track = video();
	AUTO_BUF out = { 0 };

	buf_init(&out, 100);
	assert_err(mp4_write_init(&track, 1, &out), ERR_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_initialisation_has_a_track_for_each),
		cmocka_unit_test(a_header_of_opus_is_written_in_the_order_of_mp4),
		cmocka_unit_test(facts_that_are_missing_are_refused),
		cmocka_unit_test(records_have_a_largest_size),
		cmocka_unit_test(a_fragment_is_written_byte_by_byte),
		cmocka_unit_test(fragments_have_a_largest_number_of_samples_and_bytes),
		cmocka_unit_test(a_full_buffer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
