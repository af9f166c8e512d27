/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "proto/rtmp/amf.h"
#include "tests/fuzz/fuzz.h"

/* A name or text must lie inside the input. */
static void check(struct str text, const uint8_t *bytes, size_t size)
{
	const char *start = (const char *)bytes;

	if (text.size && (text.at < start || text.at + text.size > start + size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct amf_reader reader;
	struct amf_item item;
	size_t items = 0;

	amf_reader_init(&reader, bytes, size);
	while (amf_read(&reader, &item) == ERR_OK) {
		check(item.name, bytes, size);
		check(item.kind == AMF_STRING ? item.text : (struct str){ 0 }, bytes, size);
		if (item.depth > AMF_DEPTH_MAX || ++items > AMF_ITEMS_MAX)
			abort();
	}
	amf_reader_init(&reader, bytes, size);
	if (amf_read(&reader, &item) == ERR_OK && amf_skip(&reader, &item) == ERR_OK &&
	    reader.depth != 0)
		abort();
	return 0;
}
