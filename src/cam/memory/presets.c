/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/memory/presets.h"

#include <string.h>

#define FILE_NAME "presets.json"

static bool is_index(int64_t index)
{
	return index >= 1 && index <= PRESETS_MAX;
}

static enum err read_one(struct presets *presets, const json_t *item)
{
	int64_t index = json_member_i64(item, "index", 0);

	if (!is_index(index))
		return ERR_MALFORMED;
	struct preset *slot = &presets->slots[index - 1];
	slot->position = (struct ptz_position){
		.pan = (int)json_member_i64(item, "pan", 0),
		.tilt = (int)json_member_i64(item, "tilt", 0),
		.zoom = (int)json_member_i64(item, "zoom", 0),
	};
	slot->is_set = true;
	return str_copy(json_member_str(item, "name"), slot->name, sizeof slot->name);
}

enum err presets_init(struct presets *presets, const struct store *store, struct why *why)
{
	AUTO_JSON json = NULL;
	size_t i;
	json_t *item;

	presets->store = store;
	enum err err = store_read(store, FILE_NAME, &json, why);
	if (err == ERR_NOT_FOUND)
		return ERR_OK;
	json_array_foreach(json, i, item) if (err == ERR_OK) err = read_one(presets, item);
	return err == ERR_OK ? err : why_set(why, err, "%s cannot be read", FILE_NAME);
}

json_t *presets_list(const struct presets *presets)
{
	json_t *list = json_array();

	for (int i = 0; list && i < PRESETS_MAX; i++)
		if (presets->slots[i].is_set)
			(void)json_array_append_new(list,
			                            json_pack("{s:i, s:s}", "index", i + 1, "name",
			                                      presets->slots[i].name));
	return list;
}

static enum err keep(const struct presets *presets)
{
	AUTO_JSON list = json_array();

	for (int i = 0; list && i < PRESETS_MAX; i++) {
		const struct preset *slot = &presets->slots[i];
		if (slot->is_set)
			(void)json_array_append_new(
				list, json_pack("{s:i, s:s, s:i, s:i, s:i}", "index", i + 1, "name",
			                        slot->name, "pan", slot->position.pan, "tilt",
			                        slot->position.tilt, "zoom", slot->position.zoom));
	}
	return list ? store_write(presets->store, FILE_NAME, list) : ERR_NO_MEMORY;
}

/* A slot takes its new value only if the disk does. */
static enum code change(struct presets *presets, int64_t index, const struct preset *value)
{
	struct preset *slot = &presets->slots[index - 1], before = *slot;

	*slot = *value;
	if (keep(presets) == ERR_OK)
		return CODE_OK;
	*slot = before;
	return CODE_FAILED;
}

enum code presets_set(struct presets *presets, int64_t index, struct str name,
                      struct ptz_position position)
{
	if (!is_index(index))
		return CODE_PRESETS_FULL;
	struct preset value = presets->slots[index - 1];
	value.is_set = true;
	value.position = position;
	if (name.size > 0 && (!str_is_utf8(name) || str_copy(name, value.name, sizeof value.name)))
		return CODE_FAILED;
	return change(presets, index, &value);
}

enum code presets_find(const struct presets *presets, int64_t index, struct ptz_position *out)
{
	if (!is_index(index) || !presets->slots[index - 1].is_set)
		return CODE_PRESET_MISSING;
	*out = presets->slots[index - 1].position;
	return CODE_OK;
}

enum code presets_remove(struct presets *presets, int64_t index)
{
	if (!is_index(index) || !presets->slots[index - 1].is_set)
		return CODE_PRESET_MISSING;
	return change(presets, index, &(struct preset){ .is_set = false });
}
