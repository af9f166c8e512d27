/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of thumbnails, for how long, and who shares one. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"
#include "domain/live/thumbnail.h"
#include "tests/unit/domain/house.h"
#include "tests/unit/golden.h"

#define ASKERS (THUMBNAIL_WAITS_MAX + 1)

/* What the reader below was given, and what it says: on the test's own thread only. */
static struct {
	struct str config;
	size_t reads;
	enum err err;
} reader;

/* Units are bare frames here: their length in four digits, then the frame. */
static enum err read_picture(struct str intro, struct str unit, struct media_picture *out,
                             struct why *why)
{
	int64_t size = 0;

	assert_ok(str_to_i64((struct str){ unit.at, 4 }, 0, 9999, &size));
	reader.reads++;
	*out = (struct media_picture){ .codec = MEDIA_H264,
		                       .config = reader.config,
		                       .frame = { unit.at + 4, (size_t)size } };
	return reader.err == ERR_OK ? ERR_OK : why_set(why, reader.err, "as the test says");
}

struct fixture {
	struct house *house;
	struct media *media;
	struct thumbnails *thumbnails;
	struct buf config, frame;
	struct publisher *publisher;
	struct thumbnail_wait waits[ASKERS];
	struct why why;
	enum err err;
	const char *key;
	unsigned width;
	size_t asked, done, bytes_max;
};

static struct fixture *fixture;

static void on_publisher_ended(void *owner, const char *reason)
{
	(void)owner;
}

static void open_publisher(void *arg)
{
	static const struct publisher_ops ops = { .ended = on_publisher_ended };

	assert_ok(publisher_open(fixture->house->domain->live, STR("CAM1"), "192.0.2.1:1", &ops,
	                         NULL, &fixture->publisher));
	publisher_set_video(fixture->publisher, &(struct stream_video){ .codec = "avc1" });
}

static void close_publisher(void *arg)
{
	publisher_close(TAKE(fixture->publisher));
}

static void push(void *arg)
{
	static int64_t timestamp_ms;
	char digits[5];

	(void)snprintf(digits, sizeof digits, "%04zu", fixture->frame.size);
	struct frame frame = {
		.kind = FRAME_VIDEO,
		.is_key = true,
		.timestamp_ms = timestamp_ms += 1000,
		.parts = { { digits, 4 }, { fixture->frame.at, fixture->frame.size } },
		.part_count = 2,
	};
	assert_ok(publisher_add(fixture->publisher, &frame));
}

static void push_key_frame(void)
{
	house_run(fixture->house, fixture->house->loop, push, NULL);
}

static void on_done(struct thumbnail_wait *wait)
{
	fixture->done++;
}

static void ask(void *arg)
{
	struct thumbnail_wait *wait = &fixture->waits[fixture->asked++ % ASKERS];

	thumbnail_wait_done(wait);
	*wait = (struct thumbnail_wait){ .done = on_done };
	fixture->err = thumbnail_open(fixture->thumbnails, str_of(fixture->key), fixture->width,
	                              wait, &fixture->why);
}

/* What thumbnail_open() says. */
static enum err ask_for(const char *key, unsigned width)
{
	fixture->key = key;
	fixture->width = width;
	house_run(fixture->house, fixture->house->loop, ask, NULL);
	return fixture->err;
}

static bool is_done(void *arg)
{
	return fixture->done >= *(const size_t *)arg;
}

/* Asks, and waits for the answer if there is none yet. */
static enum err get(const char *key, unsigned width)
{
	size_t wanted = fixture->done + 1;
	size_t place = fixture->asked % ASKERS;
	enum err err = ask_for(key, width);

	if (err != ERR_MORE)
		return err;
	house_wait(fixture->house, is_done, &wanted);
	fixture->why = fixture->waits[place].why;
	return fixture->waits[place].err;
}

static void on_told(void *owner, const char *words)
{
	(void)owner;
}

static void open_media(const char *helper)
{
	const struct media_setup setup = { .helper = helper, .tell = on_told };

	assert_non_null(helper);
	assert_ok(media_open(&setup, &fixture->media));
	const struct thumbnails_setup thumbnails = { .live = fixture->house->domain->live,
		                                     .media = fixture->media,
		                                     .read = read_picture,
		                                     .bytes_max = fixture->bytes_max };
	assert_ok(thumbnails_new(&thumbnails, &fixture->thumbnails));
}

