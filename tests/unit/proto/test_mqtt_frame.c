/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "proto/mqtt/mqtt.h"
#include "tests/unit/proto/mqtt_hex.h"
#include "tests/unit/proto/mqtt_rows.h"

#define PACKET_MAX 65536

/* Reads a frame out of memory of exactly `size` bytes. */
static enum err read_exact(const void *at, size_t size, size_t max, struct mqtt_frame *out)
{
	uint8_t *copy = malloc(size + (size == 0));

	assert_non_null(copy);
	memcpy(copy, at, size);
	enum err err = mqtt_read_frame(copy, size, max, out);
	free(copy);
	return err;
}

static void a_packet_that_comes_byte_by_byte_is_complete_with_its_last(void **state)
{
	for (size_t i = 0; i < COUNT_OF(mqtt_rows); i++) {
		size_t size;
		uint8_t *at = mqtt_from_hex(mqtt_rows[i].packet, &size);
		struct mqtt_frame frame = { 0 };

		for (size_t cut = 0; cut < size; cut++)
			assert_err(read_exact(at, cut, size, &frame), ERR_MORE);
		assert_int_equal(frame.size, 0);
		assert_ok(read_exact(at, size, size, &frame));
		assert_int_equal(frame.size, size);
		free(at);
	}
}

static void only_the_first_of_two_packets_is_taken(void **state)
{
	const uint8_t two[] = { 0xc0, 0x00, 0xd0, 0x00 };
	struct mqtt_frame frame;

	assert_ok(mqtt_read_frame(two, sizeof two, sizeof two, &frame));
	assert_int_equal(frame.type, MQTT_PINGREQ);
	assert_int_equal(frame.size, 2);
}

static void lengths_are_read_in_their_shortest_form_only(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum err err;
	} rows[] = {
		{ "\x30\x7f", 2, ERR_MORE },
		{ "\x30\x80", 2, ERR_MORE },
		{ "\x30\x80\x01", 3, ERR_MORE },
		{ "\x30\xff\xff\xff\x7f", 5, ERR_MORE },
		{ "\x30\xff\xff\xff\x80", 5, ERR_MALFORMED },
		{ "\x30\x80\x00", 3, ERR_MALFORMED },
		{ "\x30\xff\x00", 3, ERR_MALFORMED },
		{ "\xc0\x01", 2, ERR_MALFORMED },
		{ "\xd0\x01", 2, ERR_MALFORMED },
	};
	struct mqtt_frame frame;

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_err(read_exact(rows[i].bytes, rows[i].size, SIZE_MAX, &frame), rows[i].err);
}

/* Of 256 first bytes those below are right; the answer needs no second byte. */
static void the_first_byte_is_judged_alone(void **state)
{
	static const char right[] = "\x10\x20\x40\x50\x62\x70\x82\x90\xa2\xb0\xc0\xd0\xe0\xf0"
				    "\x30\x31\x32\x33\x34\x35\x3a\x3b\x3c\x3d";
	struct mqtt_frame frame;

	for (unsigned first = 0; first < 256; first++) {
		uint8_t byte = (uint8_t)first;
		bool is_right = memchr(right, (int)first, sizeof right - 1) != NULL;
		assert_err(read_exact(&byte, 1, SIZE_MAX, &frame),
		           is_right ? ERR_MORE : ERR_MALFORMED);
	}
}

static void a_packet_at_the_limit_passes_and_one_past_it_is_known_by_its_header(void **state)
{
	uint8_t packet[200] = { 0x30, 0xc5, 0x01 }; /* 3 + 197 */
	struct mqtt_frame frame;

	assert_ok(read_exact(packet, 200, 200, &frame));
	assert_err(read_exact(packet, 3, 199, &frame), ERR_TOO_LARGE);
	assert_err(read_exact(packet, 2, 199, &frame), ERR_MORE);
}

static struct mqtt_publish publish_of(struct str payload)
{
	return (struct mqtt_publish){
		.topic = STR("a"), .qos = 1, .packet_id = 7, .payload = payload
	};
}

