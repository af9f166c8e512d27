/* SPDX-License-Identifier: Apache-2.0 */
/* Whole and byte by byte must find the same field with the same bytes. */
#include <stdlib.h>

#include "base/buf.h"
#include "proto/http/multipart.h"
#include "tests/fuzz/fuzz.h"

static void on_part(void *owner, const char *file_name, struct str content_type)
{
	buf_add_text(owner, file_name);
	buf_add_str(owner, content_type);
}

static void on_part_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	buf_add(owner, bytes, size);
}

static void on_part_end(void *owner)
{
	buf_add_text(owner, "|");
}

static enum err read_all(const uint8_t *bytes, size_t size, size_t step, struct buf *out)
{
	static const struct http_multipart_events events = { on_part, on_part_bytes, on_part_end };
	struct http_multipart multipart;
	enum err err = ERR_MORE;

	if (http_multipart_init(&multipart, STR("multipart/form-data; boundary=b"), "f") != ERR_OK)
		abort();
	for (size_t at = 0; at < size && err == ERR_MORE; at += step) {
		size_t given = size - at < step ? size - at : step;
		err = http_multipart_feed(&multipart, bytes + at, given, &events, out);
	}
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	AUTO_BUF whole = { 0 };
	AUTO_BUF single = { 0 };

	if (size > 65536)
		return 0;
	buf_init(&whole, size * 2 + 1024);
	buf_init(&single, size * 2 + 1024);
	enum err first = read_all(bytes, size, 65536, &whole);
	enum err second = read_all(bytes, size, 1, &single);
	if (first != second || !str_equal(buf_str(&whole), buf_str(&single)))
		abort();
	return 0;
}
