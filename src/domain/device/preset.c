/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/device/preset.h"

#include <stdlib.h>
#include <string.h>

#include "domain/device/device_private.h"

void preset_list_unref(struct preset_list *list)
{
	if (list && atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) == 1)
		free(list);
}

static struct preset_list *list_new(size_t count)
{
	struct preset_list *list = calloc(1, sizeof *list + count * sizeof(struct preset));

	if (list)
		list->refs = 1;
	return list;
}

/* Where `index` stands or belongs. */
static size_t place_of(const struct preset *items, size_t count, int index)
{
	size_t at = 0;

	while (at < count && items[at].index < index)
		at++;
	return at;
}

static void copy_name(struct str name, char out[PRESET_NAME_SIZE])
{
	size_t size = name.size < PRESET_NAME_SIZE ? name.size : PRESET_NAME_SIZE - 1;

	while (size < name.size && size > 0 && ((unsigned char)name.at[size] & 0xc0) == 0x80)
		size--; /* not inside a character */
	if (size)
		memcpy(out, name.at, size);
	out[size] = 0;
}

enum err preset_add(struct preset_change *change, int64_t index, struct str name)
{
	if (index < PRESET_INDEX_LEAST || index > PRESET_INDEX_MOST ||
	    change->count >= PRESETS_MAX || !str_is_utf8(name))
		return ERR_INVALID;
	size_t at = place_of(change->items, change->count, (int)index);
	if (at < change->count && change->items[at].index == (int)index)
		return ERR_INVALID;
	memmove(&change->items[at + 1], &change->items[at],
	        (change->count - at) * sizeof change->items[0]);
	change->items[at].index = (int)index;
	copy_name(name, change->items[at].name);
	change->count++;
	return ERR_OK;
}

/* What the list will be. Under the lock; NULL without memory. */
static struct preset_list *list_after(const struct preset_list *before,
                                      const struct preset_change *change)
{
	static const struct preset_list empty;
	const struct preset_list *old = before ? before : &empty;
	struct preset_list *list = list_new(old->count + change->count);

	if (!list)
		return NULL;
	if (change->kind == PRESET_REPLACE) {
		memcpy(list->items, change->items, change->count * sizeof list->items[0]);
		list->count = change->count;
		return list;
	}
	const struct preset *one = &change->items[0];
	size_t at = place_of(old->items, old->count, one->index);
	size_t behind = at < old->count && old->items[at].index == one->index ? at + 1 : at;
	memcpy(list->items, old->items, at * sizeof list->items[0]);
	list->count = at;
	if (change->kind == PRESET_SET)
		list->items[list->count++] = *one;
	memcpy(&list->items[list->count], &old->items[behind],
	       (old->count - behind) * sizeof list->items[0]);
	list->count += old->count - behind;
	return list;
}

static bool is_same(const struct preset_list *a, const struct preset_list *b)
{
	if (!a)
		return b->count == 0;
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->items[i].index != b->items[i].index ||
		    strcmp(a->items[i].name, b->items[i].name) != 0)
			return false;
	}
	return true;
}

static enum err delete_rows(struct db_tx *tx, const struct preset_change *change)
{
	struct db_statement *remove;
	bool is_all = change->kind == PRESET_REPLACE;
	enum err err = db_prepare(
		tx, "DELETE FROM presets WHERE did = $1 AND ($2 = 0 OR preset_index = $2)",
		&remove);

	if (err != ERR_OK)
		return err;
	db_bind_text(remove, 1, str_of(change->did));
	db_bind_int(remove, 2, is_all ? 0 : change->items[0].index);
	return db_run(remove);
}

static enum err write_change(struct db_tx *tx, struct db_job *job)
{
	const struct preset_change *change = CONTAINER_OF(job, struct preset_change, job);
	enum err err = change->kind == PRESET_SET ? ERR_OK : delete_rows(tx, change);

	for (size_t i = 0; err == ERR_OK && change->kind != PRESET_REMOVE && i < change->count;
	     i++) {
		struct db_statement *add;
		err = db_prepare(tx,
		                 "INSERT INTO presets (did, preset_index, name) "
		                 "SELECT did, $2, $3 FROM devices WHERE did = $1 "
		                 "ON CONFLICT (did, preset_index) DO UPDATE SET name = $3",
		                 &add);
		if (err != ERR_OK)
			return err;
		db_bind_text(add, 1, str_of(change->did));
		db_bind_int(add, 2, change->items[i].index);
		db_bind_text(add, 3, str_of(change->items[i].name));
		err = db_run(add);
		if (err == ERR_OK && db_changes(tx) == 0)
			err = ERR_NOT_FOUND;
	}
	return err;
}

/* Both under the lock. */
static enum err prepare(struct preset_change *change, bool *out_is_same)
{
	struct device *device = device_find(change->devices, str_of(change->did));

	if (!device)
		return ERR_NOT_FOUND;
	struct preset_list *list = list_after(device->presets, change);
	if (!list)
		return ERR_NO_MEMORY;
	*out_is_same = is_same(device->presets, list);
	preset_list_unref(list);
	return ERR_OK;
}

static enum err take_over(struct preset_change *change)
{
	struct device *device = device_find(change->devices, str_of(change->did));

	if (!device)
		return ERR_NOT_FOUND;
	struct preset_list *list = list_after(device->presets, change);
	if (!list)
		return ERR_NO_MEMORY;
	preset_list_unref(device->presets);
	device->presets = list;
	return ERR_OK;
}

static void on_written(struct db_job *job, enum err err)
{
	struct preset_change *change = CONTAINER_OF(job, struct preset_change, job);

	if (err == ERR_OK) {
		devices_lock(change->devices);
		err = take_over(change);
		devices_unlock(change->devices);
	}
	change->done(change, err);
}

void preset_change(struct devices *devices, struct preset_change *change)
{
	bool is_unchanged = false;

	change->devices = devices;
	devices_lock(devices);
	enum err err = prepare(change, &is_unchanged);
	devices_unlock(devices);
	if (err == ERR_OK && !is_unchanged)
		err = db_write(devices->setup.db, &change->job, write_change, on_written);
	if (err != ERR_OK || is_unchanged)
		change->done(change, err);
}

/* Adds one row to its device's list; rows come in order of did and index. */
static enum err take_row(struct devices *devices, struct db_statement *row)
{
	struct preset_change one = { .kind = PRESET_SET, .devices = devices };

	if (str_copy(db_text(row, 0), one.did, sizeof one.did) != ERR_OK ||
	    preset_add(&one, db_int(row, 1), db_text(row, 2)) != ERR_OK)
		return ERR_OK; /* a row no build of ours has written */
	return take_over(&one);
}

static enum err load_rows(struct db_tx *tx, struct db_job *job)
{
	struct devices *devices = CONTAINER_OF(job, struct devices, loading);
	struct db_statement *find;
	bool has_row = true;
	enum err err = db_prepare(tx,
	                          "SELECT did, preset_index, name FROM presets "
	                          "ORDER BY did, preset_index",
	                          &find);

	while (err == ERR_OK && has_row) {
		err = db_step(find, &has_row);
		if (err == ERR_OK && has_row)
			err = take_row(devices, find);
	}
	return err == ERR_NOT_FOUND ? ERR_INTERNAL : err;
}

enum err presets_load(struct devices *devices)
{
	return db_read_now(devices->setup.db, &devices->loading, load_rows);
}
