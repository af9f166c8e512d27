/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "tests/unit/proto/mqtt_echo.h"
#include "tests/unit/proto/mqtt_hex.h"
#include "tests/unit/proto/mqtt_rows.h"

#define PACKET_MAX 4096

/* Packets against the standard, each with the section that says so. */
struct wrong_row {
	const char *why;
	enum mqtt_version version;
	const char *packet;
	enum err err;
};

/* clang-format off */
static const struct wrong_row wrong_rows[] = {
	{ "3.1.2.1 name", MQTT_3_1_1, "10 0c 0004 4d515455 04 02 003c 0000", ERR_MALFORMED },
	{ "3.1.2.1 name of 3.1", MQTT_3_1_1, "10 0e 0006 4d5149736470 03 02 003c 0000", ERR_UNSUPPORTED },
	{ "3.1.2.2 level 6", MQTT_3_1_1, "10 0c 0004 4d515454 06 02 003c 0000", ERR_UNSUPPORTED },
	{ "3.1.2.3 reserved flag", MQTT_3_1_1, "10 0c " MQTT_4 "03 003c 0000", ERR_MALFORMED },
	{ "3.1.2.6 will QoS without a will", MQTT_5, "10 0d " MQTT_5_ "0a 003c 00 0000", ERR_MALFORMED },
	{ "3.1.2.7 will retain without a will", MQTT_5, "10 0d " MQTT_5_ "22 003c 00 0000", ERR_MALFORMED },
	{ "3.1.2.6 will QoS 3", MQTT_3_1_1, "10 12 " MQTT_4 "1e 003c 0000 0001 61 0001 62", ERR_MALFORMED },
	{ "3.1.2.9 (3.1.1) password alone", MQTT_3_1_1, "10 0f " MQTT_4 "42 003c 0000 0001 61", ERR_MALFORMED },
	{ "3.1.3.1 (3.1.1) no id for a session", MQTT_3_1_1, "10 0c " MQTT_4 "00 003c 0000", ERR_INVALID },
	{ "3.1.3.3 will topic with a wildcard", MQTT_3_1_1, "10 12 " MQTT_4 "06 003c 0000 0001 23 0001 62", ERR_MALFORMED },
	{ "3.1.3 bytes behind", MQTT_3_1_1, "10 0d " MQTT_4 "02 003c 0000 00", ERR_MALFORMED },
	{ "3.1.3 a user name missing", MQTT_3_1_1, "10 0c " MQTT_4 "82 003c 0000", ERR_MALFORMED },
	{ "1.5.4 NUL in the id", MQTT_3_1_1, "10 0d " MQTT_4 "02 003c 0001 00", ERR_MALFORMED },
	{ "1.5.4 surrogate in the id", MQTT_3_1_1, "10 0f " MQTT_4 "02 003c 0003 eda080", ERR_MALFORMED },
	{ "2.2.2 no property length", MQTT_5, "10 0a " MQTT_5_ "02 003c", ERR_MALFORMED },
	{ "2.2.2 block over the end", MQTT_5, "10 0d " MQTT_5_ "02 003c 03 0000", ERR_MALFORMED },
	{ "2.2.2 property cut by its block", MQTT_5, "10 0f " MQTT_5_ "02 003c 02 2100 0000", ERR_MALFORMED },
	{ "3.1.2.11 twice", MQTT_5, "10 13 " MQTT_5_ "02 003c 06 210001 210001 0000", ERR_MALFORMED },
	{ "3.1.2.11.3 receive maximum 0", MQTT_5, "10 10 " MQTT_5_ "02 003c 03 210000 0000", ERR_MALFORMED },
	{ "3.1.2.11.4 maximum packet 0", MQTT_5, "10 12 " MQTT_5_ "02 003c 05 2700000000 0000", ERR_MALFORMED },
	{ "3.1.2.11.7 request problem 2", MQTT_5, "10 0f " MQTT_5_ "02 003c 02 1702 0000", ERR_MALFORMED },
	{ "3.1.2.11.10 authentication data alone", MQTT_5, "10 11 " MQTT_5_ "02 003c 04 16000161 0000", ERR_MALFORMED },
	{ "2.2.2.2 topic alias in CONNECT", MQTT_5, "10 10 " MQTT_5_ "02 003c 03 230001 0000", ERR_MALFORMED },
	{ "2.2.2.2 will delay in CONNECT", MQTT_5, "10 12 " MQTT_5_ "02 003c 05 1800000001 0000", ERR_MALFORMED },
	{ "2.2.2.2 no such property", MQTT_5, "10 0f " MQTT_5_ "02 003c 02 0700 0000", ERR_MALFORMED },
	{ "2.2.2.2 property 0", MQTT_5, "10 0f " MQTT_5_ "02 003c 02 0000 0000", ERR_MALFORMED },
	{ "2.2.2.2 property 0x2B", MQTT_5, "10 0f " MQTT_5_ "02 003c 02 2b00 0000", ERR_MALFORMED },
	{ "2.2.2.2 property 0x82 in two bytes", MQTT_5, "10 10 " MQTT_5_ "02 003c 03 820101 0000", ERR_MALFORMED },
	{ "3.1.3.2 receive maximum in the will", MQTT_5, "10 17 " MQTT_5_ "06 003c 00 0000 03 210001 0001 61 0001 62", ERR_MALFORMED },

	{ "3.2.2.1 reserved flag", MQTT_3_1_1, "20 02 02 00", ERR_MALFORMED },
	{ "3.2.2.1.1 refused with a session", MQTT_3_1_1, "20 02 01 02", ERR_MALFORMED },
	{ "3.2.2.1.1 refused with a session", MQTT_5, "20 03 01 87 00", ERR_MALFORMED },
	{ "3.2.2.3 (3.1.1) code 6", MQTT_3_1_1, "20 02 00 06", ERR_MALFORMED },
	{ "3.2.2.2 a reason of SUBACK", MQTT_5, "20 03 00 01 00", ERR_MALFORMED },
	{ "3.2.2.3 no block", MQTT_5, "20 02 00 00", ERR_MALFORMED },
	{ "3.2.2.3.4 maximum QoS 2", MQTT_5, "20 05 00 00 02 2402", ERR_MALFORMED },
	{ "3.2 bytes behind", MQTT_3_1_1, "20 03 00 00 00", ERR_MALFORMED },

	{ "3.3.2.1 no topic", MQTT_3_1_1, "30 02 0000", ERR_MALFORMED },
	{ "3.3.2.1 no topic, no alias", MQTT_5, "30 03 0000 00", ERR_MALFORMED },
	{ "3.3.2.1 wildcard #", MQTT_3_1_1, "30 05 0003 612f23", ERR_MALFORMED },
	{ "3.3.2.1 wildcard +", MQTT_3_1_1, "30 05 0003 2b2f61", ERR_MALFORMED },
	{ "3.3.2.2 packet id 0", MQTT_3_1_1, "32 05 0001 61 0000", ERR_MALFORMED },
	{ "3.3.2.2 no packet id", MQTT_3_1_1, "32 03 0001 61", ERR_MALFORMED },
	{ "3.3.2.3.4 topic alias 0", MQTT_5, "30 07 0001 61 03 230000", ERR_MALFORMED },
	{ "3.3.2.3.2 payload format 2", MQTT_5, "30 06 0001 61 02 0102", ERR_MALFORMED },
	{ "3.3.2.3.3 expiry twice", MQTT_5, "30 0e 0001 61 0a 0200000001 0200000001", ERR_MALFORMED },
	{ "3.3.2.3.5 response topic with a wildcard", MQTT_5, "30 08 0001 61 04 08 0001 23", ERR_MALFORMED },
	{ "3.3.2.3.8 subscription id 0", MQTT_5, "30 06 0001 61 02 0b00", ERR_MALFORMED },
	{ "1.5.4 topic not UTF-8", MQTT_3_1_1, "30 04 0002 c0af", ERR_MALFORMED },

	{ "2.2.1 packet id 0", MQTT_3_1_1, "40 02 0000", ERR_MALFORMED },
	{ "3.4.2 (3.1.1) a reason", MQTT_3_1_1, "40 03 0001 00", ERR_MALFORMED },
	{ "3.4.2.1 a reason of PUBREL", MQTT_5, "40 03 0001 92", ERR_MALFORMED },
	{ "3.6.2.1 a reason of PUBACK", MQTT_5, "62 03 0001 87", ERR_MALFORMED },
	{ "3.4.2.2 a property of CONNECT", MQTT_5, "40 07 0001 00 03 210001", ERR_MALFORMED },
	{ "3.4 bytes behind", MQTT_5, "40 05 0001 00 00 00", ERR_MALFORMED },

	{ "3.8.3 no filter", MQTT_3_1_1, "82 02 0001", ERR_MALFORMED },
	{ "3.8.3 no filter", MQTT_5, "82 03 0001 00", ERR_MALFORMED },
	{ "2.2.1 packet id 0", MQTT_3_1_1, "82 06 0000 0001 61 00", ERR_MALFORMED },
	{ "3.8.3 no options", MQTT_3_1_1, "82 05 0001 0001 61", ERR_MALFORMED },
	{ "3.8.3.1 QoS 3", MQTT_3_1_1, "82 06 0001 0001 61 03", ERR_MALFORMED },
	{ "3.8.3 (3.1.1) reserved bits", MQTT_3_1_1, "82 06 0001 0001 61 04", ERR_MALFORMED },
	{ "3.8.3.1 reserved bits", MQTT_5, "82 07 0001 00 0001 61 40", ERR_MALFORMED },
	{ "3.8.3.1 retain handling 3", MQTT_5, "82 07 0001 00 0001 61 30", ERR_MALFORMED },
	{ "3.8.3.1 shared and no local", MQTT_5, "82 10 0001 00 000a 2473686172652f672f23 04", ERR_MALFORMED },
	{ "4.8.2 share without a name", MQTT_5, "82 0f 0001 00 0009 2473686172652f2f78 00", ERR_MALFORMED },
	{ "4.8.2 share without a filter", MQTT_5, "82 0e 0001 00 0008 2473686172652f67 00", ERR_MALFORMED },
	{ "4.8.2 share's name a wildcard", MQTT_5, "82 10 0001 00 000a 2473686172652f2b2f78 00", ERR_MALFORMED },
	{ "4.7.1.2 # inside", MQTT_3_1_1, "82 08 0001 0003 232f61 00", ERR_MALFORMED },
	{ "3.8.2.1.2 id twice", MQTT_5, "82 0b 0001 04 0b07 0b08 0001 61 00", ERR_MALFORMED },

	{ "3.9.3 nothing", MQTT_3_1_1, "90 02 0001", ERR_MALFORMED },
	{ "3.9.3 (3.1.1) code 3", MQTT_3_1_1, "90 03 0001 03", ERR_MALFORMED },
	{ "3.9.3 a reason of CONNACK", MQTT_5, "90 04 0001 00 84", ERR_MALFORMED },
	{ "3.10.3 no filter", MQTT_3_1_1, "a2 02 0001", ERR_MALFORMED },
	{ "4.7.1.3 + inside a level", MQTT_3_1_1, "a2 06 0001 0002 612b", ERR_MALFORMED },
	{ "3.11.3 (3.1.1) a reason", MQTT_3_1_1, "b0 03 0001 00", ERR_MALFORMED },
	{ "3.11.3 no reason", MQTT_5, "b0 03 0001 00", ERR_MALFORMED },
	{ "3.14.1 (3.1.1) a reason", MQTT_3_1_1, "e0 01 00", ERR_MALFORMED },
	{ "3.14.2.1 no such reason", MQTT_5, "e0 01 01", ERR_MALFORMED },
	{ "3.14.2.2 bytes behind", MQTT_5, "e0 03 00 00 00", ERR_MALFORMED },
	{ "3.15 AUTH is not spoken", MQTT_5, "f0 00", ERR_UNSUPPORTED },
};
/* clang-format on */

