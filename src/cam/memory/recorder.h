/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder.h — writes frames onto the card as recordings of at most RECORDER_MS_MAX.
 *
 * Threads  one; each frame is a small buffered write.
 * Errors   a card that fails ends the recording; what was written before is kept.
 */
#ifndef VIGIL_CAM_RECORDER_H
#define VIGIL_CAM_RECORDER_H

#include <stdbool.h>
#include <stdio.h>

#include "cam/memory/card.h"
#include "cam/picture/clip.h"

#define RECORDER_MS_MAX    60000
#define RECORDER_BYTES_MAX (8 * 1024 * 1024)

struct recorder {
	struct card *card;
	FILE *file; /* NULL: no recording is open */
	struct card_segment segment;
	int64_t first_ms; /* the source's time of the recording's first frame */
	bool is_on;
	enum card_type type;
};

/* From the next key frame on; harmless when on already. Nothing happens without a card. */
void recorder_start(struct recorder *recorder, enum card_type type);

/* Ends the open recording and puts it into the card's list. */
enum err recorder_stop(struct recorder *recorder);

/* `now_ms` is the time of day. A key frame begins a new file when the open one is long enough. */
enum err recorder_frame(struct recorder *recorder, const struct clip_frame *headers,
                        size_t header_count, const struct clip_frame *frame, int64_t now_ms);

#endif
