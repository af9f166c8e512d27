/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/memory/store.h"

#include <stdio.h>

#include "io/file.h"

bool store_is_kept(const struct store *store)
{
	return store->folder[0] != '\0';
}

/* One path element, and not one that leads elsewhere. */
static bool is_element(const char *name)
{
	struct str text = str_of(name);

	return text.size > 0 && str_index(text, '/') == text.size && !str_equal(text, STR(".")) &&
	       !str_equal(text, STR(".."));
}

enum err store_open(struct store *store, const char *root, const char *part, struct why *why)
{
	store->folder[0] = '\0';
	if (!root || !*root)
		return ERR_OK;
	if (!is_element(part))
		return why_set(why, ERR_INVALID, "%s cannot be a folder's name", part);

	char path[STORE_PATH_MAX];
	int size = snprintf(path, sizeof path, "%s/%s", root, part);
	if (size < 0 || (size_t)size >= sizeof path)
		return why_set(why, ERR_TOO_LARGE, "the folder's path is over %d bytes",
		               STORE_PATH_MAX - 1);
	enum err err = file_make_folder(root, 0700);
	if (err == ERR_OK)
		err = file_make_folder(path, 0700);
	if (err != ERR_OK)
		return why_set(why, err, "cannot make the folder %s", path);
	return str_copy(str_of(path), store->folder, sizeof store->folder);
}

enum err store_path(const struct store *store, const char *name, char out[STORE_PATH_MAX])
{
	if (!is_element(name))
		return ERR_INVALID;
	int size = snprintf(out, STORE_PATH_MAX, "%s/%s", store->folder, name);
	return size < 0 || size >= STORE_PATH_MAX ? ERR_TOO_LARGE : ERR_OK;
}

enum err store_read(const struct store *store, const char *name, json_t **out, struct why *why)
{
	char path[STORE_PATH_MAX];
	AUTO_BUF text = { 0 };

	buf_init(&text, JSON_SIZE_MAX + 4096);
	if (!store_is_kept(store))
		return ERR_NOT_FOUND;
	enum err err = store_path(store, name, path);
	if (err == ERR_OK)
		err = file_read(path, &text);
	return err == ERR_OK ? json_read(buf_str(&text), out, why) : err;
}

enum err store_write(const struct store *store, const char *name, const json_t *json)
{
	char path[STORE_PATH_MAX];
	AUTO_BUF text = { 0 };

	buf_init(&text, JSON_SIZE_MAX);
	if (!store_is_kept(store))
		return ERR_OK;
	enum err err = store_path(store, name, path);
	if (err == ERR_OK)
		err = json_write(json, &text);
	return err == ERR_OK ? file_write(path, buf_str(&text), 0600) : err;
}