static void the_head_of_a_publish_counts_the_payload_it_leaves_out(void **state)
{
	static const size_t sizes[] = { 0, 1, 121, 122, 123, 16377, 16378, 16379, 60000 };
	static const enum mqtt_version versions[] = { MQTT_3_1_1, MQTT_5 };
	static char payload[60000];

	for (size_t i = 0; i < COUNT_OF(sizes) * COUNT_OF(versions); i++) {
		enum mqtt_version version = versions[i % 2];
		struct mqtt_publish publish = publish_of((struct str){ payload, sizes[i / 2] });
		AUTO_BUF whole = { 0 };
		AUTO_BUF head = { 0 };
		buf_init(&whole, PACKET_MAX);
		buf_init(&head, PACKET_MAX);

		mqtt_write_publish(&whole, version, &publish);
		mqtt_write_publish_head(&head, version, &publish);

		assert_ok(buf_err(&whole));
		assert_int_equal(head.size + publish.payload.size, whole.size);
		assert_memory_equal(head.at, whole.at, head.size);
		struct mqtt_frame frame;
		assert_ok(mqtt_read_frame(whole.at, whole.size, whole.size, &frame));
		assert_int_equal(frame.size, whole.size);
	}
}

static void a_packet_that_does_not_fit_leaves_the_buf_as_it_was(void **state)
{
	struct mqtt_publish publish = publish_of(STR("0123456789"));
	AUTO_BUF out = { 0 };
	buf_init(&out, 24);

	mqtt_write_ping(&out);
	mqtt_write_publish(&out, MQTT_3_1_1, &publish);
	assert_ok(buf_err(&out));
	assert_int_equal(out.size, 2 + 17);
	mqtt_write_publish(&out, MQTT_3_1_1, &publish);

	assert_err(buf_err(&out), ERR_TOO_LARGE);
	assert_int_equal(out.size, 2 + 17);
	mqtt_write_ping(&out);
	assert_int_equal(out.size, 2 + 17);
}

static void a_string_at_its_limit_is_written_and_one_past_it_not(void **state)
{
	static char text[MQTT_STRING_MAX + 1];
	struct mqtt_connect connect = { .version = MQTT_3_1_1, .clean_start = true };
	AUTO_BUF out = { 0 };
	buf_init(&out, 2 * PACKET_MAX);
	memset(text, 'x', sizeof text);

	connect.client_id = (struct str){ text, MQTT_STRING_MAX };
	mqtt_write_connect(&out, &connect);
	assert_ok(buf_err(&out));
	struct mqtt_frame frame;
	struct mqtt_connect again;
	assert_ok(mqtt_read_frame(out.at, out.size, out.size, &frame));
	assert_ok(mqtt_read_connect(&frame, &again));
	assert_int_equal(again.client_id.size, MQTT_STRING_MAX);

	buf_clear(&out);
	connect.client_id.size++;
	mqtt_write_connect(&out, &connect);
	assert_err(buf_err(&out), ERR_TOO_LARGE);
	assert_int_equal(out.size, 0);
}

static void a_property_block_may_be_longer_than_127_bytes(void **state)
{
	static const size_t sizes[] = { 124, 125, 16380, 16381, 60000 };
	static char text[60000];
	memset(text, 'x', sizeof text);

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct mqtt_disconnect disconnect = { .reason = MQTT_REASON_QUOTA,
			                              .reason_text = { text, sizes[i] } };
		struct mqtt_disconnect again;
		struct mqtt_frame frame;
		AUTO_BUF out = { 0 };
		buf_init(&out, PACKET_MAX);

		mqtt_write_disconnect(&out, MQTT_5, &disconnect);

		assert_ok(mqtt_read_frame(out.at, out.size, out.size, &frame));
		assert_ok(mqtt_read_disconnect(&frame, MQTT_5, &again));
		assert_int_equal(again.reason, MQTT_REASON_QUOTA);
		assert_int_equal(again.reason_text.size, sizes[i]);
	}
}

