/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/hls/hls_bytes.h"

#include <stdlib.h>
#include <string.h>

#include "base/metric.h"

struct hls_bytes *hls_bytes_new(size_t size)
{
	struct hls_bytes *bytes = malloc(sizeof *bytes + size);

	if (!bytes)
		return NULL;
	*bytes = (struct hls_bytes){ .refs = 1, .size = size };
	metric_add(METRIC_hls_bytes, (int64_t)size);
	return bytes;
}

struct hls_bytes *hls_bytes_copy(struct str content)
{
	struct hls_bytes *bytes = hls_bytes_new(content.size);

	if (bytes && content.size)
		memcpy(bytes->at, content.at, content.size);
	return bytes;
}

struct hls_bytes *hls_bytes_ref(struct hls_bytes *bytes)
{
	if (bytes)
		atomic_fetch_add_explicit(&bytes->refs, 1, memory_order_relaxed);
	return bytes;
}

void hls_bytes_unref(struct hls_bytes *bytes)
{
	if (!bytes || atomic_fetch_sub_explicit(&bytes->refs, 1, memory_order_acq_rel) != 1)
		return;
	metric_add(METRIC_hls_bytes, -(int64_t)bytes->size);
	free(bytes);
}
