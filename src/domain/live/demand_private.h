/* SPDX-License-Identifier: Apache-2.0 */
/* demand_private.h — between the step and its states. On the home loop. */
#ifndef VIGIL_DOMAIN_DEMAND_PRIVATE_H
#define VIGIL_DOMAIN_DEMAND_PRIVATE_H

#include "domain/live/live_private.h"

/* What the step looks at, taken under the lock at once. */
struct situation {
	int64_t viewers, now_ms, key_time_ms;
	struct push_end push_end;
	bool has_publisher, has_key, has_asked, is_offline;
};

/* What follows from `now`: orders are given, viewers told, and the state after it. */
enum demand_state demand_next(struct stream *stream, const struct situation *now);

/* The camera whose push was lost could not be asked again: when to try once more. */
int64_t demand_retry_ms(const struct stream *stream);

#endif
