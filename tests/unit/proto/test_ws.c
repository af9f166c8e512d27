/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/ws/ws.h"
#include "tests/unit/unit.h"

#define MESSAGE_MAX 70000

struct heard {
	struct buf messages; /* "opcode:text|" */
	struct buf sent;
};

static void on_message(void *owner, enum ws_opcode opcode, struct str message)
{
	struct heard *heard = owner;

	buf_printf(&heard->messages, "%d:", (int)opcode);
	buf_add_str(&heard->messages, message);
	buf_add_text(&heard->messages, "|");
}

static void on_send(void *owner, const uint8_t *bytes, size_t size)
{
	struct heard *heard = owner;

	buf_add(&heard->sent, bytes, size);
}

static const struct ws_events events = { on_message, on_send };

static void heard_done(struct heard *heard)
{
	buf_done(&heard->messages);
	buf_done(&heard->sent);
}

/* A masked frame as a client sends it; the mask is not zero, so that unmasking is seen. */
static void add_frame(struct buf *out, uint8_t first, struct str text)
{
	static const uint8_t mask[4] = { 1, 2, 3, 4 };
	uint8_t head[WS_FRAME_HEAD_SIZE];
	size_t size = ws_frame_head(WS_TEXT, text.size, head);

	head[0] = first;
	head[1] |= 0x80;
	buf_add(out, head, size);
	buf_add(out, mask, 4);
	for (size_t i = 0; i < text.size; i++)
		buf_add_u8(out, (uint8_t)text.at[i] ^ mask[i % 4]);
}

static enum err feed(struct buf *wire, size_t step, struct heard *heard)
{
	AUTO(ws_reader) reader = NULL;
	enum err err = ERR_OK;

	buf_init(&heard->messages, 200000);
	buf_init(&heard->sent, 200000);
	assert_ok(ws_reader_new(MESSAGE_MAX, &reader));
	for (size_t at = 0; at < wire->size && err == ERR_OK; at += step) {
		size_t size = wire->size - at < step ? wire->size - at : step;
		err = ws_reader_feed(reader, wire->at + at, size, &events, heard);
	}
	if (err != ERR_OK)
		assert_err(ws_reader_feed(reader, NULL, 0, &events, heard), err);
	return err;
}

static void the_accept_key_is_the_standards_example(void **state)
{
	char out[WS_ACCEPT_SIZE];

	assert_ok(ws_accept(STR("dGhlIHNhbXBsZSBub25jZQ=="), out)); /* RFC 6455 §1.3 */
	assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	assert_err(ws_accept(STR("dGhlIHNhbXBsZSBub25jZQ="), out), ERR_MALFORMED);
	assert_err(ws_accept(STR("dGhlIHNhbXBsZSBub25jZ!=="), out), ERR_MALFORMED);
	assert_err(ws_accept((struct str){ 0 }, out), ERR_MALFORMED);
}

static void frame_heads_have_three_forms(void **state)
{
	uint8_t out[WS_FRAME_HEAD_SIZE];

	assert_int_equal(ws_frame_head(WS_BINARY, 125, out), 2);
	assert_memory_equal(out, "\x82\x7d", 2);
	assert_int_equal(ws_frame_head(WS_BINARY, 126, out), 4);
	assert_memory_equal(out, "\x82\x7e\x00\x7e", 4);
	assert_int_equal(ws_frame_head(WS_TEXT, 65535, out), 4);
	assert_int_equal(ws_frame_head(WS_TEXT, 65536, out), 10);
	assert_memory_equal(out, "\x81\x7f\0\0\0\0\0\1\0\0", 10);
}

static void messages_are_read_however_they_are_cut(void **state)
{
	AUTO_BUF wire = { 0 };

	buf_init(&wire, 100000);
	add_frame(&wire, 0x81, STR("one"));
	add_frame(&wire, 0x02, STR("two "));
	add_frame(&wire, 0x89, STR("ping"));
	add_frame(&wire, 0x80, STR("parts"));
	add_frame(&wire, 0x8a, STR("pong nobody asked for"));
	add_frame(&wire, 0x82, STR(""));
	for (size_t step = 1; step <= wire.size; step++) {
		struct heard heard;
		assert_ok(feed(&wire, step, &heard));
		assert_str(buf_str(&heard.messages), "1:one|2:two parts|2:|");
		assert_str(buf_str(&heard.sent), "\x8a\x04ping");
		heard_done(&heard);
	}
}

static void a_close_is_answered(void **state)
{
	struct heard heard;
	AUTO_BUF wire = { 0 };

	buf_init(&wire, 1000);
	add_frame(&wire, 0x88,
	          STR("\x03\xe8"
	              "bye"));
	assert_err(feed(&wire, 1000, &heard), ERR_CLOSED);
	assert_int_equal(heard.sent.at[0], 0x88);
	assert_memory_equal(heard.sent.at + 2, "\x03\xe8", 2);
	heard_done(&heard);
}

