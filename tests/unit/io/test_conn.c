/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "io/dial.h"
#include "io/lane.h"
#include "io/listener.h"
#include "tests/unit/unit.h"

/* A listener that echoes, and a dialled connection that collects what comes back. */
struct fixture {
	struct loop *loop;
	struct listener *listener;
	struct dial dial;
	struct dial_policy policy;
	struct conn *server, *client;
	struct buf received;
	enum err client_end, server_end;
	bool is_client_closed, is_server_closed, is_dialled;
	enum err dialled;
};

static void on_server_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	struct fixture *fixture = owner;

	(void)conn_send(fixture->server, bytes, size);
}

static void on_server_closed(void *owner, enum err err)
{
	struct fixture *fixture = owner;

	fixture->server_end = err;
	fixture->is_server_closed = true;
}

static const struct conn_events server_events = { .on_bytes = on_server_bytes,
	                                          .on_closed = on_server_closed };

static void on_client_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	struct fixture *fixture = owner;

	buf_add(&fixture->received, bytes, size);
}

static void on_client_closed(void *owner, enum err err)
{
	struct fixture *fixture = owner;

	fixture->client_end = err;
	fixture->is_client_closed = true;
}

static const struct conn_events client_events = { .on_bytes = on_client_bytes,
	                                          .on_closed = on_client_closed };

static enum err on_accept(void *owner, struct loop *loop, struct conn_setup *setup)
{
	struct fixture *fixture = owner;

	setup->events = &server_events;
	setup->owner = fixture;
	return conn_new(loop, setup, &fixture->server);
}

static void on_dialled(struct dial *dial, struct conn *conn, enum err err)
{
	struct fixture *fixture = CONTAINER_OF(dial, struct fixture, dial);

	fixture->client = conn;
	fixture->dialled = err;
	fixture->is_dialled = true;
}

static bool is_dialled(void *arg)
{
	const struct fixture *fixture = arg;

	return fixture->is_dialled;
}

static void start(struct fixture *fixture, bool is_loopback_allowed)
{
	*fixture = (struct fixture){ 0 };
	buf_init(&fixture->received, 16 * 1024 * 1024);
	assert_ok(loop_new(0, &fixture->loop));
	const struct listener_setup setup = { .name = "test",
		                              .address = "127.0.0.1:0",
		                              .connections_max = 2,
		                              .on_accept = on_accept,
		                              .owner = fixture };
	assert_ok(listener_open(&setup, &fixture->listener, NULL));
	assert_ok(listener_start(fixture->listener, fixture->loop));
	if (is_loopback_allowed)
		assert_ok(dial_allow(&fixture->policy, "127.0.0.0/8", NULL));
	fixture->dial.on_done = on_dialled;
	fixture->dial.events = &client_events;
	fixture->dial.owner = fixture;
	assert_ok(dial_start(&fixture->dial, fixture->loop, &fixture->policy,
	                     listener_address(fixture->listener)));
	assert_true(loop_run_until(fixture->loop, is_dialled, fixture, 2000));
}

static bool is_over(void *arg)
{
	const struct fixture *fixture = arg;

	return (!fixture->client || fixture->is_client_closed) &&
	       (!fixture->server || fixture->is_server_closed);
}

static void finish(struct fixture *fixture)
{
	conn_close_all(fixture->loop);
	assert_true(loop_run_until(fixture->loop, is_over, fixture, 2000));
	listener_stop(fixture->listener, fixture->loop);
	loop_free(fixture->loop);
	listener_free(fixture->listener);
	buf_done(&fixture->received);
}

#define ECHO_BYTES (700 * 1024)

static bool has_all(void *arg)
{
	const struct fixture *fixture = arg;

	return fixture->received.size == ECHO_BYTES || fixture->is_client_closed;
}

static void what_is_sent_comes_back_whole(void **state)
{
	struct fixture fixture;
	uint8_t *sent = malloc(ECHO_BYTES);

	start(&fixture, true);
	assert_ok(fixture.dialled);
	for (size_t i = 0; i < ECHO_BYTES; i++)
		sent[i] = (uint8_t)(i * 7 + i / 251);
	assert_ok(conn_send(fixture.client, sent, ECHO_BYTES));
	assert_true(loop_run_until(fixture.loop, has_all, &fixture, 5000));
	assert_int_equal(fixture.received.size, ECHO_BYTES);
	assert_memory_equal(fixture.received.at, sent, ECHO_BYTES);
	free(sent);
	finish(&fixture);
}

