/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/body/ptz.h"

#include <stdlib.h>
#include <string.h>

#define CALL_MS_MIN 300

/* Steps a second. */
static const int speeds[] = { 150, 350, 800 };

/* The three axes' signs and the codes of the limits the direction runs into. */
struct way {
	int pan, tilt, zoom;
	enum code limit;
};

/* clang-format off */
static const struct way ways[PTZ_DIRECTION_COUNT] = {
	[PTZ_UP]         = {  0,  1,  0, CODE_UPPER_LIMIT },
	[PTZ_DOWN]       = {  0, -1,  0, CODE_LOWER_LIMIT },
	[PTZ_LEFT]       = { -1,  0,  0, CODE_LEFT_LIMIT  },
	[PTZ_RIGHT]      = {  1,  0,  0, CODE_RIGHT_LIMIT },
	[PTZ_UP_LEFT]    = { -1,  1,  0, CODE_UPPER_LIMIT },
	[PTZ_DOWN_LEFT]  = { -1, -1,  0, CODE_LOWER_LIMIT },
	[PTZ_UP_RIGHT]   = {  1,  1,  0, CODE_UPPER_LIMIT },
	[PTZ_DOWN_RIGHT] = {  1, -1,  0, CODE_LOWER_LIMIT },
	[PTZ_ZOOM_IN]    = {  0,  0,  1, CODE_FAILED      },
	[PTZ_ZOOM_OUT]   = {  0,  0, -1, CODE_FAILED      },
	[PTZ_FOCUS_NEAR] = {  0,  0,  0, CODE_OK          },
	[PTZ_FOCUS_FAR]  = {  0,  0,  0, CODE_OK          },
};
/* clang-format on */

void ptz_init(struct ptz *ptz)
{
	memset(ptz, 0, sizeof *ptz);
}

static int clamp(int64_t value, int least, int most)
{
	if (value < least)
		return least;
	return value > most ? most : (int)value;
}

static struct ptz_position moved(const struct ptz *ptz, int64_t now_ms)
{
	const struct way *way = &ways[ptz->direction];
	int64_t steps = speeds[ptz->speed] * (now_ms - ptz->since_ms) / 1000;

	return (struct ptz_position){
		.pan = clamp(ptz->from.pan + way->pan * steps, -PTZ_PAN_MAX, PTZ_PAN_MAX),
		.tilt = clamp(ptz->from.tilt + way->tilt * steps, -PTZ_TILT_MAX, PTZ_TILT_MAX),
		.zoom = clamp(ptz->from.zoom + way->zoom * steps, 0, PTZ_ZOOM_MAX),
	};
}

static int between(int from, int to, int64_t part, int64_t whole)
{
	return from + (int)((to - from) * part / whole);
}

struct ptz_position ptz_position(const struct ptz *ptz, int64_t now_ms)
{
	if (ptz->motion == PTZ_STILL || now_ms <= ptz->since_ms)
		return ptz->from;
	int64_t until_ms = now_ms < ptz->until_ms ? now_ms : ptz->until_ms;
	if (ptz->motion == PTZ_MOVING)
		return moved(ptz, until_ms);
	int64_t part = until_ms - ptz->since_ms, whole = ptz->until_ms - ptz->since_ms;
	return (struct ptz_position){
		.pan = between(ptz->from.pan, ptz->to.pan, part, whole),
		.tilt = between(ptz->from.tilt, ptz->to.tilt, part, whole),
		.zoom = between(ptz->from.zoom, ptz->to.zoom, part, whole),
	};
}

static int distance(struct ptz_position a, struct ptz_position b)
{
	int pan = abs(a.pan - b.pan), tilt = abs(a.tilt - b.tilt), zoom = abs(a.zoom - b.zoom);
	int most = pan > tilt ? pan : tilt;

	return most > zoom ? most : zoom;
}

static void begin_call(struct ptz *ptz, enum ptz_motion motion, struct ptz_position to, int speed,
                       int64_t now_ms)
{
	int64_t ms = (int64_t)distance(ptz->from, to) * 1000 / speed;

	ptz->motion = motion;
	ptz->to = to;
	ptz->since_ms = now_ms;
	ptz->until_ms = now_ms + (ms > CALL_MS_MIN ? ms : CALL_MS_MIN);
}