/* A SUBSCRIBE of 3.1.1 with `count` filters "a", or an UNSUBSCRIBE. */
static enum err read_filters(enum mqtt_packet_type type, size_t count)
{
	struct mqtt_frame frame;
	AUTO_BUF out = { 0 };
	buf_init(&out, PACKET_MAX);
	bool is_subscribe = type == MQTT_SUBSCRIBE;
	size_t length = 2 + count * (is_subscribe ? 4 : 3);

	buf_add_u8(&out, is_subscribe ? 0x82 : 0xa2);
	buf_add_u8(&out, (uint8_t)(length % 128 | 128));
	buf_add_u8(&out, (uint8_t)(length / 128));
	buf_add_u16(&out, 1);
	for (size_t i = 0; i < count; i++)
		buf_add(&out,
		        "\x00\x01"
		        "a\x00",
		        is_subscribe ? 4 : 3);
	assert_ok(mqtt_read_frame(out.at, out.size, out.size, &frame));
	struct mqtt_subscribe subscribe = { 0 };
	struct mqtt_unsubscribe unsubscribe = { 0 };
	enum err err = is_subscribe ? mqtt_read_subscribe(&frame, MQTT_3_1_1, &subscribe)
	                            : mqtt_read_unsubscribe(&frame, MQTT_3_1_1, &unsubscribe);
	assert_int_equal(subscribe.count + unsubscribe.count, err == ERR_OK ? count : 0);
	return err;
}

static void filters_at_the_limit_are_read_and_one_past_it_refused(void **state)
{
	assert_ok(read_filters(MQTT_SUBSCRIBE, MQTT_FILTERS_MAX));
	assert_err(read_filters(MQTT_SUBSCRIBE, MQTT_FILTERS_MAX + 1), ERR_TOO_LARGE);
	assert_ok(read_filters(MQTT_UNSUBSCRIBE, MQTT_FILTERS_MAX));
	assert_err(read_filters(MQTT_UNSUBSCRIBE, MQTT_FILTERS_MAX + 1), ERR_TOO_LARGE);
}

static void answers_at_the_limit_are_read_and_one_past_it_refused(void **state)
{
	uint8_t packet[4 + MQTT_FILTERS_MAX + 1] = { 0x90, 2 + MQTT_FILTERS_MAX, 0, 1 };
	struct mqtt_suback suback;
	struct mqtt_frame frame;

	assert_ok(mqtt_read_frame(packet, sizeof packet, sizeof packet, &frame));
	assert_ok(mqtt_read_suback(&frame, MQTT_3_1_1, &suback));
	assert_int_equal(suback.count, MQTT_FILTERS_MAX);
	packet[1]++;
	assert_ok(mqtt_read_frame(packet, sizeof packet, sizeof packet, &frame));
	assert_err(mqtt_read_suback(&frame, MQTT_3_1_1, &suback), ERR_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_that_comes_byte_by_byte_is_complete_with_its_last),
		cmocka_unit_test(only_the_first_of_two_packets_is_taken),
		cmocka_unit_test(lengths_are_read_in_their_shortest_form_only),
		cmocka_unit_test(the_first_byte_is_judged_alone),
		cmocka_unit_test(
			a_packet_at_the_limit_passes_and_one_past_it_is_known_by_its_header),
		cmocka_unit_test(the_head_of_a_publish_counts_the_payload_it_leaves_out),
		cmocka_unit_test(a_packet_that_does_not_fit_leaves_the_buf_as_it_was),
		cmocka_unit_test(a_string_at_its_limit_is_written_and_one_past_it_not),
		cmocka_unit_test(a_property_block_may_be_longer_than_127_bytes),
		cmocka_unit_test(filters_at_the_limit_are_read_and_one_past_it_refused),
		cmocka_unit_test(answers_at_the_limit_are_read_and_one_past_it_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
