/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/flv/flv_config.h"

#include <stdio.h>

#include "proto/audio/audio.h"
#include "proto/av1/av1.h"
#include "proto/h26x/h264.h"
#include "proto/h26x/h265.h"

#define G711_RATE_HZ 8000

_Static_assert(FLV_CODEC_TEXT_MAX >= H265_CODEC_TEXT_MAX, "the longest text fits");

const char *flv_codec_text(enum flv_codec codec)
{
	static const char *const texts[FLV_CODEC_COUNT] = {
		[FLV_CODEC_UNKNOWN] = "unknown",
		[FLV_AVC] = "avc1",
		[FLV_HEVC] = "hvc1",
		[FLV_VVC] = "vvc1",
		[FLV_AV1] = "av01",
		[FLV_VP8] = "vp08",
		[FLV_VP9] = "vp09",
		[FLV_AAC] = "mp4a",
		[FLV_MP3] = "mp3",
		[FLV_OPUS] = "opus",
		[FLV_FLAC] = "flac",
		[FLV_AC3] = "ac-3",
		[FLV_EAC3] = "ec-3",
		[FLV_PCM] = "pcm",
		[FLV_G711_ALAW] = "g711a",
		[FLV_G711_MULAW] = "g711u",
		[FLV_SPEEX] = "speex",
	};

	return texts[codec];
}

static enum err read_avc(struct flv_config *facts)
{
	struct h264_config config;
	struct h264_sps sps;

	enum err err = h264_read_config(facts->record, &config);
	if (err != ERR_OK)
		return err;
	h264_codec_text(&config, facts->text);
	facts->length_size = config.length_size;
	if (h264_read_sps(config.sps, &sps) == ERR_OK) {
		facts->width = sps.width;
		facts->height = sps.height;
	}
	return ERR_OK;
}

static enum err read_hevc(struct flv_config *facts)
{
	struct h265_config config;
	struct h265_sps sps;

	enum err err = h265_read_config(facts->record, &config);
	if (err != ERR_OK)
		return err;
	h265_codec_text(&config, facts->text);
	facts->length_size = config.length_size;
	if (h265_read_sps(config.sps, &sps) == ERR_OK) {
		facts->width = sps.width;
		facts->height = sps.height;
	}
	return ERR_OK;
}

static enum err read_av1(struct flv_config *facts)
{
	struct av1_config config;
	struct av1_size size;

	enum err err = av1_read_config(facts->record, &config);
	if (err != ERR_OK)
		return err;
	av1_codec_text(&config, facts->text);
	if (av1_read_size(config.units, &size) == ERR_OK) {
		facts->width = size.width;
		facts->height = size.height;
	}
	return ERR_OK;
}

static enum err read_aac(struct flv_config *facts)
{
	struct audio_config config;

	enum err err = audio_read_aac(facts->record, &config);
	if (err != ERR_OK)
		return err;
	(void)snprintf(facts->text, sizeof facts->text, "mp4a.40.%u", config.object_type);
	facts->channels = config.channels;
	facts->rate_hz = config.rate_hz;
	return ERR_OK;
}

static enum err read_opus(struct flv_config *facts)
{
	struct audio_config config;

	enum err err = audio_read_opus(facts->record, &config);
	if (err != ERR_OK)
		return err;
	facts->channels = config.channels;
	facts->rate_hz = config.rate_hz;
	return ERR_OK;
}

static enum err read_g711(struct flv_config *facts)
{
	facts->channels = 1;
	facts->rate_hz = G711_RATE_HZ;
	return ERR_OK;
}

static enum err (*const readers[FLV_CODEC_COUNT])(struct flv_config *facts) = {
	[FLV_AVC] = read_avc,         [FLV_HEVC] = read_hevc, [FLV_AV1] = read_av1,
	[FLV_AAC] = read_aac,         [FLV_OPUS] = read_opus, [FLV_G711_ALAW] = read_g711,
	[FLV_G711_MULAW] = read_g711,
};

static enum err read_facts(enum flv_codec codec, struct bytes record, struct flv_config *out)
{
	struct flv_config facts = { .codec = codec, .record = record };

	(void)snprintf(facts.text, sizeof facts.text, "%s", flv_codec_text(codec));
	enum err err = readers[codec] ? readers[codec](&facts) : ERR_OK;
	if (err == ERR_OK)
		*out = facts;
	return err;
}

enum err flv_video_config(const struct flv_video *video, struct flv_config *out)
{
	if (!video->is_header)
		return ERR_UNSUPPORTED;
	return read_facts(video->codec, video->payload, out);
}

enum err flv_audio_config(const struct flv_audio *audio, struct flv_config *out)
{
	bool is_g711 = audio->codec == FLV_G711_ALAW || audio->codec == FLV_G711_MULAW;

	if (!audio->is_header && !is_g711)
		return ERR_UNSUPPORTED;
	return read_facts(audio->codec, is_g711 ? (struct bytes){ 0 } : audio->payload, out);
}
