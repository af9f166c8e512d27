/* SPDX-License-Identifier: Apache-2.0 */
/* A session whose peer plays. */
#include <string.h>

#include "proto/rtmp/amf.h"
#include "proto/rtmp/chunk.h"
#include "proto/rtmp/handshake.h"
#include "proto/rtmp/write.h"
#include "tests/unit/proto/rtmp_recorder.h"
#include "tests/unit/unit.h"

#define MAX (64 * 1024)

static bool holds(const struct buf *bytes, const char *text)
{
	return memmem(bytes->at, bytes->size, text, strlen(text)) != NULL;
}

/* A session that was asked to play "cam?token=t"; what it said before is forgotten. */
static void begin(struct recorder *recorder, enum recorder_answer answer)
{
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	encoder_add_up_to_play(&bytes, "cam?token=t");
	recorder_init(recorder, answer);
	assert_ok(recorder_feed(recorder, bytes.at, bytes.size));
	assert_str(buf_str(&recorder->story), "play path=live/cam token=t\n");
	buf_clear(&recorder->story);
}

static enum err command(struct recorder *recorder, const char *name)
{
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	encoder_add_command(&bytes, name, 9, NULL);
	return recorder_feed(recorder, bytes.at, bytes.size);
}

static enum err pause_command(struct recorder *recorder, bool is_paused)
{
	AUTO_BUF body = { 0 }, bytes = { 0 };

	buf_init(&body, MAX);
	buf_init(&bytes, MAX);
	amf_add_text(&body, STR("pause"));
	amf_add_number(&body, 0);
	amf_add_null(&body);
	amf_add_boolean(&body, is_paused);
	amf_add_number(&body, 4000);
	encoder_add_message(&bytes, RTMP_COMMAND, 0, body.at, body.size);
	return recorder_feed(recorder, bytes.at, bytes.size);
}

/* The type and the first text of each message, as a player reads them. */
static void read_messages(const struct buf *sent, struct buf *story)
{
	size_t from = 1 + 2 * RTMP_HANDSHAKE_SIZE;
	struct bytes input = bytes_of(sent->at + from, sent->size - from);
	struct rtmp_chunk_reader reader;
	struct rtmp_message message;

	rtmp_chunk_reader_init(&reader);
	while (rtmp_chunk_read(&reader, &input, &message) == ERR_OK) {
		struct amf_reader values;
		struct str name = { 0 };
		amf_reader_init(&values, message.body, message.size);
		(void)amf_read_text(&values, &name);
		buf_printf(story, "%u:%u:%.*s ", message.type, message.stream_id, STR_ARG(name));
	}
	assert_int_equal(reader.chunk_size, RTMP_MESSAGE_MAX);
	assert_int_equal(input.size, 0);
	rtmp_chunk_reader_done(&reader);
}

static void an_accepted_player_is_told_all_in_order(void **state)
{
	struct recorder recorder;
	AUTO_BUF story = { 0 };

	buf_init(&story, MAX);
	begin(&recorder, ANSWER_ACCEPT);
	read_messages(&recorder.sent, &story);
	assert_str(buf_str(&story), "5:0: 6:0: 20:0:_result 20:0:_result 4:0: 20:1:onStatus "
	                            "20:1:onStatus 18:1:|RtmpSampleAccess ");
	assert_true(holds(&recorder.sent, "NetStream.Play.Reset"));
	assert_true(holds(&recorder.sent, "NetStream.Play.Start"));
	recorder_done(&recorder);
}

static void the_answer_may_come_later_and_questions_are_heard_meanwhile(void **state)
{
	struct recorder recorder;
	uint32_t stream_id = 0;

	begin(&recorder, ANSWER_LATER);
	assert_false(holds(&recorder.sent, "NetStream.Play"));
	assert_ok(command(&recorder, "getStreamLength"));
	assert_ok(command(&recorder, "FCSubscribe"));
	assert_true(holds(&recorder.sent, "onFCSubscribe"));
	assert_ok(
		rtmp_server_accept_play(recorder.server, &stream_id, &recorder_events, &recorder));
	assert_int_equal(stream_id, 1);
	assert_true(holds(&recorder.sent, "NetStream.Play.Start"));
	assert_err(
		rtmp_server_accept_play(recorder.server, &stream_id, &recorder_events, &recorder),
		ERR_CONFLICT);
	assert_err(rtmp_server_accept_publish(recorder.server, &recorder_events, &recorder),
	           ERR_CONFLICT);
	recorder_done(&recorder);
}

