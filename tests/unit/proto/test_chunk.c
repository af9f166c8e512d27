/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "proto/rtmp/chunk.h"
#include "tests/unit/unit.h"

#define MAX (16 * 1024 * 1024)

/* Reads everything in pieces of `first` bytes, then `step`; a line a message. */
static enum err tell(const struct buf *bytes, size_t first, size_t step, struct buf *story)
{
	struct rtmp_chunk_reader reader;
	struct rtmp_message message;
	enum err err = ERR_MORE;

	rtmp_chunk_reader_init(&reader);
	for (size_t at = 0; at < bytes->size && err == ERR_MORE;) {
		size_t size = at ? step : first;
		size = bytes->size - at < size ? bytes->size - at : size;
		/* An exact copy, so that a sanitizer sees a read past the piece. */
		AUTO_FREE uint8_t *piece = malloc(size);
		assert_non_null(piece);
		memcpy(piece, bytes->at + at, size);
		struct bytes input = bytes_of(piece, size);
		while ((err = rtmp_chunk_read(&reader, &input, &message)) == ERR_OK) {
			buf_printf(story, "%u at %u on %u: ", message.type, message.timestamp_ms,
			           message.stream_id);
			buf_add(story, message.body, message.size);
			buf_add_text(story, "\n");
		}
		at += size;
	}
	rtmp_chunk_reader_done(&reader);
	return err;
}

struct row {
	const char *bytes;
	size_t size;
	const char *story;
};

