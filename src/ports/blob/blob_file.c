/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as files of a folder; everything here blocks and runs on the lane. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/id.h"
#include "io/file.h"
#include "ports/blob/blob_file_private.h"

#define PLACE_SIZE (BLOB_ID_SIZE + 4) /* "tmp/" and an id */
#define PATH_ROOM  4096

static enum err last_error(void)
{
	return errno == EFBIG || errno == EDQUOT ? ERR_NO_SPACE : err_from_errno(errno);
}

static void temporary_place(const char *id, char out[PLACE_SIZE])
{
	(void)snprintf(out, PLACE_SIZE, "tmp/%s", id);
}

static void lasting_place(const char *id, char out[PLACE_SIZE])
{
	(void)snprintf(out, PLACE_SIZE, "%.2s/%s", id, id);
}

/* A stream over the folder's names, or NULL with errno. */
static DIR *open_names(int root, const char *name)
{
	int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !names)
		(void)close(fd);
	return names;
}

/* What was being written when the last process ended. */
static enum err drop_temporary(int root)
{
	DIR *names = open_names(root, "tmp");

	if (!names)
		return last_error();
	for (const struct dirent *entry; (entry = readdir(names)) != NULL;)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(names), entry->d_name, 0);
	(void)closedir(names);
	return ERR_OK;
}

enum err blob_folder_open(struct blob_folder *folder, const char *path, struct why *why)
{
	char text[PATH_ROOM];
	uint8_t run[4];

	folder->root = folder->lock = -1;
	id_random(run, sizeof run);
	digest_hex(run, sizeof run, folder->run);
	enum err err = file_make_folder(path, 0700);
	if (err == ERR_OK && snprintf(text, sizeof text, "%s/tmp", path) >= (int)sizeof text)
		err = ERR_TOO_LARGE;
	if (err == ERR_OK)
		err = file_make_folder(text, 0700);
	if (err == ERR_OK) {
		(void)snprintf(text, sizeof text, "%s/lock", path);
		err = file_lock(text, &folder->lock);
	}
	if (err == ERR_BUSY)
		return why_set(why, err, "blob: another server keeps its objects in %.100s", path);
	if (err == ERR_OK) {
		folder->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		err = folder->root < 0 ? last_error() : drop_temporary(folder->root);
	}
	return err == ERR_OK
	               ? ERR_OK
	               : why_set(why, err, "blob: cannot use %.100s: %s", path, err_text(err));
}

void blob_folder_close(struct blob_folder *folder)
{
	if (folder->root >= 0)
		(void)close(folder->root);
	if (folder->lock >= 0)
		(void)close(folder->lock);
}

/* Whether `bytes` more leave the reserve free. */
static enum err check_space(const struct blob_folder *folder, uint64_t bytes)
{
	struct statvfs disk;

	if (fstatvfs(folder->root, &disk) != 0)
		return last_error();
	uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
	return left >= bytes && left - bytes >= (uint64_t)folder->reserve_bytes ? ERR_OK
	                                                                        : ERR_NO_SPACE;
}

static enum err begin(struct blob_file *file, uint64_t bytes)
{
	char place[PLACE_SIZE];
	enum err err = check_space(file->folder,
	                           bytes > file->expected_bytes ? bytes : file->expected_bytes);

	if (err != ERR_OK)
		return err;
	temporary_place(file->id, place);
	file->fd = openat(file->folder->root, place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return last_error();
	file->is_temporary = true;
	return ERR_OK;
}

static enum err append(struct blob_file *file, struct str bytes)
{
	enum err err =
		file->fd < 0 ? begin(file, bytes.size) : check_space(file->folder, bytes.size);

	while (err == ERR_OK && bytes.size) {
		ssize_t size = write(file->fd, bytes.at, bytes.size);
		if (size >= 0)
			bytes = str_from(bytes, (size_t)size);
		else if (errno != EINTR)
			err = last_error();
	}
	return err;
}

enum err blob_file_append(struct blob_file *file, struct str bytes)
{
	if (file->err == ERR_OK)
		file->err = append(file, bytes);
	return file->err;
}

static enum err sync_folder(int root, const char *name)
{
	int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = ERR_OK;

	if (fd < 0)
		return last_error();
	if (fsync(fd) != 0)
		err = last_error();
	(void)close(fd);
	return err;
}

/* The folder's first object finds it missing. */
static enum err move(const struct blob_folder *folder, const char *from, const char *to)
{
	char name[] = { to[0], to[1], '\0' };

	if (renameat(folder->root, from, folder->root, to) == 0)
		return sync_folder(folder->root, name);
	if (errno != ENOENT)
		return last_error();
	if (mkdirat(folder->root, name, 0700) != 0 && errno != EEXIST)
		return last_error();
	if (renameat(folder->root, from, folder->root, to) != 0)
		return last_error();
	enum err err = sync_folder(folder->root, name);
	return err == ERR_OK ? sync_folder(folder->root, ".") : err;
}

static enum err commit(struct blob_file *file)
{
	char from[PLACE_SIZE], to[PLACE_SIZE];

	temporary_place(file->id, from);
	lasting_place(file->id, to);
	if (fdatasync(file->fd) != 0)
		return last_error();
	return move(file->folder, from, to);
}

enum err blob_file_commit(struct blob_file *file)
{
	if (file->err == ERR_OK)
		file->err = commit(file);
	if (file->err == ERR_OK)
		file->is_temporary = false;
	return file->err;
}

enum err blob_file_read(struct blob_file *file, uint64_t offset, uint8_t *to, size_t size)
{
	char place[PLACE_SIZE];

	lasting_place(file->id, place);
	if (file->fd < 0)
		file->fd = openat(file->folder->root, place, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return last_error();
	while (size) {
		ssize_t got = pread(file->fd, to, size, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? last_error() : ERR_IO;
		to += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return ERR_OK;
}

void blob_file_close(struct blob_file *file)
{
	char place[PLACE_SIZE];

	if (file->fd >= 0)
		(void)close(file->fd);
	/* A commit that failed half-way may have moved it already. */
	temporary_place(file->id, place);
	if (file->is_temporary && unlinkat(file->folder->root, place, 0) != 0)
		(void)blob_folder_remove(file->folder, file->id);
}

enum err blob_folder_remove(const struct blob_folder *folder, const char *id)
{
	char place[PLACE_SIZE];

	lasting_place(id, place);
	return unlinkat(folder->root, place, 0) == 0 || errno == ENOENT ? ERR_OK : last_error();
}

static bool is_of_another_run(const struct blob_folder *folder, const char *name)
{
	return strlen(name) == BLOB_ID_SIZE - 1 &&
	       strspn(name, "0123456789abcdef") == strlen(name) &&
	       strncmp(name + 2, folder->run, BLOB_RUN_SIZE - 1) != 0;
}

enum err blob_folder_list(const struct blob_folder *folder, unsigned number, struct buf *out)
{
	char name[3];

	(void)snprintf(name, sizeof name, "%02x", number & 0xff);
	DIR *names = open_names(folder->root, name);
	if (!names)
		return errno == ENOENT ? ERR_OK : last_error();
	for (const struct dirent *entry; (entry = readdir(names)) != NULL;)
		if (is_of_another_run(folder, entry->d_name))
			buf_add_text(out, entry->d_name);
	(void)closedir(names);
	return buf_err(out);
}
