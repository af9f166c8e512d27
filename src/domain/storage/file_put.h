/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_put.h — a file on its way in: bytes as they come, to the disk, then its row.
 *
 *     CHECKING --ready--> TAKING --full--> WRITING --ready--> TAKING ...
 *                            '--end--> COMMITTING --> RECORDING --> done
 *     any --cancel, failure--> done        (what was written is dropped)
 *
 * While it WRITES, the caller makes its peer wait: nothing is taken then.
 *
 * Threads  one loop. Memory  lives inside its owner until `done`, which comes once after a
 *          file_put_begin() that said ERR_OK; perhaps within file_put_end() or file_put_cancel().
 */
#ifndef VIGIL_DOMAIN_FILE_PUT_H
#define VIGIL_DOMAIN_FILE_PUT_H

#include "base/list.h"
#include "domain/storage/storage.h"

#define PUT_BUFFER_BYTES (128 * 1024)      /* written when so much has come */
#define PUT_BUFFER_MAX   (2 * 1024 * 1024) /* what the last bytes before a pause may add */

enum put_state { PUT_CHECKING, PUT_TAKING, PUT_WRITING, PUT_COMMITTING, PUT_RECORDING };

struct file_put {
	enum file_kind kind;
	char did[DID_SIZE], organization[ORGANIZATION_SIZE];
	char grant[GRANT_SIZE]; /* spent by this file, once and for all; empty: none */
	uint64_t expected_bytes;
	/* An upload's name, until file_put_end(); empty: one is made. A still's is always made. */
	char name[FILE_NAME_SIZE];
	unsigned width, height;
	void (*ready)(struct file_put *put);
	void (*done)(struct file_put *put, enum err err);
	struct why why;
	struct file_facts facts; /* after success */

	struct storage *storage; /* private from here */
	struct list_node node;
	enum put_state state;
	enum err cancelled;
	uint64_t bytes;
	struct buf buffer;
	struct blob_object *object;
	struct blob_job disk;
	struct db_job row;
	bool is_spent, is_over_count, has_doomed;
	int64_t now_ms;
};

/* Checks limits and the grant; `ready` or `done` follow. On failure nothing does; see put->why. */
enum err file_put_begin(struct storage *storage, struct file_put *put);

/* Only while TAKING. ERR_TOO_LARGE past the kind's limit: cancel it then. */
enum err file_put_add(struct file_put *put, const uint8_t *bytes, size_t size);

/* After every few bytes added: ERR_MORE when the peer is to wait for `ready`; else cancel it. */
enum err file_put_pace(struct file_put *put);

/* All has come. ERR_INVALID through `done` when that was nothing. */
void file_put_end(struct file_put *put);

/* `done` comes with `err`, at once or when what is under way is over. */
void file_put_cancel(struct file_put *put, enum err err);

#endif
