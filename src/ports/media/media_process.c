/* SPDX-License-Identifier: Apache-2.0 */
/* A few vigil-media, started when they are needed; all of it on the loop that asked first. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "io/loop.h"
#include "ports/media/media.h"
#include "ports/media/media_child.h"
#include "proto/media/decode.h"

#define UNAVAILABLE_MS 1000 /* what could not be started is not tried again before */

struct media {
	char *helper;
	void (*tell)(void *owner, const char *words);
	void *owner;
	pthread_mutex_t lock;
	struct loop *home; /* (lock) of the first who asked */
	size_t jobs;       /* (lock) all there are */
	bool is_stopped;   /* (lock) */
	uint32_t number;   /* (lock) of the newest job */

	/* on the home loop: */
	struct list queue;
	struct media_child children[MEDIA_CHILDREN];
	struct timer wait; /* until something can be tried again */
	int64_t unavailable_until_ms;
	struct why unavailable;
};

static void dispatch(struct media *media);

static void on_job_home(struct mail *mail)
{
	struct media_job *job = CONTAINER_OF(mail, struct media_job, mail);

	job->done(job);
}

static void finish(struct media *media, struct media_job *job)
{
	(void)pthread_mutex_lock(&media->lock);
	media->jobs--;
	(void)pthread_mutex_unlock(&media->lock);
	buf_done(&job->request);
	job->mail.fn = on_job_home;
	loop_post(job->home, &job->mail);
}

static void finish_with(struct media *media, struct media_job *job, enum err err, const char *words)
{
	job->err = why_set(&job->why, err, "%s", words);
	finish(media, job);
}

static struct media_job *first_of(struct media *media)
{
	struct list_node *node = list_first(&media->queue);

	return node ? CONTAINER_OF(node, struct media_job, node) : NULL;
}

static struct media_job *take_first(struct media *media)
{
	struct media_job *job = first_of(media);

	if (job)
		list_remove(&job->node);
	return job;
}

static void finish_queue(struct media *media, enum err err, const char *words)
{
	for (struct media_job *job; (job = take_first(media)) != NULL;)
		finish_with(media, job, err, words);
}

static void on_job(struct media_child *child, struct media_job *job)
{
	finish(child->owner, job);
}

static void on_free(struct media_child *child)
{
	dispatch(child->owner);
}

/* It cannot be started at all: who waits is told, unless another child works. */
static void set_unavailable(struct media *media, const char *words, const char *remedy)
{
	media->unavailable_until_ms = clock_steady_ms() + UNAVAILABLE_MS;
	(void)why_set(&media->unavailable, ERR_NOT_FOUND, "%s: %s", words, remedy);
}

static void on_crash(struct media_child *child, bool was_ready, const char *words)
{
	struct media *media = child->owner;

	media->tell(media->owner, words);
	if (!was_ready)
		set_unavailable(media, words, "start it by hand with --version to see why");
}

static size_t count_of(const struct media *media, enum child_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < MEDIA_CHILDREN; i++)
		count += media->children[i].state == state;
	return count;
}

static struct media_child *find_idle(struct media *media)
{
	for (size_t i = 0; i < MEDIA_CHILDREN; i++)
		if (media->children[i].state == CHILD_IDLE)
			return &media->children[i];
	return NULL;
}

static void start_one(struct media *media)
{
	int64_t now_ms = clock_steady_ms();

	for (size_t i = 0; i < MEDIA_CHILDREN; i++) {
		struct media_child *child = &media->children[i];
		if (child->state != CHILD_NONE || child->not_before_ms > now_ms)
			continue;
		child->loop = media->home;
		enum err err = child_start(child, media->helper);
		if (err != ERR_OK)
			set_unavailable(media, "vigil-media cannot be started",
			                "install it beside vigild, or set media.helper");
		return;
	}
}

static void on_wait(struct timer *timer)
{
	dispatch(CONTAINER_OF(timer, struct media, wait));
}

/* Who waited too long, or for nothing, goes. */
static void clear_queue(struct media *media)
{
	int64_t now_ms = clock_steady_ms();

	if (media->unavailable_until_ms > now_ms &&
	    count_of(media, CHILD_NONE) + count_of(media, CHILD_ENDING) == MEDIA_CHILDREN)
		finish_queue(media, ERR_NOT_FOUND, media->unavailable.text);
	for (struct media_job *job; (job = first_of(media)) != NULL;) {
		if (job->since_ms + MEDIA_WAIT_MS > now_ms)
			return;
		list_remove(&job->node);
		finish_with(media, job, ERR_BUSY, "too many thumbnails are being made");
	}
}

static size_t queue_length(const struct media *media)
{
	size_t length = 0;

	list_each (node, &media->queue)
		length++;
	return length;
}

