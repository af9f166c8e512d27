/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "proto/flv/flv.h"
#include "proto/flv/flv_media.h"
#include "tests/unit/golden.h"
#include "tests/unit/unit.h"

static void a_file_by_ffmpeg_is_read_and_written_again(void **state)
{
	uint8_t head[FLV_HEADER_SIZE], tail[FLV_TAG_TAIL_SIZE];
	struct flv_header header;
	struct flv_tag tag;
	AUTO_BUF file = { 0 }, again = { 0 };
	size_t counts[19] = { 0 };

	golden_read("flv/ffmpeg.flv", &file);
	buf_init(&again, file.size);
	struct bytes input = bytes_of(file.at, file.size);
	assert_ok(flv_read_header(&input, &header));
	flv_write_header(head, header.has_audio, header.has_video);
	buf_add(&again, head, FLV_HEADER_SIZE);
	while (flv_read_tag(&input, &tag) == ERR_OK) {
		assert_true(tag.kind == FLV_AUDIO || tag.kind == FLV_VIDEO ||
		            tag.kind == FLV_SCRIPT);
		counts[tag.kind]++;
		flv_write_tag_head(head, (enum flv_kind)tag.kind, tag.timestamp_ms, tag.size);
		flv_write_tag_tail(tail, tag.size);
		buf_add(&again, head, FLV_TAG_HEAD_SIZE);
		buf_add(&again, tag.body, tag.size);
		buf_add(&again, tail, FLV_TAG_TAIL_SIZE);
	}
	assert_int_equal(input.size, 0);
	assert_int_equal(again.size, file.size);
	assert_memory_equal(again.at, file.at, file.size);
	/* ffprobe counts 5 and 45 packets; each kind has a header more, video also an end. */
	assert_int_equal(counts[FLV_SCRIPT], 1);
	assert_int_equal(counts[FLV_VIDEO], 5 + 2);
	assert_int_equal(counts[FLV_AUDIO], 45 + 1);
}

static void a_file_cut_at_any_point_needs_more_and_moves_nothing(void **state)
{
	struct flv_header header;
	struct flv_tag tag;
	AUTO_BUF file = { 0 };

	golden_read("flv/ffmpeg.flv", &file);
	struct bytes whole = bytes_of(file.at, file.size);
	for (size_t size = 0; size < FLV_HEADER_SIZE; size++) {
		struct bytes input = bytes_of(file.at, size);
		assert_err(flv_read_header(&input, &header), ERR_MORE);
		assert_ptr_equal(input.at, file.at);
		assert_int_equal(input.size, size);
	}
	assert_ok(flv_read_header(&whole, &header));
	const uint8_t *start = whole.at;
	assert_ok(flv_read_tag(&whole, &tag));
	for (size_t size = 0; size < (size_t)(whole.at - start); size++) {
		struct bytes input = bytes_of(start, size);
		assert_err(flv_read_tag(&input, &tag), ERR_MORE);
		assert_ptr_equal(input.at, start);
		assert_int_equal(input.size, size);
	}
}

static void what_is_no_flv_is_malformed_at_its_first_byte(void **state)
{
	static const char *const starts[] = { "R", "FLX", "FLV\2", "FLV\1\5\0\0\0\x08",
		                              "FLV\1\5\0\0\x10\x01" };
	static const size_t sizes[] = { 1, 3, 4, 9, 9 };
	struct flv_header header;

	for (size_t i = 0; i < 5; i++) {
		struct bytes input = bytes_of(starts[i], sizes[i]);
		assert_err(flv_read_header(&input, &header), ERR_MALFORMED);
	}
}

static void a_tag_keeps_all_bits_of_its_time(void **state)
{
	static const uint32_t times[] = { 0, 0xFFFFFF, 0x1000000, 0x12345678, UINT32_MAX };

	for (size_t i = 0; i < 5; i++) {
		uint8_t bytes[FLV_TAG_HEAD_SIZE + 1 + FLV_TAG_TAIL_SIZE] = { 0 };
		struct bytes input = bytes_of(bytes, sizeof bytes);
		struct flv_tag tag;

		flv_write_tag_head(bytes, FLV_VIDEO, times[i], 1);
		assert_ok(flv_read_tag(&input, &tag));
		assert_int_equal(tag.timestamp_ms, times[i]);
		assert_int_equal(tag.size, 1);
	}
}

static void a_tag_ends_at_its_limit(void **state)
{
	uint8_t head[FLV_TAG_HEAD_SIZE];
	struct bytes input = bytes_of(head, sizeof head);
	struct flv_tag tag;

	flv_write_tag_head(head, FLV_VIDEO, 0, FLV_BODY_MAX);
	assert_err(flv_read_tag(&input, &tag), ERR_MORE);
	flv_write_tag_head(head, FLV_VIDEO, 0, FLV_BODY_MAX + 1);
	assert_err(flv_read_tag(&input, &tag), ERR_TOO_LARGE);
}

