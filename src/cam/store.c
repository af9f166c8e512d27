/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool store_is_kept(const struct store *store)
{
	return store->folder[0] != '\0';
}

static enum err make_folder(const char *path, struct why *why)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return why_set(why, err_from_errno(errno), "cannot make the folder %s", path);
	return ERR_OK;
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
	enum err err = make_folder(root, why);
	if (err == ERR_OK)
		err = make_folder(path, why);
	if (err == ERR_OK)
		err = str_copy(str_of(path), store->folder, sizeof store->folder);
	return err;
}

enum err store_path(const struct store *store, const char *name, char out[STORE_PATH_MAX])
{
	if (!is_element(name))
		return ERR_INVALID;
	int size = snprintf(out, STORE_PATH_MAX, "%s/%s", store->folder, name);
	return size < 0 || size >= STORE_PATH_MAX ? ERR_TOO_LARGE : ERR_OK;
}

static enum err read_all(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return err_from_errno(errno);
	do {
		uint8_t *to = buf_reserve(out, 4096);
		got = to ? read(fd, to, 4096) : 0;
		if (got > 0)
			buf_grew(out, (size_t)got);
	} while (got > 0);
	enum err err = got < 0 ? err_from_errno(errno) : buf_err(out);
	(void)close(fd);
	return err;
}

enum err store_read(const struct store *store, const char *name, json_t **out, struct why *why)
{
	char path[STORE_PATH_MAX];
	AUTO_BUF text;

	buf_init(&text, JSON_SIZE_MAX + 4096);
	if (!store_is_kept(store))
		return ERR_NOT_FOUND;
	enum err err = store_path(store, name, path);
	if (err == ERR_OK)
		err = read_all(path, &text);
	return err == ERR_OK ? json_read(buf_str(&text), out, why) : err;
}

static enum err write_all(int fd, struct str text)
{
	while (text.size > 0) {
		ssize_t put = write(fd, text.at, text.size);
		if (put < 0 && errno != EINTR)
			return err_from_errno(errno);
		text = str_from(text, put > 0 ? (size_t)put : 0);
	}
	return fdatasync(fd) == 0 ? ERR_OK : err_from_errno(errno);
}

static enum err sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_from_errno(errno);
	enum err err = fsync(fd) == 0 ? ERR_OK : err_from_errno(errno);
	(void)close(fd);
	return err;
}

enum err store_write(const struct store *store, const char *name, const json_t *json)
{
	char path[STORE_PATH_MAX], fresh[STORE_PATH_MAX + 8];
	AUTO_BUF text;

	buf_init(&text, JSON_SIZE_MAX);
	if (!store_is_kept(store))
		return ERR_OK;
	enum err err = store_path(store, name, path);
	if (err == ERR_OK)
		err = json_write(json, &text);
	if (err != ERR_OK)
		return err;
	(void)snprintf(fresh, sizeof fresh, "%s.new", path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_from_errno(errno);
	err = write_all(fd, buf_str(&text));
	(void)close(fd);
	if (err == ERR_OK && rename(fresh, path) != 0)
		err = err_from_errno(errno);
	return err == ERR_OK ? sync_folder(store->folder) : err;
}