static void every_right_packet_is_read_and_written_again(void **state)
{
	for (size_t i = 0; i < COUNT_OF(mqtt_rows); i++) {
		const struct mqtt_row *row = &mqtt_rows[i];
		size_t size, expected_size;
		uint8_t *at = mqtt_from_hex(row->packet, &size);
		uint8_t *expected =
			mqtt_from_hex(row->written ? row->written : row->packet, &expected_size);
		struct mqtt_frame frame;
		AUTO_BUF out = { 0 };

		print_message("# %s\n", row->name);
		buf_init(&out, PACKET_MAX);
		assert_ok(mqtt_read_frame(at, size, size, &frame));
		assert_int_equal(frame.size, size);
		assert_ok(mqtt_echo(&frame, row->version, &out));
		assert_int_equal(out.size, expected_size);
		assert_memory_equal(out.at, expected, expected_size);
		free(expected);
		free(at);
	}
}

static void every_wrong_packet_is_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(wrong_rows); i++) {
		const struct wrong_row *row = &wrong_rows[i];
		size_t size;
		uint8_t *at = mqtt_from_hex(row->packet, &size);
		struct mqtt_frame frame;
		AUTO_BUF out = { 0 };

		print_message("# %s\n", row->why);
		buf_init(&out, PACKET_MAX);
		assert_ok(mqtt_read_frame(at, size, size, &frame));
		assert_int_equal(frame.size, size);
		assert_err(mqtt_echo(&frame, row->version, &out), row->err);
		assert_int_equal(out.size, 0);
		free(at);
	}
}

