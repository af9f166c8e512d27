/* SPDX-License-Identifier: Apache-2.0 */
/* storage_private.h — what the files of endpoints/storage share. */
#ifndef VIGIL_ENDPOINTS_STORAGE_PRIVATE_H
#define VIGIL_ENDPOINTS_STORAGE_PRIVATE_H

#include <stdatomic.h>

#include "base/buf.h"
#include "endpoints/api/api.h"
#include "endpoints/storage/storage_endpoint.h"
#include "http/response.h"

#define STORAGE_ANSWER_MAX (4 * 1024 * 1024)

struct storage_endpoint {
	struct storage *storage;
	_Atomic int downloads;
};

/* Where a file can be fetched: "/v2/storage/file/{did}/{name}". */
void storage_write_path(struct buf *out, enum file_kind kind, const char *did, const char *name);

/* A quoted RFC 3339 time. */
void storage_write_time(struct buf *out, int64_t time_ms);

/* --- storage_upload.c --- */
void still_post(void *owner, struct request *req);
void upload_post(void *owner, struct request *req);

/* --- storage_download.c --- */
void still_get(void *owner, struct request *req);
void still_of_second_get(void *owner, struct request *req);
void upload_get(void *owner, struct request *req);

/* --- storage_list.c --- */
void still_list_get(void *owner, struct request *req);
void upload_list_get(void *owner, struct request *req);
void still_delete(void *owner, struct request *req);
void upload_delete(void *owner, struct request *req);

#endif
