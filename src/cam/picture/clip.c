/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/picture/clip.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "cam/picture/encoder.h"
#include "cam/picture/sound.h"
#include "io/file.h"
#include "proto/flv/flv_media.h"

#define FRAME_MS (1000 / ENCODER_FPS)

/* The frames of one kind, as far as they were seen. */
struct track {
	int64_t first_ms, last_ms, count;
};

void clip_write_head(struct buf *out, bool has_audio)
{
	uint8_t head[FLV_HEADER_SIZE];

	flv_write_header(head, has_audio, true);
	buf_add(out, head, sizeof head);
}

void clip_write_tag(struct buf *out, enum flv_kind kind, int64_t at_ms, struct str body)
{
	uint8_t head[FLV_TAG_HEAD_SIZE], tail[FLV_TAG_TAIL_SIZE];

	flv_write_tag_head(head, kind, (uint32_t)at_ms, body.size);
	flv_write_tag_tail(tail, body.size);
	buf_add(out, head, sizeof head);
	buf_add_str(out, body);
	buf_add(out, tail, sizeof tail);
}

/* False for a body that cannot be sent on. */
static bool classify(struct clip_frame *frame)
{
	const uint8_t *body = (const uint8_t *)frame->body.at;
	struct flv_video video = { 0 };
	struct flv_audio audio = { 0 };

	if (frame->kind == FLV_AUDIO) {
		if (flv_read_audio(body, frame->body.size, &audio) != ERR_OK)
			return false;
		frame->is_header = audio.is_header;
		return audio.is_header || audio.is_frame;
	}
	if (flv_read_video(body, frame->body.size, &video) != ERR_OK)
		return false;
	frame->is_header = video.is_header;
	frame->is_key = video.is_key;
	return video.is_header || video.is_frame;
}

static enum err collect(struct clip *clip, struct bytes bytes, struct why *why)
{
	struct flv_tag tag;

	clip->frames = calloc(CLIP_FRAMES_MAX, sizeof *clip->frames);
	if (!clip->frames)
		return ERR_NO_MEMORY;
	/* A recording may have been cut in the middle of a tag: what is whole counts. */
	while (flv_read_tag(&bytes, &tag) == ERR_OK) {
		if (tag.kind != FLV_AUDIO && tag.kind != FLV_VIDEO)
			continue;
		if (clip->count == CLIP_FRAMES_MAX)
			return why_set(why, ERR_TOO_LARGE, "the clip has over %d frames",
			               CLIP_FRAMES_MAX);
		struct clip_frame *frame = &clip->frames[clip->count];
		frame->kind = (enum flv_kind)tag.kind;
		frame->at_ms = tag.timestamp_ms;
		frame->body = (struct str){ (const char *)tag.body, tag.size };
		clip->count += classify(frame);
	}
	return ERR_OK;
}

static void track_add(struct track *track, int64_t at_ms)
{
	if (track->count++ == 0)
		track->first_ms = track->last_ms = at_ms;
	track->first_ms = at_ms < track->first_ms ? at_ms : track->first_ms;
	track->last_ms = at_ms > track->last_ms ? at_ms : track->last_ms;
}

/* The last frame lasts as long as an average one. */
static int64_t track_end_ms(const struct track *track)
{
	int64_t gaps = track->count - 1;

	if (gaps < 1)
		return track->last_ms + (track->count ? FRAME_MS : 0);
	return track->last_ms + (track->last_ms - track->first_ms + gaps / 2) / gaps;
}

/* Headers to the front, times from 0, and what was taken too much given back. */
static enum err put_in_order(struct clip *clip, struct why *why)
{
	struct clip_frame *sorted = calloc(clip->count ? clip->count : 1, sizeof *sorted);
	struct track video = { 0 }, audio = { 0 };
	size_t at = 0;

	if (!sorted)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < clip->count; i++)
		if (clip->frames[i].is_header)
			sorted[at++] = clip->frames[i];
	clip->header_count = at;
	for (size_t i = 0; i < clip->count; i++) {
		const struct clip_frame *frame = &clip->frames[i];
		if (frame->is_header)
			continue;
		sorted[at++] = *frame;
		track_add(frame->kind == FLV_VIDEO ? &video : &audio, frame->at_ms);
	}
	bool is_sound_first = audio.count && audio.first_ms < video.first_ms;
	int64_t first_ms = is_sound_first ? audio.first_ms : video.first_ms;
	for (size_t i = 0; i < at; i++)
		sorted[i].at_ms = sorted[i].is_header ? 0 : sorted[i].at_ms - first_ms;
	free(clip->frames);
	clip->frames = sorted;
	if (video.count == 0)
		return why_set(why, ERR_UNSUPPORTED, "the clip has no video");
	int64_t video_end_ms = track_end_ms(&video), audio_end_ms = track_end_ms(&audio);
	clip->duration_ms = (audio_end_ms > video_end_ms ? audio_end_ms : video_end_ms) - first_ms;
	if (clip->duration_ms <= 0)
		return why_set(why, ERR_MALFORMED, "the clip's frames have no times");
	return ERR_OK;
}

