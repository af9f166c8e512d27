/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_private.h — what the files of domain/live share.
 *
 * The stream's lock guards everything in it that is not marked otherwise. Lock order: live, then
 * stream; never the other way round.
 */
#ifndef VIGIL_DOMAIN_LIVE_PRIVATE_H
#define VIGIL_DOMAIN_LIVE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mail.h"
#include "base/map.h"
#include "base/timer.h"
#include "domain/device/command.h"
#include "domain/identity/grant.h"
#include "domain/live/live.h"
#include "domain/live/ring.h"
#include "ports/run/run.h"

struct live {
	struct live_setup setup;
	pthread_mutex_t lock;
	struct map streams;  /* key -> stream */
	struct list replays; /* those of recordings, once more */
	struct list events;  /* on their way to the log */
	int64_t event_allowance, event_allowed_ms;
	_Atomic bool is_draining;
};

/* What a viewer gets before its first key frame. Immutable, shared. */
struct intro {
	_Atomic unsigned refs;
	uint32_t version;
	size_t config_at; /* where the part that is sent again after a change begins */
	size_t size;
	uint8_t bytes[];
};
struct intro *intro_ref(struct intro *intro);
void intro_unref(struct intro *intro);

/*
 * What the server wants of the camera; demand_step() alone changes it, on the home loop.
 *
 *   IDLE       nobody watches; a push that nobody asked for may be there, and is left alone
 *     viewer: play is said > ASKING; a camera that pushes by itself > WAITING; a push > SENDING
 *   ASKING     for the answer: yes > WAITING; no, none in 5 s > FAILED; a push > SENDING
 *   WAITING    for the push, 8 s, or 10 s for one that was lost > SENDING, or FAILED
 *   SENDING    somebody watches; play is said every 60 s
 *     push lost > WAITING; a recording's end > ENDING; last viewer gone > LINGERING;
 *     no key frame > LINGERING, its viewers go
 *   LINGERING  nobody watches, for 60 s: viewer > SENDING; time up: stop is said > STOPPING
 *   STOPPING   for the push's end: 10 s later it is cut > IDLE; viewer: play is said > SENDING
 *   ENDING     a replay is over: its viewers take the rest > IDLE
 *   FAILED     as IDLE, and the failure can be seen for 10 s > IDLE
 *
 * Only a push that was asked for (has_asked) is kept up and told to stop.
 */
enum demand_state {
	DEMAND_IDLE,
	DEMAND_ASKING,
	DEMAND_WAITING,
	DEMAND_SENDING,
	DEMAND_LINGERING,
	DEMAND_STOPPING,
	DEMAND_ENDING,
	DEMAND_FAILED,
};

/* A push that is over, until demand has told of it. */
struct push_end {
	bool is_there;
	const char *reason; /* NULL: it ended by itself */
	int64_t since, bytes;
};

struct stream {
	struct live *live;
	_Atomic unsigned refs; /* counted down under live->lock */
	pthread_mutex_t lock;
	char key[STREAM_KEY_SIZE];
	char did[DID_SIZE];
	char organization[ORGANIZATION_SIZE];
	struct stream_key what;        /* `key`, read */
	struct list_node node;         /* in live->replays, if it is one (live's lock) */
	_Atomic bool is_asked_to_play; /* false: the camera pushes by itself */

	struct ring ring;
	struct intro *intro;
	uint32_t intro_version;
	uint32_t source; /* counts publishers: a viewer of an older one starts anew */
	struct publisher *publisher;
	struct push_end push_end;
	struct list outlets;
	int64_t newest_ms; /* the time of the last frame of all, with `frames` */
	struct stream_video video;
	uint32_t video_version; /* counts the codecs of `video` */
	struct stream_audio audio;
	int64_t viewers, frames, bytes_in, first_frame_ms;
	int64_t viewers_by[VIEWER_KIND_COUNT];
	int64_t leaving; /* viewers that were told to go and have not yet */
	int64_t gop_ms;
	int64_t rate_since_ms, rate_bytes, bits_per_second;
	_Atomic int64_t bytes_out, skips;

	/* what people see (lock) */
	enum stream_stage stage;
	int64_t stage_since;
	struct why failed; /* reason NONE: not */

