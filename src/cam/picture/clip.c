/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/picture/clip.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "cam/picture/encoder.h"
#include "io/file.h"
#include "proto/flv/flv_media.h"

#define FRAME_MS (1000 / ENCODER_FPS)

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

/* Headers to the front, times from 0, and what was taken too much given back. */
static enum err put_in_order(struct clip *clip, struct why *why)
{
	struct clip_frame *sorted = calloc(clip->count ? clip->count : 1, sizeof *sorted);
	size_t at = 0, video = 0;
	int64_t first_ms = INT64_MAX, last_ms = 0;

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
		first_ms = frame->at_ms < first_ms ? frame->at_ms : first_ms;
		last_ms = frame->at_ms > last_ms ? frame->at_ms : last_ms;
		video += frame->kind == FLV_VIDEO;
	}
	for (size_t i = 0; i < at; i++)
		sorted[i].at_ms = sorted[i].is_header ? 0 : sorted[i].at_ms - first_ms;
	free(clip->frames);
	clip->frames = sorted;
	if (video == 0)
		return why_set(why, ERR_UNSUPPORTED, "the clip has no video");
	/* The last frame is shown as long as an average one. */
	clip->duration_ms = last_ms - first_ms;
	clip->duration_ms += video > 1 ? clip->duration_ms / (int64_t)(video - 1) : FRAME_MS;
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

static enum err draw_frames(struct encoder *encoder, const struct scene *scene, struct buf *flv)
{
	int64_t now_ms = clock_now_ms();
	struct scene_picture picture;
	enum err err = ERR_OK;
	AUTO_BUF body = { 0 };
	bool is_key;

	buf_init(&body, ENCODER_FRAME_MAX);
	for (int64_t at_ms = 0; err == ERR_OK && at_ms < CLIP_BUILT_MS; at_ms += FRAME_MS) {
		struct scene_view view = {
			.position = { .pan = (int)(at_ms * 400 / CLIP_BUILT_MS) },
			.now_ms = now_ms + at_ms,
			.label = "VIGIL LOOP",
			.has_watermark = true,
		};
		err = encoder_picture(encoder, &picture);
		if (err != ERR_OK)
			break;
		scene_draw(scene, &view, &picture);
		buf_clear(&body);
		err = encoder_encode(encoder, false, &body, &is_key);
		clip_write_tag(flv, FLV_VIDEO, at_ms, buf_str(&body));
	}
	return err == ERR_OK ? buf_err(flv) : err;
}

enum err clip_build(struct clip **out, struct why *why)
{
	AUTO(encoder) encoder = NULL;
	AUTO(scene) scene = NULL;
	AUTO_BUF flv = { 0 };

	buf_init(&flv, CLIP_BYTES_MAX);
	enum err err = scene_new(&scene);
	if (err == ERR_OK)
		err = encoder_new(&encoder, why);
	if (err != ERR_OK)
		return err;
	clip_write_head(&flv, false);
	clip_write_tag(&flv, FLV_VIDEO, 0, encoder_header(encoder));
	err = draw_frames(encoder, scene, &flv);
	return err == ERR_OK ? parse(&flv, out, why) : err;
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
