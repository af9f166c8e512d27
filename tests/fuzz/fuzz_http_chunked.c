/* SPDX-License-Identifier: Apache-2.0 */
/* A body read whole and byte by byte must have the same bytes and the same end. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/http/chunked.h"
#include "tests/fuzz/fuzz.h"

static enum err read_all(const uint8_t *bytes, size_t size, size_t step, struct buf *body,
                         size_t *out_at)
{
	struct http_chunked chunked = { 0 };
	size_t at = 0;

	while (at < size && !http_chunked_is_done(&chunked)) {
		struct str piece;
		size_t used = 0, given = size - at < step ? size - at : step;
		enum err err = http_chunked_read(&chunked, bytes + at, given, &used, &piece);
		if (err != ERR_OK && err != ERR_MORE)
			return err;
		if (used > given || (used == 0 && err == ERR_OK && !http_chunked_is_done(&chunked)))
			abort();
		buf_add_str(body, piece);
		at += used;
	}
	*out_at = at;
	return http_chunked_is_done(&chunked) ? ERR_OK : ERR_MORE;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	AUTO_BUF whole = { 0 };
	AUTO_BUF single = { 0 };
	size_t whole_at = 0, single_at = 0;

	buf_init(&whole, size);
	buf_init(&single, size);
	enum err first = read_all(bytes, size, SIZE_MAX, &whole, &whole_at);
	enum err second = read_all(bytes, size, 1, &single, &single_at);
	if (first != second || whole_at != single_at ||
	    !str_equal(buf_str(&whole), buf_str(&single)))
		abort();
	return 0;
}
