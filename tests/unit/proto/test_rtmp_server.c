/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "proto/flv/flv.h"
#include "proto/rtmp/amf.h"
#include "proto/rtmp/chunk.h"
#include "proto/rtmp/handshake.h"
#include "proto/rtmp/write.h"
#include "tests/unit/proto/rtmp_recorder.h"
#include "tests/unit/unit.h"

#define MAX (4 * 1024 * 1024)

static bool holds(const struct buf *bytes, const char *text)
{
	return memmem(bytes->at, bytes->size, text, strlen(text)) != NULL;
}

/* A session that was asked to publish "cam?token=t" and has answered. */
static void begin(struct recorder *recorder, enum recorder_answer answer)
{
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	encoder_add_up_to_publish(&bytes, "cam?token=t");
	recorder_init(recorder, answer);
	assert_ok(recorder_feed(recorder, bytes.at, bytes.size));
	assert_str(buf_str(&recorder->story), "publish app=live name=cam path=live/cam token=t\n");
	buf_clear(&recorder->story);
}

static enum err feed_message(struct recorder *recorder, uint8_t type, uint32_t timestamp_ms,
                             const void *body, size_t size)
{
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	encoder_add_message(&bytes, type, timestamp_ms, body, size);
	return recorder_feed(recorder, bytes.at, bytes.size);
}

static void the_handshake_is_answered_in_one_piece(void **state)
{
	struct recorder recorder;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	encoder_add_handshake(&bytes);
	recorder_init(&recorder, ANSWER_ACCEPT);
	assert_ok(recorder_feed(&recorder, bytes.at, RTMP_HANDSHAKE_SIZE));
	assert_int_equal(recorder.sent.size, 0);
	assert_ok(recorder_feed(&recorder, bytes.at + RTMP_HANDSHAKE_SIZE, 1));
	assert_int_equal(recorder.sent.size, 1 + 2 * RTMP_HANDSHAKE_SIZE);
	assert_int_equal(recorder.sent.at[0], RTMP_VERSION);
	/* Version 0 in S1, so that nobody goes on with a digest handshake; S2 is C1. */
	assert_memory_equal(recorder.sent.at + 1, "\0\0\0\0\0\0\0\0", 8);
	assert_memory_equal(recorder.sent.at + 1 + RTMP_HANDSHAKE_SIZE, bytes.at + 1,
	                    RTMP_HANDSHAKE_SIZE);
	recorder_done(&recorder);
}

static void another_version_is_malformed_at_its_first_byte(void **state)
{
	static const char *const starts[] = { "\x06", "\x16", "G" }; /* RTMPE, TLS, HTTP */

	for (size_t i = 0; i < COUNT_OF(starts); i++) {
		struct recorder recorder;

		recorder_init(&recorder, ANSWER_ACCEPT);
		assert_err(recorder_feed(&recorder, (const uint8_t *)starts[i], 1), ERR_MALFORMED);
		assert_int_equal(recorder.sent.size, 0);
		recorder_done(&recorder);
	}
}

static void an_accepted_publisher_is_told_so(void **state)
{
	struct recorder recorder;

	begin(&recorder, ANSWER_ACCEPT);
	assert_true(rtmp_server_is_publishing(recorder.server));
	assert_true(holds(&recorder.sent, "NetConnection.Connect.Success"));
	assert_true(holds(&recorder.sent, "NetStream.Publish.Start"));
	recorder_done(&recorder);
}

static void a_refused_publisher_is_told_why_and_heard_no_more(void **state)
{
	struct recorder recorder;

	begin(&recorder, ANSWER_REFUSE);
	assert_true(holds(&recorder.sent, "NetStream.Publish.Denied"));
	assert_true(holds(&recorder.sent, "No such token."));
	assert_false(holds(&recorder.sent, "NetStream.Publish.Start"));
	assert_ok(feed_message(&recorder, RTMP_VIDEO, 0, "\x17\x01", 2));
	assert_int_equal(recorder.story.size, 0);
	assert_err(rtmp_server_accept_publish(recorder.server, &recorder_events, &recorder),
	           ERR_CONFLICT);
	recorder_done(&recorder);
}

