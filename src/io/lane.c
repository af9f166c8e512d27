/* SPDX-License-Identifier: Apache-2.0 */
#include "io/lane.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "base/metric.h"
#include "io/loop.h"

struct lane {
	pthread_mutex_t lock;
	pthread_cond_t has_work;
	struct lane_job *first, *last;
	size_t queued, queue_max;
	bool is_ending;
	unsigned thread_count;
	pthread_t threads[];
};

static void on_done(struct mail *mail)
{
	struct lane_job *job = CONTAINER_OF(mail, struct lane_job, mail);

	job->done(job);
}

/* The next job, or NULL when the lane ends. */
static struct lane_job *take(struct lane *lane)
{
	(void)pthread_mutex_lock(&lane->lock);
	while (!lane->first && !lane->is_ending)
		(void)pthread_cond_wait(&lane->has_work, &lane->lock);
	struct lane_job *job = lane->first;
	if (job) {
		lane->first = job->next;
		lane->queued--;
	}
	(void)pthread_mutex_unlock(&lane->lock);
	return job;
}

static void *run_thread(void *arg)
{
	for (struct lane_job *job; (job = take(arg)) != NULL;) {
		job->work(job);
		loop_post(job->home, &job->mail);
	}
	return NULL;
}

enum err lane_new(const char *name, unsigned threads, size_t queue_max, struct lane **out)
{
	struct lane *lane = calloc(1, sizeof *lane + threads * sizeof(pthread_t));
	sigset_t all, before;

	if (!lane)
		return ERR_NO_MEMORY;
	lane->queue_max = queue_max;
	(void)pthread_mutex_init(&lane->lock, NULL);
	(void)pthread_cond_init(&lane->has_work, NULL);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (lane->thread_count < threads &&
	       pthread_create(&lane->threads[lane->thread_count], NULL, run_thread, lane) == 0)
		(void)pthread_setname_np(lane->threads[lane->thread_count++], name);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (lane->thread_count < threads) {
		lane_free(lane);
		return ERR_NO_MEMORY;
	}
	*out = lane;
	return ERR_OK;
}

void lane_free(struct lane *lane)
{
	if (!lane)
		return;
	(void)pthread_mutex_lock(&lane->lock);
	lane->is_ending = true;
	(void)pthread_cond_broadcast(&lane->has_work);
	(void)pthread_mutex_unlock(&lane->lock);
	for (unsigned i = 0; i < lane->thread_count; i++)
		(void)pthread_join(lane->threads[i], NULL);
	(void)pthread_cond_destroy(&lane->has_work);
	(void)pthread_mutex_destroy(&lane->lock);
	free(lane);
}

enum err lane_run_for(struct lane *lane, struct loop *home, struct lane_job *job, lane_fn *work,
                      lane_fn *done)
{
	job->work = work;
	job->done = done;
	job->home = home;
	job->mail.fn = on_done;
	job->next = NULL;

	(void)pthread_mutex_lock(&lane->lock);
	bool is_full = lane->queued >= lane->queue_max;
	if (!is_full) {
		if (lane->first)
			lane->last->next = job;
		else
			lane->first = job;
		lane->last = job;
		lane->queued++;
		(void)pthread_cond_signal(&lane->has_work);
	}
	(void)pthread_mutex_unlock(&lane->lock);
	if (is_full)
		metric_count(METRIC_lane_refused_total);
	return is_full ? ERR_BUSY : ERR_OK;
}

enum err lane_run(struct lane *lane, struct lane_job *job, lane_fn *work, lane_fn *done)
{
	return lane_run_for(lane, loop_current(), job, work, done);
}