static bool is_client_over(void *arg)
{
	const struct fixture *fixture = arg;

	return fixture->is_client_closed;
}

static void a_gentle_close_sends_what_is_queued_first(void **state)
{
	struct fixture fixture;

	start(&fixture, true);
	assert_ok(conn_send(fixture.client, "bye", 3));
	conn_close_gently(fixture.client);
	assert_true(loop_run_until(fixture.loop, is_client_over, &fixture, 4000));
	assert_int_equal(fixture.server_end, ERR_CLOSED);
	finish(&fixture);
}

static void a_queue_past_its_limit_closes_the_connection(void **state)
{
	struct fixture fixture;
	uint8_t *block = calloc(1, CONN_QUEUE_MAX);
	enum err err = ERR_OK;

	start(&fixture, true);
	for (int i = 0; i < 64 && err == ERR_OK; i++)
		err = conn_send(fixture.client, block, CONN_QUEUE_MAX);
	assert_err(err, ERR_BUSY);
	assert_true(loop_run_until(fixture.loop, is_client_over, &fixture, 2000));
	assert_int_equal(fixture.client_end, ERR_BUSY);
	free(block);
	finish(&fixture);
}

static void loopback_is_not_dialled_without_permission(void **state)
{
	struct fixture fixture;

	start(&fixture, false);
	assert_err(fixture.dialled, ERR_DENIED);
	assert_null(fixture.client);
	finish(&fixture);
}

static void only_public_addresses_may_be_dialled(void **state)
{
	static const struct {
		const char *address;
		bool is_allowed;
	} cases[] = {
		{ "8.8.8.8", true },          { "127.0.0.1", false },   { "10.1.2.3", false },
		{ "172.16.0.1", false },      { "172.32.0.1", true },   { "192.168.1.1", false },
		{ "100.64.0.1", false },      { "169.254.1.1", false }, { "0.0.0.0", false },
		{ "224.0.0.1", false },       { "10.9.0.1", true },     { "10.10.0.1", false },
		{ "255.255.255.255", false },
	};
	struct dial_policy policy = { 0 };
	struct why why;

	assert_ok(dial_allow(&policy, "10.9.0.0/16", NULL));
	assert_err(dial_allow(&policy, "10.9.0.0/33", &why), ERR_INVALID);
	assert_err(dial_allow(&policy, "nonsense", &why), ERR_INVALID);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct sockaddr_in address = { .sin_family = AF_INET };
		uint8_t b[4];
		struct str rest = str_of(cases[i].address), part;
		for (int k = 0; k < 4; k++) {
			uint64_t value = 0;
			assert_true(str_cut(&rest, '.', &part));
			assert_ok(str_to_u64(part, 255, &value));
			b[k] = (uint8_t)value;
		}
		memcpy(&address.sin_addr, b, 4);
		assert_int_equal(dial_is_allowed(&policy, (struct sockaddr *)&address),
		                 cases[i].is_allowed);
	}
}

struct counting {
	struct timer timer;
	struct lane_job job;
	struct mail mail;
	int fired, worked, done, posted;
};

static void on_timer(struct timer *timer)
{
	CONTAINER_OF(timer, struct counting, timer)->fired++;
}

static void on_mail(struct mail *mail)
{
	CONTAINER_OF(mail, struct counting, mail)->posted++;
}

static void on_work(struct lane_job *job)
{
	CONTAINER_OF(job, struct counting, job)->worked++;
}

static void on_done(struct lane_job *job)
{
	CONTAINER_OF(job, struct counting, job)->done++;
}

static bool is_counted(void *arg)
{
	const struct counting *counting = arg;

	return counting->fired && counting->done && counting->posted;
}

