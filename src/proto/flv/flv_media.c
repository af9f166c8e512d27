/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/flv/flv_media.h"

#include <string.h>

#include "base/mem.h"

/* Annex E.4.3.1: the upper half of a video body's first byte; 4 is a key frame made by a server. */
enum frame_type { FRAME_KEY = 1, FRAME_GENERATED_KEY = 4, FRAME_COMMAND = 5 };

#define IS_ENHANCED      0x80
#define AUDIO_ENHANCED   9
#define CLASSIC_AVC      7
#define CLASSIC_HEVC     12
#define MOD_EXTENDED_MAX 4 /* extensions in front of one packet type */

/* Enhanced RTMP v2: VideoPacketType and AudioPacketType. */
enum packet_type {
	PACKET_SEQUENCE_START = 0,
	PACKET_CODED_FRAMES = 1,
	PACKET_SEQUENCE_END = 2,
	PACKET_CODED_FRAMES_X = 3, /* video: no composition time */
	PACKET_METADATA = 4,       /* video; for audio the channels' order */
	PACKET_MPEG2_TS_START = 5,
	PACKET_VIDEO_MULTITRACK = 6,
	PACKET_AUDIO_MULTITRACK = 5,
	PACKET_MOD_EXTENDED = 7,
};

static const struct {
	const char *four_cc;
	enum flv_codec codec;
} four_ccs[] = {
	{ "avc1", FLV_AVC },  { "hvc1", FLV_HEVC }, { "vvc1", FLV_VVC }, { "av01", FLV_AV1 },
	{ "vp08", FLV_VP8 },  { "vp09", FLV_VP9 },  { "mp4a", FLV_AAC }, { ".mp3", FLV_MP3 },
	{ "Opus", FLV_OPUS }, { "fLaC", FLV_FLAC }, { "ac-3", FLV_AC3 }, { "ec-3", FLV_EAC3 },
};

/* Annex E.4.2.1, SoundFormat. */
static const enum flv_codec sound_formats[16] = {
	[0] = FLV_PCM,        [2] = FLV_MP3,  [3] = FLV_PCM,    [7] = FLV_G711_ALAW,
	[8] = FLV_G711_MULAW, [10] = FLV_AAC, [11] = FLV_SPEEX, [14] = FLV_MP3,
};

static enum flv_codec codec_of_four_cc(const uint8_t *four_cc)
{
	for (size_t i = 0; four_cc && i < COUNT_OF(four_ccs); i++)
		if (memcmp(four_cc, four_ccs[i].four_cc, 4) == 0)
			return four_ccs[i].codec;
	return FLV_CODEC_UNKNOWN;
}

static int32_t read_composition(struct bytes *rest)
{
	uint32_t value = bytes_u24(rest);

	return value & 0x800000 ? (int32_t)value - 0x1000000 : (int32_t)value;
}

/* Extensions (such as nanoseconds) stand before the packet type they belong to; they are skipped.
 */
static enum err skip_extensions(struct bytes *rest, uint8_t *packet_type)
{
	for (int i = 0; *packet_type == PACKET_MOD_EXTENDED; i++) {
		size_t size = bytes_u8(rest) + (size_t)1;
		if (size == 256)
			size = bytes_u16(rest) + (size_t)1;
		(void)bytes_take(rest, size);
		*packet_type = bytes_u8(rest) & 0x0F;
		if (rest->is_short || i == MOD_EXTENDED_MAX)
			return ERR_MALFORMED;
	}
	return ERR_OK;
}

static void read_packet_type(uint8_t packet_type, struct flv_video *video)
{
	video->is_header =
		packet_type == PACKET_SEQUENCE_START || packet_type == PACKET_MPEG2_TS_START;
	video->is_end = packet_type == PACKET_SEQUENCE_END;
	video->is_frame =
		packet_type == PACKET_CODED_FRAMES || packet_type == PACKET_CODED_FRAMES_X;
}

static enum err read_enhanced_video(struct bytes *rest, uint8_t first, struct flv_video *video)
{
	uint8_t packet_type = first & 0x0F;
	enum err err = skip_extensions(rest, &packet_type);

	if (err != ERR_OK)
		return err;
	if (packet_type == PACKET_VIDEO_MULTITRACK)
		return ERR_UNSUPPORTED;
	video->is_enhanced = true;
	video->codec = codec_of_four_cc(bytes_take(rest, 4));
	read_packet_type(packet_type, video);
	bool has_composition =
		video->codec == FLV_AVC || video->codec == FLV_HEVC || video->codec == FLV_VVC;
	if (packet_type == PACKET_CODED_FRAMES && has_composition)
		video->composition_ms = read_composition(rest);
	return ERR_OK;
}

