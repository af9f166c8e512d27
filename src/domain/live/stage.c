/* SPDX-License-Identifier: Apache-2.0 */
/* How far a stream is, for people: by what demand wants and by the media that came. */
#include <stdio.h>
#include <string.h>

#include "base/metric.h"
#include "domain/live/live_private.h"

#define X(name, text) text,
static const char *const texts[] = { STREAM_STAGES(X) };
#undef X

const char *stream_stage_text(enum stream_stage stage)
{
	return texts[stage];
}

enum stream_stage stage_of(const struct stream *stream)
{
	bool has_key = stream->ring.key != RING_NO_KEY;
	bool has_failed = stream->failed.reason != REASON_NONE;

	switch (stream->state) {
	case DEMAND_ASKING: return STAGE_ASKED;
	case DEMAND_WAITING: return STAGE_ANSWERED;
	case DEMAND_FAILED: return STAGE_FAILED;
	case DEMAND_ENDING: return STAGE_PLAYING;
	case DEMAND_IDLE:
	case DEMAND_SENDING:
	case DEMAND_LINGERING:
	case DEMAND_STOPPING: break;
	}
	if (!stream->publisher)
		return STAGE_IDLE;
	if (has_key)
		return STAGE_PLAYING;
	return has_failed ? STAGE_FAILED : STAGE_PUSHING;
}

/* A lost push is asked for and waited for like the first; the words differ. */
static const char *words_of(const struct stream *stream)
{
	switch (stream->stage) {
	case STAGE_IDLE: return "Nobody is watching";
	case STAGE_ASKED: return "The camera is asked to send its picture";
	case STAGE_ANSWERED:
		if (stream->is_resuming)
			return "The picture was lost: waiting for the camera to send it again";
		if (!stream->is_asked_to_play)
			return "This camera sends by itself: waiting for its picture";
		return "The camera agreed to send its picture: waiting for it";
	case STAGE_PUSHING:
		if (stream->ring.is_shed)
			return "More data than there is room for: waiting for the next complete "
			       "picture";
		return "The camera sends: waiting for a complete picture";
	case STAGE_PLAYING: break;
	case STAGE_FAILED: return stream->failed.text;
	}
	switch (stream->state) {
	case DEMAND_LINGERING: return "Nobody is watching any more: the camera goes on for a while";
	case DEMAND_STOPPING: return "The camera was told to stop";
	case DEMAND_ENDING: return "The recording is over";
	case DEMAND_IDLE:
	case DEMAND_ASKING:
	case DEMAND_WAITING:
	case DEMAND_SENDING:
	case DEMAND_FAILED: break;
	}
	return stream->viewers ? "Playing" : "The camera sends, nobody is watching";
}

void stage_write(const struct stream *stream, char out[WHY_TEXT_MAX])
{
	(void)snprintf(out, WHY_TEXT_MAX, "%s", words_of(stream));
}

void stage_count_failures(int reason, int64_t views)
{
	static const struct {
		int reason;
		enum metric metric;
	} counters[] = {
		{ REASON_DEVICE_OFFLINE, METRIC_view_offline_total },
		{ REASON_DEVICE_DISABLED, METRIC_view_offline_total },
		{ REASON_NO_ANSWER, METRIC_view_no_answer_total },
		{ REASON_DEVICE_TIMEOUT, METRIC_view_no_answer_total },
		{ REASON_DEVICE_REFUSED, METRIC_view_refused_total },
		{ REASON_NO_PUSH, METRIC_view_no_push_total },
		{ REASON_NO_KEY_FRAME, METRIC_view_no_key_frame_total },
		{ REASON_CODEC_UNSUPPORTED, METRIC_view_codec_total },
		{ REASON_STREAM_ENDED, METRIC_view_ended_total },
	};

	for (size_t i = 0; i < COUNT_OF(counters); i++) {
		if (counters[i].reason == reason) {
			metric_add(counters[i].metric, views);
			return;
		}
	}
	metric_add(METRIC_view_other_total, views);
}
