/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bringing.h — files brought into a house's storage as an endpoint would bring them, and what the
 * disk holds of them.
 */
#ifndef VIGIL_TESTS_BRINGING_H
#define VIGIL_TESTS_BRINGING_H

#include "domain/storage/file_put.h"
#include "tests/unit/domain/house.h"

#define DAY_MS 86400000LL

/* One file on its way in, as an endpoint would bring it. */
struct bringing {
	struct file_put put;
	struct house *house;
	struct str content;
	enum err err, begun;
	int ready, done;
	bool is_held;         /* `ready` does nothing: the test goes on */
	enum err cancel;      /* right after the begin, when not ERR_OK */
	enum err cancel_late; /* the same after its bytes are on their way to the disk */
};

/* The caller frees it. */
struct bringing *bringing_new(struct house *house, enum file_kind kind, const char *did,
                              const char *name, const char *content);
/* Begins it on the house's loop; for house_run(). */
void bringing_begin(void *bringing);
/* What `ready` does unless it is held: all the content, then the end. */
void bringing_go_on(void *put);
bool bringing_is_ready(void *bringing); /* or done */
bool bringing_is_done(void *bringing);
/* From its begin to its only end. */
enum err bring(struct bringing *one);

/* The whole story of a small file; its facts, if wanted. */
enum err bring_upload(struct house *house, const char *did, const char *name, const char *content,
                      struct file_facts *out);
enum err bring_still(struct house *house, const char *did, struct file_facts *out);

/* By its name, or by its second where the name has that form. */
enum err find_file(struct house *house, enum file_kind kind, const char *organization,
                   const char *did, const char *name, struct file_facts *out);

/* Waits until the disk holds so many objects, the unfinished ones too. */
void wait_objects(struct house *house, int objects);
/* For house_run(): storage_start() of the house. */
void start_sweep(void *house);

#endif
