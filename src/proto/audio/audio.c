/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/audio/audio.h"

#include <string.h>

#include "base/mem.h"
#include "proto/h26x/nal.h"

#define TYPE_ESCAPE     31
#define TYPE_BAND       5  /* spectral band replication, said in front of the core's type */
#define TYPE_PARAMETRIC 29 /* the same with parametric stereo */
#define RATE_ESCAPE     15
#define OPUS_RATE_HZ    48000

static uint32_t read_type(struct nal_bits *bits)
{
	uint32_t type = nal_bits_read(bits, 5);

	return type == TYPE_ESCAPE ? 32 + nal_bits_read(bits, 6) : type;
}

static uint32_t read_rate(struct nal_bits *bits)
{
	static const uint32_t rates[] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000,
		                          22050, 16000, 12000, 11025, 8000,  7350 };
	uint32_t index = nal_bits_read(bits, 4);

	if (index == RATE_ESCAPE)
		return nal_bits_read(bits, 24);
	return index < COUNT_OF(rates) ? rates[index] : 0;
}

enum err audio_read_aac(struct bytes config, struct audio_config *out)
{
	static const uint8_t channels[16] = { 0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8 };
	struct nal_bits bits = nal_bits_of_plain(config.at, config.size);

	uint32_t type = read_type(&bits);
	uint32_t rate_hz = read_rate(&bits);
	uint8_t count = channels[nal_bits_read(&bits, 4)];
	if (type == TYPE_BAND || type == TYPE_PARAMETRIC)
		rate_hz = read_rate(&bits);
	if (bits.is_short || !type || !rate_hz)
		return ERR_MALFORMED;
	*out = (struct audio_config){ .object_type = (uint8_t)type,
		                      .channels = type == TYPE_PARAMETRIC ? 2 : count,
		                      .rate_hz = rate_hz };
	return ERR_OK;
}

enum err audio_read_opus(struct bytes head, struct audio_config *out)
{
	const uint8_t *mark = bytes_take(&head, 8);
	uint8_t version = bytes_u8(&head), channels = bytes_u8(&head);

	(void)bytes_take(&head, 9); /* pre-skip, input rate, gain, mapping family */
	if (head.is_short || memcmp(mark, "OpusHead", 8) != 0 || version > 15 || !channels)
		return ERR_MALFORMED;
	*out = (struct audio_config){ .channels = channels, .rate_hz = OPUS_RATE_HZ };
	return ERR_OK;
}
