/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/picture/sound.h"

#include <libavcodec/avcodec.h>
#include <stdlib.h>

#include "proto/flv/flv_media.h"

#define SAMPLES_PER_MS (SOUND_RATE / 1000)
#define TICK           (60 * SAMPLES_PER_MS) /* how long one sounds; it fades */
#define TICK_LOUDNESS  0.1F
#define WAVE           16 /* samples of one swing: 1 kHz */
/* A frame comes out when the two after it are known: one overlaps with it, one is looked at. */
#define FRAMES_AHEAD 2

struct sound {
	AVCodecContext *codec;
	AVFrame *frame;
	AVPacket *packet;
	struct buf header;
	int64_t at;  /* the next sample to be made, counted from 1970 */
	int64_t fed; /* samples the codec has had */
};

static enum err from_av(int result)
{
	if (result >= 0)
		return ERR_OK;
	return result == AVERROR(ENOMEM) ? ERR_NO_MEMORY : ERR_INTERNAL;
}

/* The ticking world at one sample's time. */
static float hear(int64_t at)
{
	static const float wave[WAVE] = {
		0.000F, 0.383F,  0.707F,  0.924F,  1.000F,  0.924F,  0.707F,  0.383F,
		0.000F, -0.383F, -0.707F, -0.924F, -1.000F, -0.924F, -0.707F, -0.383F,
	};
	int64_t into = at % SOUND_RATE;
	bool is_minute = at / SOUND_RATE % 60 == 0;

	if (into >= TICK)
		return 0;
	return wave[into * (is_minute ? 2 : 1) % WAVE] * TICK_LOUDNESS * (float)(TICK - into) /
	       TICK;
}

/* One frame into the codec. */
static enum err feed(struct sound *sound)
{
	enum err err = from_av(av_frame_make_writable(sound->frame));

	if (err != ERR_OK)
		return err;
	float *samples = (float *)(void *)sound->frame->data[0];
	for (int i = 0; i < SOUND_FRAME; i++)
		samples[i] = hear(sound->at + i);
	sound->frame->pts = sound->fed;
	sound->fed += SOUND_FRAME;
	sound->at += SOUND_FRAME;
	return from_av(avcodec_send_frame(sound->codec, sound->frame));
}

/* The encoder looks ahead: what comes out before the first sample of ours is its own silence. */
static enum err feed_ahead(struct sound *sound)
{
	enum err err = ERR_OK;

	for (int i = 0; err == ERR_OK && i < FRAMES_AHEAD; i++) {
		err = feed(sound);
		while (err == ERR_OK && avcodec_receive_packet(sound->codec, sound->packet) >= 0)
			av_packet_unref(sound->packet);
	}
	return err;
}

static enum err write_header(struct sound *sound)
{
	uint8_t head[FLV_AAC_HEAD_SIZE];

	buf_add(&sound->header, head, flv_write_aac_head(head, true));
	buf_add(&sound->header, sound->codec->extradata, (size_t)sound->codec->extradata_size);
	return buf_err(&sound->header);
}

static enum err open_codec(struct sound *sound, const AVCodec *codec)
{
	sound->codec = avcodec_alloc_context3(codec);
	sound->frame = av_frame_alloc();
	sound->packet = av_packet_alloc();
	if (!sound->codec || !sound->frame || !sound->packet)
		return ERR_NO_MEMORY;
	sound->codec->sample_rate = SOUND_RATE;
	sound->codec->sample_fmt = AV_SAMPLE_FMT_FLTP;
	sound->codec->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
	sound->codec->bit_rate = SOUND_BITS;
	sound->codec->time_base = (AVRational){ 1, SOUND_RATE };
	sound->codec->thread_count = 1;
	sound->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	sound->frame->format = AV_SAMPLE_FMT_FLTP;
	sound->frame->nb_samples = SOUND_FRAME;
	sound->frame->sample_rate = SOUND_RATE;
	enum err err =
		from_av(av_channel_layout_copy(&sound->frame->ch_layout, &sound->codec->ch_layout));
	if (err == ERR_OK)
		err = from_av(av_frame_get_buffer(sound->frame, 0));
	if (err == ERR_OK)
		err = from_av(avcodec_open2(sound->codec, codec, NULL));
	return err;
}

enum err sound_new(int64_t begin_ms, struct sound **out, struct why *why)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("aac");

	if (!codec)
		return why_set(why, ERR_UNSUPPORTED, "libavcodec has no encoder aac");
	AUTO(sound) sound = calloc(1, sizeof *sound);
	if (!sound)
		return ERR_NO_MEMORY;
	buf_init(&sound->header, 1024);
	sound->at = begin_ms * SAMPLES_PER_MS;
	enum err err = open_codec(sound, codec);
	if (err == ERR_OK)
		err = write_header(sound);
	if (err == ERR_OK)
		err = feed_ahead(sound);
	if (err != ERR_OK)
		return why_set(why, err, "the AAC encoder could not be opened");
	*out = TAKE(sound);
	return ERR_OK;
}

void sound_free(struct sound *sound)
{
	if (!sound)
		return;
	avcodec_free_context(&sound->codec);
	av_frame_free(&sound->frame);
	av_packet_free(&sound->packet);
	buf_done(&sound->header);
	free(sound);
}

struct str sound_header(const struct sound *sound)
{
	return buf_str(&sound->header);
}

enum err sound_next(struct sound *sound, struct buf *out)
{
	uint8_t head[FLV_AAC_HEAD_SIZE];
	enum err err = feed(sound);

	if (err == ERR_OK)
		err = from_av(avcodec_receive_packet(sound->codec, sound->packet));
	if (err != ERR_OK)
		return err;
	buf_add(out, head, flv_write_aac_head(head, false));
	buf_add(out, sound->packet->data, (size_t)sound->packet->size);
	av_packet_unref(sound->packet);
	return buf_err(out);
}

void sound_skip(struct sound *sound, int64_t count)
{
	sound->at += count * SOUND_FRAME;
}
