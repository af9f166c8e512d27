/* SPDX-License-Identifier: Apache-2.0 */
/* Sample entries: what a decoder must know before the first sample. */
#include <string.h>

#include "proto/mp4/mp4_private.h"

#define OPUS_HEAD_SIZE 19 /* RFC 7845 §5.1, mapping family 0 */
#define OPUS_RATE_HZ   48000
#define RESOLUTION_72  0x00480000
#define CHANNELS_MAX   64

/* ISO/IEC 14496-1 §7.2.6: descriptors inside esds. */
enum descriptor { ES_DESCRIPTOR = 3, DECODER_CONFIG = 4, DECODER_SPECIFIC = 5, SYNC_LAYER = 6 };

#define DECODER_CONFIG_SIZE 13
#define OBJECT_AAC          0x40
#define STREAM_AUDIO        0x15

static const struct {
	const char *entry, *config;
} names[] = {
	[MP4_AVC] = { "avc1", "avcC" },  [MP4_HEVC] = { "hvc1", "hvcC" },
	[MP4_AV1] = { "av01", "av1C" },  [MP4_AAC] = { "mp4a", "esds" },
	[MP4_OPUS] = { "Opus", "dOps" },
};

static bool is_opus_head(struct bytes record)
{
	return record.size >= OPUS_HEAD_SIZE && memcmp(record.at, "OpusHead", 8) == 0 &&
	       record.at[18] == 0;
}

enum err mp4_check_track(const struct mp4_track *track)
{
	bool is_sound = mp4_is_sound(track->codec);

	if (!track->timescale || !track->record.size)
		return ERR_INVALID;
	if (track->record.size > (is_sound ? MP4_SOUND_RECORD_MAX : MP4_RECORD_MAX))
		return ERR_TOO_LARGE;
	if (!is_sound)
		return track->width && track->height && track->width <= MP4_SIDE_MAX &&
		                       track->height <= MP4_SIDE_MAX
		               ? ERR_OK
		               : ERR_INVALID;
	if (!track->channels || track->channels > CHANNELS_MAX || !track->rate_hz)
		return ERR_INVALID;
	return track->codec != MP4_OPUS || is_opus_head(track->record) ? ERR_OK : ERR_INVALID;
}

static void add_record(struct buf *out, const struct mp4_track *track)
{
	size_t box = box_begin(out, names[track->codec].config);

	buf_add(out, track->record.at, track->record.size);
	box_end(out, box);
}

static void add_descriptor(struct buf *out, enum descriptor tag, size_t size)
{
	buf_add_u8(out, (uint8_t)tag);
	buf_add_u8(out, (uint8_t)size); /* below 128: MP4_SOUND_RECORD_MAX sees to it */
}

static void add_esds(struct buf *out, const struct mp4_track *track)
{
	size_t specific = 2 + track->record.size, decoder = 2 + DECODER_CONFIG_SIZE + specific;
	size_t box = box_begin_full(out, "esds", 0, 0);

	add_descriptor(out, ES_DESCRIPTOR, 3 + decoder + 3);
	box_add_zeros(out, 3); /* ES_ID, flags */
	add_descriptor(out, DECODER_CONFIG, DECODER_CONFIG_SIZE + specific);
	buf_add_u8(out, OBJECT_AAC);
	buf_add_u8(out, STREAM_AUDIO);
	box_add_zeros(out, 11); /* buffer size, largest and mean rate: not known */
	add_descriptor(out, DECODER_SPECIFIC, track->record.size);
	buf_add(out, track->record.at, track->record.size);
	add_descriptor(out, SYNC_LAYER, 1);
	buf_add_u8(out, 2); /* as MP4 has it */
	box_end(out, box);
}

/* The identification header is little-endian, dOps is not (Opus in ISOBMFF §4.3.2). */
static void add_dops(struct buf *out, const struct mp4_track *track)
{
	struct bytes head = track->record;
	size_t box = box_begin(out, "dOps");

	(void)bytes_take(&head, 9); /* magic, version */
	buf_add_u8(out, 0);
	buf_add_u8(out, bytes_u8(&head)); /* channels */
	uint16_t pre_skip = __builtin_bswap16(bytes_u16(&head));
	buf_add_u16(out, pre_skip);
	buf_add_u32(out, bytes_u32le(&head)); /* the rate of the original */
	uint16_t gain = __builtin_bswap16(bytes_u16(&head));
	buf_add_u16(out, gain);
	buf_add_u8(out, 0); /* mapping family */
	box_end(out, box);
}

static void add_visual(struct buf *out, const struct mp4_track *track)
{
	box_add_zeros(out, 6);
	buf_add_u16(out, 1); /* data reference */
	box_add_zeros(out, 16);
	buf_add_u16(out, (uint16_t)track->width);
	buf_add_u16(out, (uint16_t)track->height);
	buf_add_u32(out, RESOLUTION_72);
	buf_add_u32(out, RESOLUTION_72);
	box_add_zeros(out, 4);
	buf_add_u16(out, 1);      /* one frame a sample */
	box_add_zeros(out, 32);   /* no compressor's name */
	buf_add_u16(out, 0x0018); /* depth */
	buf_add_u16(out, 0xFFFF);
	add_record(out, track);
}

static void add_sound(struct buf *out, const struct mp4_track *track)
{
	/* 16.16, and no rate at all above what fits: the record tells it. */
	uint32_t rate_hz = track->codec == MP4_OPUS ? OPUS_RATE_HZ : track->rate_hz;

	box_add_zeros(out, 6);
	buf_add_u16(out, 1);
	box_add_zeros(out, 8);
	buf_add_u16(out, (uint16_t)track->channels);
	buf_add_u16(out, 16); /* bits */
	box_add_zeros(out, 4);
	buf_add_u32(out, rate_hz <= UINT16_MAX ? rate_hz << 16 : 0);
	if (track->codec == MP4_OPUS)
		add_dops(out, track);
	else
		add_esds(out, track);
}

void mp4_add_entry(struct buf *out, const struct mp4_track *track)
{
	size_t box = box_begin(out, names[track->codec].entry);

	if (mp4_is_sound(track->codec))
		add_sound(out, track);
	else
		add_visual(out, track);
	box_end(out, box);
}
