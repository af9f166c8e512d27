/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.h — live streams: one publisher in, any number of viewers out, on demand.
 *
 * A stream keeps one ring of framed bytes; a viewer is a cursor in it: no queue, no copy. The
 * first viewer makes the server ask the camera to play; some time after the last one left it is
 * told to stop.
 *
 * When all rings together come near bytes_max, memory is shed in this order: from 7/8 of it what is
 * older than the current groups of pictures; from 15/16 the groups of streams nobody watches, down
 * to LIVE_SHARE_BYTES_LEAST; past it those above an equal share. A stream is looked at when a frame
 * of it comes. Whoever lost his group waits for the next key frame; is_shed says so.
 *
 * Threads  a publisher and a viewer each live on their connection's loop, any loop. Loops with
 *          viewers are woken once per flush.
 * Memory   viewers are inside their owners; publishers belong to live.
 */
#ifndef VIGIL_DOMAIN_LIVE_H
#define VIGIL_DOMAIN_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "domain/device/device.h"
#include "domain/live/key.h"
#include "domain/reason.h"

#define LIVE_FLUSH_AUTO        (-1)
#define LIVE_FLUSH_MAX_MS      200
#define LIVE_TURN_US           1000 /* how long one turn of a loop serves a stream's viewers */
#define LIVE_STREAM_BYTES_MAX  (32 * 1024 * 1024)
#define LIVE_FRAME_MAX         (4 * 1024 * 1024)
#define LIVE_SHARE_BYTES_LEAST (1024 * 1024) /* of the budget of all rings */
#define LIVE_KEEP_MS           2000  /* what the ring holds besides the current group of pictures */
#define LIVE_ANSWER_MS         5000  /* play's answer */
#define LIVE_PUSH_MS           8000  /* from the answer to the push */
#define LIVE_KEY_FRAME_MS      10000 /* from the push to a key frame */
#define LIVE_HEARTBEAT_MS      60000 /* play is said again */
#define LIVE_LINGER_MS         60000 /* from the last viewer to stop */
#define LIVE_RESUME_MS         10000 /* viewers wait for a lost publisher */
#define LIVE_OVERTIME_MS       10000 /* from stop to the end of the push */
#define LIVE_RETRY_MS          2000  /* a lost camera that could not be asked is asked again */
#define LIVE_FAILED_MS         10000 /* a failure can be seen; no second event of it meanwhile */
#define LIVE_TAIL_MS           500   /* viewers take the rest of a replay that is over */
#define LIVE_AUDIO_ONLY_MS     1000  /* sound without a picture: nobody waits longer for one */
#define LIVE_EVENTS_MAX        1000  /* in a row; LIVE_EVENTS_PER_S come back */
#define LIVE_EVENTS_PER_S      50
#define LIVE_PARTS_MAX         16 /* pieces of one read */
#define LIVE_REPLAYS_MAX       8  /* of one device at a time */

struct live;
struct stream;
struct publisher;

struct live_setup {
	struct devices *devices;
	struct keys *keys;
	struct event_log *events;
	int64_t flush_ms;  /* LIVE_FLUSH_AUTO or 0..LIVE_FLUSH_MAX_MS */
	int64_t bytes_max; /* of all rings */
	/* Writes the address a camera is to push to. `reached_at` is the host by which the device
	 * reached us ("192.0.2.1", may be empty). */
	void (*push_url)(void *owner, struct str key, struct str token, struct str reached_at,
	                 struct buf *out);
	void *owner;
};

enum err live_new(const struct live_setup *setup, struct live **out);
void live_free(struct live *live);
AUTO_DEFINE(live)

/* Any thread: all viewers go, with these words; nobody joins any more. Publishers stay. */
void live_drain(struct live *live);

/* --- publishing ---------------------------------------------------------------------------- */

enum frame_kind { FRAME_VIDEO, FRAME_AUDIO, FRAME_SCRIPT };

struct stream_video {
	char codec[41]; /* "avc1.64001f"; empty: none yet */
	uint32_t width, height;
};

struct stream_audio {
	char codec[41];             /* "mp4a.40.2"; empty: none yet */
	uint32_t rate_hz, channels; /* 0: not told */
};

/* The publisher was replaced or must go; the owner closes its connection. Called on its loop; the
 * publisher is over. */
struct publisher_ops {
	void (*ended)(void *owner, const char *reason);
};

/* May this token push this stream? It is the device's own access token or a push token of the
 * device, which open all its streams, or the token of the play action that asked for this very
 * stream. ERR_DENIED, also for what is no key. */
enum err publish_check(struct live *live, struct tokens *tokens, struct str key, struct str token);

/* Starts publishing the stream `key` on this loop; a publisher that was there before is ended.
 * ERR_NOT_FOUND; ERR_INVALID: no key; ERR_CONFLICT: the device is disabled. */
enum err publisher_open(struct live *live, struct str key, const char *address,
                        const struct publisher_ops *ops, void *owner, struct publisher **out);
/* Tells by which token it came: that of a play action shows that the camera was asked, if not by
 * this run of the server. It is kept up and told to stop like one asked now. */
void publisher_came_by(struct publisher *publisher, struct str token);
/* Where the times of its frames should begin, for viewers who saw the push before it; -1: anywhere,
 * it is the first. */
int64_t publisher_goes_on_ms(struct publisher *publisher);
/* The connection is gone. */
void publisher_close(struct publisher *publisher);

/* What every viewer gets first: `file_head` once for each viewer, `config` again when it changed.
 * Unless the frames there are can be shown with it, too, they are of no use to new viewers then. */
enum err publisher_set_intro(struct publisher *publisher, struct str file_head, struct str config,
                             bool fits_frames);
