/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/live/thumbnail.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/map.h"
#include "base/metric.h"
#include "domain/live/key_frame.h"
#include "domain/reason.h"
#include "ports/run/run.h"

#define NAME_SIZE (THUMBNAIL_KEY_MAX + 8) /* "320 KEY" */
#define NEVER_MS  (-THUMBNAIL_FRESH_MS)

struct thumbnails {
	struct thumbnails_setup setup;
	pthread_mutex_t lock;
	struct map map;   /* name -> entry */
	struct list used; /* entries, who was asked for last comes last */
	size_t bytes;     /* of all pictures that are kept */
};

/* The bytes, shared by the cache and by answers under way. */
struct thumbnail_picture {
	_Atomic unsigned refs;
	size_t size;
	uint8_t bytes[];
};

/* One stream in one width. All of it under the lock, but for the job. */
struct entry {
	struct thumbnails *thumbnails;
	struct list_node node;
	char name[NAME_SIZE];
	struct thumbnail_picture *picture; /* NULL: none, or it failed with: */
	enum err err;
	struct why why;
	uint64_t position; /* of the key frame it was made of */
	uint32_t source;
	int64_t made_ms, used_ms;
	struct list waits;
	size_t wait_count;
	bool is_being_made;
	struct media_job job;
};

static void picture_unref(struct thumbnail_picture *picture)
{
	if (picture && atomic_fetch_sub_explicit(&picture->refs, 1, memory_order_acq_rel) == 1)
		free(picture);
}

enum err thumbnails_new(const struct thumbnails_setup *setup, struct thumbnails **out)
{
	struct thumbnails *thumbnails = calloc(1, sizeof *thumbnails);
	uint8_t seed[16];

	if (!thumbnails)
		return ERR_NO_MEMORY;
	thumbnails->setup = *setup;
	if (!setup->bytes_max)
		thumbnails->setup.bytes_max = THUMBNAIL_BYTES_MAX;
	id_random(seed, sizeof seed);
	map_init(&thumbnails->map, seed);
	list_init(&thumbnails->used);
	(void)pthread_mutex_init(&thumbnails->lock, NULL);
	*out = thumbnails;
	return ERR_OK;
}

static void drop_picture(struct entry *entry)
{
	if (entry->picture)
		entry->thumbnails->bytes -= entry->picture->size;
	picture_unref(TAKE(entry->picture));
}

static void entry_free(struct entry *entry)
{
	drop_picture(entry);
	list_remove(&entry->node);
	(void)map_remove(&entry->thumbnails->map, str_of(entry->name));
	media_job_done(&entry->job);
	free(entry);
}

void thumbnails_free(struct thumbnails *thumbnails)
{
	if (!thumbnails)
		return;
	list_each (node, &thumbnails->used)
		entry_free(CONTAINER_OF(node, struct entry, node));
	map_done(&thumbnails->map);
	(void)pthread_mutex_destroy(&thumbnails->lock);
	free(thumbnails);
}

/* For so many more. What nobody asked for in a while goes, and more of it when there is too much.
 */
static void make_room(struct thumbnails *thumbnails, size_t more, int64_t now_ms)
{
	list_each (node, &thumbnails->used) {
		struct entry *entry = CONTAINER_OF(node, struct entry, node);
		bool is_too_much = thumbnails->map.count + more > THUMBNAILS_MAX ||
		                   thumbnails->bytes > thumbnails->setup.bytes_max;
		if (!is_too_much && entry->used_ms + THUMBNAIL_KEEP_MS > now_ms)
			return;
		if (!entry->is_being_made)
			entry_free(entry);
	}
}

static struct entry *entry_new(struct thumbnails *thumbnails, const char *name)
{
	if (thumbnails->map.count >= THUMBNAILS_MAX) /* all are being made */
		return NULL;
	struct entry *entry = calloc(1, sizeof *entry);
	if (!entry)
		return NULL;
	entry->thumbnails = thumbnails;
	(void)snprintf(entry->name, sizeof entry->name, "%s", name);
	list_init(&entry->waits);
	entry->err = ERR_CONFLICT;
	entry->made_ms = NEVER_MS;
	if (map_add(&thumbnails->map, str_of(entry->name), entry) != ERR_OK) {
		free(entry);
		return NULL;
	}
	return entry;
}

static void give(struct entry *entry, struct thumbnail_wait *wait)
{
	wait->err = entry->err;
	wait->why = entry->why;
	wait->picture = entry->picture;
	if (!entry->picture)
		return;
	atomic_fetch_add_explicit(&entry->picture->refs, 1, memory_order_relaxed);
	wait->jpeg = (struct str){ (const char *)entry->picture->bytes, entry->picture->size };
	metric_count(METRIC_thumbnails_total);
}

void thumbnail_wait_done(struct thumbnail_wait *wait)
{
	picture_unref(TAKE(wait->picture));
}

static void on_wait_home(struct mail *mail)
{
	struct thumbnail_wait *wait = CONTAINER_OF(mail, struct thumbnail_wait, mail);

	wait->done(wait);
}

static struct thumbnail_picture *keep_bytes(const struct buf *jpeg)
{
	struct thumbnail_picture *picture = malloc(sizeof *picture + jpeg->size);

	if (!picture)
		return NULL;
	*picture = (struct thumbnail_picture){ .refs = 1, .size = jpeg->size };
	memcpy(picture->bytes, jpeg->at, jpeg->size);
	return picture;
}

