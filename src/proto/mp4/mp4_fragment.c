/* SPDX-License-Identifier: Apache-2.0 */
/* A fragment: where each sample lies and how long it is shown. What all samples of a run share is
 * said once. */
#include "proto/mp4/mp4_private.h"

#define MDAT_HEAD_SIZE 8

/* ISO/IEC 14496-12 §8.8.7 and §8.8.8 */
enum tfhd_flag {
	TFHD_DURATION = 0x8,
	TFHD_FLAGS = 0x20,
	TFHD_BASE_IS_MOOF = 0x20000,
};
enum trun_flag {
	TRUN_OFFSET = 0x1,
	TRUN_DURATION = 0x100,
	TRUN_SIZE = 0x200,
	TRUN_FLAGS = 0x400,
	TRUN_COMPOSITION = 0x800,
};
enum sample_flags {
	SAMPLE_KEY = 0x02000000,    /* depends on no other */
	SAMPLE_NO_KEY = 0x01010000, /* depends on others; nowhere to start */
};

static uint32_t flags_of(const struct mp4_sample *sample)
{
	return sample->is_key ? SAMPLE_KEY : SAMPLE_NO_KEY;
}

/* What differs from sample to sample. */
static uint32_t run_flags(const struct mp4_run *run)
{
	uint32_t flags = TRUN_OFFSET | TRUN_SIZE;
	const struct mp4_sample *first = &run->samples[0];

	for (size_t i = 0; i < run->count; i++) {
		const struct mp4_sample *sample = &run->samples[i];
		if (sample->duration != first->duration)
			flags |= TRUN_DURATION;
		if (sample->is_key != first->is_key)
			flags |= TRUN_FLAGS;
		if (sample->composition)
			flags |= TRUN_COMPOSITION;
	}
	return flags;
}

static void add_tfhd(struct buf *out, const struct mp4_run *run, uint32_t flags)
{
	uint32_t shared = TFHD_BASE_IS_MOOF;

	if (!(flags & TRUN_DURATION))
		shared |= TFHD_DURATION;
	if (!(flags & TRUN_FLAGS))
		shared |= TFHD_FLAGS;
	size_t box = box_begin_full(out, "tfhd", 0, shared);
	buf_add_u32(out, run->track);
	if (shared & TFHD_DURATION)
		buf_add_u32(out, run->samples[0].duration);
	if (shared & TFHD_FLAGS)
		buf_add_u32(out, flags_of(&run->samples[0]));
	box_end(out, box);
}

static void add_tfdt(struct buf *out, const struct mp4_run *run)
{
	size_t box = box_begin_full(out, "tfdt", 1, 0);

	buf_add_u64(out, run->decode_time);
	box_end(out, box);
}

/* Gives where the offset of the run's first byte is to be written. */
static size_t add_trun(struct buf *out, const struct mp4_run *run, uint32_t flags)
{
	size_t box = box_begin_full(out, "trun", 1, flags);

	buf_add_u32(out, (uint32_t)run->count);
	size_t offset_at = out->size;
	buf_add_u32(out, 0);
	for (size_t i = 0; i < run->count; i++) {
		const struct mp4_sample *sample = &run->samples[i];
		if (flags & TRUN_DURATION)
			buf_add_u32(out, sample->duration);
		buf_add_u32(out, sample->size);
		if (flags & TRUN_FLAGS)
			buf_add_u32(out, flags_of(sample));
		if (flags & TRUN_COMPOSITION)
			buf_add_u32(out, (uint32_t)sample->composition);
	}
	box_end(out, box);
	return offset_at;
}

static enum err check_runs(const struct mp4_run runs[], size_t count, uint64_t payloads[])
{
	uint64_t total = 0;

	if (!count || count > MP4_TRACKS_MAX)
		return ERR_INVALID;
	for (size_t i = 0; i < count; i++) {
		if (!runs[i].count || !runs[i].track)
			return ERR_INVALID;
		if (runs[i].count > MP4_SAMPLES_MAX)
			return ERR_TOO_LARGE;
		payloads[i] = 0;
		for (size_t s = 0; s < runs[i].count; s++)
			payloads[i] += runs[i].samples[s].size;
		total += payloads[i];
	}
	return total > MP4_PAYLOAD_MAX ? ERR_TOO_LARGE : ERR_OK;
}

enum err mp4_write_fragment(uint32_t sequence, const struct mp4_run runs[], size_t count,
                            struct buf *out)
{
	uint64_t payloads[MP4_TRACKS_MAX], total = 0;
	size_t offsets[MP4_TRACKS_MAX];
	enum err err = check_runs(runs, count, payloads);

	if (err != ERR_OK)
		return err;
	size_t moof = box_begin(out, "moof");
	size_t mfhd = box_begin_full(out, "mfhd", 0, 0);
	buf_add_u32(out, sequence);
	box_end(out, mfhd);
	for (size_t i = 0; i < count; i++) {
		uint32_t flags = run_flags(&runs[i]);
		size_t traf = box_begin(out, "traf");
		add_tfhd(out, &runs[i], flags);
		add_tfdt(out, &runs[i]);
		offsets[i] = add_trun(out, &runs[i], flags);
		box_end(out, traf);
	}
	box_end(out, moof);
	for (size_t i = 0; i < count; i++) {
		uint64_t first = out->size - moof + MDAT_HEAD_SIZE + total;
		box_set_u32(out, offsets[i], (uint32_t)first);
		total += payloads[i];
	}
	buf_add_u32(out, (uint32_t)(MDAT_HEAD_SIZE + total));
	buf_add(out, "mdat", 4);
	return buf_err(out);
}
