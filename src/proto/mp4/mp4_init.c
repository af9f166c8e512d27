/* SPDX-License-Identifier: Apache-2.0 */
/* The initialisation segment: tracks without samples, which come in fragments. */
#include "proto/mp4/mp4_private.h"

#define MOVIE_TIMESCALE 1000
#define ONE_16_16       0x00010000
#define ONE_2_30        0x40000000
#define TRACK_ENABLED   3      /* and in the movie */
#define LANGUAGE_NONE   0x55C4 /* "und" in three times five bits */
#define DATA_IS_HERE    1

static void add_ftyp(struct buf *out)
{
	static const char brands[] = "iso6mp41";
	size_t box = box_begin(out, "ftyp");

	buf_add(out, "iso6", 4);
	buf_add_u32(out, 0);
	buf_add(out, brands, sizeof brands - 1);
	box_end(out, box);
}

static void add_matrix(struct buf *out)
{
	static const uint32_t identity[9] = { ONE_16_16, 0, 0, 0, ONE_16_16, 0, 0, 0, ONE_2_30 };

	for (size_t i = 0; i < 9; i++)
		buf_add_u32(out, identity[i]);
}

static void add_mvhd(struct buf *out, size_t count)
{
	size_t box = box_begin_full(out, "mvhd", 0, 0);

	box_add_zeros(out, 8); /* when made */
	buf_add_u32(out, MOVIE_TIMESCALE);
	buf_add_u32(out, 0); /* the fragments tell how long */
	buf_add_u32(out, ONE_16_16);
	buf_add_u16(out, 0x0100); /* volume */
	box_add_zeros(out, 10);
	add_matrix(out);
	box_add_zeros(out, 24);
	buf_add_u32(out, (uint32_t)count + 1); /* the next track */
	box_end(out, box);
}

static void add_tkhd(struct buf *out, const struct mp4_track *track, uint32_t id)
{
	bool is_sound = mp4_is_sound(track->codec);
	size_t box = box_begin_full(out, "tkhd", 0, TRACK_ENABLED);

	box_add_zeros(out, 8);
	buf_add_u32(out, id);
	box_add_zeros(out, 8);
	box_add_zeros(out, 8);
	box_add_zeros(out, 4); /* layer, group */
	buf_add_u16(out, is_sound ? 0x0100 : 0);
	box_add_zeros(out, 2);
	add_matrix(out);
	buf_add_u32(out, is_sound ? 0 : track->width << 16);
	buf_add_u32(out, is_sound ? 0 : track->height << 16);
	box_end(out, box);
}

static void add_mdhd(struct buf *out, const struct mp4_track *track)
{
	size_t box = box_begin_full(out, "mdhd", 0, 0);

	box_add_zeros(out, 8);
	buf_add_u32(out, track->timescale);
	buf_add_u32(out, 0);
	buf_add_u16(out, LANGUAGE_NONE);
	box_add_zeros(out, 2);
	box_end(out, box);
}

static void add_hdlr(struct buf *out, const struct mp4_track *track)
{
	size_t box = box_begin_full(out, "hdlr", 0, 0);

	box_add_zeros(out, 4);
	buf_add(out, mp4_is_sound(track->codec) ? "soun" : "vide", 4);
	box_add_zeros(out, 12);
	buf_add_u8(out, 0); /* no name */
	box_end(out, box);
}

static void add_media_head(struct buf *out, const struct mp4_track *track)
{
	bool is_sound = mp4_is_sound(track->codec);
	size_t box = box_begin_full(out, is_sound ? "smhd" : "vmhd", 0, is_sound ? 0 : 1);

	box_add_zeros(out, is_sound ? 4 : 8);
	box_end(out, box);
}

static void add_dinf(struct buf *out)
{
	size_t dinf = box_begin(out, "dinf");
	size_t dref = box_begin_full(out, "dref", 0, 0);

	buf_add_u32(out, 1);
	size_t url = box_begin_full(out, "url ", 0, DATA_IS_HERE);
	box_end(out, url);
	box_end(out, dref);
	box_end(out, dinf);
}

/* Tables that must be there and have no rows; stsz also says no common size. */
static void add_empty_tables(struct buf *out)
{
	static const struct {
		char type[5];
		size_t zeros;
	} tables[] = { { "stts", 4 }, { "stsc", 4 }, { "stsz", 8 }, { "stco", 4 } };

	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		size_t box = box_begin_full(out, tables[i].type, 0, 0);
		box_add_zeros(out, tables[i].zeros);
		box_end(out, box);
	}
}

static void add_stbl(struct buf *out, const struct mp4_track *track)
{
	size_t stbl = box_begin(out, "stbl");
	size_t stsd = box_begin_full(out, "stsd", 0, 0);

	buf_add_u32(out, 1);
	mp4_add_entry(out, track);
	box_end(out, stsd);
	add_empty_tables(out);
	box_end(out, stbl);
}

static void add_trak(struct buf *out, const struct mp4_track *track, uint32_t id)
{
	size_t trak = box_begin(out, "trak");

	add_tkhd(out, track, id);
	size_t mdia = box_begin(out, "mdia");
	add_mdhd(out, track);
	add_hdlr(out, track);
	size_t minf = box_begin(out, "minf");
	add_media_head(out, track);
	add_dinf(out);
	add_stbl(out, track);
	box_end(out, minf);
	box_end(out, mdia);
	box_end(out, trak);
}

static void add_mvex(struct buf *out, size_t count)
{
	size_t mvex = box_begin(out, "mvex");

	for (uint32_t id = 1; id <= count; id++) {
		size_t trex = box_begin_full(out, "trex", 0, 0);
		buf_add_u32(out, id);
		buf_add_u32(out, 1); /* the one sample entry */
		box_add_zeros(out, 12);
		box_end(out, trex);
	}
	box_end(out, mvex);
}

enum err mp4_write_init(const struct mp4_track tracks[], size_t count, struct buf *out)
{
	if (!count || count > MP4_TRACKS_MAX)
		return ERR_INVALID;
	for (size_t i = 0; i < count; i++) {
		enum err err = mp4_check_track(&tracks[i]);
		if (err != ERR_OK)
			return err;
	}
	add_ftyp(out);
	size_t moov = box_begin(out, "moov");
	add_mvhd(out, count);
	for (size_t i = 0; i < count; i++)
		add_trak(out, &tracks[i], (uint32_t)i + 1);
	add_mvex(out, count);
	box_end(out, moov);
	return buf_err(out);
}
