/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/picture/source.h"

#include <string.h>

#include "base/clock.h"

#define BODY_KEEP (128 * 1024)

struct scene_view source_view(const struct source *source, int64_t now_ms)
{
	struct camera *camera = source->camera;

	ptz_advance(&camera->ptz, now_ms);
	return (struct scene_view){
		.position = ptz_position(&camera->ptz, now_ms),
		.now_ms = now_ms,
		.label = camera->did,
		.is_flipped = config_is(&camera->config, "image.flip"),
		.has_watermark = config_is(&camera->config, "image.watermark"),
		.is_night =
			str_equal(config_text(&camera->config, "image.day_night"), STR("night")),
	};
}

static int64_t live_due_ms(uint64_t count)
{
	return (int64_t)(count * 1000 / ENCODER_FPS);
}

static enum err encode(struct source *source, bool *out_is_key)
{
	struct scene_view view = source_view(source, clock_now_ms());
	struct scene_picture picture;
	enum err err = encoder_picture(source->encoder, &picture);

	if (err != ERR_OK)
		return err;
	scene_draw(source->scene, &view, &picture);
	buf_drop(&source->body, source->body.size, BODY_KEEP);
	err = encoder_encode(source->encoder, source->is_key_wanted, &source->body, out_is_key);
	source->is_key_wanted = false;
	return err;
}

/* All sound that is due, so that what is sent is in the order of time. */
static void send_sound(struct source *source, int64_t now_ms)
{
	AUTO_BUF body = { 0 };
	int64_t late = (now_ms - source->sounds * SOUND_FRAME_MS) / SOUND_FRAME_MS;

	if (late * SOUND_FRAME_MS > SOURCE_LATE_MS) {
		sound_skip(source->sound, late);
		source->sounds += late;
	}
	buf_init(&body, SOUND_FRAME_MAX);
	while (source->is_running && source->sounds * SOUND_FRAME_MS <= now_ms) {
		struct clip_frame frame = { .kind = FLV_AUDIO,
			                    .at_ms = source->sounds++ * SOUND_FRAME_MS };
		buf_clear(&body);
		if (sound_next(source->sound, &body) != ERR_OK)
			return;
		frame.body = buf_str(&body);
		source->on_frame(source->owner, &frame);
	}
}

static void on_live_due(struct timer *timer)
{
	struct source *source = CONTAINER_OF(timer, struct source, timer);
	int64_t now_ms = clock_steady_ms() - source->began_ms;
	bool is_key = false;

	if (source->sound)
		send_sound(source, now_ms);
	if (!source->is_running)
		return; /* the owner stopped it */
	enum err err = encode(source, &is_key);

	/* Frames that are late by a whole one are left out instead of being sent in a burst. */
	do
		source->count++;
	while (live_due_ms(source->count) < now_ms);
	loop_timer_start(source->loop, &source->timer, live_due_ms(source->count) - now_ms,
	                 on_live_due);
	if (err != ERR_OK)
		return;
	struct clip_frame frame = {
		.kind = FLV_VIDEO, .is_key = is_key, .at_ms = now_ms, .body = buf_str(&source->body)
	};
	source->on_frame(source->owner, &frame);
}

static void on_clip_due(struct timer *timer)
{
	struct source *source = CONTAINER_OF(timer, struct source, timer);
	const struct clip *clip = source->clip;
	int64_t now_ms = clock_steady_ms() - source->began_ms;

	/* After a jump of the clock the loop goes on from here instead of catching up. */
	if (now_ms - source->round_ms > 2 * clip->duration_ms)
		source->round_ms = now_ms - clip->frames[source->next].at_ms;
	while (source->is_running) {
		struct clip_frame frame = clip->frames[source->next];
		frame.at_ms += source->round_ms;
		if (frame.at_ms > now_ms) {
			loop_timer_start(source->loop, &source->timer, frame.at_ms - now_ms,
			                 on_clip_due);
			return;
		}
		if (++source->next == clip->count) {
			source->next = clip->header_count;
			source->round_ms += clip->duration_ms;
		}
		source->on_frame(source->owner, &frame);
	}
}

static void close_encoders(struct source *source)
{
	encoder_free(source->encoder);
	sound_free(source->sound);
	source->encoder = NULL;
	source->sound = NULL;
}

static enum err open_encoders(struct source *source, struct why *why)
{
	enum err err = encoder_new(&source->encoder, why);

	if (err == ERR_OK && !source->is_silent)
		err = sound_new(clock_now_ms(), &source->sound, why);
	if (err != ERR_OK) {
		close_encoders(source);
		return err;
	}
	source->headers[0] = (struct clip_frame){ .kind = FLV_VIDEO,
		                                  .is_header = true,
		                                  .body = encoder_header(source->encoder) };
	if (source->sound)
		source->headers[1] = (struct clip_frame){ .kind = FLV_AUDIO,
			                                  .is_header = true,
			                                  .body = sound_header(source->sound) };
	return ERR_OK;
}

enum err source_start(struct source *source, struct why *why)
{
	source->is_key_wanted = true;
	if (source->is_running)
		return ERR_OK;
	if (!source->clip) {
		enum err err = open_encoders(source, why);
		if (err != ERR_OK)
			return err;
		buf_init(&source->body, ENCODER_FRAME_MAX);
	} else {
		source->next = source->clip->header_count;
	}
	source->began_ms = clock_steady_ms();
	source->round_ms = 0;
	source->count = 0;
	source->sounds = 0;
	source->is_running = true;
	loop_timer_start(source->loop, &source->timer, 0, source->clip ? on_clip_due : on_live_due);
	return ERR_OK;
}

void source_stop(struct source *source)
{
	if (!source->is_running)
		return;
	source->is_running = false;
	loop_timer_stop(source->loop, &source->timer);
	close_encoders(source);
	buf_done(&source->body);
}

const struct clip_frame *source_headers(const struct source *source, size_t *out_count)
{
	*out_count = source->clip ? source->clip->header_count : source->sound ? 2 : 1;
	return source->clip ? source->clip->frames : source->headers;
}
