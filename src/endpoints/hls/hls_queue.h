/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hls_queue.h — one track's samples that wait for the part they go into.
 *
 * A sample's duration is known when the next one comes: the last one waits for it.
 *
 * Units    times are milliseconds; ticks and durations are in the track's timescale.
 */
#ifndef VIGIL_ENDPOINTS_HLS_QUEUE_H
#define VIGIL_ENDPOINTS_HLS_QUEUE_H

#include "base/buf.h"
#include "proto/mp4/mp4.h"

#define HLS_SAMPLES_MAX    1024
#define HLS_PART_BYTES_MAX (2 * 1024 * 1024) /* of one track, but for a single larger sample */

struct hls_queue {
	struct mp4_sample samples[HLS_SAMPLES_MAX];
	int64_t times_ms[HLS_SAMPLES_MAX];
	size_t count;
	struct buf payload;
	uint64_t first_ticks,
		next_ticks;          /* decode times of the first sample, and behind the last */
	bool is_counting;            /* next_ticks goes on from what was here before */
	uint32_t timescale, quantum; /* quantum 0: durations are as the times tell */
};

void hls_queue_init(struct hls_queue *queue);
void hls_queue_done(struct hls_queue *queue);
/* Forgets all samples; the next one may be of another timescale. */
void hls_queue_reset(struct hls_queue *queue, uint32_t timescale, uint32_t quantum);

/* No further sample fits: take some out first. */
bool hls_queue_is_full(const struct hls_queue *queue, size_t size);

/* Something comes at that time (or would have): so long the last sample lasts. */
void hls_queue_end(struct hls_queue *queue, int64_t next_ms);

/* Adds a sample behind the others, and ends the one before. ERR_TOO_LARGE, ERR_NO_MEMORY: dropped.
 */
enum err hls_queue_add(struct hls_queue *queue, int64_t time_ms, struct bytes sample,
                       int32_t composition_ms, bool is_key);

/* The leading samples before `until_ms` whose duration is known, as a run of that track; borrowed
 * until hls_queue_drop(). */
struct mp4_run hls_queue_run(const struct hls_queue *queue, uint32_t track, int64_t until_ms);
void hls_queue_drop(struct hls_queue *queue, const struct mp4_run *run);

static inline size_t hls_run_bytes(const struct mp4_run *run)
{
	size_t bytes = 0;

	for (size_t i = 0; i < run->count; i++)
		bytes += run->samples[i].size;
	return bytes;
}

#endif
