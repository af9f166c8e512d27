/* SPDX-License-Identifier: Apache-2.0 */
/* A path that passed has no trick left in it, and encoding it again leads back to it. */
#include <stdlib.h>

#include "base/buf.h"
#include "proto/http/fields.h"
#include "proto/http/url.h"
#include "tests/fuzz/fuzz.h"

static void check_path(struct str text, struct arena *arena)
{
	struct str path, again, rest, segment;
	AUTO_BUF encoded = { 0 };

	buf_init(&encoded, text.size * 3 + 1);
	if (http_url_path(text, arena, &path) != ERR_OK)
		return;
	rest = path;
	while (str_cut(&rest, '/', &segment)) {
		if (str_equal(segment, STR("..")) || str_equal(segment, STR(".")))
			abort();
	}
	if (path.at[0] != '/' || str_index(path, '\0') < path.size ||
	    str_index(path, '\\') < path.size)
		abort();
	http_url_encode(path, "/", &encoded);
	if (http_url_path(buf_str(&encoded), arena, &again) != ERR_OK || !str_equal(path, again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str text = { (const char *)bytes, size }, value;
	struct http_range ranges[HTTP_RANGES_MAX];
	struct arena arena;
	size_t count = 0;

	arena_init(&arena, 1024 * 1024);
	check_path(text, &arena);
	if (http_query_get(text, "a", &arena, &value) == ERR_OK &&
	    str_index(value, '\0') < value.size)
		abort();
	(void)http_cookie_get(text, "a");
	if (http_range_read(text, 1000, ranges, &count) == ERR_OK) {
		for (size_t i = 0; i < count; i++) {
			if (ranges[i].first > ranges[i].last || ranges[i].last >= 1000)
				abort();
		}
	}
	arena_done(&arena);
	return 0;
}
