/* SPDX-License-Identifier: Apache-2.0 */
#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cam/picture/clip.h"
#include "cam/picture/encoder.h"
#include "cam/picture/sound.h"
#include "proto/flv/flv_media.h"
#include "proto/h26x/h264.h"
#include "tests/unit/cam/fixture.h"
#include "tests/unit/unit.h"

#define T0    1767225600000
#define HEAD  5 /* of a FLV video body */
#define PIXEL (SCENE_WIDTH * SCENE_HEIGHT)

/* Decodes what goes in, one body at a time, with libavcodec's own H.264 decoder. */
struct decoder {
	AVCodecContext *codec;
	AVFrame *frame;
	AVPacket *packet;
};

static void decoder_open(struct decoder *decoder, struct str header)
{
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);

	decoder->codec = avcodec_alloc_context3(codec);
	decoder->frame = av_frame_alloc();
	decoder->packet = av_packet_alloc();
	decoder->codec->extradata = av_mallocz(header.size + AV_INPUT_BUFFER_PADDING_SIZE);
	memcpy(decoder->codec->extradata, header.at + HEAD, header.size - HEAD);
	decoder->codec->extradata_size = (int)(header.size - HEAD);
	decoder->codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
	decoder->codec->thread_count = 1;
	assert_int_equal(avcodec_open2(decoder->codec, codec, NULL), 0);
}

static void decoder_close(struct decoder *decoder)
{
	avcodec_free_context(&decoder->codec);
	av_frame_free(&decoder->frame);
	av_packet_free(&decoder->packet);
}

/* The picture's brightness, without gaps between its lines. */
static void decode(struct decoder *decoder, struct str body, uint8_t *luma)
{
	assert_int_equal(av_new_packet(decoder->packet, (int)(body.size - HEAD)), 0);
	memcpy(decoder->packet->data, body.at + HEAD, body.size - HEAD);
	assert_int_equal(avcodec_send_packet(decoder->codec, decoder->packet), 0);
	assert_int_equal(avcodec_receive_frame(decoder->codec, decoder->frame), 0);
	av_packet_unref(decoder->packet);
	assert_int_equal(decoder->frame->width, SCENE_WIDTH);
	for (int y = 0; y < SCENE_HEIGHT; y++)
		memcpy(luma + y * SCENE_WIDTH,
		       decoder->frame->data[0] + y * decoder->frame->linesize[0], SCENE_WIDTH);
}

static int changed_permille(const uint8_t *a, const uint8_t *b)
{
	int changed = 0;

	for (int i = 0; i < PIXEL; i++)
		changed += abs(a[i] - b[i]) > 24;
	return changed * 1000 / PIXEL;
}

/* Draws, encodes and decodes one view. */
static void see(struct encoder *encoder, struct decoder *decoder, const struct scene *scene,
                const struct scene_view *view, uint8_t *luma)
{
	struct scene_picture picture;
	AUTO_BUF body = { 0 };
	bool is_key;

	buf_init(&body, ENCODER_FRAME_MAX);
	assert_ok(encoder_picture(encoder, &picture));
	scene_draw(scene, view, &picture);
	assert_ok(encoder_encode(encoder, false, &body, &is_key));
	decode(decoder, buf_str(&body), luma);
}

static void what_is_decoded_moves_with_the_view(void **state)
{
	static uint8_t still[PIXEL], again[PIXEL], panned[PIXEL], zoomed[PIXEL], flipped[PIXEL];
	struct scene_view view = { .now_ms = T0, .label = "cam-1", .has_watermark = true };
	struct decoder decoder;
	AUTO(encoder) encoder = NULL;
	AUTO(scene) scene = NULL;

	assert_ok(scene_new(&scene));
	assert_ok(encoder_new(&encoder, NULL));
	decoder_open(&decoder, encoder_header(encoder));
	see(encoder, &decoder, scene, &view, still);
	see(encoder, &decoder, scene, &view, again);
	view.position.pan = 500;
	see(encoder, &decoder, scene, &view, panned);
	view.position = (struct ptz_position){ 0, 0, PTZ_ZOOM_MAX };
	see(encoder, &decoder, scene, &view, zoomed);
	view.position.zoom = 0;
	view.is_flipped = true;
	see(encoder, &decoder, scene, &view, flipped);
	decoder_close(&decoder);

	assert_true(changed_permille(still, again) < 5);
	assert_true(changed_permille(still, panned) > 100);
	assert_true(changed_permille(still, zoomed) > 100);
	assert_true(changed_permille(still, flipped) > 100);
}

