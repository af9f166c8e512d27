/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ptz.h — where the camera looks, and how it gets there.
 *
 * Pure: the time is passed in and must not go back. A movement by ptz_start() ends by itself
 * after PTZ_AUTO_STOP_MS; calling a preset takes time; a cruise visits positions for ever and
 * gives way to a person for PTZ_CRUISE_PAUSE_MS.
 *
 *     STILL --start--> MOVING --stop, limit of time--> STILL
 *     STILL, MOVING --goto--> CALLING --arrived, stop--> STILL
 *     STILL --dwell is over--> CRUISING --arrived--> STILL
 *
 * Errors   the protocol's codes (codes.h).
 * Units    pan, tilt and zoom in steps between the limits below; right and up are positive.
 */
#ifndef VIGIL_CAM_PTZ_H
#define VIGIL_CAM_PTZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cam/body/codes.h"

#define PTZ_PAN_MAX         1000 /* and -PTZ_PAN_MAX on the left */
#define PTZ_TILT_MAX        1000
#define PTZ_ZOOM_MAX        1000 /* 0 is the whole view */
#define PTZ_AUTO_STOP_MS    5000
#define PTZ_CRUISE_MAX      32
#define PTZ_CRUISE_PAUSE_MS 30000

struct ptz_position {
	int pan, tilt, zoom;
};

enum ptz_direction {
	PTZ_UP,
	PTZ_DOWN,
	PTZ_LEFT,
	PTZ_RIGHT,
	PTZ_UP_LEFT,
	PTZ_DOWN_LEFT,
	PTZ_UP_RIGHT,
	PTZ_DOWN_RIGHT,
	PTZ_ZOOM_IN,
	PTZ_ZOOM_OUT,
	PTZ_FOCUS_NEAR,
	PTZ_FOCUS_FAR,
	PTZ_DIRECTION_COUNT,
};

enum ptz_motion { PTZ_STILL, PTZ_MOVING, PTZ_CALLING, PTZ_CRUISING };

struct ptz {
	enum ptz_motion motion;
	struct ptz_position from, to; /* `to` while calling or cruising */
	int64_t since_ms, until_ms;
	int direction, speed; /* while moving */
	struct {
		struct ptz_position stops[PTZ_CRUISE_MAX];
		size_t count, next;
		int64_t dwell_ms, due_ms;
		int speed;
	} cruise;
};

void ptz_init(struct ptz *ptz);

/* Brings the state up to `now_ms`; every other call does so first. */
void ptz_advance(struct ptz *ptz, int64_t now_ms);

/* Where it looks at `now_ms`, which may be between two calls of ptz_advance(). */
struct ptz_position ptz_position(const struct ptz *ptz, int64_t now_ms);

/* Begins to move; a running movement is replaced. Refused while a preset is called, and when the
 * direction has no way left. Directions over PTZ_FOCUS_FAR and speeds over 2 are CODE_UNSUPPORTED.
 */
enum code ptz_start(struct ptz *ptz, int direction, int speed, int64_t now_ms);

/* Stops whatever moves, a call included. */
void ptz_stop(struct ptz *ptz, int64_t now_ms);

/* CODE_PRESET_CURRENT when it looks there already, CODE_PRESET_CALLING during another call. */
enum code ptz_goto(struct ptz *ptz, struct ptz_position to, int64_t now_ms);

/* Visits the stops (at most PTZ_CRUISE_MAX are kept) in order from now on; count 0 ends it. */
void ptz_cruise(struct ptz *ptz, const struct ptz_position *stops, size_t count, int64_t dwell_ms,
                int speed, int64_t now_ms);

/* A person's preset call is on its way. */
bool ptz_is_calling(const struct ptz *ptz);

#endif
