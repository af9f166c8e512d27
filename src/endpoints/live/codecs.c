/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/live/codecs.h"

enum err codecs_check(struct str list, struct why *why)
{
	if (list.size <= CODECS_TEXT_MAX)
		return ERR_OK;
	return why_set_reason(why, ERR_INVALID, 0, "codecs", "at most %d characters",
	                      CODECS_TEXT_MAX);
}

bool codecs_include(struct str list, struct str codec)
{
	bool is_empty = true;
	struct str one;

	while (str_cut(&list, ',', &one)) {
		one = str_trim(one);
		if (one.size && str_starts(codec, one))
			return true;
		is_empty = is_empty && !one.size;
	}
	return is_empty;
}
