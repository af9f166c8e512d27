/* SPDX-License-Identifier: Apache-2.0 */
/* A key frame and its configuration, found in FLV tags. */
#include "endpoints/live/thumbnail_endpoint.h"
#include "proto/flv/flv.h"
#include "proto/flv/flv_config.h"

static struct str str_of_bytes(struct bytes bytes)
{
	return (struct str){ (const char *)bytes.at, bytes.size };
}

/* The video's configuration in what every viewer gets first; empty if there is none. */
static struct str find_config(struct str intro)
{
	struct bytes rest = bytes_of(intro.at, intro.size);
	struct flv_header header;
	struct flv_video video;
	struct flv_tag tag;

	if (flv_read_header(&rest, &header) != ERR_OK)
		return (struct str){ 0 };
	while (flv_read_tag(&rest, &tag) == ERR_OK)
		if (tag.kind == FLV_VIDEO && flv_read_video(tag.body, tag.size, &video) == ERR_OK &&
		    video.is_header)
			return str_of_bytes(video.payload);
	return (struct str){ 0 };
}

enum err thumbnail_read_flv(struct str intro, struct str unit, struct media_picture *out,
                            struct why *why)
{
	static const struct {
		enum flv_codec flv;
		enum media_codec codec;
	} codecs[] = { { FLV_AVC, MEDIA_H264 }, { FLV_HEVC, MEDIA_H265 }, { FLV_AV1, MEDIA_AV1 } };
	struct bytes rest = bytes_of(unit.at, unit.size);
	struct flv_video video;
	struct flv_tag tag;

	if (flv_read_tag(&rest, &tag) != ERR_OK)
		return why_set(why, ERR_MALFORMED, "no picture comes out of the key frame");
	if (tag.kind != FLV_VIDEO)
		return why_set(why, ERR_UNSUPPORTED, "the stream has sound only");
	if (flv_read_video(tag.body, tag.size, &video) != ERR_OK || !video.is_key)
		return why_set(why, ERR_MALFORMED, "no picture comes out of the key frame");
	for (size_t i = 0; i < COUNT_OF(codecs); i++) {
		if (codecs[i].flv != video.codec)
			continue;
		*out = (struct media_picture){ .codec = codecs[i].codec,
			                       .config = find_config(intro),
			                       .frame = str_of_bytes(video.payload) };
		return ERR_OK;
	}
	return why_set(why, ERR_UNSUPPORTED, "vigil-media has no decoder for %s",
	               flv_codec_text(video.codec));
}