/* A payload, properties and reasons may be left out, and a list may be shorter. */
static bool is_right_when_shorter(enum mqtt_packet_type type, enum mqtt_version version)
{
	bool is_answer = (type >= MQTT_PUBACK && type <= MQTT_PUBCOMP) || type == MQTT_UNSUBACK ||
	                 type == MQTT_DISCONNECT;

	return type == MQTT_PUBLISH || type == MQTT_SUBSCRIBE || type == MQTT_SUBACK ||
	       (is_answer && version == MQTT_5);
}

/* Here the header tells the truth about a body that ends too early. */
static void a_body_cut_anywhere_is_refused_unless_it_is_right_when_shorter(void **state)
{
	for (size_t i = 0; i < COUNT_OF(mqtt_rows); i++) {
		const struct mqtt_row *row = &mqtt_rows[i];
		size_t size;
		uint8_t *at = mqtt_from_hex(row->packet, &size);

		for (size_t cut = 2; cut < size; cut++) {
			uint8_t *part = malloc(cut);
			struct mqtt_frame frame;
			AUTO_BUF out = { 0 };

			assert_non_null(part);
			memcpy(part, at, cut);
			part[1] = (uint8_t)(cut - 2);
			buf_init(&out, PACKET_MAX);
			assert_ok(mqtt_read_frame(part, cut, cut, &frame));
			enum err err = mqtt_echo(&frame, row->version, &out);
			if (err != ERR_OK || !is_right_when_shorter(frame.type, row->version))
				assert_int_equal(err, ERR_MALFORMED);
			free(part);
		}
		free(at);
	}
}

