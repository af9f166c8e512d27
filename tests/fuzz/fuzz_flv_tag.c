/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/flv/flv.h"
#include "proto/flv/flv_media.h"
#include "tests/fuzz/fuzz.h"

static uint8_t sum_of(struct bytes payload)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < payload.size; i++)
		sum ^= payload.at[i];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct bytes input = bytes_of(bytes, size);
	struct flv_header header;
	struct flv_video video;
	struct flv_audio audio;
	struct flv_tag tag;
	volatile uint8_t sum = 0;

	(void)flv_read_header(&input, &header);
	while (flv_read_tag(&input, &tag) == ERR_OK) {
		if (flv_read_video(tag.body, tag.size, &video) == ERR_OK)
			sum = sum_of(video.payload);
		if (flv_read_audio(tag.body, tag.size, &audio) == ERR_OK)
			sum = sum_of(audio.payload);
	}
	(void)sum;
	return 0;
}
