/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card.h — the SD card: which recordings there are, and their files.
 *
 * A recording is one FLV file in the camera's folder. The list is kept sorted by start and free of
 * overlaps; when it is full, or its files pass the card's size, the oldest file goes.
 *
 * Threads  one. May block for a small write when a recording ends.
 * Errors   those of the store; ERR_UNSUPPORTED for a camera without a folder (no card in it).
 * Units    milliseconds since 1970 UTC.
 */
#ifndef VIGIL_CAM_CARD_H
#define VIGIL_CAM_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "cam/memory/store.h"

#define CARD_SEGMENTS_MAX   500
#define CARD_BYTES_MAX      (64 * 1024 * 1024)
#define CARD_FILE_NAME_SIZE 24 /* "rec-1234567890123.flv" */

enum card_type { CARD_ORDINARY = 1, CARD_TRIGGERED = 2 };

struct card_segment {
	int64_t start_ms, end_ms;
	int64_t bytes;
	enum card_type type;
};

struct card {
	const struct store *store;
	size_t count;
	int64_t bytes;
	struct card_segment segments[CARD_SEGMENTS_MAX];
};

/* Into a zeroed *card; a segment whose file is gone is left out, a file without a
 * segment is removed. The store is borrowed. */
enum err card_init(struct card *card, const struct store *store, struct why *why);

bool card_is_in(const struct card *card);

/* The file's name of a recording that begins at start_ms. */
void card_file_name(int64_t start_ms, char out[CARD_FILE_NAME_SIZE]);

/* Adds a finished recording whose file is written. Its start is moved behind the last one's end if
 * the clock went back; ERR_INVALID when nothing is left. */
enum err card_add(struct card *card, struct card_segment segment);

/* Walks the recordings that touch start_ms..end_ms, clipped to it; begin with *at = 0. type 0 takes
 * all. */
bool card_next(const struct card *card, size_t *at, int64_t start_ms, int64_t end_ms, int type,
               struct card_segment *out);

/* The recording a name means: a file name, or 14 digits of UTC (YYYYMMDDhhmmss, with or without
 * ".flv") within it; ERR_NOT_FOUND. */
enum err card_find(const struct card *card, struct str name, struct card_segment *out);

/* YYYYMMDDhhmmss in UTC, an optional Z behind it; ERR_INVALID. */
enum err card_parse_time(struct str text, int64_t *out_ms);

#endif
