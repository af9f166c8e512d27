/* SPDX-License-Identifier: Apache-2.0 */
/* The pool with the real vigil-media, and with programs that are none. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "io/loop.h"
#include "ports/media/media.h"
#include "tests/unit/golden.h"
#include "tests/unit/unit.h"

#define WAIT_MS 15000
#define JOBS    (MEDIA_QUEUE_MAX + 1)

struct fixture {
	struct loop *loop;
	struct media *media;
	struct buf config, frame;
	struct media_job jobs[JOBS];
	enum err begun[JOBS];
	size_t job_count, wanted;
	int told;
	char words[200];
};

/* Jobs end on the test's own thread. */
static size_t done_count;

static void on_done(struct media_job *job)
{
	done_count++;
}

static void on_told(void *owner, const char *words)
{
	struct fixture *fixture = owner;

	fixture->told++;
	(void)snprintf(fixture->words, sizeof fixture->words, "%s", words);
}

static void open_media(struct fixture *fixture, const char *helper)
{
	const struct media_setup setup = { .helper = helper, .tell = on_told, .owner = fixture };

	assert_non_null(helper);
	assert_ok(media_open(&setup, &fixture->media));
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	(void)signal(SIGPIPE, SIG_IGN);
	done_count = 0;
	assert_ok(loop_new(0, &fixture->loop));
	buf_init(&fixture->config, 1024);
	buf_init(&fixture->frame, 8 * 1024 * 1024);
	golden_read("media/h264.config", &fixture->config);
	golden_read("media/h264.frame", &fixture->frame);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	media_stop(fixture->media);
	while (loop_settle(fixture->loop))
		;
	loop_free(fixture->loop);
	media_free(fixture->media);
	for (size_t i = 0; i < JOBS; i++)
		media_job_done(&fixture->jobs[i]);
	buf_done(&fixture->config);
	buf_done(&fixture->frame);
	free(fixture);
	assert_int_equal(metric_get(METRIC_media_children), 0);
	return 0;
}

static bool is_begun(void *arg)
{
	struct fixture *fixture = arg;
	const struct media_picture picture = { .codec = MEDIA_H264,
		                               .config = buf_str(&fixture->config),
		                               .frame = buf_str(&fixture->frame) };

	while (fixture->job_count < fixture->wanted) {
		size_t i = fixture->job_count++;
		fixture->jobs[i].done = on_done;
		fixture->begun[i] = media_run(fixture->media, &picture, 100, &fixture->jobs[i]);
	}
	return true;
}

/* Up to `wanted` jobs in all are begun. */
static void begin(struct fixture *fixture, size_t wanted)
{
	fixture->wanted = wanted;
	assert_true(loop_run_until(fixture->loop, is_begun, fixture, WAIT_MS));
}

static bool is_done(void *arg)
{
	return done_count >= *(const size_t *)arg;
}

static void wait_done(struct fixture *fixture, size_t wanted)
{
	assert_true(loop_run_until(fixture->loop, is_done, &wanted, WAIT_MS));
}

static bool never(void *arg)
{
	return false;
}

static void turn(struct fixture *fixture, int64_t ms)
{
	(void)loop_run_until(fixture->loop, never, NULL, ms);
}

static void each_of_many_gets_its_picture(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, getenv("VIGIL_MEDIA"));
	begin(fixture, MEDIA_QUEUE_MAX);
	wait_done(fixture, MEDIA_QUEUE_MAX);
	for (size_t i = 0; i < MEDIA_QUEUE_MAX; i++) {
		assert_ok(fixture->begun[i]);
		assert_ok(fixture->jobs[i].err);
		assert_memory_equal(fixture->jobs[i].jpeg.at, "\xFF\xD8", 2);
	}
	assert_int_equal(metric_get(METRIC_media_children), MEDIA_CHILDREN);
	assert_int_equal(fixture->told, 0);
}

static void a_broken_one_is_its_own_failure(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, getenv("VIGIL_MEDIA"));
	begin(fixture, 1);
	memset(fixture->frame.at + 8, 0xA5, fixture->frame.size - 8);
	begin(fixture, 2);
	wait_done(fixture, 2);
	assert_ok(fixture->jobs[0].err);
	assert_err(fixture->jobs[1].err, ERR_MALFORMED);
	assert_string_equal(fixture->jobs[1].why.text, "no picture comes out of the key frame");
	assert_int_equal(fixture->told, 0);
}

static void so_many_may_wait_and_no_more(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, "/bin/cat"); /* never ready: it has nothing to say */
	begin(fixture, MEDIA_QUEUE_MAX + 1);
	assert_ok(fixture->begun[MEDIA_QUEUE_MAX - 1]);
	assert_err(fixture->begun[MEDIA_QUEUE_MAX], ERR_BUSY);
	turn(fixture, 20);
	assert_int_equal(done_count, 0);
	assert_int_equal(metric_get(METRIC_media_children), MEDIA_CHILDREN);
}