struct video_row {
	const char *body;
	size_t size;
	enum flv_codec codec;
	const char *is; /* f frame, k key, h header, e end, x enhanced */
	int32_t composition_ms;
	size_t payload;
};

/* clang-format off */
#define BODY(bytes) (bytes), sizeof(bytes) - 1
static const struct video_row videos[] = {
	{ BODY("\x17\x00\x00\x00\x00" "cfg"),         FLV_AVC,  "h",   0,    3 },
	{ BODY("\x17\x01\x00\x00\x28" "nal"),         FLV_AVC,  "fk",  40,   3 },
	{ BODY("\x27\x01\xff\xff\xd8" "nal"),         FLV_AVC,  "f",   -40,  3 },
	{ BODY("\x37\x01\x00\x00\x00" "nal"),         FLV_AVC,  "f",   0,    3 },
	{ BODY("\x47\x01\x00\x00\x00" "nal"),         FLV_AVC,  "fk",  0,    3 },
	{ BODY("\x17\x02\x00\x00\x00"),               FLV_AVC,  "e",   0,    0 },
	{ BODY("\x57\x00"),                           FLV_CODEC_UNKNOWN, "", 0, 0 },
	{ BODY("\x1c\x00\x00\x00\x00" "cfg"),         FLV_HEVC, "h",   0,    3 },
	{ BODY("\x1c\x01\x00\x00\x05" "nal"),         FLV_HEVC, "fk",  5,    3 },
	{ BODY("\x22" "h263"),                        FLV_CODEC_UNKNOWN, "f", 0, 4 },
	{ BODY("\x90" "hvc1" "cfg"),                  FLV_HEVC, "hx",  0,    3 },
	{ BODY("\x91" "hvc1" "\x00\x00\x07" "nal"),   FLV_HEVC, "fkx", 7,    3 },
	{ BODY("\xa3" "hvc1" "nal"),                  FLV_HEVC, "fx",  0,    3 },
	{ BODY("\x93" "avc1" "nal"),                  FLV_AVC,  "fkx", 0,    3 },
	{ BODY("\x91" "av01" "obus"),                 FLV_AV1,  "fkx", 0,    4 },
	{ BODY("\x95" "av01" "ts"),                   FLV_AV1,  "hx",  0,    2 },
	{ BODY("\xa1" "vp09" "x"),                    FLV_VP9,  "fx",  0,    1 },
	{ BODY("\x92" "vp09"),                        FLV_VP9,  "ex",  0,    0 },
	{ BODY("\x94" "hvc1" "amf"),                  FLV_HEVC, "x",   0,    3 },
	{ BODY("\x91" "none" "x"),                    FLV_CODEC_UNKNOWN, "fkx", 0, 1 },
	/* an extension of 3 bytes before coded frames; one with a long length */
	{ BODY("\x97\x02" "abc" "\x01" "av01" "x"),   FLV_AV1,  "fkx", 0,    1 },
	{ BODY("\x97\xff\x00\x01" "ab" "\x03" "hvc1" "x"), FLV_HEVC, "fkx", 0, 1 },
};

struct audio_row {
	const char *body;
	size_t size;
	enum flv_codec codec;
	const char *is;
	size_t payload;
};

static const struct audio_row audios[] = {
	{ BODY("\xaf\x00\x12\x10"),   FLV_AAC,        "h",  2 },
	{ BODY("\xaf\x01" "raw"),     FLV_AAC,        "f",  3 },
	{ BODY("\x2f" "mp3"),         FLV_MP3,        "f",  3 },
	{ BODY("\x72" "a"),           FLV_G711_ALAW,  "f",  1 },
	{ BODY("\x82" "u"),           FLV_G711_MULAW, "f",  1 },
	{ BODY("\x90" "OpusHead"),    FLV_OPUS,       "hx", 4 },
	{ BODY("\x91" "Opus" "x"),    FLV_OPUS,       "fx", 1 },
	{ BODY("\x92" "mp4a"),        FLV_AAC,        "ex", 0 },
	{ BODY("\x94" "fLaC" "\0"),   FLV_FLAC,       "x",  1 },
	{ BODY("\x97\x00" "n" "\x01" "ac-3" "x"), FLV_AC3, "fx", 1 },
};
/* clang-format on */