static void the_clock_is_in_the_picture_unless_it_is_off(void **state)
{
	static uint8_t now[PIXEL], later[PIXEL], blank[PIXEL];
	static uint8_t colour[2][PIXEL / 4];
	struct scene_picture picture = {
		.planes = { now, colour[0], colour[1] },
		.strides = { SCENE_WIDTH, SCENE_WIDTH / 2, SCENE_WIDTH / 2 },
	};
	/* A whole round of what moves lies between: only the clock differs. */
	struct scene_view view = { .now_ms = T0, .label = "cam-1", .has_watermark = true };
	AUTO(scene) scene = NULL;

	assert_ok(scene_new(&scene));
	scene_draw(scene, &view, &picture);
	view.now_ms = T0 + 18000;
	picture.planes[0] = later;
	scene_draw(scene, &view, &picture);
	assert_true(memcmp(now, later, sizeof now) != 0);

	view.has_watermark = false;
	scene_draw(scene, &view, &picture);
	view.now_ms = T0;
	picture.planes[0] = blank;
	scene_draw(scene, &view, &picture);
	assert_memory_equal(later, blank, sizeof blank);
}

static void at_night_there_is_no_colour(void **state)
{
	static uint8_t luma[PIXEL], colour[2][PIXEL / 4];
	struct scene_picture picture = {
		.planes = { luma, colour[0], colour[1] },
		.strides = { SCENE_WIDTH, SCENE_WIDTH / 2, SCENE_WIDTH / 2 },
	};
	struct scene_view view = { .now_ms = T0, .label = "cam-1", .is_night = true };
	AUTO(scene) scene = NULL;

	assert_ok(scene_new(&scene));
	scene_draw(scene, &view, &picture);
	for (int i = 0; i < PIXEL / 4; i++)
		assert_true(colour[0][i] == 128 && colour[1][i] == 128);
}

static void the_corners_of_the_world_can_be_looked_at(void **state)
{
	static uint8_t luma[PIXEL], colour[2][PIXEL / 4];
	struct scene_picture picture = {
		.planes = { luma, colour[0], colour[1] },
		.strides = { SCENE_WIDTH, SCENE_WIDTH / 2, SCENE_WIDTH / 2 },
	};
	AUTO(scene) scene = NULL;

	/* The sanitizers watch. Times are those where what moves is at its ends. */
	assert_ok(scene_new(&scene));
	for (int i = 0; i < 16; i++) {
		struct scene_view view = {
			.position = { i & 1 ? PTZ_PAN_MAX : -PTZ_PAN_MAX,
			              i & 2 ? PTZ_TILT_MAX : -PTZ_TILT_MAX,
			              i & 4 ? PTZ_ZOOM_MAX : 0 },
			.now_ms = i & 8 ? 9000 : 0,
			.label = "a label that is longer than the picture is wide, by far and more",
			.has_watermark = true,
			.is_flipped = i & 1,
		};
		scene_draw(scene, &view, &picture);
	}
	assert_int_not_equal(luma[PIXEL - 1], 0);
}

static void a_key_frame_comes_every_two_seconds_and_when_wanted(void **state)
{
	struct scene_view view = { .now_ms = T0, .label = "cam-1" };
	struct scene_picture picture;
	AUTO(encoder) encoder = NULL;
	AUTO(scene) scene = NULL;
	AUTO_BUF body = { 0 };
	bool is_key;

	buf_init(&body, ENCODER_FRAME_MAX);
	assert_ok(scene_new(&scene));
	assert_ok(encoder_new(&encoder, NULL));
	for (int i = 0; i < 2 * ENCODER_GOP; i++) {
		bool is_wanted = i == ENCODER_GOP + 7;
		struct flv_video video;
		buf_clear(&body);
		assert_ok(encoder_picture(encoder, &picture));
		scene_draw(scene, &view, &picture);
		assert_ok(encoder_encode(encoder, is_wanted, &body, &is_key));
		assert_int_equal(is_key, i == 0 || i == ENCODER_GOP || is_wanted);
		assert_ok(flv_read_video(body.at, body.size, &video));
		assert_int_equal(video.is_key, is_key);
	}
}

