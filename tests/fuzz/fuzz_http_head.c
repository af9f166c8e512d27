/* SPDX-License-Identifier: Apache-2.0 */
/* A head read whole and with a scan that stops at every byte must give one verdict. */
#include <stdlib.h>

#include "proto/http/head.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct http_limits limits;
	struct http_head head;
	struct http_scan scan = { 0 };
	enum err piecewise = ERR_MORE;
	size_t whole_size = 0, found_size = 0;
	int status = 0;

	enum err whole = http_head_read(bytes, size, &limits, &head, &whole_size);
	if (whole != ERR_OK && whole != ERR_MORE && (head.status < 400 || head.status > 505))
		abort();
	if (whole == ERR_OK && head.is_chunked && head.content_length >= 0)
		abort();
	if (whole == ERR_OK && head.minor == 1 && head.host.size == 0)
		abort();
	for (size_t end = 1; end <= size && piecewise == ERR_MORE; end++)
		piecewise = http_head_find(bytes, end, &limits, &scan, &found_size, &status);
	if (piecewise == ERR_OK) {
		piecewise = http_head_parse(bytes, found_size, &limits, &head);
		if (piecewise == ERR_OK && found_size != whole_size)
			abort();
	}
	if (piecewise != whole)
		abort();
	return 0;
}
