/* SPDX-License-Identifier: Apache-2.0 */
/* The publishing client against the server's session, in memory. */
#include <string.h>

#include "proto/rtmp/amf.h"
#include "proto/rtmp/chunk.h"
#include "proto/rtmp/rtmp_client.h"
#include "proto/rtmp/write.h"
#include "tests/unit/proto/rtmp_recorder.h"
#include "tests/unit/unit.h"

#define MAX (16 * 1024 * 1024)

struct publisher {
	struct rtmp_client *client;
	struct recorder recorder;
	struct buf sent;
	struct buf story;
};

static void on_send(void *owner, const uint8_t *bytes, size_t size)
{
	struct publisher *publisher = owner;

	buf_add(&publisher->sent, bytes, size);
}

static void on_published(void *owner)
{
	struct publisher *publisher = owner;

	buf_add_text(&publisher->story, "published\n");
}

static void on_refused(void *owner, struct str code, struct str description)
{
	struct publisher *publisher = owner;

	buf_printf(&publisher->story, "%.*s: %.*s\n", STR_ARG(code), STR_ARG(description));
}

static const struct rtmp_client_events client_events = { on_send, on_published, on_refused };

static void publisher_init(struct publisher *publisher, enum recorder_answer answer)
{
	recorder_init(&publisher->recorder, answer);
	buf_init(&publisher->sent, MAX);
	buf_init(&publisher->story, MAX);
	assert_ok(rtmp_client_new(STR("live"), STR("rtmp://127.0.0.1/live"), STR("cam?token=t"),
	                          &publisher->client));
	assert_ok(rtmp_client_start(publisher->client, &client_events, publisher));
}

static void publisher_done(struct publisher *publisher)
{
	rtmp_client_free(publisher->client);
	recorder_done(&publisher->recorder);
	buf_done(&publisher->sent);
	buf_done(&publisher->story);
}

/* Carries bytes both ways, `step` at a time, until both are silent. */
static void carry(struct publisher *publisher, size_t step)
{
	struct buf *there = &publisher->sent, *back = &publisher->recorder.sent;
	size_t there_at = 0, back_at = 0;

	while (there_at < there->size || back_at < back->size) {
		size_t size = there->size - there_at < step ? there->size - there_at : step;
		there_at += size;
		assert_ok(recorder_feed(&publisher->recorder, there->at + there_at - size, size));
		size = back->size - back_at < step ? back->size - back_at : step;
		back_at += size;
		/* The client may write meanwhile, but only to the other buffer. */
		assert_ok(rtmp_client_feed(publisher->client, back->at + back_at - size, size,
		                           &client_events, publisher));
	}
	buf_clear(there);
	buf_clear(back);
}

static void write_media(struct publisher *publisher, enum rtmp_media_kind kind,
                        uint32_t timestamp_ms, const struct bytes *body, struct buf *expected)
{
	static const char *const kinds[] = { "audio", "video", "metadata" };
	const struct bytes pieces[2] = { bytes_of(body->at, 5),
		                         bytes_of(body->at + 5, body->size - 5) };

	assert_ok(rtmp_client_write_media(publisher->client, kind, timestamp_ms, pieces, 2,
	                                  &publisher->sent));
	buf_printf(expected, "%s %u %zu %08x\n", kinds[kind], timestamp_ms, body->size,
	           recorder_hash(body->at, body->size));
}

/* Gives the server's story that must come of it. */
static void write_some_media(struct publisher *publisher, struct buf *expected)
{
	static uint8_t key_frame[150000];

	for (size_t i = 0; i < sizeof key_frame; i++)
		key_frame[i] = (uint8_t)(i * 31 >> 3);
	const struct bytes metadata = bytes_of("\x02\x00\x0aonMetaData\x05", 14);
	const struct bytes video = bytes_of(key_frame, sizeof key_frame);
	const struct bytes audio = bytes_of("\xaf\x01xyz...", 8);

	buf_add_text(expected, "publish app=live name=cam path=live/cam token=t\n");
	write_media(publisher, RTMP_MEDIA_METADATA, 0, &metadata, expected);
	write_media(publisher, RTMP_MEDIA_VIDEO, 40, &video, expected);
	write_media(publisher, RTMP_MEDIA_AUDIO, 0x1000000, &audio, expected);
	write_media(publisher, RTMP_MEDIA_VIDEO, 0x1000001, &video, expected);
	buf_add_text(expected, "unpublish\n");
	assert_ok(rtmp_client_write_end(publisher->client, &publisher->sent));
	assert_err(rtmp_client_write_end(publisher->client, &publisher->sent), ERR_CONFLICT);
}

