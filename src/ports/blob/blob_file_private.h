/* SPDX-License-Identifier: Apache-2.0 */
/* blob_file_private.h — what the files of the folder store share. */
#ifndef VIGIL_PORTS_BLOB_FILE_PRIVATE_H
#define VIGIL_PORTS_BLOB_FILE_PRIVATE_H

#include <stdbool.h>

#include "ports/blob/blob.h"

#define BLOB_RUN_SIZE 9 /* 8 hex digits of every id, the same for all this process makes */

/*
 * PATH/tmp/ID while it is written, PATH/00/ID .. PATH/ff/ID for good: the folder is the id's first
 * two digits. The next eight are the process that made it, so that a sweep tells what an earlier
 * one left behind from what is being made now.
 */
struct blob_folder {
	int root, lock; /* descriptors */
	int64_t reserve_bytes;
	char run[BLOB_RUN_SIZE];
};

/* One object's file; zeroed but for the folder, id and fd -1. */
struct blob_file {
	const struct blob_folder *folder;
	char id[BLOB_ID_SIZE];
	int fd;
	uint64_t expected_bytes;
	bool is_temporary; /* there is a file below tmp/ */
	enum err err;      /* what failed first: nothing is tried after that */
};

/* All of these block. */
enum err blob_folder_open(struct blob_folder *folder, const char *path, struct why *why);
void blob_folder_close(struct blob_folder *folder);
enum err blob_file_append(struct blob_file *file, struct str bytes);
enum err blob_file_commit(struct blob_file *file);
enum err blob_file_read(struct blob_file *file, uint64_t offset, uint8_t *to, size_t size);
void blob_file_close(struct blob_file *file);
enum err blob_folder_remove(const struct blob_folder *folder, const char *id);
enum err blob_folder_list(const struct blob_folder *folder, unsigned number, struct buf *out);

#endif
