/* SPDX-License-Identifier: Apache-2.0 */
/* FLV as a ring gives it goes in, RTMP as a player reads it comes out. */
#include <string.h>

#include "base/buf.h"
#include "proto/flv/flv.h"
#include "proto/rtmp/relay.h"
#include "tests/unit/unit.h"

#define PARTS_MAX 64

static void add_tag(struct buf *flv, enum flv_kind kind, uint32_t at_ms, const char *body,
                    size_t size)
{
	uint8_t head[FLV_TAG_HEAD_SIZE], tail[FLV_TAG_TAIL_SIZE];

	flv_write_tag_head(head, kind, at_ms, size);
	flv_write_tag_tail(tail, size);
	buf_add(flv, head, sizeof head);
	buf_add(flv, body, size);
	buf_add(flv, tail, sizeof tail);
}

/* The head, an introduction without times, then frames whose times begin at 77 s and jump. */
static void add_stream(struct buf *flv)
{
	uint8_t header[FLV_HEADER_SIZE];
	char large[9000];

	flv_write_header(header, true, true);
	buf_add(flv, header, sizeof header);
	add_tag(flv, FLV_SCRIPT, 0, "\x02\x00\x0aonMetaData", 13);
	add_tag(flv, FLV_VIDEO, 0,
	        "\x17\x00\x00\x00\x00"
	        "config",
	        11);
	add_tag(flv, FLV_AUDIO, 0, "\xaf\x00\x12\x10", 4);
	memset(large, 'k', sizeof large);
	memcpy(large, "\x17\x01\x00\x00\x00", 5);
	add_tag(flv, FLV_VIDEO, 77000, large, sizeof large);
	add_tag(flv, (enum flv_kind)3, 77000, "no media", 8);
	add_tag(flv, FLV_AUDIO, 76990,
	        "\xaf\x01"
	        "sound",
	        7);
	add_tag(flv, FLV_VIDEO, 77040,
	        "\x27\x01\x00\x00\x00"
	        "p",
	        6);
	add_tag(flv, FLV_VIDEO, 0x1000000 + 77040,
	        "\x27\x01\x00\x00\x00"
	        "later",
	        10);
	add_tag(flv, FLV_VIDEO, 0x1000000 + 77080,
	        "\x27\x01\x00\x00\x00"
	        "last",
	        9);
}

static const struct {
	uint8_t type;
	uint32_t at_ms;
	size_t size;
} expected[] = {
	{ RTMP_DATA, 0, 13 },    { RTMP_VIDEO, 0, 11 }, { RTMP_AUDIO, 0, 4 },
	{ RTMP_VIDEO, 0, 9000 }, { RTMP_AUDIO, 0, 7 },  { RTMP_VIDEO, 40, 6 },
	{ RTMP_VIDEO, 40, 10 },  { RTMP_VIDEO, 80, 9 },
};

static void assert_is_the_stream(const struct buf *wire)
{
	struct bytes input = bytes_of(wire->at, wire->size);
	struct rtmp_chunk_reader reader;
	struct rtmp_message message;

	rtmp_chunk_reader_init(&reader);
	reader.chunk_size = RTMP_MESSAGE_MAX;
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		assert_ok(rtmp_chunk_read(&reader, &input, &message));
		assert_int_equal(message.type, expected[i].type);
		assert_int_equal(message.timestamp_ms, expected[i].at_ms);
		assert_int_equal(message.size, expected[i].size);
		assert_int_equal(message.stream_id, 1);
	}
	assert_int_equal(input.size, 0);
	rtmp_chunk_reader_done(&reader);
}

/* Where the tags end: a part of the ring ends there, too. */
static bool is_boundary(const struct buf *flv, size_t at)
{
	struct bytes rest = bytes_of(flv->at + FLV_HEADER_SIZE, flv->size - FLV_HEADER_SIZE);
	struct flv_tag tag;

	while (flv_read_tag(&rest, &tag) == ERR_OK)
		if (flv->size - rest.size == at)
			return true;
	return at == 0 || at == FLV_HEADER_SIZE || at == flv->size;
}

/* Sends the FLV in two parts cut at `cut`, and of each batch at most `most` bytes. */
static void relay_all(const struct buf *flv, size_t cut, size_t most, struct buf *wire)
{
	struct rtmp_batch *batch = malloc(sizeof *batch);
	struct rtmp_relay relay;
	size_t done = 0;

	assert_non_null(batch);
	rtmp_relay_init(&relay);
	relay.stream_id = 1;
	for (;;) {
		struct iovec parts[2];
		size_t count = 0;
		if (done < cut)
			parts[count++] = (struct iovec){ flv->at + done, cut - done };
		size_t from = done < cut ? cut : done;
		if (from < flv->size)
			parts[count++] = (struct iovec){ flv->at + from, flv->size - from };
		rtmp_relay_fill(&relay, parts, count, batch);
		if (!batch->size)
			break;
		size_t sent = 0;
		for (size_t i = 0; i < batch->part_count && sent < most; i++) {
			size_t left = most - sent, size = batch->parts[i].iov_len;
			buf_add(wire, batch->parts[i].iov_base, size < left ? size : left);
			sent += size < left ? size : left;
		}
		done += rtmp_relay_sent(&relay, batch, sent);
	}
	assert_int_equal(done, flv->size);
	assert_true(rtmp_relay_is_between(&relay));
	free(batch);
}

