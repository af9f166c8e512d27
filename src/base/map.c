/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define MAP_FIRST_ROOM 16

void map_init(struct map *map, const uint8_t seed[16])
{
	*map = (struct map){ 0 };
	memcpy(map->seed, seed, sizeof map->seed);
}

void map_done(struct map *map)
{
	free(map->entries);
	map->entries = NULL;
	map->room = map->count = 0;
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* SipHash with one compression and three finalization rounds (Aumasson, Bernstein 2012, §2). */
uint64_t map_hash(const struct map *map, struct str text)
{
	uint64_t v[4] = { map->seed[0] ^ 0x736f6d6570736575u, map->seed[1] ^ 0x646f72616e646f6du,
		          map->seed[0] ^ 0x6c7967656e657261u, map->seed[1] ^ 0x7465646279746573u };
	size_t left = text.size;
	const char *at = text.at;

	for (; left >= 8; left -= 8, at += 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	uint64_t last = (uint64_t)text.size << 56;
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)(uint8_t)at[i] << (8 * i);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The entry that holds `key`, or the free one where it would go. */
static struct map_entry *find(const struct map *map, struct str key, uint64_t hash)
{
	size_t mask = map->room - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct map_entry *entry = &map->entries[i];
		if (!entry->value || (entry->hash == hash && str_equal(entry->key, key)))
			return entry;
	}
}

static enum err grow(struct map *map)
{
	struct map grown = *map;

	grown.room = map->room ? map->room * 2 : MAP_FIRST_ROOM;
	grown.entries = calloc(grown.room, sizeof *grown.entries);
	if (!grown.entries)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < map->room; i++) {
		const struct map_entry *entry = &map->entries[i];
		if (entry->value)
			*find(&grown, entry->key, entry->hash) = *entry;
	}
	free(map->entries);
	*map = grown;
	return ERR_OK;
}

void *map_get(const struct map *map, struct str key)
{
	return map->count ? find(map, key, map_hash(map, key))->value : NULL;
}

enum err map_add(struct map *map, struct str key, void *value)
{
	if (map->count + 1 > map->room / 4 * 3) {
		enum err err = grow(map);
		if (err != ERR_OK)
			return err;
	}
	uint64_t hash = map_hash(map, key);
	struct map_entry *entry = find(map, key, hash);
	if (entry->value)
		return ERR_EXISTS;
	*entry = (struct map_entry){ key, value, hash };
	map->count++;
	return ERR_OK;
}

void *map_remove(struct map *map, struct str key)
{
	if (!map->count)
		return NULL;
	struct map_entry *entry = find(map, key, map_hash(map, key));
	void *removed = entry->value;
	if (!removed)
		return NULL;

	/* Linear probing without tombstones: pull back every follower that may move. */
	size_t mask = map->room - 1;
	size_t hole = (size_t)(entry - map->entries);
	for (size_t i = (hole + 1) & mask; map->entries[i].value; i = (i + 1) & mask) {
		size_t home = map->entries[i].hash & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			map->entries[hole] = map->entries[i];
			hole = i;
		}
	}
	map->entries[hole] = (struct map_entry){ 0 };
	map->count--;
	return removed;
}

void *map_next(const struct map *map, size_t *at)
{
	while (*at < map->room) {
		void *value = map->entries[(*at)++].value;
		if (value)
			return value;
	}
	return NULL;
}