	/* demand: on the home loop, what is marked from anywhere under the lock */
	struct loop *home;
	struct mail poke;
	struct timer timer;
	struct command play, stop;
	struct buf play_data;
	char grant[GRANT_SIZE]; /* (lock) of the push that was asked for; empty: make one */
	char stop_data[STREAM_KEY_SIZE + 64];
	enum demand_state state; /* written under the lock */
	int64_t deadline_ms, heartbeat_ms;
	int64_t asked_ms, answered_ms;        /* of this attempt; 0: not */
	int64_t pushed_ms, keyed_ms;          /* of this push; 0: not (lock) */
	int64_t failed_told_ms;               /* the last event of a failure */
	bool is_poked;                        /* (lock) */
	bool has_asked;                       /* (lock) play was said, and stop not since */
	bool is_offline;                      /* (lock) a viewer found the camera off line */
	bool is_playing_out, is_stopping_out; /* a command is under way */
	_Atomic bool is_resuming;             /* WAITING for a push that was lost */
	bool is_told;                         /* this push's first key frame is in the event log */
	bool had_key;                         /* at the last step */
	bool is_answered;                     /* the play command is over, with these: */
	enum err answer_err;
	struct why answer_why;
};

struct publisher {
	struct stream *stream;
	struct loop *loop;
	const struct publisher_ops *ops; /* NULL: the connection let go */
	void *owner;
	char address[DEVICE_ADDRESS_SIZE];
	int64_t since, bytes;
	int64_t key_ms, key_received_ms; /* of its last key frame */
	int64_t audio_since_ms;          /* 0: no sound yet */
	const char *end_reason;          /* (lock) with is_ending */
	struct mail ending;
	bool has_video, has_key, is_ending; /* is_ending: lock */
};

/* One loop's viewers of one stream, and its own view of the ring: taken once per flush. */
struct outlet {
	struct stream *stream;
	struct loop *loop;
	struct list_node node;      /* in stream->outlets (lock) */
	struct list ready, blocked; /* viewers */
	size_t viewer_count;
	struct block_queue queue;
	uint64_t head, key;
	struct intro *intro;
	uint32_t source, video_version;
	struct mail mail;
	struct timer timer; /* the flush interval */
	struct timer turn;  /* the round goes on in the loop's next turn */
	uint32_t round;     /* ends when all that are ready were served */
	int64_t flushed_ms;
	int64_t wait_ms, adapted_ms; /* the interval, and when it was looked at last */
	struct why end_why;          /* (lock) with is_ended: everybody goes */
	bool is_ended;               /* (lock) */
	bool is_mailed;              /* (lock) */
	bool is_closing;             /* its last viewer left; the mail frees it */
};

static inline void stream_lock(struct stream *stream)
{
	(void)pthread_mutex_lock(&stream->lock);
}

static inline void stream_unlock(struct stream *stream)
{
	(void)pthread_mutex_unlock(&stream->lock);
}

/* stream.c: the stream of that key, made if there is none, with a reference. */
enum err stream_open(struct live *live, struct str key, struct stream **out);
struct stream *stream_ref(struct stream *stream);
void stream_unref(struct stream *stream);
/* The pictures so far are of no use any more: viewers wait for the next key frame. Under the lock.
 */
void stream_forget(struct stream *stream);

/* publisher.c: its owner hears of its end; under the lock. */
void publisher_end(struct publisher *publisher, const char *reason);

/* outlet.c: this loop's outlet of the stream, made if there is none. */
struct outlet *outlet_open(struct stream *stream);
/* Wakes every loop that has viewers; under the lock. */
void outlets_wake(struct stream *stream);
/* All viewers go, with these words, and count no more; under the lock. */
void outlets_end(struct stream *stream, const struct why *why);
/* Looks at the ring anew; the loop's own thread. */
void outlet_sync(struct outlet *outlet);
void outlet_close_if_empty(struct outlet *outlet);

/* viewer.c */
void viewer_trimmed(struct viewer *viewer, struct block *block);
void viewer_flush(struct viewer *viewer);

/* demand.c: something changed; under the lock. */
void demand_poke(struct stream *stream);
/* On the home loop: looks at what is, and does what follows. */
void demand_step(struct stream *stream);

/* demand_orders.c: says play, or stop; on the home loop. The answer to play comes by demand_step(),
 * with is_answered. */
void order_play(struct stream *stream, int64_t viewers);
/* The next play opens a push of its own; until then the same address is said again, lest the camera
 * take it for another one and begin anew. */
void order_forget_address(struct stream *stream);
void order_stop(struct stream *stream, const char *reason);

/* stage.c: how far a view is now, by state and media; under the lock. */
enum stream_stage stage_of(const struct stream *stream);
/* Words for it. Under the lock. */
void stage_write(const struct stream *stream, char out[WHY_TEXT_MAX]);
/* `views` ended for this reason: counted. */
void stage_count_failures(int reason, int64_t views);

/* live_event.c: writes down what happened to the stream; on a loop, under no lock. */
void live_tell_started(struct stream *stream, int64_t first_frame_ms);
void live_tell_failed(struct stream *stream, const struct why *why);
/* `is_lost`: viewers were there, and wait for it. */
void live_tell_push_end(struct stream *stream, const struct push_end *end, bool is_lost,
                        const char *reason);
void live_events_done(struct live *live);

#endif
