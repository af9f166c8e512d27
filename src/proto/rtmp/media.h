/* SPDX-License-Identifier: Apache-2.0 */
/* media.h — what flows through a publication; the body is that of the FLV tag of the same kind. */
#ifndef VIGIL_PROTO_RTMP_MEDIA_H
#define VIGIL_PROTO_RTMP_MEDIA_H

#include <stddef.h>
#include <stdint.h>

enum rtmp_media_kind {
	RTMP_MEDIA_AUDIO,
	RTMP_MEDIA_VIDEO,
	RTMP_MEDIA_METADATA, /* "onMetaData" and its values */
};

struct rtmp_media {
	enum rtmp_media_kind kind;
	uint32_t timestamp_ms; /* as the peer counts; wraps */
	const uint8_t *body;   /* never empty */
	size_t size;
};

#endif
