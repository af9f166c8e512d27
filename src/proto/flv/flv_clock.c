/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/flv/flv_clock.h"

void flv_clock_init(struct flv_clock *clock, uint32_t first_ms)
{
	*clock = (struct flv_clock){ .first = first_ms, .newest = first_ms };
}

static bool is_within(uint32_t from_ms, uint32_t to_ms, int32_t back_ms)
{
	int32_t step_ms = (int32_t)(to_ms - from_ms);

	return step_ms >= -back_ms && step_ms <= FLV_CLOCK_AHEAD_MAX_MS;
}

/* A track begins or jumped: it goes by the other's count if that fits, else on from now. */
static void set_shift(struct flv_clock *clock, struct flv_clock_track *track,
                      const struct flv_clock_track *other, uint32_t raw_ms)
{
	uint32_t beside = raw_ms + other->shift;
	bool fits = other->is_started && is_within(clock->newest, beside, FLV_CLOCK_APART_MAX_MS) &&
	            (!track->is_started || (int32_t)(beside - track->told) >= 0);

	track->shift = fits ? other->shift : clock->newest - raw_ms;
}

uint32_t flv_clock_stamp(struct flv_clock *clock, enum flv_kind kind, uint32_t raw_ms)
{
	bool is_sound = kind == FLV_AUDIO;
	struct flv_clock_track *track = is_sound ? &clock->sound : &clock->picture;
	const struct flv_clock_track *other = is_sound ? &clock->picture : &clock->sound;

	if (!track->is_started || !is_within(track->raw, raw_ms, FLV_CLOCK_BACK_MAX_MS))
		set_shift(clock, track, other, raw_ms);
	uint32_t out = raw_ms + track->shift;
	/* Sound that is a little older than the first picture, or a step back within the track. */
	if ((int32_t)(out - clock->first) < 0 && clock->newest - clock->first < INT32_MAX)
		out = clock->first;
	if (track->is_started && (int32_t)(out - track->told) < 0)
		out = track->told;
	track->is_started = true;
	track->raw = raw_ms;
	track->told = out;
	if ((int32_t)(out - clock->newest) > 0)
		clock->newest = out;
	clock->is_started = true;
	return out;
}