static void video_bodies_say_what_they_are(void **state)
{
	for (size_t i = 0; i < COUNT_OF(videos); i++) {
		const struct video_row *row = &videos[i];
		struct flv_video video;

		assert_ok(flv_read_video((const uint8_t *)row->body, row->size, &video));
		assert_int_equal(video.codec, row->codec);
		assert_int_equal(video.is_frame, strchr(row->is, 'f') != NULL);
		assert_int_equal(video.is_key, strchr(row->is, 'k') != NULL);
		assert_int_equal(video.is_header, strchr(row->is, 'h') != NULL);
		assert_int_equal(video.is_end, strchr(row->is, 'e') != NULL);
		assert_int_equal(video.is_enhanced, strchr(row->is, 'x') != NULL);
		assert_int_equal(video.composition_ms, row->composition_ms);
		assert_int_equal(video.payload.size, row->payload);
	}
}

static void audio_bodies_say_what_they_are(void **state)
{
	for (size_t i = 0; i < COUNT_OF(audios); i++) {
		const struct audio_row *row = &audios[i];
		struct flv_audio audio;

		assert_ok(flv_read_audio((const uint8_t *)row->body, row->size, &audio));
		assert_int_equal(audio.codec, row->codec);
		assert_int_equal(audio.is_frame, strchr(row->is, 'f') != NULL);
		assert_int_equal(audio.is_header, strchr(row->is, 'h') != NULL);
		assert_int_equal(audio.is_end, strchr(row->is, 'e') != NULL);
		assert_int_equal(audio.is_enhanced, strchr(row->is, 'x') != NULL);
		assert_int_equal(audio.payload.size, row->payload);
	}
}

static void bodies_shorter_than_their_head_are_malformed(void **state)
{
	struct flv_video video;
	struct flv_audio audio;

	for (size_t i = 0; i < COUNT_OF(videos); i++)
		for (size_t size = 0; size < videos[i].size - videos[i].payload; size++) {
			AUTO_FREE uint8_t *exact = malloc(size ? size : 1);
			assert_non_null(exact);
			memcpy(exact, videos[i].body, size);
			if (size && (exact[0] & 0x70) == 0x50)
				continue; /* a command is whole with its first byte */
			assert_err(flv_read_video(exact, size, &video), ERR_MALFORMED);
		}
	for (size_t i = 0; i < COUNT_OF(audios); i++)
		for (size_t size = 0; size < audios[i].size - audios[i].payload; size++) {
			AUTO_FREE uint8_t *exact = malloc(size ? size : 1);
			assert_non_null(exact);
			memcpy(exact, audios[i].body, size);
			assert_err(flv_read_audio(exact, size, &audio), ERR_MALFORMED);
		}
}

static void several_tracks_and_endless_extensions_are_refused(void **state)
{
	static const uint8_t endless[] = { 0x97, 0, 0, 7, 0, 0, 7, 0, 0, 7,
		                           0,    0, 7, 0, 0, 7, 0, 0, 1 };
	struct flv_video video;
	struct flv_audio audio;

	assert_err(flv_read_video((const uint8_t *)"\x96\x00hvc1x", 7, &video), ERR_UNSUPPORTED);
	assert_err(flv_read_audio((const uint8_t *)"\x95\x00Opusx", 7, &audio), ERR_UNSUPPORTED);
	assert_err(flv_read_video(endless, sizeof endless, &video), ERR_MALFORMED);
}

static void heads_are_written_as_they_are_read(void **state)
{
	uint8_t head[FLV_AVC_HEAD_SIZE];
	struct flv_video video;
	struct flv_audio audio;

	assert_int_equal(flv_write_avc_head(head, false, false, -40), sizeof head);
	assert_ok(flv_read_video(head, sizeof head, &video));
	assert_true(video.is_frame && !video.is_key && video.composition_ms == -40);
	(void)flv_write_avc_head(head, true, false, 0);
	assert_ok(flv_read_video(head, sizeof head, &video));
	assert_true(video.is_key);
	(void)flv_write_avc_head(head, false, true, 0);
	assert_ok(flv_read_video(head, sizeof head, &video));
	assert_true(video.is_header && !video.is_frame);
	assert_int_equal(flv_write_aac_head(head, true), FLV_AAC_HEAD_SIZE);
	assert_ok(flv_read_audio(head, FLV_AAC_HEAD_SIZE, &audio));
	assert_true(audio.is_header && audio.codec == FLV_AAC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_by_ffmpeg_is_read_and_written_again),
		cmocka_unit_test(a_file_cut_at_any_point_needs_more_and_moves_nothing),
		cmocka_unit_test(what_is_no_flv_is_malformed_at_its_first_byte),
		cmocka_unit_test(a_tag_keeps_all_bits_of_its_time),
		cmocka_unit_test(a_tag_ends_at_its_limit),
		cmocka_unit_test(video_bodies_say_what_they_are),
		cmocka_unit_test(audio_bodies_say_what_they_are),
		cmocka_unit_test(bodies_shorter_than_their_head_are_malformed),
		cmocka_unit_test(several_tracks_and_endless_extensions_are_refused),
		cmocka_unit_test(heads_are_written_as_they_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