void publisher_set_video(struct publisher *publisher, const struct stream_video *video);
void publisher_set_audio(struct publisher *publisher, const struct stream_audio *audio);

/* One framed unit, from up to 4 parts of at most LIVE_FRAME_MAX bytes in all. A stream that brings
 * sound and no picture for LIVE_AUDIO_ONLY_MS is started by any sound. ERR_TOO_LARGE;
 * ERR_NO_MEMORY: dropped, and viewers wait for the next key frame. */
struct frame {
	enum frame_kind kind;
	bool is_key;
	int64_t timestamp_ms;
	struct iovec parts[4];
	size_t part_count;
};
enum err publisher_add(struct publisher *publisher, const struct frame *frame);

/* --- viewing ------------------------------------------------------------------------------- */

struct viewer;
struct viewer_ops {
	/* There is a picture of this codec: can the player show it? Else the viewer ends with
	 * CODEC_UNSUPPORTED. Called before on_start, and again when the codec has changed; NULL:
	 * any. */
	bool (*can_show)(struct viewer *viewer, const char *codec);
	/* There is a picture: called once, before the first on_more. */
	void (*on_start)(struct viewer *viewer);
	/* There are bytes to read. */
	void (*on_more)(struct viewer *viewer);
	/* No picture, or no more: reason DEVICE_OFFLINE, NO_ANSWER, DEVICE_REFUSED (code in why),
	 * NO_PUSH, NO_KEY_FRAME, CODEC_UNSUPPORTED, STREAM_ENDED. The viewer has left already. */
	void (*on_end)(struct viewer *viewer, const struct why *why);
};

struct outlet;
struct intro;
struct block;

/* X(NAME, "text"): how a picture goes out. */
#define VIEWER_KINDS(X) X(FLV, "flv") X(WEBSOCKET, "websocket") X(RTMP, "rtmp") X(HLS, "hls")
#define X(name, text)   VIEWER_##name,
enum viewer_kind { VIEWER_KINDS(X) };
#undef X
#define VIEWER_KIND_COUNT (VIEWER_HLS + 1)
const char *viewer_kind_text(enum viewer_kind kind);

struct viewer {
	enum viewer_kind kind;        /* set before viewer_join() */
	const struct viewer_ops *ops; /* private from here */
	int64_t count;                /* people behind it */
	struct outlet *outlet;        /* NULL: not in a stream */
	struct list_node node;
	struct intro *intro;
	struct block *held; /* trimmed from the ring, half sent */
	uint64_t position;
	size_t intro_at;
	int64_t joined_ms;
	uint32_t intro_version, video_version, source, round;
	bool is_started, is_blocked;
};

/* Joins the stream `key`; callbacks come later, never within this call. The device must exist (the
 * caller has checked the viewer's rights to the key's device). ERR_NOT_FOUND also for what is no
 * key; ERR_CONFLICT with DEVICE_OFFLINE or DEVICE_DISABLED; ERR_BUSY with TOO_MANY: a device has
 * LIVE_REPLAYS_MAX replays already; ERR_CLOSED after live_drain(). */
enum err viewer_join(struct live *live, struct str key, const struct viewer_ops *ops,
                     struct viewer *viewer, struct why *why);
void viewer_leave(struct viewer *viewer);

/* So many people look through this one cursor (1 from the beginning): HLS reads once for all. On
 * its loop; a viewer that has left is left alone. */
void viewer_set_count(struct viewer *viewer, int64_t count);

/* The bytes that come next, at most `max` parts; nothing: the viewer has all there is. A viewer
 * that fell behind the ring goes on at the newest key frame. */
size_t viewer_peek(struct viewer *viewer, struct iovec parts[], size_t max);
void viewer_advance(struct viewer *viewer, size_t bytes);

/* The socket is full: no on_more until viewer_unblock(). */
void viewer_block(struct viewer *viewer);
void viewer_unblock(struct viewer *viewer);

/* --- looking ------------------------------------------------------------------------------- */

/* X(NAME, "text"): how far a view is, for people. */
#define STREAM_STAGES(X)  \
	X(IDLE, "idle")   \
	X(ASKED, "asked") \
	X(ANSWERED, "answered") X(PUSHING, "pushing") X(PLAYING, "playing") X(FAILED, "failed")
#define X(name, text) STAGE_##name,
enum stream_stage { STREAM_STAGES(X) };
#undef X
const char *stream_stage_text(enum stream_stage stage);

struct stream_view {
	char key[STREAM_KEY_SIZE];
	char did[DID_SIZE];
	char organization[ORGANIZATION_SIZE];
	struct stream_key what; /* `key`, read */
	enum stream_stage stage;
	int64_t stage_since;
	char stage_text[WHY_TEXT_MAX];       /* for people */
	enum reason failure;                 /* with STAGE_FAILED */
	char publisher[DEVICE_ADDRESS_SIZE]; /* empty: none */
	int64_t published_since;
	int64_t viewers, bytes_in, bytes_out, frames, skips, first_frame_ms;
	int64_t viewers_by[VIEWER_KIND_COUNT];
	int64_t gop_ms;          /* between the last two key frames; 0: not known */
	int64_t bits_per_second; /* in, over the last two seconds or more */
	bool is_shed;            /* past the ring's limit: viewers wait for the next key frame */
	struct stream_video video;
	struct stream_audio audio;
};

/* The stream `key` of an organization (empty: any). ERR_NOT_FOUND. */
enum err live_look(struct live *live, struct str organization, struct str key,
                   struct stream_view *out);

/* Calls `each` for all streams of an organization as they were at one moment, under no lock.
 * ERR_TOO_LARGE: there are more than `max`. */
enum err live_each(struct live *live, struct str organization, size_t max,
                   void (*each)(void *owner, const struct stream_view *view), void *owner);

#endif
