/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hls_private.h — packagers, their sessions, and requests that wait.
 *
 * One lock, the endpoint's, guards everything here that is not marked otherwise; nothing is built,
 * sent or asked of the domain under it.
 */
#ifndef VIGIL_ENDPOINTS_HLS_PRIVATE_H
#define VIGIL_ENDPOINTS_HLS_PRIVATE_H

#include <pthread.h>

#include "base/id.h"
#include "base/list.h"
#include "base/mail.h"
#include "base/map.h"
#include "base/timer.h"
#include "endpoints/hls/hls_cutter.h"
#include "endpoints/hls/hls_endpoint.h"
#include "endpoints/hls/hls_playlist.h"
#include "http/request.h"

#define HLS_PLAYLIST_TYPE    "application/vnd.apple.mpegurl"
#define HLS_STREAM_BYTES_MAX (64 * 1024 * 1024)
#define HLS_SHARE_BYTES      (1024 * 1024) /* of the budget, at least, for each packager */
#define HLS_SESSION_MS       30000         /* from a session's last request to its end */
#define HLS_SWEEP_MS         1000
#define HLS_PARKED_MAX       4     /* waiting requests of one session */
#define HLS_OPEN_MS          45000 /* from the first request to a whole segment */
#define HLS_TARGETS_WAITED   3     /* target durations a request for what comes next may wait */

struct hls_endpoint {
	struct hls_setup setup;
	pthread_mutex_t lock;
	struct map packagers; /* key -> packager, those that may be joined */
	struct map sessions;  /* id -> session */
	struct list all;      /* packagers, those that ended too */
	size_t packager_count;
};

/*
 * One for a stream, however many watch: a viewer of its ring. It lives while it has sessions; when
 * the stream has ended, they are told why. on_poke() alone ends it, at home.
 */
struct hls_packager {
	struct hls_endpoint *endpoint;
	char key[STREAM_KEY_SIZE];
	struct list_node node;
	struct loop *loop;    /* its home */
	struct list sessions; /* the one that asked longest ago first */
	size_t session_count;
	struct list waiters;
	struct hls_window window; /* changed at home under the lock; read there without it */
	struct hls_bytes *playlist;
	uint64_t next, next_part; /* what the playlist announces */
	struct hls_facts facts;
	char video_codec[FLV_CODEC_TEXT_MAX]; /* empty: sound alone */
	struct why why;                       /* with is_over */
	bool is_over;
	struct mail poke;
	bool is_poked;
	/* At home alone: */
	struct viewer viewer;
	struct hls_cutter cutter;
	struct timer sweep;
	bool has_file_head, is_dirty;
};

struct hls_session {
	char id[ID_SIZE];
	struct hls_packager *packager;
	struct list_node node;
	size_t request_count, parked_count; /* under way */
	int64_t asked_ms;
	char *codecs;  /* what its player can show; NULL: it did not say */
	uint64_t seen; /* the next segment's number in the newest playlist it got unasked */
	bool is_told;  /* somebody has its address */
};

struct hls_want {
	enum hls_kind { HLS_MULTIVARIANT, HLS_MEDIA, HLS_INIT, HLS_SEGMENT, HLS_PART } kind;
	uint64_t number, part;
	bool has_number, has_part; /* of HLS_MEDIA: wait for these, else for more than `seen` */
	uint64_t seen;
};

static inline void hls_lock(struct hls_endpoint *endpoint)
{
	(void)pthread_mutex_lock(&endpoint->lock);
}

static inline void hls_unlock(struct hls_endpoint *endpoint)
{
	(void)pthread_mutex_unlock(&endpoint->lock);
}

/* --- hls_packager.c --- */
/* The packager of that stream, made if there is none; *out_is_new: hls_packager_join() is due, on
 * this loop. Under the lock; NULL: no memory. */
struct hls_packager *hls_packager_open(struct hls_endpoint *endpoint, struct str key,
                                       bool *out_is_new);
void hls_packager_join(struct hls_packager *packager);
/* Nobody finds it any more; under the lock. */
void hls_packager_unlist(struct hls_packager *packager);
/* The number of its sessions changed; under the lock. */
void hls_packager_poke(struct hls_packager *packager);
/* At home when nobody can reach it any more, or after the loops. */
void hls_packager_free(struct hls_packager *packager);

/* --- hls_session.c --- */
/* A session of that packager with one request under way; under the lock. ERR_BUSY with why. */
enum err hls_session_new(struct hls_packager *packager, struct str codecs, struct hls_session **out,
                         struct why *why);
void hls_session_free(struct hls_session *session);
/* The session of that id and stream, with one request more under way; NULL. */
struct hls_session *hls_session_find(struct hls_endpoint *endpoint, struct str id, struct str key);
/* A request of it is over. */
void hls_session_done(struct hls_session *session);
/* Under the lock. */
void hls_session_end(struct hls_session *session);
/* Ends those that asked nothing for too long; under the lock. */
void hls_sessions_sweep(struct hls_packager *packager, int64_t now_ms);

/* --- hls_find.c --- */
struct hls_answer {
	enum hls_verdict { HLS_ANSWER, HLS_WAIT, HLS_PROBLEM } verdict;
	struct hls_bytes *bytes;
	size_t offset, size;
	struct hls_facts facts;
	char video_codec[FLV_CODEC_TEXT_MAX]; /* of a playlist */
	struct why why;
};
/* What is there for this request; its bytes are given. Under the lock, as the next. */
struct hls_answer hls_find(const struct hls_packager *packager, const struct hls_want *want);
/* Nothing came in time. */
struct hls_answer hls_find_late(const struct hls_packager *packager, const struct hls_want *want);
/* How long a request may wait. */
int64_t hls_patience_ms(const struct hls_packager *packager, const struct hls_want *want);
struct hls_answer hls_answer_busy(void);

/* --- hls_serve.c --- */
/* Answers, or parks until there is an answer; takes the session's request. */
void hls_serve(struct hls_session *session, struct request *req, const struct hls_want *want,
               int64_t deadline_ms);
/* Those who wait for what is there now go on; under the lock. */
void hls_wake(struct hls_packager *packager);

#endif
