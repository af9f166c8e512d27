/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtmp_intake.h — from RTMP media to framed units: an FLV tag around each body, and what every
 * viewer needs first (metadata and the codecs' configurations) kept as the introduction. The times
 * are made steady.
 *
 * Memory   lives inside its session; rtmp_intake_done() frees what it keeps.
 */
#ifndef VIGIL_ENDPOINTS_RTMP_INTAKE_H
#define VIGIL_ENDPOINTS_RTMP_INTAKE_H

#include "base/buf.h"
#include "domain/live/live.h"
#include "proto/flv/flv_clock.h"
#include "proto/rtmp/media.h"

#define RTMP_INTRO_MAX (64 * 1024)

struct rtmp_intake {
	struct publisher *publisher;
	struct buf metadata, video, audio; /* whole tags with timestamp 0; empty: none yet */
	bool has_video, has_audio;
	int64_t goes_on_ms; /* where the push before it ended; -1: there was none */
	struct flv_clock clock;
};

void rtmp_intake_init(struct rtmp_intake *intake, struct publisher *publisher);
void rtmp_intake_done(struct rtmp_intake *intake);

void rtmp_intake_take(struct rtmp_intake *intake, const struct rtmp_media *media);

#endif
