/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 16384

static void close_at(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
#define AUTO_FD __attribute__((cleanup(close_at))) int

enum err file_read(const char *path, struct buf *out)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_from_errno(errno);
	for (;;) {
		uint8_t *to = NULL;
		uint8_t probe = 0;
		size_t room = out->max > out->size ? out->max - out->size : 0;

		/* A full buf is still read once more: the file may end just here. */
		if (room > READ_BYTES)
			room = READ_BYTES;
		if (room && !(to = buf_reserve(out, room)))
			return buf_err(out);
		ssize_t size = read(fd, room ? to : &probe, room ? room : 1);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return err_from_errno(errno);
		if (size == 0)
			return ERR_OK;
		if (!room)
			return ERR_TOO_LARGE;
		buf_grew(out, (size_t)size);
	}
}

/* The folder that holds `path`, opened. */
static int open_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct str name = { ".", 1 };

	if (slash)
		name = (struct str){ path, slash == path ? 1 : (size_t)(slash - path) };
	AUTO_FREE char *folder = str_dup(name);
	if (!folder) {
		errno = ENOMEM;
		return -1;
	}
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static enum err sync_folder_of(const char *path)
{
	AUTO_FD folder = open_folder_of(path);

	if (folder < 0 || fsync(folder) != 0)
		return err_from_errno(errno);
	return ERR_OK;
}

static enum err write_all(int fd, struct str bytes)
{
	while (bytes.size) {
		ssize_t size = write(fd, bytes.at, bytes.size);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return errno == EFBIG ? ERR_NO_SPACE : err_from_errno(errno);
		bytes = str_from(bytes, (size_t)size);
	}
	return ERR_OK;
}

/* mkostemp() makes it 0600, and chmod comes before the first byte: never wider than `mode`. */
static enum err write_beside(char *temporary, struct str bytes, mode_t mode)
{
	AUTO_FD fd = mkostemp(temporary, O_CLOEXEC);

	if (fd < 0)
		return err_from_errno(errno);
	enum err err = fchmod(fd, mode) == 0 ? ERR_OK : err_from_errno(errno);
	if (!err)
		err = write_all(fd, bytes);
	if (!err && fsync(fd) != 0)
		err = err_from_errno(errno);
	if (err)
		(void)unlink(temporary);
	return err;
}

enum err file_write(const char *path, struct str bytes, mode_t mode)
{
	AUTO_FREE char *temporary = NULL;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return ERR_NO_MEMORY;
	}
	enum err err = write_beside(temporary, bytes, mode);
	if (err)
		return err;
	if (rename(temporary, path) != 0) {
		err = err_from_errno(errno);
		(void)unlink(temporary);
		return err;
	}
	return sync_folder_of(path);
}

enum err file_lock(const char *path, int *out_fd)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_from_errno(errno);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		enum err err = errno == EWOULDBLOCK ? ERR_BUSY : err_from_errno(errno);
		(void)close(fd);
		return err;
	}
	*out_fd = fd;
	return ERR_OK;
}

enum err file_make_folder(const char *path, mode_t mode)
{
	struct stat there;

	if (mkdir(path, mode) == 0)
		return sync_folder_of(path);
	if (errno != EEXIST)
		return err_from_errno(errno);
	if (stat(path, &there) != 0)
		return err_from_errno(errno);
	return S_ISDIR(there.st_mode) ? ERR_OK : ERR_EXISTS;
}
