/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h — small files written whole, and the folder's lock. May block: start-up and lanes only.
 */
#ifndef VIGIL_IO_FILE_H
#define VIGIL_IO_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* All of it, appended to `out`; ERR_TOO_LARGE by the buf's max. */
enum err file_read(const char *path, struct buf *out);

/* Written beside, synced, renamed over `path`, folder synced: whole or not at all. */
enum err file_write(const char *path, struct str bytes, mode_t mode);

/* Takes the lock file for this process' life; ERR_BUSY when another has it. The descriptor is
 * kept open on purpose and given in *out_fd. */
enum err file_lock(const char *path, int *out_fd);

/* Makes the folder if it is not there. */
enum err file_make_folder(const char *path, mode_t mode);

#endif
