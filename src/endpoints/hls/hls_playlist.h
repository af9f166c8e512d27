/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hls_playlist.h — playlists of RFC 8216 and its second edition (parts, blocking reload), as text.
 *
 * Pure. Addresses in them are relative, so that all sessions share one text.
 *
 * Errors   those of the buf.
 */
#ifndef VIGIL_ENDPOINTS_HLS_PLAYLIST_H
#define VIGIL_ENDPOINTS_HLS_PLAYLIST_H

#include "base/buf.h"
#include "base/err.h"
#include "endpoints/hls/hls_window.h"

#define HLS_PLAYLIST_BYTES_MAX (256 * 1024)
#define HLS_PARTS_LISTED       3 /* whole segments whose parts stand in the playlist */

/* What a player must know before it opens a stream. */
struct hls_facts {
	char codecs[96];        /* RFC 6381, comma-separated */
	uint32_t width, height; /* 0: no video */
	int64_t bits_per_second, bits_per_second_mean;
};

/* The one variant; `uri` is where its media playlist is. */
enum err hls_write_multivariant(const struct hls_facts *facts, struct str uri, struct buf *out);

/* The window must be ready. */
enum err hls_write_media(const struct hls_window *window, struct buf *out);

/* The largest and the mean rate of the window's whole segments. */
void hls_measure(const struct hls_window *window, struct hls_facts *facts);

#endif