/* clang-format off */
#define ROW(bytes, story) { (bytes), sizeof(bytes) - 1, (story) }
#define EXTENDED "\xff\xff\xff"
static const struct row rows[] = {
	/* Types 0 to 3; types 1 and 2 add a step, type 3 repeats it. */
	ROW("\x04\0\0\x64\0\0\x02\x09\x01\0\0\0" "ab", "9 at 100 on 1: ab\n"),
	ROW("\x04\0\0\x64\0\0\x02\x09\x01\0\0\0" "ab" "\x44\0\0\x28\0\0\x01\x08" "c"
	    "\x84\0\0\x0a" "d" "\xc4" "e",
	    "9 at 100 on 1: ab\n8 at 140 on 1: c\n8 at 150 on 1: d\n8 at 160 on 1: e\n"),
	/* The step after a type 0 header is its own time (section 5.3.1.2.4). */
	ROW("\x04\0\0\x28\0\0\x01\x09\x01\0\0\0" "a" "\xc4" "b", "9 at 40 on 1: a\n9 at 80 on 1: b\n"),
	/* An empty body; a stream number in little-endian; type 1 as a first header. */
	ROW("\x04\0\0\0\0\0\0\x12\x01\x02\x03\x04", "18 at 0 on 67305985: \n"),
	ROW("\x44\0\0\x05\0\0\x01\x08" "a", "8 at 5 on 0: a\n"),
	/* Chunk stream numbers of two and three bytes; 64+0 and 64+0*256 are the same one. */
	ROW("\x00\x00\0\0\x01\0\0\x01\x08\0\0\0\0" "a" "\xc1\x00\x00" "b",
	    "8 at 1 on 0: a\n8 at 2 on 0: b\n"),
	/* Two messages under way at once. */
	ROW("\x02\0\0\0\0\0\x04\x01\0\0\0\0" "\0\0\0\x02"
	    "\x04\0\0\0\0\0\x03\x08\0\0\0\0" "ab" "\x05\0\0\0\0\0\x03\x09\0\0\0\0" "xy" "\xc4" "c" "\xc5" "z",
	    "8 at 0 on 0: abc\n9 at 0 on 0: xyz\n"),
	/* Set Chunk Size takes effect inside another message. */
	ROW("\x02\0\0\0\0\0\x04\x01\0\0\0\0" "\0\0\0\x01"
	    "\x04\0\0\0\0\0\x04\x08\0\0\0\0" "a" "\x02\0\0\0\0\0\x04\x01\0\0\0\0" "\0" "\xc2" "\0" "\xc2"
	    "\0" "\xc2" "\x03" "\xc4" "bcd", "8 at 0 on 0: abcd\n"),
	/* Abort drops what is under way; the chunk stream lives on. */
	ROW("\x02\0\0\0\0\0\x04\x01\0\0\0\0" "\0\0\0\x04"
	    "\x04\0\0\0\0\0\x05\x08\0\0\0\0" "abcd" "\x02\0\0\0\0\0\x04\x02\0\0\0\0" "\0\0\0\x04"
	    "\x04\0\0\0\0\0\x01\x08\0\0\0\0" "x", "8 at 0 on 0: x\n"),
	ROW("\x02\0\0\0\0\0\x04\x02\0\0\0\0" "\0\0\0\x09", ""),
	/* Extended timestamps: absolute, a step, repeated by type 3, and the last value before it. */
	ROW("\x04" EXTENDED "\0\0\x01\x08\0\0\0\0" "\x01\0\0\0" "a", "8 at 16777216 on 0: a\n"),
	ROW("\x04\xff\xff\xfe\0\0\x01\x08\0\0\0\0" "a", "8 at 16777214 on 0: a\n"),
	ROW("\x04\0\0\x01\0\0\x01\x08\0\0\0\0" "a" "\x84" EXTENDED "\x01\0\0\0" "b" "\xc4\x01\0\0\0" "c",
	    "8 at 1 on 0: a\n8 at 16777217 on 0: b\n8 at 33554433 on 0: c\n"),
	ROW("\x02\0\0\0\0\0\x04\x01\0\0\0\0" "\0\0\0\x04"
	    "\x04" EXTENDED "\0\0\x06\x08\0\0\0\0" "\x01\0\0\0" "abcd" "\xc4\x01\0\0\0" "ef",
	    "8 at 16777216 on 0: abcdef\n"),
	/* The same from encoders that leave it out: also when the rest is shorter than a timestamp, and
	 * when it begins like one. */
	ROW("\x02\0\0\0\0\0\x04\x01\0\0\0\0" "\0\0\0\x04"
	    "\x04" EXTENDED "\0\0\x06\x08\0\0\0\0" "\x01\0\0\0" "abcd" "\xc4" "ef"
	    "\x05\0\0\0\0\0\x01\x09\0\0\0\0" "x", "8 at 16777216 on 0: abcdef\n9 at 0 on 0: x\n"),
	ROW("\x02\0\0\0\0\0\x04\x01\0\0\0\0" "\0\0\0\x04"
	    "\x04" EXTENDED "\0\0\x0a\x08\0\0\0\0" "\x41\x42\x43\x44" "abcd" "\xc4" "ABCx" "\xc4" "Ay"
	    "\x05\0\0\0\0\0\x01\x09\0\0\0\0" "z", "8 at 1094861636 on 0: abcdABCxAy\n9 at 0 on 0: z\n"),
	ROW("\x02\0\0\0\0\0\x04\x01\0\0\0\0" "\0\0\0\x04"
	    "\x04" EXTENDED "\0\0\x05\x08\0\0\0\0" "\x41\xc4\x41\xc5" "abcd" "\xc4" "A"
	    "\xc4" "\x41\xc4\x41\xc5" "efgh" "\xc4" "\x41\xc4\x41\xc5" "i",
	    "8 at 1103380933 on 0: abcdA\n8 at 2206761866 on 0: efghi\n"),
};
/* clang-format on */

static void messages_are_put_together_whole_and_cut_at_every_point(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		AUTO_BUF bytes = { 0 };

		buf_init(&bytes, MAX);
		buf_add(&bytes, rows[i].bytes, rows[i].size);
		for (size_t first = 1; first <= bytes.size; first++) {
			AUTO_BUF story = { 0 };

			buf_init(&story, MAX);
			assert_err(tell(&bytes, first, MAX, &story), ERR_MORE);
			assert_str(buf_str(&story), rows[i].story);
			buf_clear(&story);
			assert_err(tell(&bytes, first, 1, &story), ERR_MORE);
			assert_str(buf_str(&story), rows[i].story);
		}
	}
}

