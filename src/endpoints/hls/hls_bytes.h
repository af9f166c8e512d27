/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hls_bytes.h — bytes that were made once and are then answered to many: never changed, counted.
 *
 * Threads  any; whoever holds a reference may read.
 * Errors   NULL when there is no memory.
 */
#ifndef VIGIL_ENDPOINTS_HLS_BYTES_H
#define VIGIL_ENDPOINTS_HLS_BYTES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct hls_bytes {
	_Atomic unsigned refs;
	size_t size;
	uint8_t at[];
};

/* With one reference, its content to be written before anybody else sees it. */
struct hls_bytes *hls_bytes_new(size_t size);
struct hls_bytes *hls_bytes_copy(struct str content);
struct hls_bytes *hls_bytes_ref(struct hls_bytes *bytes);
void hls_bytes_unref(struct hls_bytes *bytes);

#endif