static void a_publication_can_be_ended_by_us(void **state)
{
	struct recorder recorder;

	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(rtmp_server_refuse(recorder.server, "NetStream.Publish.BadName", "Taken over.",
	                             &recorder_events, &recorder));
	assert_false(rtmp_server_is_publishing(recorder.server));
	assert_true(holds(&recorder.sent, "Taken over."));
	assert_int_equal(recorder.story.size, 0);
	recorder_done(&recorder);
}

static void no_answer_without_a_question(void **state)
{
	struct recorder recorder;

	recorder_init(&recorder, ANSWER_ACCEPT);
	assert_err(rtmp_server_accept_publish(recorder.server, &recorder_events, &recorder),
	           ERR_CONFLICT);
	assert_err(rtmp_server_refuse(recorder.server, "x", "y", &recorder_events, &recorder),
	           ERR_CONFLICT);
	assert_int_equal(recorder.sent.size, 0);
	recorder_done(&recorder);
}

static enum err hold(size_t size)
{
	struct recorder recorder;
	uint8_t *zeros = calloc(1, size);

	assert_non_null(zeros);
	begin(&recorder, ANSWER_LATER);
	enum err err = recorder_feed(&recorder, zeros, size);
	free(zeros);
	recorder_done(&recorder);
	return err;
}

static void what_is_held_ends_at_its_limit(void **state)
{
	assert_ok(hold(RTMP_HELD_MAX));
	assert_err(hold(RTMP_HELD_MAX + 1), ERR_TOO_LARGE);
}

static void media_is_handed_on_and_empty_bodies_are_not(void **state)
{
	struct recorder recorder;

	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(feed_message(&recorder, RTMP_VIDEO, 40, "abc", 3));
	assert_ok(feed_message(&recorder, RTMP_AUDIO, 41, "", 0));
	assert_ok(feed_message(&recorder, RTMP_AUDIO, 0xFFFFFFFF, "a", 1));
	assert_ok(feed_message(&recorder, 99, 0, "unknown", 7));
	assert_str(buf_str(&recorder.story), "video 40 3 1a47e90b\naudio 4294967295 1 e40c292c\n");
	recorder_done(&recorder);
}

static void metadata_comes_without_set_data_frame_in_both_forms(void **state)
{
	static const char plain[] = "\x02\x00\x0aonMetaData\x05";
	static const char wrapped[] = "\x02\x00\x0d@setDataFrame\x02\x00\x0aonMetaData\x05";
	static const char amf3[] = "\x00\x02\x00\x0d@setDataFrame\x02\x00\x0aonMetaData\x05";
	static const char other[] = "\x02\x00\x06onText\x05";
	struct recorder recorder;

	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(feed_message(&recorder, RTMP_DATA, 0, plain, sizeof plain - 1));
	struct str first = buf_str(&recorder.story);
	assert_true(str_starts(first, STR("metadata 0 14 ")));
	AUTO_FREE char *line = str_dup(first);
	buf_clear(&recorder.story);
	assert_ok(feed_message(&recorder, RTMP_DATA, 0, wrapped, sizeof wrapped - 1));
	assert_str(buf_str(&recorder.story), line);
	buf_clear(&recorder.story);
	assert_ok(feed_message(&recorder, RTMP_DATA_AMF3, 0, amf3, sizeof amf3 - 1));
	assert_str(buf_str(&recorder.story), line);
	buf_clear(&recorder.story);
	assert_ok(feed_message(&recorder, RTMP_DATA, 0, other, sizeof other - 1));
	assert_ok(feed_message(&recorder, RTMP_DATA, 0, "\xff", 1));
	assert_ok(feed_message(&recorder, RTMP_DATA_AMF3, 0, "", 0));
	assert_int_equal(recorder.story.size, 0);
	recorder_done(&recorder);
}

