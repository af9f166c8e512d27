/* SPDX-License-Identifier: Apache-2.0 */
/* An event stream: cut in two anywhere (the first byte says where), it reads as when whole. */
#include "ctl/text/sse.h"

#include <assert.h>

#include "tests/fuzz/fuzz.h"

static void add_event(void *owner, const struct sse_event *event)
{
	struct buf *notes = owner;

	buf_add_str(notes, event->type);
	buf_add_u8(notes, '|');
	buf_add_str(notes, event->cursor);
	buf_add_u8(notes, '|');
	buf_add_str(notes, event->text);
	buf_add_u8(notes, ';');
}

static enum err read_cut(struct str stream, size_t cut, struct buf *notes)
{
	struct sse sse;

	sse_init(&sse);
	(void)sse_feed(&sse, (struct str){ stream.at, cut }, add_event, notes);
	enum err err = sse_feed(&sse, str_from(stream, cut), add_event, notes);
	sse_done(&sse);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	AUTO_BUF whole = { 0 }, halves = { 0 };

	if (size < 2)
		return 0;
	struct str stream = { (const char *)bytes + 1, size - 1 };
	buf_init(&whole, 4 * 1024 * 1024);
	buf_init(&halves, 4 * 1024 * 1024);
	enum err first = read_cut(stream, stream.size, &whole);
	enum err second = read_cut(stream, bytes[0] % stream.size, &halves);
	assert(first == second);
	assert(str_equal(buf_str(&whole), buf_str(&halves)));
	return 0;
}
