/* SPDX-License-Identifier: Apache-2.0 */
/* The order of mails and timers, lanes at their limit, and dials that do not come off. */
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metric.h"
#include "io/address.h"
#include "io/dial.h"
#include "io/lane.h"
#include "io/loop.h"
#include "tests/unit/unit.h"

/* Letters in the order in which things happened. */
static char order[64];

static void note(char letter)
{
	size_t length = strlen(order);

	assert_true(length < sizeof order - 1);
	order[length] = letter;
	order[length + 1] = '\0';
}

struct note {
	struct mail mail;
	struct timer timer;
	struct loop *loop;
	struct note *defers, *posts;
	char letter;
};

static void on_note(struct mail *mail)
{
	struct note *one = CONTAINER_OF(mail, struct note, mail);

	assert_ptr_equal(loop_current(), one->loop);
	note(one->letter);
	if (one->posts)
		loop_post(one->loop, &one->posts->mail);
	if (one->defers)
		loop_defer(one->loop, &one->defers->mail);
	note('.');
}

static void on_note_timer(struct timer *timer)
{
	note(CONTAINER_OF(timer, struct note, timer)->letter);
}

static bool has_length(void *arg)
{
	return strlen(order) >= *(const size_t *)arg;
}

static void mails_come_in_order_and_deferred_ones_at_the_end_of_the_turn(void **state)
{
	struct note notes[5] = { 0 };
	struct loop *loop = NULL;
	size_t wanted = 10;

	order[0] = '\0';
	assert_null(loop_current());
	assert_ok(loop_new(3, &loop));
	assert_int_equal(loop_index(loop), 3);
	for (int i = 0; i < 5; i++)
		notes[i] = (struct note){ .mail = { .fn = on_note },
			                  .loop = loop,
			                  .letter = (char)('a' + i) };
	/* a posts d and defers c, which defers e; none inside another, the deferred before d. */
	notes[0].posts = &notes[3];
	notes[0].defers = &notes[2];
	notes[2].defers = &notes[4];
	loop_post(loop, &notes[0].mail);
	loop_post(loop, &notes[1].mail);
	assert_string_equal(order, "");
	assert_true(loop_run_until(loop, has_length, &wanted, 2000));
	assert_string_equal(order, "a.b.c.e.d.");
	loop_free(loop);
}

/* Longer than one turn has for what was deferred. */
static void on_slow_note(struct mail *mail)
{
	int64_t end_us = clock_steady_us() + 2000;

	while (clock_steady_us() < end_us)
		;
	on_note(mail);
}

static void what_was_deferred_holds_the_others_up_for_a_moment_only(void **state)
{
	struct note notes[3] = { 0 };
	struct loop *loop = NULL;
	size_t wanted = 6;

	order[0] = '\0';
	assert_ok(loop_new(0, &loop));
	for (int i = 0; i < 3; i++)
		notes[i] = (struct note){ .mail = { .fn = i ? on_note : on_slow_note },
			                  .loop = loop,
			                  .letter = (char)('a' + i) };
	loop_defer(loop, &notes[0].mail);
	loop_defer(loop, &notes[1].mail);
	loop_post(loop, &notes[2].mail);
	assert_true(loop_run_until(loop, has_length, &wanted, 2000));
	assert_string_equal(order, "a.c.b.");
	loop_free(loop);
}

static void timers_fire_in_order_and_not_before_their_time(void **state)
{
	struct note notes[4] = { 0 };
	struct loop *loop = NULL;
	size_t wanted = 3;

	order[0] = '\0';
	assert_ok(loop_new(0, &loop));
	for (int i = 0; i < 4; i++)
		notes[i].letter = (char)('a' + i);
	int64_t began_ms = clock_steady_ms();
	loop_timer_start(loop, &notes[2].timer, 30, on_note_timer);
	loop_timer_start(loop, &notes[0].timer, 0, on_note_timer);
	loop_timer_start(loop, &notes[1].timer, 15, on_note_timer);
	loop_timer_start(loop, &notes[3].timer, 20, on_note_timer);
	loop_timer_stop(loop, &notes[3].timer);
	assert_true(loop_run_until(loop, has_length, &wanted, 2000));
	assert_string_equal(order, "abc");
	assert_true(clock_steady_ms() - began_ms >= 30);
#ifdef VIGIL_TEST_CLOCK
	loop_timer_start(loop, &notes[0].timer, 3600000, on_note_timer);
	loop_timer_start(loop, &notes[1].timer, 3500000, on_note_timer);
	clock_advance(3600000);
	loop_clock_moved(loop);
	wanted = 5;
	assert_true(loop_run_until(loop, has_length, &wanted, 2000));
	assert_string_equal(order, "abcba");
#endif
	loop_free(loop);
}

#define POSTERS 4
#define POSTS   5000

struct poster {
	struct loop *loop;
	struct counted *mails;
	pthread_t thread;
};