/* clang-format off */
static const struct row malformed[] = {
	ROW("\xc4", NULL),                                            /* type 3 with nothing before it */
	ROW("\x84\0\0\x01", NULL),                                    /* type 2 likewise */
	ROW("\x02\0\0\0\0\0\x04\x01\0\0\0\0" "\0\0\0\0", NULL),       /* chunk size 0 */
	ROW("\x02\0\0\0\0\0\x04\x01\0\0\0\0" "\x80\0\0\x01", NULL),   /* its top bit */
	ROW("\x02\0\0\0\0\0\x03\x01\0\0\0\0" "\0\0\x01", NULL),       /* too short */
	ROW("\x02\0\0\0\0\0\x03\x02\0\0\0\0" "\0\0\x01", NULL),       /* abort, too short */
};
/* clang-format on */

static void broken_chunks_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(malformed); i++) {
		AUTO_BUF bytes = { 0 }, story = { 0 };

		buf_init(&bytes, MAX);
		buf_init(&story, MAX);
		buf_add(&bytes, malformed[i].bytes, malformed[i].size);
		assert_err(tell(&bytes, 1, 1, &story), ERR_MALFORMED);
		assert_int_equal(story.size, 0);
	}
}

static void a_new_header_inside_a_message_is_malformed(void **state)
{
	static const uint8_t body[200];
	const struct rtmp_message message = { .type = RTMP_VIDEO, .body = body, .size = 200 };
	AUTO_BUF bytes = { 0 }, story = { 0 };

	buf_init(&bytes, MAX);
	buf_init(&story, MAX);
	rtmp_chunk_write(&bytes, RTMP_CHUNK_SIZE_FIRST, 4, &message);
	bytes.at[12 + 128] = 0x04; /* the continuation's type 3 becomes type 0 */
	assert_err(tell(&bytes, MAX, MAX, &story), ERR_MALFORMED);
}

static enum err tell_message(size_t size, uint32_t chunk_size, uint32_t announced)
{
	uint8_t *body = calloc(1, size);
	struct rtmp_message message = { .type = RTMP_VIDEO, .body = body, .size = size };
	uint8_t setting[4] = { (uint8_t)(announced >> 24), (uint8_t)(announced >> 16),
		               (uint8_t)(announced >> 8), (uint8_t)announced };
	struct rtmp_message set = { .type = RTMP_SET_CHUNK_SIZE, .body = setting, .size = 4 };
	AUTO_BUF bytes = { 0 }, story = { 0 };

	assert_non_null(body);
	buf_init(&bytes, MAX);
	buf_init(&story, MAX);
	rtmp_chunk_write(&bytes, RTMP_CHUNK_SIZE_FIRST, 2, &set);
	rtmp_chunk_write(&bytes, chunk_size, 4, &message);
	enum err err = tell(&bytes, 64 * 1024, 64 * 1024, &story);
	assert_true(err != ERR_MORE || story.size == size + strlen("9 at 0 on 0: \n"));
	free(body);
	return err;
}

static void a_message_ends_at_its_limit(void **state)
{
	assert_err(tell_message(RTMP_MESSAGE_MAX, 60000, 60000), ERR_MORE);
	assert_err(tell_message(RTMP_MESSAGE_MAX + 1, 60000, 60000), ERR_TOO_LARGE);
}

static void a_chunk_size_past_its_limit_means_the_limit(void **state)
{
	assert_err(tell_message(100000, RTMP_CHUNK_SIZE_MAX, RTMP_CHUNK_SIZE_MAX), ERR_MORE);
	assert_err(tell_message(100000, RTMP_CHUNK_SIZE_MAX, RTMP_CHUNK_SIZE_MAX + 1), ERR_MORE);
	assert_err(tell_message(100000, RTMP_CHUNK_SIZE_MAX, INT32_MAX), ERR_MORE);
}

