/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/hls/hls_tracks.h"

#include <string.h>

#define AAC_FRAME_SAMPLES 1024
#define OPUS_STEP_SAMPLES 120 /* 2.5 ms of 48 kHz: the shortest packet */
#define OPUS_RATE_HZ      48000
#define INIT_BYTES_MAX    (MP4_RECORD_MAX + 4096)

void hls_tracks_init(struct hls_tracks *tracks)
{
	*tracks = (struct hls_tracks){ 0 };
	buf_init(&tracks->video.record, MP4_RECORD_MAX);
	buf_init(&tracks->sound.record, MP4_SOUND_RECORD_MAX);
}

void hls_tracks_done(struct hls_tracks *tracks)
{
	buf_done(&tracks->video.record);
	buf_done(&tracks->sound.record);
}

static enum err mp4_codec_of(enum flv_codec codec, enum mp4_codec *out)
{
	static const struct {
		enum flv_codec flv;
		enum mp4_codec mp4;
	} rows[] = {
		{ FLV_AVC, MP4_AVC }, { FLV_HEVC, MP4_HEVC }, { FLV_AV1, MP4_AV1 },
		{ FLV_AAC, MP4_AAC }, { FLV_OPUS, MP4_OPUS },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].flv == codec) {
			*out = rows[i].mp4;
			return ERR_OK;
		}
	}
	return ERR_UNSUPPORTED;
}

bool hls_can_carry(enum flv_codec codec)
{
	enum mp4_codec mp4;

	return mp4_codec_of(codec, &mp4) == ERR_OK;
}

static enum err set_track(struct hls_track *track, const struct flv_config *facts,
                          uint32_t timescale, bool *out_is_new)
{
	enum mp4_codec codec;
	enum err err = mp4_codec_of(facts->codec, &codec);

	if (err != ERR_OK)
		return err;
	*out_is_new = !track->is_there || track->mp4.codec != codec ||
	              track->record.size != facts->record.size ||
	              memcmp(track->record.at, facts->record.at, facts->record.size) != 0;
	if (!*out_is_new)
		return ERR_OK;
	buf_clear(&track->record);
	buf_add(&track->record, facts->record.at, facts->record.size);
	if (buf_err(&track->record) != ERR_OK)
		return buf_err(&track->record);
	track->mp4 = (struct mp4_track){
		.codec = codec,
		.timescale = timescale,
		.record = bytes_of(track->record.at, track->record.size),
		.width = facts->width,
		.height = facts->height,
		.channels = facts->channels,
		.rate_hz = facts->rate_hz,
	};
	memcpy(track->text, facts->text, sizeof track->text);
	track->codec = facts->codec;
	track->is_there = true;
	return ERR_OK;
}

enum err hls_tracks_set_video(struct hls_tracks *tracks, const struct flv_video *video,
                              bool *out_is_new)
{
	struct flv_config facts;
	enum err err = flv_video_config(video, &facts);

	return err != ERR_OK ? err
	                     : set_track(&tracks->video, &facts, HLS_VIDEO_TIMESCALE, out_is_new);
}

enum err hls_tracks_set_sound(struct hls_tracks *tracks, const struct flv_audio *audio,
                              bool *out_is_new)
{
	struct flv_config facts;
	enum err err = flv_audio_config(audio, &facts);

	if (err == ERR_OK && facts.codec == FLV_OPUS)
		facts.rate_hz = OPUS_RATE_HZ;
	return err != ERR_OK ? err : set_track(&tracks->sound, &facts, facts.rate_hz, out_is_new);
}

enum err hls_tracks_write_init(const struct hls_tracks *tracks, bool has_video, bool has_sound,
                               struct hls_bytes **out)
{
	struct mp4_track mp4[MP4_TRACKS_MAX];
	size_t count = 0;
	AUTO_BUF init = { 0 };

	if (has_video)
		mp4[count++] = tracks->video.mp4;
	if (has_sound)
		mp4[count++] = tracks->sound.mp4;
	buf_init(&init, INIT_BYTES_MAX);
	enum err err = mp4_write_init(mp4, count, &init);
	if (err != ERR_OK)
		return err == ERR_INVALID ? ERR_UNSUPPORTED : err;
	*out = hls_bytes_copy(buf_str(&init));
	return *out ? ERR_OK : ERR_NO_MEMORY;
}

uint32_t hls_sound_quantum(const struct hls_tracks *tracks)
{
	return tracks->sound.mp4.codec == MP4_OPUS ? OPUS_STEP_SAMPLES : AAC_FRAME_SAMPLES;
}
