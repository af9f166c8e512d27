/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/rtmp/rtmp_intake.h"

#include <stdio.h>
#include <string.h>

#include "proto/flv/flv.h"
#include "proto/flv/flv_config.h"

void rtmp_intake_init(struct rtmp_intake *intake, struct publisher *publisher)
{
	*intake = (struct rtmp_intake){ .publisher = publisher,
		                        .goes_on_ms = publisher_goes_on_ms(publisher) };
	buf_init(&intake->metadata, RTMP_INTRO_MAX);
	buf_init(&intake->video, RTMP_INTRO_MAX);
	buf_init(&intake->audio, RTMP_INTRO_MAX);
}

void rtmp_intake_done(struct rtmp_intake *intake)
{
	buf_done(&intake->metadata);
	buf_done(&intake->video);
	buf_done(&intake->audio);
}

static enum flv_kind kind_of(const struct rtmp_media *media)
{
	switch (media->kind) {
	case RTMP_MEDIA_AUDIO: return FLV_AUDIO;
	case RTMP_MEDIA_VIDEO: return FLV_VIDEO;
	case RTMP_MEDIA_METADATA: break;
	}
	return FLV_SCRIPT;
}

/* Keeps a tag; false when it is the one that is kept already. */
static bool keep(struct buf *kept, const struct rtmp_media *media)
{
	uint8_t head[FLV_TAG_HEAD_SIZE], tail[FLV_TAG_TAIL_SIZE];
	size_t whole = sizeof head + media->size + sizeof tail;

	if (kept->size == whole && memcmp(kept->at + sizeof head, media->body, media->size) == 0)
		return false;
	flv_write_tag_head(head, kind_of(media), 0, media->size);
	flv_write_tag_tail(tail, media->size);
	buf_clear(kept);
	buf_add(kept, head, sizeof head);
	buf_add(kept, media->body, media->size);
	buf_add(kept, tail, sizeof tail);
	if (buf_err(kept) != ERR_OK)
		buf_clear(kept);
	return true;
}

static void set_intro(struct rtmp_intake *intake, bool fits_frames)
{
	const struct buf *tags[] = { &intake->metadata, &intake->video, &intake->audio };
	uint8_t head[FLV_HEADER_SIZE];
	AUTO_BUF config = { 0 };

	buf_init(&config, COUNT_OF(tags) * RTMP_INTRO_MAX);
	for (size_t i = 0; i < COUNT_OF(tags); i++)
		buf_add(&config, tags[i]->at, tags[i]->size);
	flv_write_header(head, intake->has_audio, intake->has_video);
	if (buf_err(&config) == ERR_OK)
		(void)publisher_set_intro(intake->publisher,
		                          (struct str){ (const char *)head, sizeof head },
		                          buf_str(&config), fits_frames);
}

/* Encoders' times jump; players would wait for hours, or go back. */
static uint32_t stamp(struct rtmp_intake *intake, const struct rtmp_media *media, bool is_frame)
{
	/* Many send configurations with the time 0, whenever it is. */
	if (!is_frame && media->timestamp_ms == 0)
		return intake->clock.newest;
	if (!intake->clock.is_started)
		flv_clock_init(&intake->clock, intake->goes_on_ms < 0
		                                       ? media->timestamp_ms
		                                       : (uint32_t)intake->goes_on_ms);
	return flv_clock_stamp(&intake->clock, kind_of(media), media->timestamp_ms);
}

static void add(struct rtmp_intake *intake, const struct rtmp_media *media, enum frame_kind kind,
                bool is_key, bool is_frame)
{
	uint8_t head[FLV_TAG_HEAD_SIZE], tail[FLV_TAG_TAIL_SIZE];
	uint32_t at_ms = stamp(intake, media, is_frame);
	struct frame frame = {
		.kind = kind, .is_key = is_key, .timestamp_ms = at_ms, .part_count = 3
	};

	flv_write_tag_head(head, kind_of(media), at_ms, media->size);
	flv_write_tag_tail(tail, media->size);
	frame.parts[0] = (struct iovec){ head, sizeof head };
	frame.parts[1].iov_len = media->size;
	memcpy(&frame.parts[1].iov_base, &media->body, sizeof media->body); /* not written to */
	frame.parts[2] = (struct iovec){ tail, sizeof tail };
	(void)publisher_add(intake->publisher, &frame);
}

static void describe_video(struct rtmp_intake *intake, const struct flv_video *video)
{
	struct stream_video facts = { 0 };
	struct flv_config config;

	(void)snprintf(facts.codec, sizeof facts.codec, "%s", flv_codec_text(video->codec));
	if (flv_video_config(video, &config) == ERR_OK) {
		(void)snprintf(facts.codec, sizeof facts.codec, "%s", config.text);
		facts.width = config.width;
		facts.height = config.height;
	}
	publisher_set_video(intake->publisher, &facts);
}

static void describe_audio(struct rtmp_intake *intake, const struct flv_audio *audio)
{
	struct stream_audio facts = { 0 };
	struct flv_config config;

	(void)snprintf(facts.codec, sizeof facts.codec, "%s", flv_codec_text(audio->codec));
	if (flv_audio_config(audio, &config) == ERR_OK) {
		(void)snprintf(facts.codec, sizeof facts.codec, "%s", config.text);
		facts.rate_hz = config.rate_hz;
		facts.channels = config.channels;
	}
	publisher_set_audio(intake->publisher, &facts);
}

static void take_video(struct rtmp_intake *intake, const struct rtmp_media *media)
{
	struct flv_video video;

	if (flv_read_video(media->body, media->size, &video) != ERR_OK)
		return;
	intake->has_video = true;
	if (video.is_header) {
		if (!keep(&intake->video, media))
			return;
		describe_video(intake, &video);
		set_intro(intake, false);
	}
	/* A configuration that changes goes to those who watch already, too. */
	if (video.is_frame || video.is_header || video.is_end)
		add(intake, media, FRAME_VIDEO, video.is_key && video.is_frame, video.is_frame);
}

static void take_audio(struct rtmp_intake *intake, const struct rtmp_media *media)
{
	struct flv_audio audio;

	if (flv_read_audio(media->body, media->size, &audio) != ERR_OK)
		return;
	bool is_first = !intake->has_audio; /* often right behind the first key frame */
	if (is_first) {
		intake->has_audio = true;
		describe_audio(intake, &audio);
		if (!audio.is_header)
			set_intro(intake, true);
	}
	if (audio.is_header) {
		if (!keep(&intake->audio, media))
			return;
		describe_audio(intake, &audio);
		set_intro(intake, is_first);
	}
	/* A configuration is no sound yet: the video's may come right behind it. */
	add(intake, media, audio.is_header ? FRAME_SCRIPT : FRAME_AUDIO, false, audio.is_frame);
}

void rtmp_intake_take(struct rtmp_intake *intake, const struct rtmp_media *media)
{
	switch (media->kind) {
	case RTMP_MEDIA_VIDEO: take_video(intake, media); return;
	case RTMP_MEDIA_AUDIO: take_audio(intake, media); return;
	case RTMP_MEDIA_METADATA:
		if (keep(&intake->metadata, media) && (intake->has_video || intake->has_audio))
			set_intro(intake, true);
		return;
	}
}
