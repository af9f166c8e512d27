/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/hls/hls_queue.h"

#include <string.h>

#define PAYLOAD_MAX  (HLS_PART_BYTES_MAX + 8 * 1024 * 1024) /* and two of the largest frames */
#define PAYLOAD_KEEP (256 * 1024)
#define DRIFT_MAX_MS 60 /* between counted samples and their times */

void hls_queue_init(struct hls_queue *queue)
{
	*queue = (struct hls_queue){ 0 };
	buf_init(&queue->payload, PAYLOAD_MAX);
}

void hls_queue_done(struct hls_queue *queue)
{
	buf_done(&queue->payload);
}

void hls_queue_reset(struct hls_queue *queue, uint32_t timescale, uint32_t quantum)
{
	buf_drop(&queue->payload, queue->payload.size, PAYLOAD_KEEP);
	queue->count = 0;
	queue->is_counting = false;
	queue->timescale = timescale;
	queue->quantum = quantum;
}

bool hls_queue_is_full(const struct hls_queue *queue, size_t size)
{
	return queue->count == HLS_SAMPLES_MAX ||
	       (queue->count && queue->payload.size + size > HLS_PART_BYTES_MAX);
}

static int64_t ticks_of(const struct hls_queue *queue, int64_t time_ms)
{
	return time_ms * queue->timescale / 1000;
}

/* Times in milliseconds jitter where packets of sound have an exact length: whole packets are
 * counted on, until the count is off by more than that. */
static uint32_t duration_until(const struct hls_queue *queue, int64_t next_ms)
{
	int64_t now = (int64_t)queue->next_ticks, next = ticks_of(queue, next_ms);
	int64_t exact = next > now ? next - now : 1;
	int64_t quantum = queue->quantum;

	if (!quantum)
		return (uint32_t)exact;
	int64_t ticks = ticks_of(queue, next_ms - queue->times_ms[queue->count - 1]);
	int64_t counted = (ticks + quantum / 2) / quantum * quantum;
	if (counted < quantum)
		counted = quantum;
	int64_t drift = now + counted - next, most = ticks_of(queue, DRIFT_MAX_MS);
	/* Behind its times a track catches up at once; ahead of them it goes slow. */
	if (drift < -most)
		return (uint32_t)exact;
	return (uint32_t)(drift > most ? 1 + quantum / 2 : counted);
}

void hls_queue_end(struct hls_queue *queue, int64_t next_ms)
{
	struct mp4_sample *last = queue->count ? &queue->samples[queue->count - 1] : NULL;

	if (!last || last->duration)
		return;
	last->duration = duration_until(queue, next_ms);
	queue->next_ticks += last->duration;
}

enum err hls_queue_add(struct hls_queue *queue, int64_t time_ms, struct bytes sample,
                       int32_t composition_ms, bool is_key)
{
	hls_queue_end(queue, time_ms);
	if (queue->count == HLS_SAMPLES_MAX)
		return ERR_TOO_LARGE;
	buf_add(&queue->payload, sample.at, sample.size);
	enum err err = buf_err(&queue->payload);
	if (err != ERR_OK) {
		queue->payload.err = ERR_OK; /* what is in it stays good */
		return err;
	}
	if (!queue->is_counting)
		queue->next_ticks = (uint64_t)ticks_of(queue, time_ms);
	if (!queue->count)
		queue->first_ticks = queue->next_ticks;
	queue->is_counting = true;
	queue->times_ms[queue->count] = time_ms;
	queue->samples[queue->count++] = (struct mp4_sample){
		.size = (uint32_t)sample.size,
		.composition = (int32_t)ticks_of(queue, composition_ms),
		.is_key = is_key,
	};
	return ERR_OK;
}

struct mp4_run hls_queue_run(const struct hls_queue *queue, uint32_t track, int64_t until_ms)
{
	struct mp4_run run = { .track = track,
		               .decode_time = queue->first_ticks,
		               .samples = queue->samples };

	while (run.count < queue->count && queue->samples[run.count].duration &&
	       queue->times_ms[run.count] < until_ms)
		run.count++;
	return run;
}

void hls_queue_drop(struct hls_queue *queue, const struct mp4_run *run)
{
	size_t left = queue->count - run->count;

	for (size_t i = 0; i < run->count; i++)
		queue->first_ticks += queue->samples[i].duration;
	buf_drop(&queue->payload, hls_run_bytes(run), PAYLOAD_KEEP);
	memmove(queue->samples, queue->samples + run->count, left * sizeof queue->samples[0]);
	memmove(queue->times_ms, queue->times_ms + run->count, left * sizeof queue->times_ms[0]);
	queue->count = left;
}
