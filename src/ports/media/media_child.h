/* SPDX-License-Identifier: Apache-2.0 */
/*
 * media_child.h — one vigil-media: started, given one job at a time, watched, ended.
 *
 * NONE --start--> STARTING --ready--> IDLE --give--> BUSY --answer--> IDLE
 *   ^                 | silent          | idle, used up  | late: killed
 *   '-----ended-------'------ENDING <---'----------------'
 *
 * A child that ended and should not have is not started anew at once: the pause doubles up to
 * CHILD_PAUSE_MAX_MS until one answers again.
 *
 * Threads  the loop's own. Memory  a zeroed one is NONE.
 */
#ifndef VIGIL_PORTS_MEDIA_CHILD_H
#define VIGIL_PORTS_MEDIA_CHILD_H

#include <stdbool.h>

#include "base/timer.h"
#include "ports/media/media.h"

#define CHILD_PAUSE_MS     100
#define CHILD_PAUSE_MAX_MS 5000
#define CHILD_END_MS       2000 /* between the end of its input and its own */

enum child_state { CHILD_NONE, CHILD_STARTING, CHILD_IDLE, CHILD_BUSY, CHILD_ENDING };

struct media_child;
struct process;

struct child_ops {
	/* A job is over, with its result in it. */
	void (*on_job)(struct media_child *child, struct media_job *job);
	/* It is ready for a job, or for a start. */
	void (*on_free)(struct media_child *child);
	/* It ended and should not have; `was_ready`: it can be started at all. */
	void (*on_crash)(struct media_child *child, bool was_ready, const char *words);
};

struct media_child {
	const struct child_ops *ops;
	void *owner;
	struct loop *loop;
	enum child_state state; /* private from here, but for reading */
	struct process *process;
	struct timer timer; /* what the state waits for */
	struct buf input;
	struct media_job *job;
	uint32_t number; /* of the job */
	unsigned served, crashes;
	int64_t began_us, not_before_ms;
	enum err killed_for; /* ERR_TIMEOUT, ERR_MALFORMED: we ended it */
};

/* Of a child that is NONE. Fails as process_start() does. */
enum err child_start(struct media_child *child, const char *path);

/* To a child that is IDLE. */
void child_give(struct media_child *child, struct media_job *job);

/* It is gone without a word; gives the job it had, or NULL. */
struct media_job *child_abandon(struct media_child *child);

#endif
