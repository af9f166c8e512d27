/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/media/media_child.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/metric.h"
#include "io/loop.h"
#include "io/process.h"
#include "proto/media/decode.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEEPS_STDERR true /* a sanitizer's report is to be seen */
#else
#define KEEPS_STDERR false /* nothing that strangers may have written gets into our log */
#endif

static const struct {
	enum err err;
	const char *words;
} results[DECODE_STATUS_COUNT] = {
	[DECODE_READY] = { ERR_IO, "the decoder answered out of turn" },
	[DECODE_DONE] = { ERR_OK, "" },
	[DECODE_BROKEN] = { ERR_MALFORMED, "no picture comes out of the key frame" },
	[DECODE_UNSUPPORTED] = { ERR_UNSUPPORTED, "vigil-media has no decoder for this video" },
	[DECODE_TOO_LARGE] = { ERR_TOO_LARGE, "the picture is larger than vigil-media decodes" },
	[DECODE_NO_MEMORY] = { ERR_NO_MEMORY, "the picture needs more memory than it may have" },
};

static void on_timer(struct timer *timer);

static void become(struct media_child *child, enum child_state state)
{
	static const int64_t patience_ms[] = { [CHILD_NONE] = 0,
		                               [CHILD_STARTING] = MEDIA_START_MS,
		                               [CHILD_IDLE] = MEDIA_IDLE_MS,
		                               [CHILD_BUSY] = MEDIA_WORK_MS,
		                               [CHILD_ENDING] = CHILD_END_MS };

	child->state = state;
	loop_timer_stop(child->loop, &child->timer);
	if (patience_ms[state])
		loop_timer_start(child->loop, &child->timer, patience_ms[state], on_timer);
}

static void finish_job(struct media_child *child, enum err err, const char *words)
{
	struct media_job *job = TAKE(child->job);

	job->err = err;
	if (err != ERR_OK)
		(void)why_set(&job->why, err, "%s", words);
	child->ops->on_job(child, job);
}

/* Its job ends in on_ended. */
static void end_for(struct media_child *child, enum err reason)
{
	child->killed_for = reason;
	process_kill(child->process);
}

static void on_timer(struct timer *timer)
{
	struct media_child *child = CONTAINER_OF(timer, struct media_child, timer);

	switch (child->state) {
	case CHILD_IDLE:
		become(child, CHILD_ENDING);
		process_end(child->process);
		return;
	case CHILD_STARTING:
	case CHILD_BUSY: end_for(child, ERR_TIMEOUT); return;
	case CHILD_ENDING: process_kill(child->process); return;
	case CHILD_NONE: return;
	}
}

/* What it says is not believed before it was read: a decoder that was taken over may say anything.
 */
static enum err take_answer(struct media_child *child, const struct decode_answer *answer)
{
	if (child->state == CHILD_STARTING && answer->status == DECODE_READY) {
		become(child, CHILD_IDLE);
		child->ops->on_free(child);
		return ERR_OK;
	}
	if (child->state != CHILD_BUSY || answer->number != child->number)
		return ERR_MALFORMED;
	metric_observe(METRIC_media_us, clock_steady_us() - child->began_us);
	child->crashes = 0;
	buf_add(&child->job->jpeg, answer->jpeg.at, answer->jpeg.size);
	enum err err = results[answer->status].err;
	if (err == ERR_OK)
		err = buf_err(&child->job->jpeg);
	become(child, ++child->served < MEDIA_LIFE_JOBS ? CHILD_IDLE : CHILD_ENDING);
	if (child->state == CHILD_ENDING)
		process_end(child->process);
	finish_job(child, err, results[answer->status].words);
	if (child->state == CHILD_IDLE)
		child->ops->on_free(child);
	return ERR_OK;
}

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	struct media_child *child = owner;
	struct decode_answer answer;

	if (child->killed_for != ERR_OK)
		return;
	buf_add(&child->input, bytes, size);
	enum err err = buf_err(&child->input);
	struct bytes rest = bytes_of(child->input.at, child->input.size);
	if (err == ERR_OK)
		err = decode_answer_read(&rest, &answer);
	if (err == ERR_MORE)
		return;
	/* Nothing can stand behind the one answer that is due. */
	if (err == ERR_OK)
		err = rest.size ? ERR_MALFORMED : take_answer(child, &answer);
	buf_drop(&child->input, child->input.size, 0);
	if (err != ERR_OK)
		end_for(child, ERR_MALFORMED);
}

static void pause_next_start(struct media_child *child)
{
	int64_t pause_ms = CHILD_PAUSE_MS;

	for (unsigned i = 0; i < child->crashes && pause_ms < CHILD_PAUSE_MAX_MS; i++)
		pause_ms *= 2;
	if (pause_ms > CHILD_PAUSE_MAX_MS)
		pause_ms = CHILD_PAUSE_MAX_MS;
	child->crashes++;
	child->not_before_ms = clock_steady_ms() + pause_ms;
}

static void describe_end(const struct media_child *child, enum child_state before, int status,
                         int number, char *to, size_t room)
{
	if (child->killed_for == ERR_MALFORMED)
		(void)snprintf(to, room, "vigil-media was killed: its answer is none");
	else if (child->killed_for != ERR_OK)
		(void)snprintf(to, room, "vigil-media was killed: no %s in time",
		               before == CHILD_BUSY ? "answer" : "start");
	else if (number)
		(void)snprintf(to, room, "vigil-media ended by signal %d", number);
	else
		(void)snprintf(to, room, "vigil-media ended with status %d", status);
}

static void on_ended(void *owner, int status, int number)
{
	struct media_child *child = owner;
	enum child_state before = child->state;
	char words[100];

	child->process = NULL; /* the loop frees it */
	become(child, CHILD_NONE);
	buf_done(&child->input);
	metric_add(METRIC_media_children, -1);
	if (before != CHILD_ENDING) {
		describe_end(child, before, status, number, words, sizeof words);
		metric_count(METRIC_media_restarts_total);
		pause_next_start(child);
		if (child->job)
			finish_job(child, child->killed_for == ERR_TIMEOUT ? ERR_TIMEOUT : ERR_IO,
			           words);
		child->ops->on_crash(child, before != CHILD_STARTING, words);
	}
	child->ops->on_free(child);
}

enum err child_start(struct media_child *child, const char *path)
{
	static const struct process_events events = { .on_bytes = on_bytes, .on_ended = on_ended };
	const struct process_setup setup = {
		.path = path, .keeps_stderr = KEEPS_STDERR, .events = &events, .owner = child
	};
	enum err err = process_start(child->loop, &setup, &child->process);

	if (err != ERR_OK)
		return err;
	metric_add(METRIC_media_children, 1);
	buf_init(&child->input, DECODE_ANSWER_MAX + LOOP_READ_BYTES);
	child->served = 0;
	child->killed_for = ERR_OK;
	become(child, CHILD_STARTING);
	return ERR_OK;
}

void child_give(struct media_child *child, struct media_job *job)
{
	child->job = job;
	child->number = job->number;
	child->began_us = clock_steady_us();
	become(child, CHILD_BUSY);
	if (process_send(child->process, &job->request) != ERR_OK)
		process_kill(child->process); /* the job ends with it */
}

struct media_job *child_abandon(struct media_child *child)
{
	if (child->state == CHILD_NONE)
		return NULL;
	process_abandon(TAKE(child->process));
	become(child, CHILD_NONE);
	buf_done(&child->input);
	metric_add(METRIC_media_children, -1);
	return TAKE(child->job);
}