static enum err tell_streams(size_t count)
{
	AUTO_BUF bytes = { 0 }, story = { 0 };

	buf_init(&bytes, MAX);
	buf_init(&story, MAX);
	for (size_t i = 0; i < count; i++) {
		buf_add(&bytes, "\x00", 1);
		buf_add_u8(&bytes, (uint8_t)i);
		buf_add(&bytes, "\0\0\0\0\0\x01\x08\0\0\0\0a", 12);
	}
	return tell(&bytes, MAX, MAX, &story);
}

static void the_number_of_chunk_streams_ends_at_its_limit(void **state)
{
	assert_err(tell_streams(RTMP_CHUNK_STREAMS_MAX), ERR_MORE);
	assert_err(tell_streams(RTMP_CHUNK_STREAMS_MAX + 1), ERR_TOO_LARGE);
}

/* Two messages of the largest size may be under way at once, not three. */
static enum err tell_under_way(size_t count)
{
	static uint8_t body[RTMP_MESSAGE_MAX - 1];
	struct rtmp_chunk_reader reader;
	struct rtmp_message message;
	enum err err = ERR_MORE;

	rtmp_chunk_reader_init(&reader);
	struct bytes setting = bytes_of("\x02\0\0\0\0\0\x04\x01\0\0\0\0\0\x3f\xff\xff", 16);
	assert_err(rtmp_chunk_read(&reader, &setting, &message), ERR_MORE);
	for (size_t i = 0; i < count && err == ERR_MORE; i++) {
		uint8_t head[12] = { (uint8_t)(4 + i), 0, 0, 0, 0x40, 0, 0, RTMP_VIDEO };
		struct bytes input = bytes_of(head, sizeof head);
		assert_err(rtmp_chunk_read(&reader, &input, &message), ERR_MORE);
		input = bytes_of(body, sizeof body);
		err = rtmp_chunk_read(&reader, &input, &message);
	}
	rtmp_chunk_reader_done(&reader);
	return err;
}

static void memory_of_all_messages_under_way_ends_at_its_limit(void **state)
{
	assert_err(tell_under_way(2), ERR_MORE);
	assert_err(tell_under_way(3), ERR_TOO_LARGE);
}

static void a_body_in_one_piece_is_lent_from_the_input(void **state)
{
	static const uint8_t body[] = "abc";
	const struct rtmp_message sent = { .type = RTMP_VIDEO, .body = body, .size = 3 };
	struct rtmp_chunk_reader reader;
	struct rtmp_message message;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	rtmp_chunk_write(&bytes, RTMP_CHUNK_SIZE_FIRST, 4, &sent);
	rtmp_chunk_reader_init(&reader);
	struct bytes input = bytes_of(bytes.at, bytes.size);
	assert_ok(rtmp_chunk_read(&reader, &input, &message));
	assert_ptr_equal(message.body, bytes.at + 12);
	assert_int_equal(reader.memory, 0);
	rtmp_chunk_reader_done(&reader);
}

static void a_large_buffer_that_lies_idle_is_given_back(void **state)
{
	static uint8_t body[1024 * 1024];
	struct rtmp_message sent = { .type = RTMP_VIDEO, .body = body, .size = sizeof body };
	struct rtmp_chunk_reader reader;
	struct rtmp_message message;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	rtmp_chunk_reader_init(&reader);
	rtmp_chunk_write(&bytes, RTMP_CHUNK_SIZE_FIRST, 4, &sent);
	struct bytes input = bytes_of(bytes.at, bytes.size);
	assert_ok(rtmp_chunk_read(&reader, &input, &message));
	assert_true(reader.memory >= sizeof body);

	buf_clear(&bytes);
	sent.size = 1000;
	for (int i = 0; i < 300; i++)
		rtmp_chunk_write(&bytes, RTMP_CHUNK_SIZE_FIRST, 4, &sent);
	input = bytes_of(bytes.at, bytes.size);
	while (rtmp_chunk_read(&reader, &input, &message) == ERR_OK)
		assert_int_equal(message.size, 1000);
	assert_true(reader.memory < 4096);
	rtmp_chunk_reader_done(&reader);
}