/* The next time at which the queue can change by itself: a pause is over, or patience. */
static void watch_queue(struct media *media)
{
	struct media_job *job = first_of(media);

	loop_timer_stop(media->home, &media->wait);
	if (!job)
		return;
	int64_t due_ms = job->since_ms + MEDIA_WAIT_MS;
	for (size_t i = 0; i < MEDIA_CHILDREN; i++) {
		const struct media_child *child = &media->children[i];
		if (child->state == CHILD_NONE && child->not_before_ms < due_ms &&
		    child->not_before_ms > clock_steady_ms())
			due_ms = child->not_before_ms;
	}
	int64_t delay_ms = due_ms - clock_steady_ms();
	loop_timer_start(media->home, &media->wait, delay_ms > 0 ? delay_ms : 0, on_wait);
}

static void dispatch(struct media *media)
{
	for (struct media_child *child; (child = find_idle(media)) != NULL;) {
		struct media_job *job = take_first(media);
		if (!job)
			break;
		child_give(child, job);
	}
	if (count_of(media, CHILD_STARTING) < queue_length(media) &&
	    media->unavailable_until_ms <= clock_steady_ms())
		start_one(media);
	clear_queue(media);
	watch_queue(media);
}

static void on_arrival(struct mail *mail)
{
	struct media_job *job = CONTAINER_OF(mail, struct media_job, mail);
	struct media *media = job->media;

	if (media->is_stopped) {
		finish_with(media, job, ERR_CLOSED, "this server ends");
		return;
	}
	list_add(&media->queue, &job->node);
	dispatch(media);
}

static enum err write_request(const struct media_picture *picture, unsigned width, uint32_t number,
                              struct buf *out)
{
	static const enum decode_codec codecs[] = {
		[MEDIA_H264] = DECODE_H264, [MEDIA_H265] = DECODE_H265, [MEDIA_AV1] = DECODE_AV1
	};
	const struct decode_request request = {
		.codec = codecs[picture->codec],
		.width = (uint16_t)width,
		.number = number,
		.config = bytes_of(picture->config.at, picture->config.size),
		.frame = bytes_of(picture->frame.at, picture->frame.size),
	};

	buf_init(out, DECODE_REQUEST_MAX);
	return decode_request_write(&request, out);
}

enum err media_run(struct media *media, const struct media_picture *picture, unsigned width,
                   struct media_job *job)
{
	enum err err = ERR_OK;

	(void)pthread_mutex_lock(&media->lock);
	if (media->is_stopped)
		err = ERR_CLOSED;
	else if (media->jobs == MEDIA_QUEUE_MAX)
		err = ERR_BUSY;
	else
		media->jobs++;
	if (!media->home)
		media->home = loop_current();
	job->number = ++media->number;
	(void)pthread_mutex_unlock(&media->lock);
	if (err != ERR_OK)
		return err;
	buf_init(&job->jpeg, DECODE_JPEG_MAX);
	err = write_request(picture, width, job->number, &job->request);
	if (err != ERR_OK) {
		(void)pthread_mutex_lock(&media->lock);
		media->jobs--;
		(void)pthread_mutex_unlock(&media->lock);
		return err;
	}
	job->media = media;
	job->home = loop_current();
	job->since_ms = clock_steady_ms();
	job->mail.fn = on_arrival;
	loop_post(media->home, &job->mail);
	return ERR_OK;
}

void media_job_done(struct media_job *job)
{
	buf_done(&job->jpeg);
	buf_done(&job->request);
}

enum err media_open(const struct media_setup *setup, struct media **out)
{
	static const struct child_ops ops = { .on_job = on_job,
		                              .on_free = on_free,
		                              .on_crash = on_crash };
	struct media *media = calloc(1, sizeof *media);

	if (!media || !(media->helper = strdup(setup->helper))) {
		free(media);
		return ERR_NO_MEMORY;
	}
	media->tell = setup->tell;
	media->owner = setup->owner;
	(void)pthread_mutex_init(&media->lock, NULL);
	list_init(&media->queue);
	for (size_t i = 0; i < MEDIA_CHILDREN; i++) {
		media->children[i].ops = &ops;
		media->children[i].owner = media;
	}
	*out = media;
	return ERR_OK;
}

void media_stop(struct media *media)
{
	if (!media)
		return;
	(void)pthread_mutex_lock(&media->lock);
	bool has_begun = media->home && !media->is_stopped;
	media->is_stopped = true;
	(void)pthread_mutex_unlock(&media->lock);
	if (!has_begun)
		return;
	loop_timer_stop(media->home, &media->wait);
	for (size_t i = 0; i < MEDIA_CHILDREN; i++) {
		struct media_job *job = child_abandon(&media->children[i]);
		if (job)
			finish_with(media, job, ERR_CLOSED, "this server ends");
	}
	finish_queue(media, ERR_CLOSED, "this server ends");
}

void media_free(struct media *media)
{
	if (!media)
		return;
	media_stop(media);
	(void)pthread_mutex_destroy(&media->lock);
	free(media->helper);
	free(media);
}