static void broken_rules_close_with_their_code(void **state)
{
	static const struct {
		struct str wire;
		enum err err;
		uint16_t code;
	} cases[] = {
		{ { "\x81\x01x", 3 }, ERR_MALFORMED, 1002 },                /* not masked */
		{ { "\xc1\x81\0\0\0\0x", 7 }, ERR_MALFORMED, 1002 },        /* reserved bit */
		{ { "\x83\x81\0\0\0\0x", 7 }, ERR_MALFORMED, 1002 },        /* unknown opcode */
		{ { "\x80\x81\0\0\0\0x", 7 }, ERR_MALFORMED, 1002 },        /* nothing to go on */
		{ { "\x09\x80\0\0\0\0", 6 }, ERR_MALFORMED, 1002 },         /* ping in parts */
		{ { "\x89\xfe\0\x7e\0\0\0\0", 8 }, ERR_MALFORMED, 1002 },   /* long ping */
		{ { "\x82\xfe\0\x01\0\0\0\0x", 9 }, ERR_MALFORMED, 1002 },  /* long form of 1 */
		{ { "\x81\x81\0\0\0\0\xff", 7 }, ERR_MALFORMED, 1007 },     /* not UTF-8 */
		{ { "\x88\x82\0\0\0\0\x03\xed", 8 }, ERR_MALFORMED, 1002 }, /* code 1005 */
		{ { "\x82\xff\xff\0\0\0\0\0\0\0\0\0\0\0", 14 }, ERR_MALFORMED, 1002 }, /* 2^63 */
		{ { "\x82\xff\0\0\0\0\x80\0\0\0\0\0\0\0x", 15 }, ERR_TOO_LARGE, 1009 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct heard heard;
		AUTO_BUF wire = { 0 };
		buf_init(&wire, 1000);
		buf_add_str(&wire, cases[i].wire);
		assert_err(feed(&wire, 1000, &heard), cases[i].err);
		assert_true(heard.sent.size >= 4);
		assert_int_equal(heard.sent.at[0], 0x88);
		assert_int_equal(heard.sent.at[2] << 8 | heard.sent.at[3], cases[i].code);
		assert_int_equal(heard.messages.size, 0);
		heard_done(&heard);
	}
}

static void messages_have_a_limit(void **state)
{
	static char text[MESSAGE_MAX + 1];
	struct heard heard;
	AUTO_BUF wire = { 0 };

	memset(text, 'a', sizeof text);
	buf_init(&wire, 200000);
	add_frame(&wire, 0x02, (struct str){ text, 10 });
	add_frame(&wire, 0x80, (struct str){ text, MESSAGE_MAX - 10 });
	assert_ok(feed(&wire, 4096, &heard));
	assert_int_equal(heard.messages.size, MESSAGE_MAX + 3);
	heard_done(&heard);
	buf_clear(&wire);
	add_frame(&wire, 0x02, (struct str){ text, 10 });
	add_frame(&wire, 0x80, (struct str){ text, MESSAGE_MAX - 9 });
	assert_err(feed(&wire, 4096, &heard), ERR_TOO_LARGE);
	heard_done(&heard);
}

static void a_flood_of_pings_takes_no_memory(void **state)
{
	struct heard heard;
	AUTO_BUF wire = { 0 };

	buf_init(&wire, 100000);
	for (int i = 0; i < 300; i++)
		add_frame(&wire, 0x89, STR("0123456789"));
	assert_ok(feed(&wire, wire.size, &heard));
	assert_int_equal(heard.sent.size, 300 * 12);
	heard_done(&heard);
}

static void reasons_are_cut(void **state)
{
	static char reason[WS_CLOSE_REASON_MAX + 1];
	AUTO_BUF out = { 0 };

	memset(reason, 'r', sizeof reason);
	buf_init(&out, 1000);
	ws_write_close(&out, 4001, (struct str){ reason, WS_CLOSE_REASON_MAX });
	assert_int_equal(out.size, 2 + 125);
	buf_clear(&out);
	ws_write_close(&out, 4001, (struct str){ reason, sizeof reason });
	assert_int_equal(out.size, 2 + 125);
	assert_memory_equal(out.at, "\x88\x7d\x0f\xa1", 4);
	buf_clear(&out);
	ws_write_pong(&out, STR("x"));
	assert_str(buf_str(&out), "\x8a\x01x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_accept_key_is_the_standards_example),
		cmocka_unit_test(frame_heads_have_three_forms),
		cmocka_unit_test(messages_are_read_however_they_are_cut),
		cmocka_unit_test(a_close_is_answered),
		cmocka_unit_test(broken_rules_close_with_their_code),
		cmocka_unit_test(messages_have_a_limit),
		cmocka_unit_test(a_flood_of_pings_takes_no_memory),
		cmocka_unit_test(reasons_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