/* What callers are told, by what the decoder said. */
static enum err describe(enum err err, struct why *why)
{
	if (err == ERR_NOT_FOUND)
		why->reason = REASON_MEDIA_UNAVAILABLE;
	else if (err != ERR_OK && err != ERR_BUSY && err != ERR_CLOSED)
		why->reason = REASON_MEDIA_FAILED;
	return err;
}

/* Only a key frame's own failure is remembered. */
static bool is_of_the_frame(const struct entry *entry)
{
	return entry->err == ERR_OK || entry->why.reason == REASON_MEDIA_FAILED;
}

/* The picture is there, or it failed: everybody who waits is told. */
static void finish(struct entry *entry, enum err err, const struct why *why)
{
	struct thumbnails *thumbnails = entry->thumbnails;

	(void)pthread_mutex_lock(&thumbnails->lock);
	make_room(thumbnails, 0, clock_steady_ms());
	drop_picture(entry);
	if (err == ERR_OK && !(entry->picture = keep_bytes(&entry->job.jpeg)))
		err = ERR_NO_MEMORY;
	entry->why = *why;
	entry->err = describe(err, &entry->why);
	if (entry->picture)
		thumbnails->bytes += entry->picture->size;
	if (entry->why.reason == REASON_MEDIA_FAILED)
		metric_count(METRIC_thumbnail_failed_total);
	entry->made_ms = is_of_the_frame(entry) ? clock_steady_ms() : NEVER_MS;
	entry->is_being_made = false;
	media_job_done(&entry->job);
	list_each (node, &entry->waits) {
		struct thumbnail_wait *wait = CONTAINER_OF(node, struct thumbnail_wait, node);
		list_remove(node);
		give(entry, wait);
		wait->mail.fn = on_wait_home;
		run_post(wait->home, &wait->mail);
	}
	entry->wait_count = 0;
	(void)pthread_mutex_unlock(&thumbnails->lock);
}

static void on_job(struct media_job *job)
{
	struct entry *entry = CONTAINER_OF(job, struct entry, job);

	finish(entry, job->err, &job->why);
}

/* Without the lock: while it is being made the job is ours alone. */
static void make(struct entry *entry, const struct key_frame *frame, unsigned width)
{
	const struct thumbnails_setup *setup = &entry->thumbnails->setup;
	struct media_picture picture;
	struct why why = { 0 };
	enum err err = setup->read(frame->intro, frame->unit, &picture, &why);

	if (err == ERR_OK) {
		entry->job = (struct media_job){ .done = on_job };
		metric_count(METRIC_thumbnail_decodes_total);
		err = media_run(setup->media, &picture, width, &entry->job);
	}
	if (err != ERR_OK && !why.text[0])
		(void)why_set(&why, err, "%s", err_text(err));
	if (err != ERR_OK)
		finish(entry, err, &why);
}

static bool is_fresh(const struct entry *entry, const struct key_frame *frame, int64_t now_ms)
{
	bool is_newest = entry->position == frame->position && entry->source == frame->source;
	int64_t age_ms = now_ms - entry->made_ms;

	/* A failure says nothing of the next key frame. */
	if (!is_newest && entry->err != ERR_OK)
		return false;
	return age_ms < (is_newest ? THUMBNAIL_FRESH_MS : THUMBNAIL_LEAST_MS);
}

/* Under the lock. *out_makes: the caller is to make it. */
static enum err ask(struct thumbnails *thumbnails, const char *name, const struct key_frame *frame,
                    struct thumbnail_wait *wait, struct entry **out_makes)
{
	int64_t now_ms = clock_steady_ms();
	struct entry *entry = map_get(&thumbnails->map, str_of(name));

	if (!entry) {
		make_room(thumbnails, 1, now_ms);
		entry = entry_new(thumbnails, name);
	}
	if (!entry || entry->wait_count == THUMBNAIL_WAITS_MAX)
		return ERR_BUSY;
	list_remove(&entry->node);
	list_add(&thumbnails->used, &entry->node);
	entry->used_ms = now_ms;
	if (!entry->is_being_made && is_fresh(entry, frame, now_ms)) {
		give(entry, wait);
		return wait->err;
	}
	wait->home = run_here();
	list_add(&entry->waits, &wait->node);
	entry->wait_count++;
	if (entry->is_being_made)
		return ERR_MORE;
	entry->is_being_made = true;
	entry->position = frame->position;
	entry->source = frame->source;
	*out_makes = entry;
	return ERR_MORE;
}

enum err thumbnail_open(struct thumbnails *thumbnails, struct str key, unsigned width,
                        struct thumbnail_wait *wait, struct why *why)
{
	struct key_frame frame = { 0 };
	struct entry *entry = NULL;
	char name[NAME_SIZE];

	if (!thumbnails->setup.media)
		return why_set_reason(why, ERR_NOT_FOUND, REASON_MEDIA_UNAVAILABLE, NULL,
		                      "this server was started without vigil-media");
	enum err err = key.size > THUMBNAIL_KEY_MAX
	                       ? ERR_NOT_FOUND
	                       : key_frame_open(thumbnails->setup.live, key, &frame, why);
	if (err != ERR_OK)
		return err;
	(void)snprintf(name, sizeof name, "%u %.*s", width, STR_ARG(key));
	(void)pthread_mutex_lock(&thumbnails->lock);
	err = ask(thumbnails, name, &frame, wait, &entry);
	(void)pthread_mutex_unlock(&thumbnails->lock);
	if (entry)
		make(entry, &frame, width);
	else if (err != ERR_OK && err != ERR_MORE && why)
		*why = wait->why;
	key_frame_done(&frame);
	return err;
}