static void a_stream_becomes_messages_with_times_from_0(void **state)
{
	AUTO_BUF flv = { 0 }, wire = { 0 };

	buf_init(&flv, 64 * 1024);
	buf_init(&wire, 64 * 1024);
	add_stream(&flv);
	relay_all(&flv, flv.size, SIZE_MAX, &wire);
	assert_is_the_stream(&wire);
}

static void it_is_the_same_however_the_ring_is_cut(void **state)
{
	AUTO_BUF flv = { 0 };

	buf_init(&flv, 64 * 1024);
	add_stream(&flv);
	for (size_t cut = 0; cut <= flv.size; cut++) {
		AUTO_BUF wire = { 0 };
		if (!is_boundary(&flv, cut))
			continue;
		buf_init(&wire, 64 * 1024);
		relay_all(&flv, cut, SIZE_MAX, &wire);
		assert_is_the_stream(&wire);
	}
}

static void it_is_the_same_however_little_the_socket_takes(void **state)
{
	AUTO_BUF flv = { 0 };

	buf_init(&flv, 64 * 1024);
	add_stream(&flv);
	for (size_t most = 1; most < 9300; most += most < 64 ? 1 : 97) {
		AUTO_BUF wire = { 0 };
		buf_init(&wire, 64 * 1024);
		relay_all(&flv, flv.size, most, &wire);
		assert_is_the_stream(&wire);
	}
}

static void a_message_that_is_half_sent_is_told(void **state)
{
	struct rtmp_relay relay;
	struct rtmp_batch *batch = malloc(sizeof *batch);
	AUTO_BUF flv = { 0 };

	assert_non_null(batch);
	buf_init(&flv, 1024);
	add_tag(&flv, FLV_VIDEO, 5,
	        "\x17\x01\x00\x00\x00"
	        "key",
	        8);
	rtmp_relay_init(&relay);
	relay.skip = 0;
	struct iovec part = { flv.at, flv.size };
	rtmp_relay_fill(&relay, &part, 1, batch);
	assert_int_equal(batch->size, 12 + 8);
	for (size_t sent = 1; sent < batch->size; sent++) {
		struct rtmp_relay copy = relay;
		size_t done = rtmp_relay_sent(&copy, batch, sent);
		assert_false(rtmp_relay_is_between(&copy));
		/* Past the tag's own head at least: its block may not be forgotten any more. */
		assert_true(done >= FLV_TAG_HEAD_SIZE && done < flv.size);
	}
	assert_int_equal(rtmp_relay_sent(&relay, batch, 0), 0);
	assert_true(rtmp_relay_is_between(&relay));
	free(batch);
}

static void a_batch_ends_at_its_limit(void **state)
{
	struct rtmp_relay relay;
	struct rtmp_batch *batch = malloc(sizeof *batch);
	AUTO_BUF flv = { 0 };

	assert_non_null(batch);
	buf_init(&flv, 64 * 1024);
	for (uint32_t i = 0; i <= RTMP_BATCH_MAX; i++)
		add_tag(&flv, FLV_AUDIO, i, "\xaf\x01s", 3);
	rtmp_relay_init(&relay);
	relay.skip = 0;
	struct iovec part = { flv.at, flv.size };
	rtmp_relay_fill(&relay, &part, 1, batch);
	assert_int_equal(batch->message_count, RTMP_BATCH_MAX);
	size_t done = rtmp_relay_sent(&relay, batch, batch->size);
	assert_int_equal(done, RTMP_BATCH_MAX * (FLV_TAG_HEAD_SIZE + 3 + FLV_TAG_TAIL_SIZE));
	part = (struct iovec){ flv.at + done, flv.size - done };
	rtmp_relay_fill(&relay, &part, 1, batch);
	assert_int_equal(batch->message_count, 1);
	free(batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_becomes_messages_with_times_from_0),
		cmocka_unit_test(it_is_the_same_however_the_ring_is_cut),
		cmocka_unit_test(it_is_the_same_however_little_the_socket_takes),
		cmocka_unit_test(a_message_that_is_half_sent_is_told),
		cmocka_unit_test(a_batch_ends_at_its_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
