/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/memory/card.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define FILE_NAME "card.json"

bool card_is_in(const struct card *card)
{
	return store_is_kept(card->store);
}

void card_file_name(int64_t start_ms, char out[CARD_FILE_NAME_SIZE])
{
	(void)snprintf(out, CARD_FILE_NAME_SIZE, "rec-%013" PRId64 ".flv",
	               start_ms % 10000000000000);
}

static enum err segment_path(const struct card *card, const struct card_segment *segment,
                             char out[STORE_PATH_MAX])
{
	char name[CARD_FILE_NAME_SIZE];

	card_file_name(segment->start_ms, name);
	return store_path(card->store, name, out);
}

static bool has_file(const struct card *card, const struct card_segment *segment)
{
	char path[STORE_PATH_MAX];
	struct stat found;

	return segment_path(card, segment, path) == ERR_OK && stat(path, &found) == 0;
}

static bool is_sound(const struct card *card, const struct card_segment *segment)
{
	int64_t after_ms = card->count > 0 ? card->segments[card->count - 1].end_ms : 0;

	return segment->start_ms >= after_ms && segment->start_ms < segment->end_ms &&
	       segment->bytes >= 0;
}

static bool is_listed(const struct card *card, struct str name)
{
	char file[CARD_FILE_NAME_SIZE];

	for (size_t i = 0; i < card->count; i++) {
		card_file_name(card->segments[i].start_ms, file);
		if (str_equal(name, str_of(file)))
			return true;
	}
	return false;
}

/* A power cut leaves the open recording behind, which no list names: it would fill the disk. */
static void sweep(const struct card *card)
{
	DIR *folder = store_is_kept(card->store) ? opendir(card->store->folder) : NULL;
	char path[STORE_PATH_MAX];

	if (!folder)
		return;
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		struct str name = str_of(entry->d_name);
		if (str_starts(name, STR("rec-")) && str_ends(name, STR(".flv")) &&
		    !is_listed(card, name) &&
		    store_path(card->store, entry->d_name, path) == ERR_OK)
			(void)unlink(path);
	}
	(void)closedir(folder);
}

static enum err read_list(struct card *card, const struct store *store, struct why *why)
{
	AUTO_JSON list = NULL;
	size_t i;
	json_t *item;

	enum err err = store_read(store, FILE_NAME, &list, why);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	json_array_foreach(list, i, item)
	{
		struct card_segment segment = {
			.start_ms = json_member_i64(item, "start", -1),
			.end_ms = json_member_i64(item, "end", -1),
			.bytes = json_member_i64(item, "bytes", -1),
			.type = json_member_i64(item, "type", 1) == 2 ? CARD_TRIGGERED
			                                              : CARD_ORDINARY,
		};
		if (card->count == CARD_SEGMENTS_MAX || !is_sound(card, &segment) ||
		    !has_file(card, &segment))
			continue;
		card->segments[card->count++] = segment;
		card->bytes += segment.bytes;
	}
	return ERR_OK;
}

enum err card_init(struct card *card, const struct store *store, struct why *why)
{
	card->store = store;
	enum err err = read_list(card, store, why);
	if (err == ERR_OK)
		sweep(card);
	return err;
}

static enum err keep(const struct card *card)
{
	AUTO_JSON list = json_array();

	for (size_t i = 0; list && i < card->count; i++) {
		const struct card_segment *segment = &card->segments[i];
		(void)json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:i}", "start",
		                                            (json_int_t)segment->start_ms, "end",
		                                            (json_int_t)segment->end_ms, "bytes",
		                                            (json_int_t)segment->bytes, "type",
		                                            (int)segment->type));
	}
	return list ? store_write(card->store, FILE_NAME, list) : ERR_NO_MEMORY;
}

static void drop_oldest(struct card *card)
{
	char path[STORE_PATH_MAX];

	if (segment_path(card, &card->segments[0], path) == ERR_OK)
		(void)unlink(path); /* what cannot be removed is overwritten or left to a person */
	card->bytes -= card->segments[0].bytes;
	card->count--;
	memmove(&card->segments[0], &card->segments[1], card->count * sizeof card->segments[0]);
}

/* The file is named by the start it was begun with; a moved start takes its file along. */
static enum err move_start(const struct card *card, struct card_segment *segment, int64_t start_ms)
{
	char from[STORE_PATH_MAX], to[STORE_PATH_MAX];

	enum err err = segment_path(card, segment, from);
	segment->start_ms = start_ms;
	if (err == ERR_OK)
		err = segment_path(card, segment, to);
	return err == ERR_OK && rename(from, to) != 0 ? ERR_IO : err;
}

enum err card_add(struct card *card, struct card_segment segment)
{
	if (!card_is_in(card))
		return ERR_UNSUPPORTED;
	int64_t after_ms = card->count > 0 ? card->segments[card->count - 1].end_ms : 0;
	if (segment.end_ms <= after_ms || segment.end_ms <= segment.start_ms || segment.bytes < 0)
		return ERR_INVALID;
	if (segment.start_ms < after_ms) {
		enum err err = move_start(card, &segment, after_ms);
		if (err != ERR_OK)
			return err;
	}
	if (card->count == CARD_SEGMENTS_MAX)
		drop_oldest(card);
	card->segments[card->count++] = segment;
	card->bytes += segment.bytes;
	while (card->bytes > CARD_BYTES_MAX && card->count > 1)
		drop_oldest(card);
	return keep(card);
}

bool card_next(const struct card *card, size_t *at, int64_t start_ms, int64_t end_ms, int type,
               struct card_segment *out)
{
	for (; *at < card->count; (*at)++) {
		struct card_segment segment = card->segments[*at];
		if (segment.start_ms >= end_ms || segment.end_ms <= start_ms ||
		    (type != 0 && type != (int)segment.type))
			continue;
		if (segment.start_ms < start_ms)
			segment.start_ms = start_ms;
		if (segment.end_ms > end_ms)
			segment.end_ms = end_ms;
		*out = segment;
		(*at)++;
		return true;
	}
	return false;
}

enum err card_parse_time(struct str text, int64_t *out_ms)
{
	char iso[21];

	if (text.size == 15 && text.at[14] == 'Z')
		text.size = 14;
	int64_t digits;
	if (text.size != 14 || str_to_i64(text, 0, INT64_MAX, &digits) != ERR_OK)
		return ERR_INVALID;
	(void)snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text.at, text.at + 4,
	               text.at + 6, text.at + 8, text.at + 10, text.at + 12);
	return clock_parse(str_of(iso), out_ms);
}

enum err card_find(const struct card *card, struct str name, struct card_segment *out)
{
	char file[CARD_FILE_NAME_SIZE];
	struct str stem = name;
	int64_t when_ms = -1;

	if (str_ends(stem, STR(".flv")))
		stem.size -= 4;
	(void)card_parse_time(stem, &when_ms);
	for (size_t i = 0; i < card->count; i++) {
		const struct card_segment *segment = &card->segments[i];
		card_file_name(segment->start_ms, file);
		/* A name of whole seconds may lie up to one before the start. */
		if (str_equal(name, str_of(file)) ||
		    (when_ms + 999 >= segment->start_ms && when_ms < segment->end_ms)) {
			*out = *segment;
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}