static size_t story_of_metadata(size_t size)
{
	struct recorder recorder;
	uint8_t *body = calloc(1, size);

	assert_non_null(body);
	memcpy(body, "\x02\x00\x0aonMetaData", 13);
	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(feed_message(&recorder, RTMP_DATA, 0, body, size));
	size_t told = recorder.story.size;
	free(body);
	recorder_done(&recorder);
	return told;
}

static void metadata_past_its_limit_is_dropped(void **state)
{
	assert_true(story_of_metadata(RTMP_DATA_MAX) > 0);
	assert_int_equal(story_of_metadata(RTMP_DATA_MAX + 1), 0);
}

static void add_tag(struct buf *out, enum flv_kind kind, uint32_t timestamp_ms, const char *body)
{
	uint8_t head[FLV_TAG_HEAD_SIZE], tail[FLV_TAG_TAIL_SIZE];

	flv_write_tag_head(head, kind, timestamp_ms, strlen(body));
	flv_write_tag_tail(tail, strlen(body));
	buf_add(out, head, sizeof head);
	buf_add_text(out, body);
	buf_add(out, tail, sizeof tail);
}

static void an_aggregate_is_taken_apart_with_times_from_its_first_part(void **state)
{
	struct recorder recorder;
	AUTO_BUF body = { 0 };

	buf_init(&body, MAX);
	add_tag(&body, FLV_VIDEO, 5000, "abc");
	add_tag(&body, FLV_AUDIO, 5020, "a");
	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(feed_message(&recorder, RTMP_AGGREGATE, 100, body.at, body.size));
	assert_str(buf_str(&recorder.story), "video 100 3 1a47e90b\naudio 120 1 e40c292c\n");
	assert_err(feed_message(&recorder, RTMP_AGGREGATE, 100, body.at, body.size - 1),
	           ERR_MALFORMED);
	recorder_done(&recorder);
}

static void commands_of_type_17_count_too(void **state)
{
	static const char un_publish[] = "\x00\x02\x00\x0b"
					 "FCUnpublish\x00\0\0\0\0\0\0\0\0\x05";
	struct recorder recorder;

	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(feed_message(&recorder, RTMP_COMMAND_AMF3, 0, un_publish, sizeof un_publish - 1));
	assert_str(buf_str(&recorder.story), "unpublish\n");
	assert_err(feed_message(&recorder, RTMP_COMMAND_AMF3, 0, "", 0), ERR_MALFORMED);
	recorder_done(&recorder);
}

static void each_way_to_end_is_told_once_and_one_may_publish_again(void **state)
{
	static const char *const ways[] = { "FCUnpublish", "deleteStream", "closeStream" };

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct recorder recorder;
		AUTO_BUF bytes = { 0 };

		buf_init(&bytes, MAX);
		begin(&recorder, ANSWER_ACCEPT);
		encoder_add_command(&bytes, ways[i], 4, "cam");
		encoder_add_command(&bytes, "deleteStream", 5, "cam");
		encoder_add_command(&bytes, "publish", 6, "again");
		assert_ok(recorder_feed(&recorder, bytes.at, bytes.size));
		assert_str(buf_str(&recorder.story),
		           "unpublish\npublish app=live name=again path=live/again token=\n");
		recorder_done(&recorder);
	}
}

static void deleting_another_stream_ends_nothing(void **state)
{
	struct recorder recorder;
	AUTO_BUF body = { 0 };

	buf_init(&body, MAX);
	begin(&recorder, ANSWER_ACCEPT);
	amf_add_text(&body, STR("deleteStream"));
	amf_add_number(&body, 4);
	amf_add_null(&body);
	amf_add_number(&body, 2);
	assert_ok(feed_message(&recorder, RTMP_COMMAND, 0, body.at, body.size));
	assert_true(rtmp_server_is_publishing(recorder.server));
	recorder_done(&recorder);
}

