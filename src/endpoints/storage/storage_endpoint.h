/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage_endpoint.h — stills and uploads by HTTP: devices bring them with a token for one file,
 * people and applications fetch them with the right to view the device.
 *
 * Threads  each request on its connection's loop.
 * Memory   what a request has under way is one buffer (file_put.h, DOWNLOAD_BLOCK_BYTES).
 * Errors   problems of the API's table (api.h).
 */
#ifndef VIGIL_ENDPOINTS_STORAGE_ENDPOINT_H
#define VIGIL_ENDPOINTS_STORAGE_ENDPOINT_H

#include "base/err.h"
#include "base/mem.h"
#include "domain/storage/storage.h"
#include "http/router.h"

#define DOWNLOADS_MAX        256          /* under way at once, in all */
#define DOWNLOAD_BLOCK_BYTES (128 * 1024) /* read and sent at a time */
#define UPLOAD_GRACE_MS      60000        /* from then on a body comes at */
#define UPLOAD_BYTES_PER_S   1024         /* least, on the average, or it is ended */

struct storage_endpoint;

enum err storage_endpoint_new(struct storage *storage, struct storage_endpoint **out);
void storage_endpoint_free(struct storage_endpoint *endpoint);
AUTO_DEFINE(storage_endpoint)

extern const struct route storage_routes[]; /* owner: the endpoint */
extern const size_t storage_route_count;

/* How devices reach us by HTTP. */
struct storage_public {
	char url[256];  /* "https://cloud.example"; empty: host and port below */
	char host[128]; /* empty: the address the device reached us by */
	unsigned port;
	bool is_tls_only; /* https:// */
};

/* What a device is told to post to; `grant` is the action's token. `file` is the name it was asked
 * for: it stands in the address too, unless that would make it longer than `most` bytes. Pure. */
void storage_still_url(const struct storage_public *address, struct str did, struct str grant,
                       struct str reached_at, struct buf *out);
void storage_upload_url(const struct storage_public *address, struct str did, struct str grant,
                        struct str file, struct str reached_at, size_t most, struct buf *out);

#endif
