/* SPDX-License-Identifier: Apache-2.0 */
/* FLV onto a player's wire, in portions the first byte says: the bodies come through whole, and the
 * messages can be read again. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/flv/flv.h"
#include "proto/rtmp/relay.h"
#include "tests/fuzz/fuzz.h"

#define WIRE_MAX (1024 * 1024)

/* Sends all it can in portions of `most`; gives the bytes of FLV that are done with. */
static size_t send_all(struct rtmp_relay *relay, struct bytes flv, size_t most, struct buf *wire)
{
	static struct rtmp_batch batch;
	size_t done = 0;

	for (;;) {
		struct iovec part = { .iov_len = flv.size - done };
		const uint8_t *at = flv.at + done;
		memcpy(&part.iov_base, &at, sizeof at);
		rtmp_relay_fill(relay, &part, 1, &batch);
		if (!batch.size)
			return done;
		size_t sent = 0;
		for (size_t i = 0; i < batch.part_count && sent < most; i++) {
			size_t size = batch.parts[i].iov_len;
			size = size < most - sent ? size : most - sent;
			buf_add(wire, batch.parts[i].iov_base, size);
			sent += size;
		}
		done += rtmp_relay_sent(relay, &batch, sent);
		if (done > flv.size)
			abort();
	}
}

static void read_again(const struct buf *wire)
{
	struct bytes input = bytes_of(wire->at, wire->size);
	struct rtmp_chunk_reader reader;
	struct rtmp_message message;
	enum err err;

	rtmp_chunk_reader_init(&reader);
	reader.chunk_size = RTMP_MESSAGE_MAX;
	while ((err = rtmp_chunk_read(&reader, &input, &message)) == ERR_OK)
		if (!message.size)
			abort();
	if (err != ERR_MORE || reader.head_size)
		abort();
	rtmp_chunk_reader_done(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct rtmp_relay relay;
	AUTO_BUF wire = { 0 };

	if (!size)
		return 0;
	buf_init(&wire, WIRE_MAX);
	rtmp_relay_init(&relay);
	(void)send_all(&relay, bytes_of(bytes + 1, size - 1), bytes[0] + (size_t)1, &wire);
	if (!rtmp_relay_is_between(&relay))
		abort();
	if (buf_err(&wire) == ERR_OK)
		read_again(&wire);
	return 0;
}