static void what_the_client_writes_the_server_hands_on(void **state)
{
	static const size_t steps[] = { MAX, 1, 7, 1000 };

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct publisher publisher;
		AUTO_BUF expected = { 0 };

		buf_init(&expected, MAX);
		publisher_init(&publisher, ANSWER_ACCEPT);
		carry(&publisher, steps[i]);
		assert_str(buf_str(&publisher.story), "published\n");
		assert_true(rtmp_client_is_published(publisher.client));
		write_some_media(&publisher, &expected);
		carry(&publisher, steps[i]);
		const struct buf *story = &publisher.recorder.story;
		assert_int_equal(story->size, expected.size);
		assert_memory_equal(story->at, expected.at, expected.size);
		publisher_done(&publisher);
	}
}

static void a_refusal_is_told_with_code_and_words(void **state)
{
	struct publisher publisher;

	publisher_init(&publisher, ANSWER_REFUSE);
	carry(&publisher, 1);
	assert_str(buf_str(&publisher.story), "NetStream.Publish.Denied: No such token.\n");
	assert_false(rtmp_client_is_published(publisher.client));
	publisher_done(&publisher);
}

static void a_publication_ended_by_the_server_is_told_too(void **state)
{
	struct publisher publisher;

	publisher_init(&publisher, ANSWER_ACCEPT);
	carry(&publisher, MAX);
	assert_ok(rtmp_server_refuse(publisher.recorder.server, "NetStream.Publish.BadName",
	                             "Taken over.", &recorder_events, &publisher.recorder));
	carry(&publisher, MAX);
	assert_str(buf_str(&publisher.story),
	           "published\nNetStream.Publish.BadName: Taken over.\n");
	publisher_done(&publisher);
}

static void media_before_published_is_a_conflict(void **state)
{
	const struct bytes body = bytes_of("x", 1);
	struct publisher publisher;

	publisher_init(&publisher, ANSWER_LATER);
	carry(&publisher, MAX);
	assert_err(rtmp_client_write_media(publisher.client, RTMP_MEDIA_VIDEO, 0, &body, 1,
	                                   &publisher.sent),
	           ERR_CONFLICT);
	assert_int_equal(publisher.sent.size, 0);
	assert_err(rtmp_client_start(publisher.client, &client_events, &publisher), ERR_CONFLICT);
	publisher_done(&publisher);
}

static void media_ends_at_its_limits(void **state)
{
	static uint8_t large[RTMP_MESSAGE_MAX + 1];
	struct bytes pieces[RTMP_CLIENT_PIECES_MAX + 1];
	struct bytes body = bytes_of(large, RTMP_MESSAGE_MAX);
	struct publisher publisher;

	publisher_init(&publisher, ANSWER_ACCEPT);
	carry(&publisher, MAX);
	struct rtmp_client *client = publisher.client;
	struct buf *out = &publisher.sent;
	assert_ok(rtmp_client_write_media(client, RTMP_MEDIA_VIDEO, 0, &body, 1, out));
	body.size++;
	assert_err(rtmp_client_write_media(client, RTMP_MEDIA_VIDEO, 0, &body, 1, out),
	           ERR_TOO_LARGE);
	for (size_t i = 0; i < COUNT_OF(pieces); i++)
		pieces[i] = bytes_of("x", 1);
	assert_ok(rtmp_client_write_media(client, RTMP_MEDIA_METADATA, 0, pieces,
	                                  RTMP_CLIENT_PIECES_MAX, out));
	assert_err(
		rtmp_client_write_media(client, RTMP_MEDIA_VIDEO, 0, pieces, COUNT_OF(pieces), out),
		ERR_TOO_LARGE);
	publisher_done(&publisher);
}