static void a_second_publish_is_answered_with_bad_name(void **state)
{
	struct recorder recorder;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	begin(&recorder, ANSWER_ACCEPT);
	encoder_add_command(&bytes, "publish", 4, "other");
	assert_ok(recorder_feed(&recorder, bytes.at, bytes.size));
	assert_true(holds(&recorder.sent, "NetStream.Publish.BadName"));
	assert_int_equal(recorder.story.size, 0);
	assert_true(rtmp_server_is_publishing(recorder.server));
	recorder_done(&recorder);
}

static void a_play_without_a_handler_finds_no_stream(void **state)
{
	struct rtmp_events events = recorder_events;
	struct recorder recorder;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	events.on_play = NULL;
	recorder_init(&recorder, ANSWER_ACCEPT);
	encoder_add_handshake(&bytes);
	encoder_add_connect(&bytes, "live", "");
	encoder_add_command(&bytes, "play", 3, "cam");
	assert_ok(rtmp_server_feed(recorder.server, bytes.at, bytes.size, &events, &recorder));
	assert_true(holds(&recorder.sent, "NetStream.Play.StreamNotFound"));
	recorder_done(&recorder);
}

static enum err feed_commands(const char *const *names, size_t count, bool is_connected)
{
	struct recorder recorder;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	recorder_init(&recorder, ANSWER_ACCEPT);
	encoder_add_handshake(&bytes);
	if (is_connected)
		encoder_add_connect(&bytes, "live", "");
	for (size_t i = 0; i < count; i++)
		encoder_add_command(&bytes, names[i], 2, NULL);
	enum err err = recorder_feed(&recorder, bytes.at, bytes.size);
	recorder_done(&recorder);
	return err;
}

static void commands_out_of_order_are_malformed(void **state)
{
	static const char *const early[] = { "createStream", "publish", "play", "deleteStream" };
	static const char *const others[] = { "releaseStream",   "FCPublish",   "_checkbw",
		                              "getStreamLength", "FCSubscribe", "noSuchCommand" };

	for (size_t i = 0; i < COUNT_OF(early); i++)
		assert_err(feed_commands(&early[i], 1, false), ERR_MALFORMED);
	assert_err(feed_commands((const char *const[]){ "connect" }, 1, true), ERR_MALFORMED);
	assert_err(feed_commands((const char *const[]){ "connect" }, 1, false), ERR_MALFORMED);
	assert_ok(feed_commands(others, COUNT_OF(others), true));
}

static void the_number_of_streams_ends_at_its_limit(void **state)
{
	static const char *names[RTMP_STREAMS_MAX + 1];

	for (size_t i = 0; i < COUNT_OF(names); i++)
		names[i] = "createStream";
	assert_ok(feed_commands(names, RTMP_STREAMS_MAX, true));
	assert_err(feed_commands(names, RTMP_STREAMS_MAX + 1, true), ERR_TOO_LARGE);
}

static enum err feed_command_of(size_t size)
{
	struct recorder recorder;
	uint8_t *body = calloc(1, size);

	assert_non_null(body);
	memcpy(body, "\x02\x00\x08_checkbw", 11);
	begin(&recorder, ANSWER_ACCEPT);
	enum err err = feed_message(&recorder, RTMP_COMMAND, 0, body, size);
	free(body);
	recorder_done(&recorder);
	return err;
}

static void a_command_ends_at_its_limit(void **state)
{
	assert_ok(feed_command_of(RTMP_COMMAND_MAX));
	assert_err(feed_command_of(RTMP_COMMAND_MAX + 1), ERR_TOO_LARGE);
}

static void a_ping_is_answered(void **state)
{
	struct recorder recorder;

	begin(&recorder, ANSWER_ACCEPT);
	buf_clear(&recorder.sent);
	assert_ok(feed_message(&recorder, RTMP_USER_CONTROL, 0, "\x00\x06\x01\x02\x03\x04", 6));
	assert_int_equal(recorder.sent.size, 18);
	assert_memory_equal(recorder.sent.at + 12, "\x00\x07\x01\x02\x03\x04", 6);
	assert_err(feed_message(&recorder, RTMP_USER_CONTROL, 0, "\x00\x06\x01", 3), ERR_MALFORMED);
	recorder_done(&recorder);
}