static void a_refused_player_is_told_why(void **state)
{
	struct recorder recorder;

	begin(&recorder, ANSWER_REFUSE);
	assert_true(holds(&recorder.sent, "NetStream.Play.StreamNotFound"));
	assert_err(rtmp_server_end_play(recorder.server, "over", &recorder_events, &recorder),
	           ERR_CONFLICT);
	recorder_done(&recorder);
}

static void each_way_to_stop_is_told_once_and_one_may_play_again(void **state)
{
	static const char *const ways[] = { "deleteStream", "closeStream" };
	static const enum recorder_answer answers[] = { ANSWER_ACCEPT, ANSWER_LATER };

	for (size_t i = 0; i < COUNT_OF(ways) * COUNT_OF(answers); i++) {
		struct recorder recorder;
		AUTO_BUF again = { 0 };

		begin(&recorder, answers[i / 2]);
		assert_ok(command(&recorder, ways[i % 2]));
		assert_ok(command(&recorder, ways[i % 2]));
		assert_str(buf_str(&recorder.story), "stop\n");
		buf_init(&again, MAX);
		encoder_add_command(&again, "play", 5, "other?token=u");
		assert_ok(recorder_feed(&recorder, again.at, again.size));
		assert_str(buf_str(&recorder.story), "stop\nplay path=live/other token=u\n");
		recorder_done(&recorder);
	}
}

static void a_pause_is_told_and_answered(void **state)
{
	struct recorder recorder;

	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(pause_command(&recorder, true));
	assert_true(holds(&recorder.sent, "NetStream.Pause.Notify"));
	assert_ok(pause_command(&recorder, false));
	assert_true(holds(&recorder.sent, "NetStream.Unpause.Notify"));
	assert_str(buf_str(&recorder.story), "pause\ngo on\n");
	recorder_done(&recorder);
	begin(&recorder, ANSWER_LATER);
	assert_ok(pause_command(&recorder, true));
	assert_int_equal(recorder.story.size, 0);
	recorder_done(&recorder);
}

static void there_is_no_other_place_to_go_to(void **state)
{
	struct recorder recorder;

	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(command(&recorder, "seek"));
	assert_true(holds(&recorder.sent, "NetStream.Seek.Failed"));
	recorder_done(&recorder);
}

static void who_plays_neither_publishes_nor_plays_another(void **state)
{
	static const char *const commands[] = { "publish", "play" };
	static const enum recorder_answer answers[] = { ANSWER_ACCEPT, ANSWER_LATER };

	for (size_t i = 0; i < 4; i++) {
		struct recorder recorder;
		begin(&recorder, answers[i / 2]);
		assert_err(command(&recorder, commands[i % 2]), ERR_MALFORMED);
		recorder_done(&recorder);
	}
}

static void the_end_is_told_and_no_more_is_heard(void **state)
{
	static const uint8_t eof[] = { 0, RTMP_STREAM_EOF, 0, 0, 0, 1 };
	struct recorder recorder;

	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(rtmp_server_end_play(recorder.server, "The camera stopped", &recorder_events,
	                               &recorder));
	assert_true(holds(&recorder.sent, "NetStream.Play.UnpublishNotify"));
	assert_true(holds(&recorder.sent, "The camera stopped"));
	assert_memory_equal(recorder.sent.at + recorder.sent.size - sizeof eof, eof, sizeof eof);
	size_t sent = recorder.sent.size;
	assert_ok(command(&recorder, "closeStream"));
	assert_int_equal(recorder.story.size, 0);
	assert_int_equal(recorder.sent.size, sent);
	recorder_done(&recorder);
}

/* Four bytes of media by a player are nobody's. */
static void a_players_media_is_dropped(void **state)
{
	struct recorder recorder;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	encoder_add_message(&bytes, RTMP_VIDEO, 0, "\x17\x01xx", 4);
	begin(&recorder, ANSWER_ACCEPT);
	assert_ok(recorder_feed(&recorder, bytes.at, bytes.size));
	assert_int_equal(recorder.story.size, 0);
	recorder_done(&recorder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_accepted_player_is_told_all_in_order),
		cmocka_unit_test(the_answer_may_come_later_and_questions_are_heard_meanwhile),
		cmocka_unit_test(a_refused_player_is_told_why),
		cmocka_unit_test(each_way_to_stop_is_told_once_and_one_may_play_again),
		cmocka_unit_test(a_pause_is_told_and_answered),
		cmocka_unit_test(there_is_no_other_place_to_go_to),
		cmocka_unit_test(who_plays_neither_publishes_nor_plays_another),
		cmocka_unit_test(the_end_is_told_and_no_more_is_heard),
		cmocka_unit_test(a_players_media_is_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
