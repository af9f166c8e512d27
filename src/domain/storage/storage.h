/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage.h — what devices hand over to be kept: stills (pictures taken on request) and uploads
 * (recordings). Each is a row that names an object of ports/blob.
 *
 * The object is safe before the row names it, and the row before anybody hears of it. A removal
 * is the other way round: the row is doomed first, the object goes after it (sweep.c).
 *
 * Stills stay until they are removed or are the oldest of more than stills_per_device; uploads
 * stay keep_ms. A device's files go with it.
 *
 * Threads  storage_start() on the first loop; all else on any loop.
 * Memory   jobs live inside their owners until `done`.
 * Errors   ERR_NO_SPACE with REASON_STORAGE_FULL, ERR_BUSY with REASON_TOO_MANY, ERR_CONFLICT with
 *          REASON_GRANT_USED, ERR_TOO_LARGE, ERR_NOT_FOUND, ERR_DENIED.
 */
#ifndef VIGIL_DOMAIN_STORAGE_H
#define VIGIL_DOMAIN_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "domain/device/device.h"
#include "domain/identity/grant.h"
#include "domain/storage/file_name.h"
#include "ports/blob/blob.h"
#include "ports/db/db.h"
#include "ports/keys/keys.h"

#define STILL_BYTES_MAX         (64 * 1024 * 1024)
#define UPLOAD_BYTES_MAX        ((uint64_t)4 * 1024 * 1024 * 1024)
#define UPLOADS_PER_DEVICE_MAX  1000 /* kept at once; stills have a setting */
#define PUTS_PER_DEVICE_MAX     8    /* under way at once */
#define FILE_PAGE_MAX           500
#define STORAGE_SWEEP_MS        60000
#define STORAGE_SWEEP_BATCH_MAX 200

enum file_kind { FILE_STILL, FILE_UPLOAD };

struct storage_setup {
	struct db *db;
	struct blob *blob;
	struct devices *devices;
	struct event_log *events;
	const struct keys *keys;
	int64_t keep_ms;           /* of uploads */
	int64_t stills_per_device; /* past that the oldest goes */
	int64_t files_max;         /* in all */
	int64_t puts_max;          /* under way at once */
};

struct storage;

/* Counts what is there. */
enum err storage_new(const struct storage_setup *setup, struct storage **out);
void storage_free(struct storage *storage);
AUTO_DEFINE(storage)

/* Sweeps from now on, every STORAGE_SWEEP_MS; first what an earlier process left behind. */
void storage_start(struct storage *storage);

struct file_facts {
	char id[BLOB_ID_SIZE];
	char did[DID_SIZE];
	enum file_kind kind;
	char name[FILE_NAME_SIZE];
	int64_t bytes;
	unsigned width, height; /* of a still */
	int64_t time;
	int64_t expires_at; /* 0: never */
};

/* Who may hand a file over: the bearer of the action's token, which is good for one file, or the
 * device itself with its access token. *out_single tells the former. ERR_DENIED; ERR_CONFLICT
 * with REASON_DEVICE_DISABLED. */
enum err storage_check_token(struct storage *storage, enum file_kind kind, struct str did,
                             struct str token, char out_organization[ORGANIZATION_SIZE],
                             bool *out_single, struct why *why);

/* ERR_NOT_FOUND unless the device is of that organization. */
enum err storage_check_device(struct storage *storage, struct str organization, struct str did);

/* One file by its name. */
struct file_find {
	enum file_kind kind;
	char organization[ORGANIZATION_SIZE];
	char did[DID_SIZE];
	char name[FILE_NAME_SIZE];
	void (*done)(struct file_find *find, enum err err);
	struct file_facts facts;
	struct db_job job; /* private */
	int64_t now_ms, from_ms;
};
enum err file_find(struct storage *storage, struct file_find *find);
/* The newest still of the second that the name says ("20191010-101010.jpeg"), of that device or,
 * with an empty did, of any. */
enum err file_find_second(struct storage *storage, struct file_find *find);

/* One page, the newest first. */
struct file_page {
	enum file_kind kind;
	char did[DID_SIZE];
	int64_t before_time; /* only those before this time and id; INT64_MAX: from the newest */
	char before_id[BLOB_ID_SIZE];
	int limit; /* 1..FILE_PAGE_MAX */
	void (*done)(struct file_page *page, enum err err);
	struct file_facts *items; /* room for `limit`, the caller's */
	int count;
	struct db_job job; /* private */
	int64_t now_ms;
};
enum err file_list(struct storage *storage, struct file_page *page);

/* From `done` on nobody finds it any more. */
struct file_removal {
	enum file_kind kind;
	char organization[ORGANIZATION_SIZE];
	char did[DID_SIZE];
	char name[FILE_NAME_SIZE];
	void (*done)(struct file_removal *removal, enum err err);
	struct db_job job; /* private */
	struct storage *storage;
	int64_t now_ms;
};
enum err file_remove(struct storage *storage, struct file_removal *removal);

/* A file's bytes, in pieces. One read at a time; it may be closed when none is under way. */
struct file_reader {
	void (*done)(struct file_reader *reader, enum err err);
	struct blob_job job; /* private */
	struct blob_object *object;
};
enum err file_reader_open(struct storage *storage, const struct file_facts *facts,
                          struct file_reader *reader);
enum err file_reader_read(struct file_reader *reader, uint64_t offset, uint8_t *to, size_t size);
void file_reader_close(struct file_reader *reader);

#endif
