/* SPDX-License-Identifier: Apache-2.0 */
/*
 * media.h — key frames into small JPEGs, made elsewhere: the server itself never decodes.
 *
 * Threads  media_run() on any loop; `done` on that loop again, never inside the call.
 * Memory   a job lives inside its owner and must stay until `done`; media_job_done() frees what it
 *          holds. What a picture points at is borrowed for the call of media_run().
 * Limits   MEDIA_QUEUE_MAX jobs at once; each ends within MEDIA_WAIT_MS and the time of its work.
 * Errors   of a job, with words in why: ERR_MALFORMED (no picture comes out of it), ERR_TOO_LARGE,
 *          ERR_UNSUPPORTED (no decoder), ERR_TIMEOUT and ERR_IO (the decoder hung or crashed: this
 *          job alone is lost), ERR_NOT_FOUND (there is no decoder to start), ERR_BUSY, ERR_CLOSED.
 */
#ifndef VIGIL_PORTS_MEDIA_H
#define VIGIL_PORTS_MEDIA_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mail.h"
#include "base/mem.h"
#include "base/str.h"

#define MEDIA_WIDTH_LEAST 80
#define MEDIA_WIDTH_MAX   1280
#define MEDIA_QUEUE_MAX   32
#define MEDIA_CHILDREN    2
#define MEDIA_WAIT_MS     10000 /* in the queue */
#define MEDIA_WORK_MS     2000  /* for one picture; then the decoder is killed */
#define MEDIA_START_MS    10000 /* until a decoder is ready */
#define MEDIA_IDLE_MS     60000 /* then it ends */
#define MEDIA_LIFE_JOBS   200   /* then another one takes its place */

enum media_codec { MEDIA_H264, MEDIA_H265, MEDIA_AV1 };

/* One key frame, and the decoder configuration record that goes before it. */
struct media_picture {
	enum media_codec codec;
	struct str config, frame;
};

struct media;
struct loop;

struct media_job {
	void (*done)(struct media_job *job);
	enum err err;
	struct why why;
	struct buf jpeg;  /* with ERR_OK */
	struct mail mail; /* private from here */
	struct list_node node;
	struct media *media;
	struct loop *home;
	uint32_t number;
	struct buf request;
	int64_t since_ms;
};
void media_job_done(struct media_job *job);

/* `tell` hears, on any thread, of a decoder that ended and should not have. */
struct media_setup {
	const char *helper; /* the program; borrowed for the call */
	void (*tell)(void *owner, const char *words);
	void *owner;
};

enum err media_open(const struct media_setup *setup, struct media **out);
/* After the loops were joined: no decoder is left, and what was under way ends with ERR_CLOSED, on
 * mails that are still to be delivered. NULL is fine. */
void media_stop(struct media *media);
void media_free(struct media *media);
AUTO_DEFINE(media)

/* ERR_BUSY: too many wait; ERR_TOO_LARGE; then `done` is not called. */
enum err media_run(struct media *media, const struct media_picture *picture, unsigned width,
                   struct media_job *job);

#endif