static void a_frame_may_be_so_large_and_no_larger(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, "/bin/cat");
	size_t limit = 4 * 1024 * 1024;
	uint8_t *more = buf_reserve(&fixture->frame, limit + 1 - fixture->frame.size);
	assert_non_null(more);
	memset(more, 0, limit + 1 - fixture->frame.size);
	buf_grew(&fixture->frame, limit - fixture->frame.size);
	begin(fixture, 1);
	buf_grew(&fixture->frame, 1);
	begin(fixture, 2);
	assert_ok(fixture->begun[0]);
	assert_err(fixture->begun[1], ERR_TOO_LARGE);
}

static void what_cannot_be_started_is_told_with_a_remedy(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, "/nonexistent/vigil-media");
	begin(fixture, 2);
	wait_done(fixture, 2);
	assert_err(fixture->jobs[0].err, ERR_NOT_FOUND);
	assert_non_null(strstr(fixture->jobs[1].why.text, "media.helper"));
}

static void what_ends_at_once_is_as_good_as_absent(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, "/bin/false");
	begin(fixture, 1);
	wait_done(fixture, 1);
	assert_err(fixture->jobs[0].err, ERR_NOT_FOUND);
	assert_string_equal(fixture->words, "vigil-media ended with status 1");
	begin(fixture, 2); /* not tried again so soon */
	wait_done(fixture, 2);
	assert_err(fixture->jobs[1].err, ERR_NOT_FOUND);
	assert_int_equal(fixture->told, 1);
}

static void what_talks_nonsense_is_killed(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, "/usr/bin/yes");
	begin(fixture, 1);
	wait_done(fixture, 1);
	assert_err(fixture->jobs[0].err, ERR_NOT_FOUND);
	assert_string_equal(fixture->words, "vigil-media was killed: its answer is none");
}

static void one_that_is_used_up_is_replaced(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, getenv("VIGIL_MEDIA"));
	for (size_t i = 1; i <= MEDIA_LIFE_JOBS + 1; i++) {
		fixture->job_count = 0;
		begin(fixture, 1);
		wait_done(fixture, i);
		assert_ok(fixture->begun[0]);
		assert_ok(fixture->jobs[0].err);
		media_job_done(&fixture->jobs[0]);
	}
	assert_int_equal(fixture->told, 0);
}

/* The rest needs time. */
#ifdef VIGIL_TEST_CLOCK
static void move_clock(struct fixture *fixture, int64_t ms)
{
	clock_advance(ms);
	loop_clock_moved(fixture->loop);
	turn(fixture, 20);
}

static void who_waits_too_long_is_sent_away(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, "/bin/cat");
	begin(fixture, 3);
	turn(fixture, 20);
	move_clock(fixture, MEDIA_WAIT_MS + 1);
	wait_done(fixture, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(fixture->jobs[i].err == ERR_BUSY ||
		            fixture->jobs[i].err == ERR_NOT_FOUND);
}

static void an_idle_one_ends_and_comes_back(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, getenv("VIGIL_MEDIA"));
	begin(fixture, 1);
	wait_done(fixture, 1);
	assert_int_equal(metric_get(METRIC_media_children), 1);
	move_clock(fixture, MEDIA_IDLE_MS);
	for (int i = 0; i < 250 && metric_get(METRIC_media_children); i++)
		turn(fixture, 20);
	assert_int_equal(metric_get(METRIC_media_children), 0);
	begin(fixture, 2);
	wait_done(fixture, 2);
	assert_ok(fixture->jobs[1].err);
	assert_int_equal(fixture->told, 0);
}

static void one_that_is_never_ready_is_killed(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, "/bin/cat");
	begin(fixture, 1);
	turn(fixture, 20);
	move_clock(fixture, MEDIA_START_MS + 1);
	for (int i = 0; i < 250 && !fixture->told; i++)
		turn(fixture, 20);
	assert_string_equal(fixture->words, "vigil-media was killed: no start in time");
}
#else
static void who_waits_too_long_is_sent_away(void **state)
{
	skip_because("the build has no test clock");
}

static void an_idle_one_ends_and_comes_back(void **state)
{
	skip_because("the build has no test clock");
}

static void one_that_is_never_ready_is_killed(void **state)
{
	skip_because("the build has no test clock");
}
#endif

static void what_is_under_way_ends_with_the_server(void **state)
{
	struct fixture *fixture = *state;

	open_media(fixture, "/bin/cat");
	begin(fixture, 2);
	turn(fixture, 20);
	media_stop(fixture->media);
	while (loop_settle(fixture->loop))
		;
	assert_int_equal(done_count, 2);
	assert_err(fixture->jobs[0].err, ERR_CLOSED);
	begin(fixture, 3);
	assert_err(fixture->begun[2], ERR_CLOSED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_of_many_gets_its_picture),
		TEST(a_broken_one_is_its_own_failure),
		TEST(so_many_may_wait_and_no_more),
		TEST(a_frame_may_be_so_large_and_no_larger),
		TEST(what_cannot_be_started_is_told_with_a_remedy),
		TEST(what_ends_at_once_is_as_good_as_absent),
		TEST(what_talks_nonsense_is_killed),
		TEST(one_that_is_used_up_is_replaced),
		TEST(who_waits_too_long_is_sent_away),
		TEST(an_idle_one_ends_and_comes_back),
		TEST(one_that_is_never_ready_is_killed),
		TEST(what_is_under_way_ends_with_the_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
