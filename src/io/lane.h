/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lane.h — a bounded pool of threads for work that may block.
 *
 * Threads  lane_run() on a loop; `work` on a lane's thread; `done` on that loop again.
 * Memory   a job lives inside its owner and must stay until `done`.
 * Errors   ERR_BUSY when the lane's queue is full: the caller refuses its own caller.
 */
#ifndef VIGIL_IO_LANE_H
#define VIGIL_IO_LANE_H

#include <stddef.h>

#include "base/err.h"
#include "base/mail.h"
#include "base/mem.h"

struct lane;
struct lane_job;
struct loop;
typedef void lane_fn(struct lane_job *job);

struct lane_job {
	lane_fn *work;
	lane_fn *done;
	struct mail mail; /* private */
	struct loop *home;
	struct lane_job *next;
};

enum err lane_new(const char *name, unsigned threads, size_t queue_max, struct lane **out);
/* Finishes what is queued, then joins. */
void lane_free(struct lane *lane);
AUTO_DEFINE(lane)

enum err lane_run(struct lane *lane, struct lane_job *job, lane_fn *work, lane_fn *done);

/* The same, posted home to `home` instead of the calling thread's loop. */
enum err lane_run_for(struct lane *lane, struct loop *home, struct lane_job *job, lane_fn *work,
                      lane_fn *done);

#endif