static void the_header_tells_the_pictures_size(void **state)
{
	struct h264_config config;
	struct h264_sps sps;
	AUTO(encoder) encoder = NULL;

	assert_ok(encoder_new(&encoder, NULL));
	struct str header = encoder_header(encoder);
	assert_ok(h264_read_config(bytes_of(header.at + HEAD, header.size - HEAD), &config));
	assert_ok(h264_read_sps(config.sps, &sps));
	assert_int_equal(sps.width, SCENE_WIDTH);
	assert_int_equal(sps.height, SCENE_HEIGHT);
	assert_int_equal(config.length_size, 4);
}

static void a_still_is_a_jpeg_of_the_view(void **state)
{
	struct scene_view view = { .now_ms = T0, .label = "cam-1", .has_watermark = true };
	AUTO(scene) scene = NULL;
	AUTO_BUF still = { 0 };

	buf_init(&still, 1024 * 1024);
	assert_ok(scene_new(&scene));
	assert_ok(encoder_still(scene, &view, &still, NULL));
	assert_true(still.size > 5000);
	assert_memory_equal(still.at, "\xff\xd8\xff", 3);
	assert_memory_equal(still.at + still.size - 2, "\xff\xd9", 2);
}

static void a_built_clip_has_a_header_and_begins_with_a_key(void **state)
{
	AUTO(clip) clip = NULL;

	assert_ok(clip_build(true, &clip, NULL));
	assert_int_equal(clip->header_count, 1);
	assert_true(clip->frames[0].is_header && clip->frames[1].is_key);
	assert_int_equal(clip->frames[1].at_ms, 0);
	assert_int_equal(clip->duration_ms, CLIP_BUILT_MS);
}

static void a_built_clip_has_sound_between_its_pictures(void **state)
{
	AUTO(clip) clip = NULL;
	int64_t sounds = 0, last_ms = 0;

	assert_ok(clip_build(false, &clip, NULL));
	assert_int_equal(clip->header_count, 2);
	assert_int_equal(clip->frames[1].kind, FLV_AUDIO);
	assert_true(clip->frames[2].is_key);
	for (size_t i = clip->header_count; i < clip->count; i++) {
		assert_true(clip->frames[i].at_ms >= last_ms);
		last_ms = clip->frames[i].at_ms;
		if (clip->frames[i].kind == FLV_AUDIO)
			assert_int_equal(last_ms, sounds++ * SOUND_FRAME_MS);
	}
	assert_int_equal(sounds * SOUND_FRAME_MS, CLIP_BUILT_MS);
	assert_int_equal(clip->duration_ms, CLIP_BUILT_MS);
}

/* The decoder's samples of `count` frames. */
static void listen_to(struct sound *sound, int count, float *samples)
{
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_AAC);
	struct decoder decoder = { .codec = avcodec_alloc_context3(codec),
		                   .frame = av_frame_alloc(),
		                   .packet = av_packet_alloc() };
	struct str header = sound_header(sound);
	AUTO_BUF body = { 0 };

	buf_init(&body, SOUND_FRAME_MAX);
	decoder.codec->extradata = av_mallocz(header.size + AV_INPUT_BUFFER_PADDING_SIZE);
	memcpy(decoder.codec->extradata, header.at + FLV_AAC_HEAD_SIZE,
	       header.size - FLV_AAC_HEAD_SIZE);
	decoder.codec->extradata_size = (int)(header.size - FLV_AAC_HEAD_SIZE);
	assert_int_equal(avcodec_open2(decoder.codec, codec, NULL), 0);
	for (int i = 0; i < count; i++) {
		struct flv_audio audio;
		buf_clear(&body);
		assert_ok(sound_next(sound, &body));
		assert_ok(flv_read_audio(body.at, body.size, &audio));
		assert_true(audio.codec == FLV_AAC && audio.is_frame);
		assert_int_equal(av_new_packet(decoder.packet, (int)audio.payload.size), 0);
		memcpy(decoder.packet->data, audio.payload.at, audio.payload.size);
		assert_int_equal(avcodec_send_packet(decoder.codec, decoder.packet), 0);
		assert_int_equal(avcodec_receive_frame(decoder.codec, decoder.frame), 0);
		assert_int_equal(decoder.frame->sample_rate, SOUND_RATE);
		memcpy(samples + i * SOUND_FRAME, decoder.frame->data[0],
		       SOUND_FRAME * sizeof *samples);
		av_packet_unref(decoder.packet);
	}
	decoder_close(&decoder);
}

static float loudest(const float *samples, int from_ms, int to_ms)
{
	float most = 0;

	for (int i = from_ms * SOUND_RATE / 1000; i < to_ms * SOUND_RATE / 1000; i++)
		most = samples[i] > most ? samples[i] : most;
	return most;
}

