/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "proto/av1/av1.h"
#include "proto/flv/flv_config.h"
#include "proto/h26x/h265.h"
#include "proto/h26x/nal.h"
#include "tests/fuzz/fuzz.h"

static void check(enum err err, const struct flv_config *facts, struct bytes input)
{
	if (err != ERR_OK)
		return;
	if (!memchr(facts->text, 0, sizeof facts->text) || !facts->text[0])
		abort();
	if (facts->record.size > input.size || facts->width > NAL_SIDE_MAX ||
	    facts->height > NAL_SIDE_MAX || !facts->width != !facts->height)
		abort();
}

/* A body as it comes from a peer. */
static void read_body(struct bytes input)
{
	struct flv_config facts;
	struct flv_video video;
	struct flv_audio audio;

	if (flv_read_video(input.at, input.size, &video) == ERR_OK)
		check(flv_video_config(&video, &facts), &facts, input);
	if (flv_read_audio(input.at, input.size, &audio) == ERR_OK)
		check(flv_audio_config(&audio, &facts), &facts, input);
}

/* The first byte chooses the codec, the rest is its configuration. */
static void read_record(struct bytes input)
{
	enum flv_codec codec = (enum flv_codec)(bytes_u8(&input) % FLV_CODEC_COUNT);
	struct flv_video video = { .codec = codec, .is_header = true, .payload = input };
	struct flv_audio audio = { .codec = codec, .is_header = true, .payload = input };
	struct flv_config facts;

	check(flv_video_config(&video, &facts), &facts, input);
	check(flv_audio_config(&audio, &facts), &facts, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	read_body(bytes_of(bytes, size));
	if (size)
		read_record(bytes_of(bytes, size));
	return 0;
}
