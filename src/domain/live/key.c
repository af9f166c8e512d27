/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/live/key.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "domain/device/device.h"

#define TIME_DIGITS 14

static const struct str mark = { "_replay_", 8 };

struct str stream_key_did(struct str text)
{
	text.size = str_index(text, '_');
	return text;
}

/* "1", "65535": nothing before, nothing behind, no zero in front. */
static enum err read_number(struct str text, int64_t least, int64_t most, int64_t *out)
{
	if (!text.size || text.at[0] < '0' || text.at[0] > '9' ||
	    (text.size > 1 && text.at[0] == '0'))
		return ERR_INVALID;
	return str_to_i64(text, least, most, out);
}

/* YYYYMMDDhhmmss, perhaps with Z. */
static enum err read_time(struct str text, int64_t *out_ms, bool *out_is_utc)
{
	char iso[32];

	bool is_utc = text.size == TIME_DIGITS + 1 && text.at[TIME_DIGITS] == 'Z';
	if (text.size != TIME_DIGITS + (is_utc ? 1 : 0))
		return ERR_INVALID;
	for (size_t i = 0; i < TIME_DIGITS; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return ERR_INVALID;
	(void)snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text.at, text.at + 4,
	               text.at + 6, text.at + 8, text.at + 10, text.at + 12);
	*out_is_utc = is_utc;
	return clock_parse(str_of(iso), out_ms);
}

static enum err read_replay(struct str rest, struct stream_key *key)
{
	struct str channel, stream, start, end;
	int64_t channel_number, stream_number;
	bool is_end_utc;

	if (!str_cut(&rest, '_', &channel) || !str_cut(&rest, '_', &stream) ||
	    !str_cut(&rest, '_', &start) || !str_cut(&rest, '_', &end) || rest.at)
		return ERR_INVALID;
	if (read_number(channel, 1, STREAM_KEY_CHANNEL_MAX, &channel_number) != ERR_OK ||
	    read_number(stream, 0, 1, &stream_number) != ERR_OK ||
	    read_time(start, &key->start_ms, &key->is_utc) != ERR_OK ||
	    read_time(end, &key->end_ms, &is_end_utc) != ERR_OK)
		return ERR_INVALID;
	if (is_end_utc != key->is_utc || key->start_ms >= key->end_ms ||
	    key->end_ms - key->start_ms > STREAM_KEY_SPAN_MAX_MS)
		return ERR_INVALID;
	key->is_replay = true;
	key->channel = (uint16_t)channel_number;
	key->stream = (uint8_t)stream_number;
	return ERR_OK;
}

enum err stream_key_read(struct str text, struct stream_key *out)
{
	struct stream_key key = { 0 };
	char spelling[STREAM_KEY_SIZE];
	struct str did = stream_key_did(text), rest = str_from(text, did.size);

	if (text.size >= STREAM_KEY_SIZE || !did_is_valid(did) ||
	    str_copy(did, key.did, sizeof key.did) != ERR_OK)
		return ERR_INVALID;
	if (rest.size &&
	    (!str_starts(rest, mark) || read_replay(str_from(rest, mark.size), &key) != ERR_OK))
		return ERR_INVALID;
	/* A stream has one name: a leap second would be another one's. */
	stream_key_write(&key, spelling);
	if (!str_equal(text, str_of(spelling)))
		return ERR_INVALID;
	*out = key;
	return ERR_OK;
}

/* YYYYMMDDhhmmss from 2026-01-02T03:04:05.678Z. */
static void write_time(int64_t time_ms, char out[TIME_DIGITS + 1])
{
	char iso[CLOCK_TEXT_SIZE];

	clock_format(time_ms, iso);
	(void)snprintf(out, TIME_DIGITS + 1, "%.4s%.2s%.2s%.2s%.2s%.2s", iso, iso + 5, iso + 8,
	               iso + 11, iso + 14, iso + 17);
}

void stream_key_write(const struct stream_key *key, char out[STREAM_KEY_SIZE])
{
	char start[TIME_DIGITS + 1], end[TIME_DIGITS + 1];
	const char *zone = key->is_utc ? "Z" : "";

	if (!key->is_replay) {
		(void)snprintf(out, STREAM_KEY_SIZE, "%s", key->did);
		return;
	}
	write_time(key->start_ms, start);
	write_time(key->end_ms, end);
	(void)snprintf(out, STREAM_KEY_SIZE, "%s_replay_%u_%u_%s%s_%s%s", key->did,
	               (unsigned)key->channel, (unsigned)key->stream, start, zone, end, zone);
}

/* In the zone of this machine; a time that summer time leaves out or has twice is near enough. */
static int64_t from_civil(int64_t civil_ms)
{
	time_t seconds = (time_t)(civil_ms / 1000);
	struct tm civil = { 0 };

	(void)gmtime_r(&seconds, &civil);
	civil.tm_isdst = -1;
	return (int64_t)mktime(&civil) * 1000;
}

void stream_key_span(const struct stream_key *key, int64_t *out_start_ms, int64_t *out_end_ms)
{
	*out_start_ms = key->is_utc ? key->start_ms : from_civil(key->start_ms);
	*out_end_ms = key->is_utc ? key->end_ms : from_civil(key->end_ms);
}