static void the_seconds_are_heard_when_they_begin(void **state)
{
	static float samples[64 * SOUND_FRAME];
	AUTO(sound) sound = NULL;

	/* From 0.7 s on; the ticks are at 300 ms and every second after that. */
	assert_ok(sound_new(T0 + 1700, &sound, NULL));
	listen_to(sound, 40, samples);
	assert_true(loudest(samples, 200, 280) < 0.01F);
	assert_true(loudest(samples, 305, 340) > 0.05F);
	assert_true(loudest(samples, 500, 1280) < 0.01F);
	assert_true(loudest(samples, 1305, 1340) > 0.05F);
	assert_true(loudest(samples, 1500, 2280) < 0.01F);
}

static void what_is_left_out_moves_the_ticks(void **state)
{
	static float samples[32 * SOUND_FRAME];
	AUTO(sound) sound = NULL;

	assert_ok(sound_new(T0 + 500, &sound, NULL));
	sound_skip(sound, 8); /* 512 ms: a tick is over */
	listen_to(sound, 17, samples);
	assert_true(loudest(samples, 300, 980) < 0.01F);
	assert_true(loudest(samples, 995, 1030) > 0.05F);
}

static void write_bytes(const char *folder, const struct buf *bytes, char path[128])
{
	(void)snprintf(path, 128, "%s/clip.flv", folder);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes->at, 1, bytes->size, file), bytes->size);
	(void)fclose(file);
}

static void a_clip_cut_anywhere_is_read_as_far_as_it_goes(void **state)
{
	static const char header[] = "\x17\0\0\0\0conf", key[] = "\x17\1\0\0\0key",
			  inter[] = "\x27\1\0\0\0inter", sound[] = "\xaf\1sound";
	char path[128];
	AUTO_BUF flv = { 0 };

	buf_init(&flv, 4096);
	clip_write_head(&flv, true);
	clip_write_tag(&flv, FLV_VIDEO, 1000, (struct str){ header, sizeof header - 1 });
	clip_write_tag(&flv, FLV_VIDEO, 1000, (struct str){ key, sizeof key - 1 });
	size_t least = flv.size;
	clip_write_tag(&flv, FLV_AUDIO, 1010, (struct str){ sound, sizeof sound - 1 });
	clip_write_tag(&flv, FLV_VIDEO, 1040, (struct str){ inter, sizeof inter - 1 });
	size_t whole = flv.size;
	for (size_t size = 0; size <= whole; size++) {
		AUTO(clip) clip = NULL;
		flv.size = size;
		write_bytes(*state, &flv, path);
		enum err err = clip_read(path, &clip, NULL);
		assert_int_equal(err == ERR_OK, size >= least);
		if (size < whole)
			continue;
		assert_int_equal(clip->count, 4);
		assert_int_equal(clip->duration_ms, 80);
		assert_int_equal(clip->frames[2].at_ms, 10);
	}
}

static void a_file_that_is_no_clip_says_so(void **state)
{
	struct why why = { 0 };
	char path[128];
	AUTO(clip) clip = NULL;
	AUTO_BUF text = { 0 };

	buf_init(&text, 64);
	buf_add_text(&text, "this is something else altogether");
	write_bytes(*state, &text, path);
	assert_err(clip_read(path, &clip, &why), ERR_MALFORMED);
	assert_string_equal(why.text, "the clip is no FLV file");
	assert_err(clip_read("/nonexistent.flv", &clip, &why), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_decoded_moves_with_the_view),
		cmocka_unit_test(the_clock_is_in_the_picture_unless_it_is_off),
		cmocka_unit_test(at_night_there_is_no_colour),
		cmocka_unit_test(the_corners_of_the_world_can_be_looked_at),
		cmocka_unit_test(a_key_frame_comes_every_two_seconds_and_when_wanted),
		cmocka_unit_test(the_header_tells_the_pictures_size),
		cmocka_unit_test(a_still_is_a_jpeg_of_the_view),
		cmocka_unit_test(a_built_clip_has_a_header_and_begins_with_a_key),
		cmocka_unit_test(a_built_clip_has_sound_between_its_pictures),
		cmocka_unit_test(the_seconds_are_heard_when_they_begin),
		cmocka_unit_test(what_is_left_out_moves_the_ticks),
		cmocka_unit_test_setup_teardown(a_clip_cut_anywhere_is_read_as_far_as_it_goes,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_is_no_clip_says_so, fixture_set_up,
		                                fixture_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
