/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/clip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "cam/encoder.h"

#define FLV_HEAD_SIZE  9
#define FLV_TAG_HEAD   11
#define FLV_FLAG_AUDIO 4
#define FLV_FLAG_VIDEO 1
#define VIDEO_KEY      1 /* high half of a video body's first byte */
#define VIDEO_AVC      7
#define AUDIO_AAC      10
#define FRAME_MS       (1000 / ENCODER_FPS)
#define PREVIOUS_SIZE  4

void clip_write_head(struct buf *out, bool has_audio)
{
	buf_add(out, "FLV\1", 4);
	buf_add_u8(out, (uint8_t)(FLV_FLAG_VIDEO | (has_audio ? FLV_FLAG_AUDIO : 0)));
	buf_add_u32(out, FLV_HEAD_SIZE);
	buf_add_u32(out, 0);
}

void clip_write_tag(struct buf *out, enum clip_kind kind, int64_t at_ms, struct str body)
{
	buf_add_u8(out, (uint8_t)kind);
	buf_add_u24(out, (uint32_t)body.size);
	buf_add_u24(out, (uint32_t)at_ms & 0xffffff);
	buf_add_u8(out, (uint8_t)((uint32_t)at_ms >> 24));
	buf_add_u24(out, 0);
	buf_add_str(out, body);
	buf_add_u32(out, (uint32_t)body.size + FLV_TAG_HEAD);
}

/* What the first two bytes of a body say. */
static void classify(struct clip_frame *frame)
{
	const uint8_t *body = (const uint8_t *)frame->body.at;

	if (frame->kind == CLIP_VIDEO) {
		frame->is_header = (body[0] & 0x0f) == VIDEO_AVC && body[1] == 0;
		frame->is_key = body[0] >> 4 == VIDEO_KEY && !frame->is_header;
	} else {
		frame->is_header = body[0] >> 4 == AUDIO_AAC && body[1] == 0;
	}
}

/* One tag; ERR_MORE at the end, also in the middle of a tag: a recording may have been cut. */
static enum err read_tag(struct bytes *bytes, struct clip_frame *out, bool *out_is_media)
{
	uint8_t kind = bytes_u8(bytes) & 0x1f;
	uint32_t size = bytes_u24(bytes);
	uint32_t low = bytes_u24(bytes), high = bytes_u8(bytes);

	(void)bytes_u24(bytes);
	struct str body = bytes_str(bytes, size);
	(void)bytes_take(bytes, PREVIOUS_SIZE);
	if (bytes->is_short)
		return ERR_MORE;
	*out = (struct clip_frame){ .kind = (enum clip_kind)kind,
		                    .at_ms = (int64_t)(high << 24 | low),
		                    .body = body };
	*out_is_media = (kind == CLIP_AUDIO || kind == CLIP_VIDEO) && size >= 2;
	if (*out_is_media)
		classify(out);
	return ERR_OK;
}

static enum err collect(struct clip *clip, struct bytes bytes, struct why *why)
{
	struct clip_frame frame;
	bool is_media;

	clip->frames = calloc(CLIP_FRAMES_MAX, sizeof *clip->frames);
	if (!clip->frames)
		return ERR_NO_MEMORY;
	while (read_tag(&bytes, &frame, &is_media) == ERR_OK) {
		if (!is_media)
			continue;
		if (clip->count == CLIP_FRAMES_MAX)
			return why_set(why, ERR_TOO_LARGE, "the clip has over %d frames",
			               CLIP_FRAMES_MAX);
		clip->frames[clip->count++] = frame;
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
		video += frame->kind == CLIP_VIDEO;
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
	const uint8_t *head = bytes_take(&bytes, FLV_HEAD_SIZE + PREVIOUS_SIZE);
	if (!head || memcmp(head, "FLV\1", 4) != 0)
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
	AUTO_BUF body;
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
		clip_write_tag(flv, CLIP_VIDEO, at_ms, buf_str(&body));
	}
	return err == ERR_OK ? buf_err(flv) : err;
}

enum err clip_build(struct clip **out, struct why *why)
{
	AUTO(encoder) encoder = NULL;
	AUTO(scene) scene = NULL;
	AUTO_BUF flv;

	buf_init(&flv, CLIP_BYTES_MAX);
	enum err err = scene_new(&scene);
	if (err == ERR_OK)
		err = encoder_new(&encoder, why);
	if (err != ERR_OK)
		return err;
	clip_write_head(&flv, false);
	clip_write_tag(&flv, CLIP_VIDEO, 0, encoder_header(encoder));
	err = draw_frames(encoder, scene, &flv);
	return err == ERR_OK ? parse(&flv, out, why) : err;
}

static enum err read_file(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rbe");

	if (!file)
		return err_from_errno(errno);
	for (size_t got = 1; got > 0;) {
		uint8_t *to = buf_reserve(out, 65536);
		got = to ? fread(to, 1, 65536, file) : 0;
		buf_grew(out, got);
	}
	enum err err = ferror(file) ? ERR_IO : buf_err(out);
	(void)fclose(file);
	return err;
}

enum err clip_read(const char *path, struct clip **out, struct why *why)
{
	AUTO_BUF flv;

	buf_init(&flv, CLIP_BYTES_MAX);
	enum err err = read_file(path, &flv);
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