static void a_connect_gives_all_it_says(void **state)
{
	size_t size;
	uint8_t *at = mqtt_from_hex(mqtt_rows[2].packet, &size);
	struct mqtt_frame frame;
	struct mqtt_connect connect;

	assert_ok(mqtt_read_frame(at, size, size, &frame));
	assert_ok(mqtt_read_connect(&frame, &connect));

	assert_int_equal(connect.version, MQTT_5);
	assert_true(connect.clean_start);
	assert_int_equal(connect.keep_alive_s, 30);
	assert_int_equal(connect.session_expiry_s, 120);
	assert_int_equal(connect.receive_maximum, 20);
	assert_str(connect.client_id, "001122334455");
	assert_str(connect.username, "u");
	assert_str(connect.password, "p");
	assert_true(connect.will.is_set);
	assert_false(connect.will.retain);
	assert_int_equal(connect.will.qos, 1);
	assert_int_equal(connect.will.delay_s, 5);
	assert_str(connect.will.topic, "messages/001122334455");
	assert_str(connect.will.payload, "gone");
	free(at);
}

static void absent_properties_have_the_standards_defaults(void **state)
{
	size_t size;
	uint8_t *at = mqtt_from_hex("10 0d " MQTT_5_ "00 0000 00 0000", &size);
	struct mqtt_frame frame;
	struct mqtt_connect connect;

	assert_ok(mqtt_read_frame(at, size, size, &frame));
	assert_ok(mqtt_read_connect(&frame, &connect));

	assert_int_equal(connect.receive_maximum, 65535);
	assert_int_equal(connect.maximum_packet_bytes, 0);
	assert_int_equal(connect.topic_alias_maximum, 0);
	assert_int_equal(connect.session_expiry_s, 0);
	assert_false(connect.has_authentication);
	free(at);
}

