/* SPDX-License-Identifier: Apache-2.0 */
/* The input as a caller's data, and as a device's result to every action. */
#include <stdlib.h>

#include "base/json.h"
#include "domain/action/action.h"
#include "tests/fuzz/fuzz.h"

static const char *const names[] = { "play",       "stop",        "ptz.start",   "ptz.stop",
	                             "preset.set", "preset.list", "preset.goto", "preset.remove",
	                             "capture",    "read",        "write",       "segment.find",
	                             "replay",     "upload" };

/* What was accepted is accepted again, and as the same text. */
static void check_canonical(const struct action_request *request)
{
	AUTO_JSON data = NULL;
	struct action_request again;

	if (json_read(buf_str(&request->data), &data, NULL) != ERR_OK ||
	    action_read(data, &again, NULL) != ERR_OK || again.action != request->action ||
	    !str_equal(buf_str(&again.data), buf_str(&request->data)))
		abort();
	action_request_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	AUTO_JSON json = NULL;
	struct action_request request;
	struct why why = { 0 };

	if (json_read((struct str){ (const char *)bytes, size }, &json, NULL) != ERR_OK)
		return 0;
	if (action_read(json, &request, &why) == ERR_OK) {
		check_canonical(&request);
		action_request_done(&request);
	} else if (!str_is_utf8(str_of(why.field)) || !str_is_utf8(str_of(why.text))) {
		abort();
	}
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (action_check_answer(action_find(str_of(names[i])), json, &why) != ERR_OK &&
		    !str_is_utf8(str_of(why.text)))
			abort();
	return 0;
}