static void read_classic_video(struct bytes *rest, uint8_t first, struct flv_video *video)
{
	uint8_t codec = first & 0x0F;

	if (codec != CLASSIC_AVC && codec != CLASSIC_HEVC) {
		video->is_frame = true;
		return;
	}
	video->codec = codec == CLASSIC_AVC ? FLV_AVC : FLV_HEVC;
	/* AVCPacketType has the first three numbers of the enhanced list. */
	uint8_t packet_type = bytes_u8(rest);
	if (packet_type <= PACKET_SEQUENCE_END)
		read_packet_type(packet_type, video);
	video->composition_ms = read_composition(rest);
}

enum err flv_read_video(const uint8_t *body, size_t size, struct flv_video *out)
{
	struct bytes rest = bytes_of(body, size);
	struct flv_video video = { 0 };
	uint8_t first = bytes_u8(&rest);
	bool is_enhanced = first & IS_ENHANCED;
	uint8_t frame_type = (first >> 4) & (is_enhanced ? 0x07 : 0x0F);
	enum err err = ERR_OK;

	/* A command (seeking begins or ends) is one byte in place of everything else. */
	if (frame_type == FRAME_COMMAND && !rest.is_short) {
		*out = (struct flv_video){ .is_enhanced = is_enhanced };
		return ERR_OK;
	}
	if (is_enhanced)
		err = read_enhanced_video(&rest, first, &video);
	else
		read_classic_video(&rest, first, &video);
	if (err != ERR_OK || rest.is_short)
		return err != ERR_OK ? err : ERR_MALFORMED;
	video.is_key =
		video.is_frame && (frame_type == FRAME_KEY || frame_type == FRAME_GENERATED_KEY);
	video.payload = rest;
	*out = video;
	return ERR_OK;
}

static enum err read_enhanced_audio(struct bytes *rest, uint8_t first, struct flv_audio *audio)
{
	uint8_t packet_type = first & 0x0F;
	enum err err = skip_extensions(rest, &packet_type);

	if (err != ERR_OK)
		return err;
	if (packet_type == PACKET_AUDIO_MULTITRACK)
		return ERR_UNSUPPORTED;
	audio->is_enhanced = true;
	audio->codec = codec_of_four_cc(bytes_take(rest, 4));
	audio->is_header = packet_type == PACKET_SEQUENCE_START;
	audio->is_frame = packet_type == PACKET_CODED_FRAMES;
	audio->is_end = packet_type == PACKET_SEQUENCE_END;
	return ERR_OK;
}

enum err flv_read_audio(const uint8_t *body, size_t size, struct flv_audio *out)
{
	struct bytes rest = bytes_of(body, size);
	struct flv_audio audio = { .is_frame = true };
	uint8_t first = bytes_u8(&rest);
	enum err err = ERR_OK;

	audio.codec = sound_formats[first >> 4];
	if (first >> 4 == AUDIO_ENHANCED)
		err = read_enhanced_audio(&rest, first, &audio);
	if (audio.codec == FLV_AAC && !audio.is_enhanced) {
		audio.is_header = bytes_u8(&rest) == 0;
		audio.is_frame = !audio.is_header;
	}
	if (err != ERR_OK || rest.is_short)
		return err != ERR_OK ? err : ERR_MALFORMED;
	audio.payload = rest;
	*out = audio;
	return ERR_OK;
}

size_t flv_write_avc_head(uint8_t to[FLV_AVC_HEAD_SIZE], bool is_key, bool is_header,
                          int32_t composition_ms)
{
	to[0] = is_key || is_header ? 0x17 : 0x27;
	to[1] = is_header ? PACKET_SEQUENCE_START : PACKET_CODED_FRAMES;
	to[2] = (uint8_t)(composition_ms >> 16);
	to[3] = (uint8_t)(composition_ms >> 8);
	to[4] = (uint8_t)composition_ms;
	return FLV_AVC_HEAD_SIZE;
}

size_t flv_write_aac_head(uint8_t to[FLV_AAC_HEAD_SIZE], bool is_header)
{
	to[0] = 0xAF;
	to[1] = is_header ? 0 : 1;
	return FLV_AAC_HEAD_SIZE;
}