/* One change of state that was due at or before now_ms; false when there is none left. */
static bool step(struct ptz *ptz, int64_t now_ms)
{
	switch (ptz->motion) {
	case PTZ_STILL:
		if (ptz->cruise.count == 0 || now_ms < ptz->cruise.due_ms)
			return false;
		begin_call(ptz, PTZ_CRUISING, ptz->cruise.stops[ptz->cruise.next],
		           speeds[ptz->cruise.speed], ptz->cruise.due_ms);
		return true;
	case PTZ_MOVING:
	case PTZ_CALLING:
		if (now_ms < ptz->until_ms)
			return false;
		ptz->from = ptz_position(ptz, ptz->until_ms);
		ptz->motion = PTZ_STILL;
		return true;
	case PTZ_CRUISING:
		if (now_ms < ptz->until_ms)
			return false;
		ptz->from = ptz->to;
		ptz->motion = PTZ_STILL;
		ptz->cruise.next = (ptz->cruise.next + 1) % ptz->cruise.count;
		ptz->cruise.due_ms = ptz->until_ms + ptz->cruise.dwell_ms;
		return true;
	}
	return false;
}

void ptz_advance(struct ptz *ptz, int64_t now_ms)
{
	/* A clock that jumped by days must not walk a cruise through every stop of them. */
	for (int i = 0; i < 2 * PTZ_CRUISE_MAX; i++)
		if (!step(ptz, now_ms))
			return;
	ptz->cruise.due_ms = now_ms;
}

/* Ends what runs at the place it has come to, and keeps a cruise off for a while. */
static void take_over(struct ptz *ptz, int64_t now_ms)
{
	ptz->from = ptz_position(ptz, now_ms);
	ptz->motion = PTZ_STILL;
	ptz->cruise.due_ms = now_ms + PTZ_CRUISE_PAUSE_MS;
}

static bool is_same(struct ptz_position a, struct ptz_position b)
{
	return distance(a, b) == 0;
}

enum code ptz_start(struct ptz *ptz, int direction, int speed, int64_t now_ms)
{
	if (direction < 0 || direction >= PTZ_DIRECTION_COUNT || speed < 0 || speed > 2)
		return CODE_UNSUPPORTED;
	ptz_advance(ptz, now_ms);
	if (ptz->motion == PTZ_CALLING)
		return CODE_PRESET_CALLING;
	take_over(ptz, now_ms);

	struct ptz next = *ptz;
	next.motion = PTZ_MOVING;
	next.direction = direction;
	next.speed = speed;
	next.since_ms = now_ms;
	next.until_ms = now_ms + PTZ_AUTO_STOP_MS;
	if (is_same(moved(&next, next.until_ms), ptz->from))
		return ways[direction].limit;
	*ptz = next;
	return CODE_OK;
}

void ptz_stop(struct ptz *ptz, int64_t now_ms)
{
	ptz_advance(ptz, now_ms);
	take_over(ptz, now_ms);
}

enum code ptz_goto(struct ptz *ptz, struct ptz_position to, int64_t now_ms)
{
	ptz_advance(ptz, now_ms);
	if (ptz->motion == PTZ_CALLING)
		return CODE_PRESET_CALLING;
	take_over(ptz, now_ms);
	if (is_same(ptz->from, to))
		return CODE_PRESET_CURRENT;
	begin_call(ptz, PTZ_CALLING, to, speeds[2], now_ms);
	return CODE_OK;
}

void ptz_cruise(struct ptz *ptz, const struct ptz_position *stops, size_t count, int64_t dwell_ms,
                int speed, int64_t now_ms)
{
	ptz_advance(ptz, now_ms);
	if (ptz->motion == PTZ_CRUISING)
		take_over(ptz, now_ms);
	ptz->cruise.count = count < PTZ_CRUISE_MAX ? count : PTZ_CRUISE_MAX;
	for (size_t i = 0; i < ptz->cruise.count; i++)
		ptz->cruise.stops[i] = stops[i];
	ptz->cruise.next = 0;
	ptz->cruise.dwell_ms = dwell_ms;
	ptz->cruise.speed = speed;
	ptz->cruise.due_ms = now_ms;
}

bool ptz_is_calling(const struct ptz *ptz)
{
	return ptz->motion == PTZ_CALLING;
}