static void texts_end_at_their_limit(void **state)
{
	static char text[RTMP_CLIENT_TEXT_MAX + 1];
	struct str at = { text, RTMP_CLIENT_TEXT_MAX }, past = { text, RTMP_CLIENT_TEXT_MAX + 1 };
	struct rtmp_client *client = NULL;

	memset(text, 'x', sizeof text);
	assert_ok(rtmp_client_new(at, at, at, &client));
	rtmp_client_free(client);
	client = NULL;
	assert_err(rtmp_client_new(past, at, at, &client), ERR_TOO_LARGE);
	assert_err(rtmp_client_new(at, past, at, &client), ERR_TOO_LARGE);
	assert_err(rtmp_client_new(at, at, past, &client), ERR_TOO_LARGE);
	assert_null(client);
}

/* A server's answers, written by hand. */
static enum err feed_answer(struct publisher *publisher, const char *name, double transaction,
                            const char *code)
{
	AUTO_BUF body = { 0 }, bytes = { 0 };

	buf_init(&body, MAX);
	buf_init(&bytes, MAX);
	amf_add_text(&body, str_of(name));
	amf_add_number(&body, transaction);
	amf_add_null(&body);
	amf_begin_object(&body);
	amf_add_name(&body, STR("code"));
	amf_add_text(&body, str_of(code));
	amf_end(&body);
	rtmp_write_command(&bytes, RTMP_CHUNK_SIZE_FIRST, 3, 0, &body);
	return rtmp_client_feed(publisher->client, bytes.at, bytes.size, &client_events, publisher);
}

static void a_rejected_connect_is_told_and_unknown_commands_are_not(void **state)
{
	struct publisher publisher;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	publisher_init(&publisher, ANSWER_LATER);
	encoder_add_handshake(&bytes);
	assert_ok(rtmp_client_feed(publisher.client, bytes.at, bytes.size, &client_events,
	                           &publisher));
	assert_ok(feed_answer(&publisher, "onBWDone", 0, "x"));
	assert_ok(feed_answer(&publisher, "_error", 2, "NetConnection.Call.Failed"));
	assert_int_equal(publisher.story.size, 0);
	assert_ok(feed_answer(&publisher, "_error", 1, "NetConnection.Connect.Rejected"));
	assert_str(buf_str(&publisher.story), "NetConnection.Connect.Rejected: \n");
	publisher_done(&publisher);
}

/* ffmpeg -listen answers FCPublish so; its bytes. */
static void an_on_fc_publish_without_transaction_is_passed_over(void **state)
{
	static const uint8_t answer[] = "\x03\0\0\0\0\0\x0e\x14\0\0\0\0\x02\x00\x0bonFCPublish";
	struct publisher publisher;
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, MAX);
	publisher_init(&publisher, ANSWER_LATER);
	encoder_add_handshake(&bytes);
	buf_add(&bytes, answer, sizeof answer - 1);
	assert_ok(rtmp_client_feed(publisher.client, bytes.at, bytes.size, &client_events,
	                           &publisher));
	assert_ok(feed_answer(&publisher, "_error", 1, "NetConnection.Connect.Rejected"));
	assert_str(buf_str(&publisher.story), "NetConnection.Connect.Rejected: \n");
	publisher_done(&publisher);
}

static void another_version_is_malformed(void **state)
{
	struct publisher publisher;

	publisher_init(&publisher, ANSWER_LATER);
	assert_err(rtmp_client_feed(publisher.client, (const uint8_t *)"H", 1, &client_events,
	                            &publisher),
	           ERR_MALFORMED);
	publisher_done(&publisher);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_client_writes_the_server_hands_on),
		cmocka_unit_test(a_refusal_is_told_with_code_and_words),
		cmocka_unit_test(a_publication_ended_by_the_server_is_told_too),
		cmocka_unit_test(media_before_published_is_a_conflict),
		cmocka_unit_test(media_ends_at_its_limits),
		cmocka_unit_test(texts_end_at_their_limit),
		cmocka_unit_test(a_rejected_connect_is_told_and_unknown_commands_are_not),
		cmocka_unit_test(an_on_fc_publish_without_transaction_is_passed_over),
		cmocka_unit_test(another_version_is_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