static void timers_mails_and_lanes_come_back_to_the_loop(void **state)
{
	struct counting counting = { .mail = { .fn = on_mail } };
	struct loop *loop = NULL;
	struct lane *lane = NULL;

	assert_ok(loop_new(0, &loop));
	assert_ok(lane_new("test", 1, 4, &lane));
	loop_timer_start(loop, &counting.timer, 60000, on_timer);
	loop_post(loop, &counting.mail);
	assert_ok(lane_run_for(lane, loop, &counting.job, on_work, on_done));
	assert_false(loop_run_until(loop, is_counted, &counting, 20));
#ifdef VIGIL_TEST_CLOCK
	clock_advance(60000);
	loop_clock_moved(loop);
	assert_true(loop_run_until(loop, is_counted, &counting, 2000));
	assert_int_equal(counting.fired, 1);
#endif
	assert_int_equal(counting.worked, 1);
	assert_int_equal(counting.done, 1);
	assert_int_equal(counting.posted, 1);
	loop_timer_stop(loop, &counting.timer);
	lane_free(lane);
	loop_free(loop);
}

/* A turn of 30 ms that begins with a mail. */
static void on_long_mail(struct mail *mail)
{
	int64_t end_us = clock_steady_us() + 30000;

	while (clock_steady_us() < end_us)
		continue;
	CONTAINER_OF(mail, struct counting, mail)->posted++;
}

static bool is_posted(void *arg)
{
	return ((const struct counting *)arg)->posted > 0;
}

static bool is_window_over(void *arg)
{
	return clock_steady_us() >= *(const int64_t *)arg;
}

static void work_in_callbacks_counts_as_busy(void **state)
{
	struct counting counting = { .mail = { .fn = on_long_mail } };
	struct loop *loop = NULL;

	assert_ok(loop_new(0, &loop));
	int64_t end_us = clock_steady_us() + 520000;
	loop_post(loop, &counting.mail);
	assert_true(loop_run_until(loop, is_posted, &counting, 2000));
	assert_true(loop_run_until(loop, is_window_over, &end_us, 2000));
	assert_in_range(loop_busy_permille(loop), 30, 1000);
	loop_free(loop);
}

static void a_late_mail_of_a_joined_loop_is_settled(void **state)
{
	struct counting counting = { .mail = { .fn = on_mail } };
	struct loop *loop = NULL;

	assert_ok(loop_new(0, &loop));
	assert_ok(loop_start(loop));
	loop_stop(loop);
	loop_join(loop);
	loop_post(loop, &counting.mail);
	assert_true(loop_settle(loop));
	assert_int_equal(counting.posted, 1);
	assert_false(loop_settle(loop));
	loop_free(loop);
}

#ifdef VIGIL_TEST_CLOCK
static void a_peer_that_takes_nothing_is_not_waited_for(void **state)
{
	struct fixture fixture;
	uint8_t *block = calloc(1, CONN_QUEUE_MAX);

	start(&fixture, true);
	conn_pause(fixture.server);
	while (conn_queued_bytes(fixture.client) < CONN_QUEUE_MAX / 2)
		assert_ok(conn_send(fixture.client, block, CONN_QUEUE_MAX / 4));
	conn_close_gently(fixture.client);
	assert_false(loop_run_until(fixture.loop, is_client_over, &fixture, 20));
	clock_advance(CONN_PARTING_MS - 1000);
	loop_clock_moved(fixture.loop);
	assert_false(loop_run_until(fixture.loop, is_client_over, &fixture, 20));
	clock_advance(1000);
	loop_clock_moved(fixture.loop);
	assert_true(loop_run_until(fixture.loop, is_client_over, &fixture, 2000));
	assert_int_equal(fixture.client_end, ERR_TIMEOUT);
	free(block);
	finish(&fixture);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_comes_back_whole),
		cmocka_unit_test(a_gentle_close_sends_what_is_queued_first),
		cmocka_unit_test(a_queue_past_its_limit_closes_the_connection),
		cmocka_unit_test(loopback_is_not_dialled_without_permission),
		cmocka_unit_test(only_public_addresses_may_be_dialled),
		cmocka_unit_test(timers_mails_and_lanes_come_back_to_the_loop),
		cmocka_unit_test(work_in_callbacks_counts_as_busy),
		cmocka_unit_test(a_late_mail_of_a_joined_loop_is_settled),
#ifdef VIGIL_TEST_CLOCK
		cmocka_unit_test(a_peer_that_takes_nothing_is_not_waited_for),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
