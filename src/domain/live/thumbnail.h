/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thumbnail.h — small pictures of live streams, made when somebody asks and kept for a moment.
 *
 * One is good for THUMBNAIL_FRESH_MS, but only THUMBNAIL_LEAST_MS once a newer key frame is there.
 * Who asks while one is being made waits for that one: many callers, one decoding. A key frame that
 * gives no picture is not tried again within that time either.
 *
 * Threads  any loop; answers come on the loop that asked.
 * Memory   a wait lives inside its owner until `done`; thumbnail_wait_done() lets go of the
 * picture. Limits   THUMBNAILS_MAX and THUMBNAIL_BYTES_MAX kept, THUMBNAIL_WAITS_MAX callers for
 * one. Errors   ERR_CONFLICT with NOT_LIVE; MEDIA_FAILED (of this key frame), MEDIA_UNAVAILABLE (no
 *          decoder can be started); ERR_BUSY; ERR_CLOSED.
 */
#ifndef VIGIL_DOMAIN_THUMBNAIL_H
#define VIGIL_DOMAIN_THUMBNAIL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mail.h"
#include "base/mem.h"
#include "base/str.h"
#include "domain/live/live.h"
#include "ports/media/media.h"

#define THUMBNAIL_WIDTH_LEAST MEDIA_WIDTH_LEAST
#define THUMBNAIL_WIDTH_MAX   MEDIA_WIDTH_MAX
#define THUMBNAIL_FRESH_MS    5000
#define THUMBNAIL_LEAST_MS    2000
#define THUMBNAIL_KEEP_MS     60000 /* one that nobody asked for goes */
#define THUMBNAILS_MAX        1000
#define THUMBNAIL_BYTES_MAX   (64 * 1024 * 1024)
#define THUMBNAIL_WAITS_MAX   1000
#define THUMBNAIL_KEY_MAX     (STREAM_KEY_SIZE - 1)

struct thumbnails;
struct thumbnail_picture;

/* Finds the picture in framed bytes: `intro` is what viewers get first, `unit` begins with the key
 * frame. ERR_UNSUPPORTED, ERR_MALFORMED, with words. */
typedef enum err thumbnail_read_fn(struct str intro, struct str unit, struct media_picture *out,
                                   struct why *why);

struct thumbnails_setup {
	struct live *live;
	struct media *media; /* NULL: none can be made */
	thumbnail_read_fn *read;
	size_t bytes_max; /* 0: THUMBNAIL_BYTES_MAX */
};

enum err thumbnails_new(const struct thumbnails_setup *setup, struct thumbnails **out);
/* After media_stop(), and when what it had under way was delivered. */
void thumbnails_free(struct thumbnails *thumbnails);
AUTO_DEFINE(thumbnails)

struct thumbnail_wait {
	void (*done)(struct thumbnail_wait *wait);
	enum err err;
	struct why why;
	struct str jpeg;       /* with ERR_OK, until thumbnail_wait_done() */
	struct list_node node; /* private from here */
	struct mail mail;
	struct loop *home;
	struct thumbnail_picture *picture;
};

/* ERR_OK: wait->jpeg is there. ERR_MORE: `done` is called, with wait->err. Else there is none. */
enum err thumbnail_open(struct thumbnails *thumbnails, struct str key, unsigned width,
                        struct thumbnail_wait *wait, struct why *why);
void thumbnail_wait_done(struct thumbnail_wait *wait);

#endif
