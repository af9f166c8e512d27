/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/network/fault.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const struct {
	const char *name;
	unsigned faults;
} faults_by_name[] = {
	{ "no-answer",       FAULT_NO_ANSWER | FAULT_NO_PUSH }, /* deaf: it does nothing either */
	{ "late-answer",     FAULT_LATE_ANSWER     },
	{ "no-push",         FAULT_NO_PUSH         },
	{ "no-keyframe",     FAULT_NO_KEYFRAME     },
	{ "drop-rtmp",       FAULT_DROP_RTMP       },
	{ "wrong-did",       FAULT_WRONG_DID       },
	{ "push-after-stop", FAULT_PUSH_AFTER_STOP },
	{ "no-self-stop",    FAULT_NO_SELF_STOP    },
};
/* clang-format on */

bool fault_add(unsigned *faults, const char *name)
{
	for (size_t i = 0; i < sizeof faults_by_name / sizeof *faults_by_name; i++)
		if (strcmp(faults_by_name[i].name, name) == 0) {
			*faults |= faults_by_name[i].faults;
			return true;
		}
	return false;
}