static void an_ack_is_sent_each_half_window(void **state)
{
	static uint8_t body[1000];
	struct recorder recorder;

	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(feed_message(&recorder, RTMP_WINDOW_ACK_SIZE, 0, "\x00\x00\x40\x00", 4));
	buf_clear(&recorder.sent);
	for (int i = 0; i < 33; i++)
		assert_ok(feed_message(&recorder, RTMP_VIDEO, 0, body, sizeof body));
	/* 33 messages of 1019 bytes and what came before, in steps of 8192. */
	assert_int_equal(recorder.sent.size, 4 * 16);
	assert_int_equal(recorder.sent.at[7], RTMP_ACK);
	assert_err(feed_message(&recorder, RTMP_WINDOW_ACK_SIZE, 0, "\x00", 1), ERR_MALFORMED);
	recorder_done(&recorder);
}

/* Answers gather to be sent together, but never past the session's own limit. */
static void a_flood_of_pings_is_answered_in_full(void **state)
{
	struct recorder recorder;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	begin(&recorder, ANSWER_ACCEPT);
	buf_clear(&recorder.sent);
	for (int i = 0; i < 20000; i++)
		encoder_add_message(&bytes, RTMP_USER_CONTROL, 0, "\x00\x06\x01\x02\x03\x04", 6);
	assert_ok(recorder_feed(&recorder, bytes.at, bytes.size));
	assert_true(recorder.sent.size >= 20000 * 18);
	recorder_done(&recorder);
}

static void a_name_that_is_too_long_is_refused(void **state)
{
	static char name[300];
	struct recorder recorder;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	memset(name, 'x', sizeof name - 1);
	recorder_init(&recorder, ANSWER_ACCEPT);
	encoder_add_up_to_publish(&bytes, name);
	assert_err(recorder_feed(&recorder, bytes.at, bytes.size), ERR_TOO_LARGE);
	assert_int_equal(recorder.story.size, 0);
	recorder_done(&recorder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_handshake_is_answered_in_one_piece),
		cmocka_unit_test(another_version_is_malformed_at_its_first_byte),
		cmocka_unit_test(an_accepted_publisher_is_told_so),
		cmocka_unit_test(a_refused_publisher_is_told_why_and_heard_no_more),
		cmocka_unit_test(a_publication_can_be_ended_by_us),
		cmocka_unit_test(no_answer_without_a_question),
		cmocka_unit_test(what_is_held_ends_at_its_limit),
		cmocka_unit_test(media_is_handed_on_and_empty_bodies_are_not),
		cmocka_unit_test(metadata_comes_without_set_data_frame_in_both_forms),
		cmocka_unit_test(metadata_past_its_limit_is_dropped),
		cmocka_unit_test(an_aggregate_is_taken_apart_with_times_from_its_first_part),
		cmocka_unit_test(commands_of_type_17_count_too),
		cmocka_unit_test(each_way_to_end_is_told_once_and_one_may_publish_again),
		cmocka_unit_test(deleting_another_stream_ends_nothing),
		cmocka_unit_test(a_second_publish_is_answered_with_bad_name),
		cmocka_unit_test(a_play_without_a_handler_finds_no_stream),
		cmocka_unit_test(commands_out_of_order_are_malformed),
		cmocka_unit_test(the_number_of_streams_ends_at_its_limit),
		cmocka_unit_test(a_command_ends_at_its_limit),
		cmocka_unit_test(a_ping_is_answered),
		cmocka_unit_test(an_ack_is_sent_each_half_window),
		cmocka_unit_test(a_flood_of_pings_is_answered_in_full),
		cmocka_unit_test(a_name_that_is_too_long_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
