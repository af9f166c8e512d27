/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "proto/mp4/mp4.h"
#include "tests/fuzz/fuzz.h"

#define SAMPLES 512

/* Boxes fill exactly what they lie in, down to those that hold no others. */
static void check_boxes(struct bytes rest, int depth)
{
	while (rest.size) {
		uint32_t size = bytes_u32(&rest), type = bytes_u32(&rest);
		const uint8_t *body = size >= 8 ? bytes_take(&rest, size - 8) : NULL;
		if (!body)
			abort();
		if (depth && (type == 0x6d6f6f66 || type == 0x74726166)) /* moof, traf */
			check_boxes(bytes_of(body, size - 8), depth - 1);
	}
}

static struct mp4_run read_run(struct bytes *input, uint32_t track, struct mp4_sample *samples)
{
	struct mp4_run run = { .track = track, .samples = samples };
	size_t count = bytes_u16(input) % SAMPLES;

	run.decode_time = bytes_u64(input);
	for (; run.count < count && input->size >= 13; run.count++)
		samples[run.count] = (struct mp4_sample){
			.size = bytes_u32(input),
			.duration = bytes_u32(input),
			.composition = (int32_t)bytes_u32(input),
			.is_key = bytes_u8(input) & 1,
		};
	return run;
}

static void write_fragment(struct bytes *input)
{
	static struct mp4_sample samples[MP4_TRACKS_MAX][SAMPLES];
	struct mp4_run runs[MP4_TRACKS_MAX];
	AUTO_BUF out = { 0 };

	for (size_t i = 0; i < MP4_TRACKS_MAX; i++)
		runs[i] = read_run(input, (uint32_t)i + 1, samples[i]);
	buf_init(&out, 1 << 20);
	if (mp4_write_fragment(7, runs, MP4_TRACKS_MAX, &out) == ERR_OK)
		check_boxes(bytes_of(out.at, out.size - 8), 2); /* without the head of mdat */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct bytes input = bytes_of(bytes, size);
	struct mp4_track track = { .codec = (enum mp4_codec)(bytes_u8(&input) % 5),
		                   .timescale = bytes_u32(&input),
		                   .width = bytes_u16(&input),
		                   .height = bytes_u16(&input),
		                   .channels = bytes_u8(&input),
		                   .rate_hz = bytes_u32(&input) };
	AUTO_BUF out = { 0 };

	size_t record = bytes_u8(&input);
	track.record = bytes_of(input.at, record < input.size ? record : input.size);
	buf_init(&out, 1 << 20);
	if (mp4_write_init(&track, 1, &out) == ERR_OK)
		check_boxes(bytes_of(out.at, out.size), 0);
	write_fragment(&input);
	return 0;
}
