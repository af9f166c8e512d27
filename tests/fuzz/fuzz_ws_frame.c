/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says how the rest is cut; messages stay within their limit. */
#include <stdlib.h>

#include "proto/ws/ws.h"
#include "tests/fuzz/fuzz.h"

#define MESSAGE_MAX 1000

static void on_message(void *owner, enum ws_opcode opcode, struct str message)
{
	if (message.size > MESSAGE_MAX ||
	    (opcode == WS_TEXT && message.size && str_index(message, '\0') == message.size &&
	     !str_is_utf8(message)))
		abort();
}

static void on_send(void *owner, const uint8_t *bytes, size_t size)
{
	if (size < 2 || !(bytes[0] & 0x80))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct ws_events events = { on_message, on_send };
	AUTO(ws_reader) reader = NULL;

	if (size < 1 || ws_reader_new(MESSAGE_MAX, &reader) != ERR_OK)
		return 0;
	size_t step = (size_t)bytes[0] + 1;
	for (size_t at = 1; at < size; at += step) {
		size_t given = size - at < step ? size - at : step;
		if (ws_reader_feed(reader, bytes + at, given, &events, NULL) != ERR_OK)
			break;
	}
	return 0;
}
