/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h — what a camera can be told to do wrong, so that a server's answers to it are tested.
 */
#ifndef VIGIL_CAM_FAULT_H
#define VIGIL_CAM_FAULT_H

#include <stdbool.h>

#define FAULT_LATE_MS 8000 /* a late answer: behind the server's five seconds */
#define FAULT_DROP_MS 3000 /* after so much pushing the RTMP connection is cut */

enum fault {
	FAULT_NO_ANSWER = 1 << 0,       /* does as told, answers nothing */
	FAULT_LATE_ANSWER = 1 << 1,     /* answers after FAULT_LATE_MS */
	FAULT_NO_PUSH = 1 << 2,         /* answers play, pushes nothing */
	FAULT_NO_KEYFRAME = 1 << 3,     /* pushes all but key frames */
	FAULT_DROP_RTMP = 1 << 4,       /* cuts its own push again and again */
	FAULT_WRONG_DID = 1 << 5,       /* names another did in its answers */
	FAULT_PUSH_AFTER_STOP = 1 << 6, /* answers stop, pushes on */
	FAULT_NO_SELF_STOP = 1 << 7,    /* pushes on without play */
};

/* Adds the fault of that name ("no-answer" ...) to *faults; false for an unknown one. */
bool fault_add(unsigned *faults, const char *name);

#endif
