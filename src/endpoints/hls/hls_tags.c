/* SPDX-License-Identifier: Apache-2.0 */
/* FLV tags for the cutter: which are samples, and which tell of them. */
#include "endpoints/hls/hls_cutter.h"
#include "endpoints/hls/hls_cutter_private.h"

static enum err unsupported(struct why *why, const char *what, enum flv_codec codec)
{
	return why_set(why, ERR_UNSUPPORTED, "%s in %s is not carried over HLS", what,
	               flv_codec_text(codec));
}

static enum err take_video(struct hls_cutter *cutter, const struct flv_tag *tag, int64_t now_ms,
                           struct why *why)
{
	struct hls_tracks *tracks = &cutter->tracks;
	struct flv_video video;
	bool is_new = false;

	if (flv_read_video(tag->body, tag->size, &video) != ERR_OK)
		return ERR_OK;
	if (video.is_header) {
		enum err err = hls_tracks_set_video(tracks, &video, &is_new);
		if (err != ERR_OK)
			return unsupported(why, "video", video.codec);
		if (is_new)
			hls_cutter_reconfigure(cutter);
		return ERR_OK;
	}
	if (!video.is_frame || !video.payload.size)
		return ERR_OK;
	if (!tracks->video.is_there)
		return hls_can_carry(video.codec) ? ERR_OK : unsupported(why, "video", video.codec);
	if (video.codec != tracks->video.codec)
		return ERR_OK; /* until its configuration comes */
	cutter->unseen_ms = 0;
	if (video.is_key)
		hls_cutter_darken(cutter, false);
	if (cutter->is_dark)
		return ERR_OK;
	return hls_cutter_add_leading(cutter, tag->timestamp_ms, video.payload,
	                              video.composition_ms, video.is_key, now_ms, why);
}

/* How long there has been sound and no video; steps that are jumps do not count. */
static void count_unseen(struct hls_cutter *cutter, uint32_t stamp)
{
	int32_t step = (int32_t)(stamp - cutter->sound_stamp);

	if (cutter->has_sound_stamp && step > 0 && step <= HLS_JUMP_MS)
		cutter->unseen_ms += step;
	cutter->has_sound_stamp = true;
	cutter->sound_stamp = stamp;
}

/* Sound without video leads, once it is sure that no video comes. */
static enum err take_sound_alone(struct hls_cutter *cutter, const struct flv_tag *tag,
                                 const struct flv_audio *audio, int64_t now_ms, struct why *why)
{
	const struct hls_track *track = &cutter->tracks.sound;

	if (!cutter->leading && cutter->unseen_ms < HLS_SOUND_ALONE_MS)
		return ERR_OK;
	if (!track->is_there || audio->codec != track->codec)
		return unsupported(why, "sound", audio->codec);
	return hls_cutter_add_leading(cutter, tag->timestamp_ms, audio->payload, 0, true, now_ms,
	                              why);
}

static enum err take_sound(struct hls_cutter *cutter, const struct flv_tag *tag, int64_t now_ms,
                           struct why *why)
{
	struct hls_tracks *tracks = &cutter->tracks;
	struct flv_audio audio;
	bool is_new = false;

	if (flv_read_audio(tag->body, tag->size, &audio) != ERR_OK)
		return ERR_OK;
	if (audio.is_header) {
		if (hls_tracks_set_sound(tracks, &audio, &is_new) == ERR_OK && is_new)
			hls_cutter_reconfigure(cutter);
		return ERR_OK;
	}
	if (!audio.is_frame || !audio.payload.size)
		return ERR_OK;
	bool is_carried = tracks->sound.is_there && audio.codec == tracks->sound.codec;
	count_unseen(cutter, tag->timestamp_ms);
	if (is_carried && tracks->video.is_there && cutter->unseen_ms >= HLS_DARKNESS_MS)
		hls_cutter_darken(cutter, true);
	if (!hls_cutter_has_video(cutter))
		return take_sound_alone(cutter, tag, &audio, now_ms, why);
	if (is_carried)
		hls_cutter_add_sound(cutter, tag->timestamp_ms, audio.payload);
	return ERR_OK;
}

enum err hls_cutter_take(struct hls_cutter *cutter, const struct flv_tag *tag, int64_t now_ms,
                         struct why *why)
{
	if (tag->kind == FLV_VIDEO)
		return take_video(cutter, tag, now_ms, why);
	return tag->kind == FLV_AUDIO ? take_sound(cutter, tag, now_ms, why) : ERR_OK;
}
