/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "proto/h26x/h264.h"
#include "proto/h26x/nal.h"
#include "tests/fuzz/fuzz.h"

/* What we write from a set we can read, we can read. */
static void write_and_read(struct bytes sps, struct bytes pps)
{
	struct h264_config config;
	AUTO_BUF record = { 0 };

	buf_init(&record, 256 * 1024);
	if (h264_write_config(sps, pps, &record) != ERR_OK)
		return;
	if (h264_read_config(bytes_of(record.at, record.size), &config) != ERR_OK ||
	    config.sps.size != sps.size || config.pps.size != pps.size)
		abort();
}

static void walk(struct bytes input)
{
	struct bytes nal, rest = input;
	struct h264_sps sps;

	while (nal_read_annex_b(&rest, &nal) == ERR_OK)
		if (!nal.size || nal.at < input.at || nal.at + nal.size > input.at + input.size)
			abort();
	rest = input;
	while (nal_read(&rest, 4, &nal) == ERR_OK)
		(void)h264_read_sps(nal, &sps);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct bytes input = bytes_of(bytes, size);
	char codec[H264_CODEC_TEXT_MAX];
	struct h264_config config;
	struct h264_sps sps;

	if (h264_read_config(input, &config) == ERR_OK) {
		h264_codec_text(&config, codec);
		write_and_read(config.sps, config.pps);
	}
	if (h264_read_sps(input, &sps) == ERR_OK &&
	    (!sps.width || !sps.height || sps.width > NAL_SIDE_MAX || sps.height > NAL_SIDE_MAX))
		abort();
	walk(input);
	return 0;
}
