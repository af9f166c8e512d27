/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob.h — objects: bytes under an id, written once, read in pieces, removed.
 *
 * An object is there whole or not at all: after blob_commit() said ERR_OK it survives power loss,
 * before that nothing of it can be found. Ids are made here and say nothing.
 *
 * Threads  calls on a loop; the disk is touched on the `disk` lane's threads; `done` comes on the
 *          loop that asked.
 * Memory   a job lives inside its owner until `done`, and so does what it was given. An object has
 *          one job at a time.
 * Errors   ERR_BUSY: the lane is full, nothing was done. ERR_NO_SPACE: the disk is full, or less
 *          than the reserve would be left. ERR_NOT_FOUND, ERR_IO. ERR_CLOSED after blob_stop().
 */
#ifndef VIGIL_PORTS_BLOB_H
#define VIGIL_PORTS_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define BLOB_ID_SIZE     33 /* 32 hex digits and a NUL */
#define BLOB_FOLDERS     256
#define BLOB_REMOVE_MAX  256
#define BLOB_THREADS_MAX 32

struct blob;
struct blob_object;

struct blob_options {
	const char *url;       /* "file:PATH"; empty: `fallback` */
	const char *fallback;  /* a folder */
	int64_t reserve_bytes; /* always left free for others */
	unsigned threads;      /* 1..BLOB_THREADS_MAX */
	size_t queue_max;
};

/* Makes what is missing, takes the folder for this process alone, and drops what was never
 * committed. */
enum err blob_open(const struct blob_options *options, struct blob **out, struct why *why);
/* When the loops have ended: finishes what is queued and refuses what comes later. The loops must
 * still be there to get their `done`. */
void blob_stop(struct blob *blob);
void blob_free(struct blob *blob);
AUTO_DEFINE(blob)

struct blob_job {
	void (*done)(struct blob_job *job, enum err err);
};

/* An id nobody has. */
void blob_make_id(const struct blob *blob, char out[BLOB_ID_SIZE]);

/* A new object; the disk is not touched yet. With `expected_bytes` (0: unknown) a lack of space is
 * found with the first bytes. */
enum err blob_create(struct blob *blob, const char *id, uint64_t expected_bytes,
                     struct blob_object **out);
enum err blob_append(struct blob_object *object, struct blob_job *job, struct str bytes);
/* The last bytes (may be none), then syncs: ERR_OK means that it is safe. */
enum err blob_commit(struct blob_object *object, struct blob_job *job, struct str bytes);

/* A committed object, to be read. */
enum err blob_find(struct blob *blob, const char *id, struct blob_object **out);
/* Exactly `size` bytes; ERR_IO when there are fewer. An object that was opened by its first read
 * stays readable when it is removed. */
enum err blob_read(struct blob_object *object, struct blob_job *job, uint64_t offset, uint8_t *to,
                   size_t size);

/* Not while a job is under way. What was not committed is dropped, soon (at once when this thread
 * runs no loop). */
void blob_object_free(struct blob_object *object);
/* The same, and a committed object is removed too: its row could not be written. */
void blob_object_drop(struct blob_object *object);

/* At most BLOB_REMOVE_MAX; one that is not there counts as removed. */
enum err blob_remove(struct blob *blob, struct blob_job *job, const char (*ids)[BLOB_ID_SIZE],
                     size_t count);

/* Appends the ids (without NUL) of the n-th of BLOB_FOLDERS that were committed before this
 * process opened the store. ERR_TOO_LARGE when `out` is full; what it holds is right. */
enum err blob_list(struct blob *blob, struct blob_job *job, unsigned folder, struct buf *out);

#endif