/* A message that has begun keeps what it has. */
static void a_trimmed_reader_keeps_only_what_is_under_way(void **state)
{
	static uint8_t body[4000];
	struct rtmp_chunk_reader reader;
	struct rtmp_message message = { .type = RTMP_VIDEO, .body = body, .size = sizeof body };
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, 64 * 1024);
	rtmp_chunk_reader_init(&reader);
	rtmp_chunk_write(&bytes, RTMP_CHUNK_SIZE_FIRST, 5, &message);
	struct bytes input = bytes_of(bytes.at, bytes.size);
	struct bytes half = bytes_of(bytes.at, bytes.size / 2);
	assert_ok(rtmp_chunk_read(&reader, &input, &message));
	assert_true(reader.memory >= sizeof body);
	rtmp_chunk_reader_trim(&reader);
	assert_int_equal(reader.memory, 0);
	assert_err(rtmp_chunk_read(&reader, &half, &message), ERR_MORE);
	size_t memory = reader.memory;
	assert_true(memory > 0);
	rtmp_chunk_reader_trim(&reader);
	assert_int_equal(reader.memory, memory);
	half = bytes_of(bytes.at + bytes.size / 2, bytes.size - bytes.size / 2);
	assert_ok(rtmp_chunk_read(&reader, &half, &message));
	assert_int_equal(message.size, sizeof body);
	rtmp_chunk_reader_done(&reader);
}

static void what_is_written_in_pieces_is_read_with_its_time(void **state)
{
	static uint8_t body[1000];
	static const uint32_t times[] = { 0, 0xFFFFFE, 0xFFFFFF, 0x1000000, UINT32_MAX };

	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		const struct bytes pieces[3] = { bytes_of(body, 1), bytes_of(body + 1, 600),
			                         bytes_of(body + 601, 399) };
		const struct rtmp_message sent = {
			.type = RTMP_VIDEO, .timestamp_ms = times[i], .stream_id = 1, .size = 1000
		};
		struct rtmp_chunk_reader reader;
		struct rtmp_message message;
		AUTO_BUF bytes = { 0 };

		buf_init(&bytes, MAX);
		rtmp_chunk_write_pieces(&bytes, RTMP_CHUNK_SIZE_FIRST, 6, &sent, pieces, 3);
		rtmp_chunk_reader_init(&reader);
		struct bytes input = bytes_of(bytes.at, bytes.size);
		assert_ok(rtmp_chunk_read(&reader, &input, &message));
		assert_int_equal(message.timestamp_ms, times[i]);
		assert_int_equal(message.stream_id, 1);
		assert_int_equal(message.size, sizeof body);
		assert_memory_equal(message.body, body, sizeof body);
		assert_err(rtmp_chunk_read(&reader, &input, &message), ERR_MORE);
		rtmp_chunk_reader_done(&reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_put_together_whole_and_cut_at_every_point),
		cmocka_unit_test(broken_chunks_are_refused),
		cmocka_unit_test(a_new_header_inside_a_message_is_malformed),
		cmocka_unit_test(a_message_ends_at_its_limit),
		cmocka_unit_test(a_chunk_size_past_its_limit_means_the_limit),
		cmocka_unit_test(the_number_of_chunk_streams_ends_at_its_limit),
		cmocka_unit_test(memory_of_all_messages_under_way_ends_at_its_limit),
		cmocka_unit_test(a_body_in_one_piece_is_lent_from_the_input),
		cmocka_unit_test(a_large_buffer_that_lies_idle_is_given_back),
		cmocka_unit_test(a_trimmed_reader_keeps_only_what_is_under_way),
		cmocka_unit_test(what_is_written_in_pieces_is_read_with_its_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