static int set_up(void **state)
{
	void *house = NULL;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)house_start(&house);
	fixture = calloc(1, sizeof *fixture);
	assert_non_null(fixture);
	fixture->house = house;
	buf_init(&fixture->config, 1024);
	buf_init(&fixture->frame, 9999);
	golden_read("media/h264.config", &fixture->config);
	golden_read("media/h264.frame", &fixture->frame);
	reader.config = buf_str(&fixture->config);
	reader.reads = 0;
	reader.err = ERR_OK;
	house_add(fixture->house, "CAM1", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	house_run(fixture->house, fixture->house->loop, open_publisher, NULL);
	return 0;
}

static int tear_down(void **state)
{
	void *house = fixture->house;

	if (fixture->publisher)
		house_run(fixture->house, fixture->house->loop, close_publisher, NULL);
	media_stop(fixture->media);
	house_turn(fixture->house, 20);
	for (size_t i = 0; i < ASKERS; i++)
		thumbnail_wait_done(&fixture->waits[i]);
	thumbnails_free(fixture->thumbnails);
	(void)house_stop(&house);
	media_free(fixture->media);
	buf_done(&fixture->config);
	buf_done(&fixture->frame);
	free(fixture);
	return 0;
}

static void it_is_made_of_the_newest_key_frame_and_kept(void **state)
{
	open_media(getenv("VIGIL_MEDIA"));
	assert_err(get("CAM1", 100), ERR_CONFLICT);
	assert_int_equal(fixture->why.reason, REASON_NOT_LIVE);
	push_key_frame();
	assert_ok(get("CAM1", 100));
	struct str first = fixture->waits[1].jpeg;
	assert_true(first.size > 300 && memcmp(first.at, "\xFF\xD8", 2) == 0);
	assert_int_equal(ask_for("CAM1", 100), ERR_OK);
	assert_ptr_equal(fixture->waits[2].jpeg.at, first.at);
	assert_int_equal(reader.reads, 1);
	assert_ok(get("CAM1", 101)); /* another width is another picture */
	assert_int_equal(reader.reads, 2);
}

static void it_is_fresh_for_five_seconds_or_two_after_a_newer_key_frame(void **state)
{
	NEEDS_TEST_CLOCK();
	open_media(getenv("VIGIL_MEDIA"));
	push_key_frame();
	assert_ok(get("CAM1", 100));
	house_move_clock(fixture->house, 4000);
	assert_int_equal(ask_for("CAM1", 100), ERR_OK); /* there is no newer one */
	house_move_clock(fixture->house, 1000);
	assert_ok(get("CAM1", 100));
	assert_int_equal(reader.reads, 2);
	push_key_frame();
	house_move_clock(fixture->house, 1000);
	assert_int_equal(ask_for("CAM1", 100), ERR_OK);
	house_move_clock(fixture->house, 1000);
	assert_ok(get("CAM1", 100));
	assert_int_equal(reader.reads, 3);
}

static void a_stream_that_ended_has_none(void **state)
{
	open_media(getenv("VIGIL_MEDIA"));
	push_key_frame();
	assert_ok(get("CAM1", 100));
	house_run(fixture->house, fixture->house->loop, close_publisher, NULL);
	assert_err(get("CAM1", 100), ERR_CONFLICT);
	assert_int_equal(fixture->why.reason, REASON_NOT_LIVE);
}

static void a_key_frame_that_fails_is_not_tried_again(void **state)
{
	open_media(getenv("VIGIL_MEDIA"));
	push_key_frame();
	reader.err = ERR_MALFORMED;
	assert_err(get("CAM1", 100), ERR_MALFORMED);
	assert_int_equal(fixture->why.reason, REASON_MEDIA_FAILED);
	assert_string_equal(fixture->why.text, "as the test says");
	reader.err = ERR_OK;
	assert_err(get("CAM1", 100), ERR_MALFORMED);
	assert_int_equal(fixture->why.reason, REASON_MEDIA_FAILED);
	assert_int_equal(reader.reads, 1);
	push_key_frame(); /* that one is good */
	assert_ok(get("CAM1", 100));
}

static void an_absent_decoder_is_not_remembered(void **state)
{
	open_media("/nonexistent/vigil-media");
	push_key_frame();
	for (size_t i = 1; i <= 2; i++) {
		assert_err(get("CAM1", 100), ERR_NOT_FOUND);
		assert_int_equal(fixture->why.reason, REASON_MEDIA_UNAVAILABLE);
		assert_int_equal(reader.reads, i);
	}
}

