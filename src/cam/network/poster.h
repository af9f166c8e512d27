/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poster.h — uploads of stills and recordings by HTTP POST, off the loop.
 *
 * A still is encoded and sent on the lane's thread. At most POSTER_QUEUE_MAX wait; each may take
 * POSTER_TIMEOUT_MS; no redirects are followed and an answer's body is read up to
 * POSTER_ANSWER_MAX.
 *
 * Threads  poster_send() on the loop, on_done on that loop again.
 * Memory   a post is made by post_new(), taken by poster_send() (also when that fails), and freed
 *          after on_done.
 */
#ifndef VIGIL_CAM_POSTER_H
#define VIGIL_CAM_POSTER_H

#include <stdatomic.h>

#include "base/err.h"
#include "base/json.h"
#include "cam/memory/store.h"
#include "cam/picture/scene.h"
#include "io/lane.h"

#define POSTER_QUEUE_MAX  64
#define POSTER_THREADS    2
#define POSTER_TIMEOUT_MS 30000
#define POSTER_ANSWER_MAX (64 * 1024)
#define POST_URL_MAX      4096
#define POST_MID_MAX      64

struct poster {
	struct lane *lane;
	_Atomic bool is_ending;
};

struct post {
	struct lane_job job; /* private */
	const struct poster *poster;
	/* Called once, on the loop. */
	void (*on_done)(struct post *post);
	void *owner;
	char action[24], mid[POST_MID_MAX + 1]; /* the owner's, for its answer */
	char url[POST_URL_MAX];
	/* A still when `scene` is set, else the file. */
	const struct scene *scene;
	struct scene_view view;
	char path[STORE_PATH_MAX], name[32];
	/* What came of it. */
	enum err err;
	struct why why;
	long status;
	struct buf answer;
};

/* `url` with `token` in its query; ERR_TOO_LARGE. */
enum err post_new(struct str url, struct str token, struct post **out);
void post_free(struct post *post);
AUTO_DEFINE(post)

enum err poster_init(struct poster *poster);
/* Breaks off what is under way and waits for that; each post still gets its on_done. Safe to call
 * again. */
void poster_done(struct poster *poster);

/* ERR_BUSY when too many wait. */
enum err poster_send(struct poster *poster, struct post *post);

/* `url` of a successful answer's JSON, or an empty text; give the JSON back with json_decref(). */
struct str post_answer_url(const struct post *post, json_t **out_json);

#endif