struct counted {
	struct mail mail;
	int number;
	int *last;
	_Atomic int *count;
};

static void on_counted(struct mail *mail)
{
	const struct counted *counted = CONTAINER_OF(mail, struct counted, mail);

	assert_int_equal(counted->number, *counted->last + 1);
	*counted->last = counted->number;
	(*counted->count)++;
}

static void *post_all(void *arg)
{
	struct poster *poster = arg;

	for (int i = 0; i < POSTS; i++)
		loop_post(poster->loop, &poster->mails[i].mail);
	return NULL;
}

static void mails_of_many_threads_keep_each_threads_order(void **state)
{
	struct poster posters[POSTERS];
	int last[POSTERS];
	_Atomic int count = 0;
	struct loop *loop = NULL;

	assert_ok(loop_new(0, &loop));
	assert_ok(loop_start(loop));
	for (int i = 0; i < POSTERS; i++) {
		last[i] = -1;
		posters[i].loop = loop;
		posters[i].mails = calloc(POSTS, sizeof(struct counted));
		for (int k = 0; k < POSTS; k++)
			posters[i].mails[k] =
				(struct counted){ { .fn = on_counted }, k, &last[i], &count };
	}
	for (int i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]),
		                 0);
	for (int i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_join(posters[i].thread, NULL), 0);
	for (int wait = 0; count < POSTERS * POSTS && wait < 2000; wait++)
		(void)usleep(1000);
	assert_int_equal(count, POSTERS * POSTS);
	loop_stop(loop);
	loop_join(loop);
	loop_free(loop);
	for (int i = 0; i < POSTERS; i++)
		free(posters[i].mails);
}

struct work {
	struct lane_job job;
	sem_t *gate;
	int done;
};

static void on_work(struct lane_job *job)
{
	struct work *work = CONTAINER_OF(job, struct work, job);

	while (sem_wait(work->gate) != 0)
		;
}

static void on_done(struct lane_job *job)
{
	CONTAINER_OF(job, struct work, job)->done++;
}

static bool are_all_worked(void *arg)
{
	const struct work *works = arg;

	return works[0].done && works[1].done && works[2].done;
}

static void a_lane_takes_up_to_its_limit_and_refuses_one_more(void **state)
{
	struct work works[4] = { 0 };
	struct loop *loop = NULL;
	struct lane *lane = NULL;
	sem_t gate;

	assert_int_equal(sem_init(&gate, 0, 0), 0);
	assert_ok(loop_new(0, &loop));
	assert_ok(lane_new("test", 1, 2, &lane));
	for (int i = 0; i < 4; i++)
		works[i].gate = &gate;
	int64_t refused = metric_get(METRIC_lane_refused_total);
	assert_ok(lane_run_for(lane, loop, &works[0].job, on_work, on_done));
	/* The first one is at work once the second and third both find room. */
	assert_ok(lane_run_for(lane, loop, &works[1].job, on_work, on_done));
	enum err err = ERR_BUSY;
	for (int i = 0; i < 2000 && err == ERR_BUSY; i++) {
		err = lane_run_for(lane, loop, &works[2].job, on_work, on_done);
		if (err == ERR_BUSY)
			(void)usleep(1000);
	}
	assert_ok(err);
	refused = metric_get(METRIC_lane_refused_total);
	assert_err(lane_run_for(lane, loop, &works[3].job, on_work, on_done), ERR_BUSY);
	assert_int_equal(metric_get(METRIC_lane_refused_total), refused + 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sem_post(&gate), 0);
	assert_true(loop_run_until(loop, are_all_worked, works, 2000));
	assert_int_equal(works[3].done, 0);
	lane_free(lane);
	lane_free(NULL);
	loop_free(loop);
	(void)sem_destroy(&gate);
}

struct call {
	struct dial dial;
	int done;
	enum err err;
};

static void on_dialled(struct dial *dial, struct conn *conn, enum err err)
{
	struct call *call = CONTAINER_OF(dial, struct call, dial);

	call->done++;
	call->err = err;
	assert_null(conn);
}

static bool is_called(void *arg)
{
	return ((const struct call *)arg)->done > 0;
}

static bool never(void *arg)
{
	return false;
}

/* A port nobody listens on, or one whose queue is full: it answers nothing. */
static int open_port(bool is_full, char text[ADDRESS_TEXT_SIZE], int clients[4])
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	address_format((struct sockaddr *)&address, text);
	if (!is_full)
		return fd;
	assert_int_equal(listen(fd, 0), 0);
	for (int i = 0; i < 4; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(clients[i], (struct sockaddr *)&address, size);
	}
	return fd;
}

static const struct dial_policy open_policy = { .is_all_allowed = true };