/* Takes the content of *flv, which is empty afterwards. */
static enum err parse(struct buf *flv, struct clip **out, struct why *why)
{
	AUTO(clip) clip = calloc(1, sizeof *clip);

	if (!clip)
		return ERR_NO_MEMORY;
	struct bytes bytes = bytes_of(flv->at, flv->size);
	clip->bytes = TAKE(flv->at);
	buf_init(flv, 0);
	struct flv_header head;
	if (flv_read_header(&bytes, &head) != ERR_OK)
		return why_set(why, ERR_MALFORMED, "the clip is no FLV file");
	enum err err = collect(clip, bytes, why);
	if (err == ERR_OK)
		err = put_in_order(clip, why);
	if (err == ERR_OK)
		*out = TAKE(clip);
	return err;
}

/* What a clip is built with. */
struct builder {
	struct encoder *encoder;
	struct sound *sound; /* NULL: silent */
	struct scene *scene;
	int64_t begin_ms; /* time of day */
	int64_t sounds;
	struct buf flv, body;
};

static enum err add_sound(struct builder *builder, int64_t until_ms)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && builder->sounds * SOUND_FRAME_MS <= until_ms) {
		buf_clear(&builder->body);
		err = sound_next(builder->sound, &builder->body);
		clip_write_tag(&builder->flv, FLV_AUDIO, builder->sounds++ * SOUND_FRAME_MS,
		               buf_str(&builder->body));
	}
	return err;
}

static enum err add_picture(struct builder *builder, int64_t at_ms)
{
	struct scene_view view = {
		.position = { .pan = (int)(at_ms * 400 / CLIP_BUILT_MS) },
		.now_ms = builder->begin_ms + at_ms,
		.label = "VIGIL LOOP",
		.has_watermark = true,
	};
	struct scene_picture picture;
	enum err err = encoder_picture(builder->encoder, &picture);
	bool is_key;

	if (err != ERR_OK)
		return err;
	scene_draw(builder->scene, &view, &picture);
	buf_clear(&builder->body);
	err = encoder_encode(builder->encoder, false, &builder->body, &is_key);
	clip_write_tag(&builder->flv, FLV_VIDEO, at_ms, buf_str(&builder->body));
	return err;
}

static enum err build(struct builder *builder)
{
	enum err err = ERR_OK;
	int64_t at_ms = 0;

	clip_write_head(&builder->flv, builder->sound);
	clip_write_tag(&builder->flv, FLV_VIDEO, 0, encoder_header(builder->encoder));
	if (builder->sound)
		clip_write_tag(&builder->flv, FLV_AUDIO, 0, sound_header(builder->sound));
	for (int64_t i = 0; err == ERR_OK && at_ms < CLIP_BUILT_MS; i++) {
		err = add_picture(builder, at_ms);
		at_ms = (i + 1) * 1000 / ENCODER_FPS;
		if (err == ERR_OK && builder->sound)
			err = add_sound(builder, at_ms - 1);
	}
	return err == ERR_OK ? buf_err(&builder->flv) : err;
}

static void builder_done(struct builder *builder)
{
	encoder_free(builder->encoder);
	sound_free(builder->sound);
	scene_free(builder->scene);
	buf_done(&builder->flv);
	buf_done(&builder->body);
}

enum err clip_build(bool is_silent, struct clip **out, struct why *why)
{
	struct builder builder = { .begin_ms = clock_now_ms() };

	buf_init(&builder.flv, CLIP_BYTES_MAX);
	buf_init(&builder.body, ENCODER_FRAME_MAX);
	enum err err = scene_new(&builder.scene);
	if (err == ERR_OK)
		err = encoder_new(&builder.encoder, why);
	if (err == ERR_OK && !is_silent)
		err = sound_new(builder.begin_ms, &builder.sound, why);
	if (err == ERR_OK)
		err = build(&builder);
	if (err == ERR_OK)
		err = parse(&builder.flv, out, why);
	builder_done(&builder);
	return err;
}

enum err clip_read(const char *path, struct clip **out, struct why *why)
{
	AUTO_BUF flv = { 0 };

	buf_init(&flv, CLIP_BYTES_MAX);
	enum err err = file_read(path, &flv);
	if (err != ERR_OK)
		return why_set(why, err, "cannot read %s", path);
	return parse(&flv, out, why);
}

void clip_free(struct clip *clip)
{
	if (!clip)
		return;
	free(clip->bytes);
	free(clip->frames);
	free(clip);
}