static void a_server_without_media_says_so(void **state)
{
	fixture->thumbnails = NULL;
	const struct thumbnails_setup setup = { .live = fixture->house->domain->live };
	assert_ok(thumbnails_new(&setup, &fixture->thumbnails));
	push_key_frame();
	assert_err(get("CAM1", 100), ERR_NOT_FOUND);
	assert_int_equal(fixture->why.reason, REASON_MEDIA_UNAVAILABLE);
}

static void so_many_may_wait_for_one_and_no_more(void **state)
{
	open_media("/bin/cat"); /* never ready */
	push_key_frame();
	for (size_t i = 0; i < THUMBNAIL_WAITS_MAX; i++)
		assert_err(ask_for("CAM1", 100), ERR_MORE);
	assert_err(ask_for("CAM1", 100), ERR_BUSY);
	assert_int_equal(reader.reads, 1);
	media_stop(fixture->media);
	house_turn(fixture->house, 20);
	assert_int_equal(fixture->done, THUMBNAIL_WAITS_MAX);
	assert_err(fixture->waits[7].err, ERR_CLOSED);
}

static void so_many_are_kept_and_no_more(void **state)
{
	open_media("/bin/cat");
	push_key_frame();
	reader.err = ERR_MALFORMED; /* a failure takes a place too */
	for (unsigned i = 0; i < THUMBNAILS_MAX; i++)
		assert_err(get("CAM1", 80 + i), ERR_MALFORMED);
	assert_int_equal(reader.reads, THUMBNAILS_MAX);
	assert_err(get("CAM1", 80), ERR_MALFORMED); /* kept, and now the newest used */
	assert_int_equal(reader.reads, THUMBNAILS_MAX);
	assert_err(get("CAM1", 80 + THUMBNAILS_MAX), ERR_MALFORMED);
	assert_err(get("CAM1", 80), ERR_MALFORMED);
	assert_int_equal(reader.reads, THUMBNAILS_MAX + 1);
	assert_err(get("CAM1", 81), ERR_MALFORMED); /* the one that had to go */
	assert_int_equal(reader.reads, THUMBNAILS_MAX + 2);
}

static void so_many_bytes_are_kept_and_no_more(void **state)
{
	open_media(getenv("VIGIL_MEDIA"));
	push_key_frame();
	assert_ok(get("CAM1", 100));
	size_t size = fixture->waits[0].jpeg.size;
	thumbnails_free(fixture->thumbnails);
	media_stop(fixture->media);
	media_free(fixture->media);
	fixture->bytes_max = 2 * size + size / 4; /* other widths differ a little */
	open_media(getenv("VIGIL_MEDIA"));
	assert_ok(get("CAM1", 100));
	house_run(fixture->house, fixture->house->loop, push, NULL);
	reader.reads = 0;
	assert_ok(get("CAM1", 99)); /* two are kept, not above the limit */
	assert_ok(get("CAM1", 100));
	assert_int_equal(reader.reads, 1);
	assert_ok(get("CAM1", 101)); /* a third, above it: the next to come finds no room */
	assert_ok(get("CAM1", 102));
	assert_int_equal(reader.reads, 3);
	assert_ok(get("CAM1", 99)); /* the one that was not asked for the longest */
	assert_int_equal(reader.reads, 4);
}

static void a_key_may_be_so_long_and_no_longer(void **state)
{
	char key[THUMBNAIL_KEY_MAX + 2];

	open_media("/bin/cat");
	memset(key, 'k', sizeof key);
	key[THUMBNAIL_KEY_MAX] = '\0';
	assert_err(get(key, 100), ERR_CONFLICT); /* nothing streams under it */
	key[THUMBNAIL_KEY_MAX] = 'k';
	key[THUMBNAIL_KEY_MAX + 1] = '\0';
	assert_err(get(key, 100), ERR_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(it_is_made_of_the_newest_key_frame_and_kept),
		TEST(it_is_fresh_for_five_seconds_or_two_after_a_newer_key_frame),
		TEST(a_stream_that_ended_has_none),
		TEST(a_key_frame_that_fails_is_not_tried_again),
		TEST(an_absent_decoder_is_not_remembered),
		TEST(a_server_without_media_says_so),
		TEST(so_many_may_wait_for_one_and_no_more),
		TEST(so_many_are_kept_and_no_more),
		TEST(so_many_bytes_are_kept_and_no_more),
		TEST(a_key_may_be_so_long_and_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