static void a_refused_call_says_so(void **state)
{
	struct call call = { .dial = { .on_done = on_dialled } };
	struct loop *loop = NULL;
	char address[ADDRESS_TEXT_SIZE];
	int fd = open_port(false, address, NULL);

	assert_ok(loop_new(0, &loop));
	assert_ok(dial_start(&call.dial, loop, &open_policy, address));
	assert_true(loop_run_until(loop, is_called, &call, 2000));
	assert_err(call.err, ERR_CLOSED);
	loop_free(loop);
	(void)close(fd);
}

static void a_cancelled_call_is_never_heard_of(void **state)
{
	struct call call = { .dial = { .on_done = on_dialled } };
	struct loop *loop = NULL;
	char address[ADDRESS_TEXT_SIZE];
	int clients[4], fd = open_port(true, address, clients);

	assert_ok(loop_new(0, &loop));
	/* While the name is looked up, while it connects, and after it is over. */
	assert_ok(dial_start(&call.dial, loop, &open_policy, address));
	dial_cancel(&call.dial);
	(void)loop_run_until(loop, never, NULL, 20);
	assert_ok(dial_start(&call.dial, loop, &open_policy, address));
	(void)loop_run_until(loop, never, NULL, 20);
	dial_cancel(&call.dial);
	dial_cancel(&call.dial);
	(void)loop_run_until(loop, never, NULL, 20);
	assert_int_equal(call.done, 0);
	loop_free(loop);
	for (int i = 0; i < 4; i++)
		(void)close(clients[i]);
	(void)close(fd);
}

#ifdef VIGIL_TEST_CLOCK
static void a_call_nobody_answers_ends_after_five_seconds(void **state)
{
	struct call call = { .dial = { .on_done = on_dialled } };
	struct loop *loop = NULL;
	char address[ADDRESS_TEXT_SIZE];
	int clients[4], fd = open_port(true, address, clients);

	assert_ok(loop_new(0, &loop));
	assert_ok(dial_start(&call.dial, loop, &open_policy, address));
	(void)loop_run_until(loop, never, NULL, 20);
	clock_advance(DIAL_TIMEOUT_MS - 1000);
	loop_clock_moved(loop);
	(void)loop_run_until(loop, never, NULL, 20);
	assert_int_equal(call.done, 0);
	clock_advance(1000);
	loop_clock_moved(loop);
	assert_true(loop_run_until(loop, is_called, &call, 2000));
	assert_err(call.err, ERR_TIMEOUT);
	loop_free(loop);
	for (int i = 0; i < 4; i++)
		(void)close(clients[i]);
	(void)close(fd);
}
#endif

static void what_is_no_address_is_not_dialled(void **state)
{
	static const char *const cases[] = { "",       "host",       "host:",  ":80",
		                             "host:0", "host:65536", "a:b:80", "host:80x" };
	struct call call = { .dial = { .on_done = on_dialled } };
	struct loop *loop = NULL;

	assert_ok(loop_new(0, &loop));
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_err(dial_start(&call.dial, loop, &open_policy, cases[i]), ERR_INVALID);
	assert_int_equal(call.done, 0);
	loop_free(loop);
}

static void addresses_are_written_as_they_are_read(void **state)
{
	static const struct {
		const char *text;
		bool is_loopback;
	} cases[] = {
		{ "127.0.0.1:80", true },       { "127.9.9.9:1", true },
		{ "192.0.2.1:65535", false },   { "[::1]:80", true },
		{ "[2001:db8::1]:443", false }, { "[::ffff:127.0.0.1]:9", true },
		{ "0.0.0.0:0", false },
	};
	static const char *const bad[] = { "127.0.0.1", "127.0.0.1:",   "localhost:80", "::1:80",
		                           "[::1]",     "256.0.0.1:80", "1.2.3.4:65536" };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct sockaddr_storage address;
		char text[ADDRESS_TEXT_SIZE];
		socklen_t size;
		assert_ok(address_parse(cases[i].text, &address, &size));
		address_format((struct sockaddr *)&address, text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(address_is_loopback((struct sockaddr *)&address),
		                 cases[i].is_loopback);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct sockaddr_storage address;
		socklen_t size;
		assert_err(address_parse(bad[i], &address, &size), ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mails_come_in_order_and_deferred_ones_at_the_end_of_the_turn),
		cmocka_unit_test(what_was_deferred_holds_the_others_up_for_a_moment_only),
		cmocka_unit_test(timers_fire_in_order_and_not_before_their_time),
		cmocka_unit_test(mails_of_many_threads_keep_each_threads_order),
		cmocka_unit_test(a_lane_takes_up_to_its_limit_and_refuses_one_more),
		cmocka_unit_test(a_refused_call_says_so),
		cmocka_unit_test(a_cancelled_call_is_never_heard_of),
#ifdef VIGIL_TEST_CLOCK
		cmocka_unit_test(a_call_nobody_answers_ends_after_five_seconds),
#endif
		cmocka_unit_test(what_is_no_address_is_not_dialled),
		cmocka_unit_test(addresses_are_written_as_they_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
