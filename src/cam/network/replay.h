/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h — plays what is on the card to an RTMP address, at a speed a viewer chooses.
 *
 * Threads  the loop's own; opening the next recording reads a file of at most RECORDER_BYTES_MAX.
 * Memory   a replay lives inside its owner, which calls replay_stop() first and keeps it until the
 *          end of the loop's turn.
 */
#ifndef VIGIL_CAM_REPLAY_H
#define VIGIL_CAM_REPLAY_H

#include "cam/body/actions.h"
#include "cam/memory/card.h"
#include "cam/network/push.h"

#define REPLAY_NAME_MAX 160

struct replay {
	struct push push; /* the owner sets loop, policy and tls */
	const struct card *card;
	/* private from here */
	char name[REPLAY_NAME_MAX + 1];
	int64_t from_ms, to_ms;
	struct card_segment segment;
	struct clip *clip; /* of the segment */
	size_t next;
	struct timer timer;
	double speed;
	double out_ms; /* the stream's own time */
	int64_t last_at_ms;
	bool is_paused;
};

/* Replaces another replay that runs; the same goes on. The outcome is one with WISH_REPLAY. */
enum err replay_start(struct replay *replay, const struct action_outcome *outcome,
                      struct str token);
void replay_stop(struct replay *replay);

/* ERR_NOT_FOUND when no replay of that name runs, or nothing is recorded where it shall seek. */
enum err replay_control(struct replay *replay, const struct action_outcome *outcome);

#endif