/* What 3.1.1 can say of a reason. */
static void reasons_become_the_nearest_code_of_3_1_1(void **state)
{
	static const struct {
		enum mqtt_reason reason;
		uint8_t code;
	} rows[] = {
		{ MQTT_REASON_OK, 0 },           { MQTT_REASON_UNSUPPORTED_VERSION, 1 },
		{ MQTT_REASON_CLIENT_ID, 2 },    { MQTT_REASON_SERVER_BUSY, 3 },
		{ MQTT_REASON_BAD_PASSWORD, 4 }, { MQTT_REASON_NOT_AUTHORIZED, 5 },
		{ MQTT_REASON_BANNED, 5 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		AUTO_BUF out = { 0 };
		buf_init(&out, PACKET_MAX);
		mqtt_write_connack(&out, MQTT_3_1_1,
		                   &(struct mqtt_connack){ .reason = rows[i].reason });
		assert_int_equal(out.size, 4);
		assert_int_equal(out.at[3], rows[i].code);
	}
	AUTO_BUF out = { 0 };
	buf_init(&out, PACKET_MAX);
	mqtt_write_suback(&out, MQTT_3_1_1,
	                  &(struct mqtt_suback){ .packet_id = 1,
	                                         .count = 2,
	                                         .reasons = { MQTT_REASON_NOT_AUTHORIZED,
	                                                      MQTT_REASON_GRANTED_QOS_1 } });
	assert_memory_equal(out.at, "\x90\x04\x00\x01\x80\x01", 6);
}

static void reasons_have_words(void **state)
{
	assert_string_equal(mqtt_reason_text(MQTT_REASON_TAKEN_OVER), "session taken over");
	assert_string_equal(mqtt_reason_text((enum mqtt_reason)0x7F), "unknown");
	assert_string_equal(mqtt_reason_text((enum mqtt_reason)1000), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_right_packet_is_read_and_written_again),
		cmocka_unit_test(every_wrong_packet_is_refused),
		cmocka_unit_test(a_body_cut_anywhere_is_refused_unless_it_is_right_when_shorter),
		cmocka_unit_test(a_connect_gives_all_it_says),
		cmocka_unit_test(absent_properties_have_the_standards_defaults),
		cmocka_unit_test(reasons_become_the_nearest_code_of_3_1_1),
		cmocka_unit_test(reasons_have_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
