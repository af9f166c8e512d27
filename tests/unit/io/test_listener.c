/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metric.h"
#include "io/address.h"
#include "io/listener.h"
#include "tests/unit/unit.h"

#define CLIENTS 40

struct door {
	struct loop *loop;
	struct listener *listener;
	int accepted, closed;
	bool refuses;
	struct conn *conns[CLIENTS];
};

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
}

static void on_closed(void *owner, enum err err)
{
	((struct door *)owner)->closed++;
}

static const struct conn_events events = { .on_bytes = on_bytes, .on_closed = on_closed };

static enum err on_accept(void *owner, struct loop *loop, struct conn_setup *setup)
{
	struct door *door = owner;

	if (door->refuses)
		return ERR_DENIED;
	setup->events = &events;
	setup->owner = door;
	return conn_new(loop, setup, &door->conns[door->accepted++ % CLIENTS]);
}

static void open_door(struct door *door, struct listener_setup setup)
{
	struct why why = { 0 };

	*door = (struct door){ 0 };
	setup.name = "test";
	setup.on_accept = on_accept;
	setup.owner = door;
	if (!setup.address)
		setup.address = "127.0.0.1:0";
	assert_ok(loop_new(0, &door->loop));
	if (listener_open(&setup, &door->listener, &why) != ERR_OK)
		fail_msg("%s", why.text);
	assert_ok(listener_start(door->listener, door->loop));
}

static bool are_all_closed(void *arg)
{
	const struct door *door = arg;

	return door->closed == door->accepted;
}

static void shut_door(struct door *door)
{
	conn_close_all(door->loop);
	assert_true(loop_run_until(door->loop, are_all_closed, door, 2000));
	listener_stop(door->listener, door->loop);
	listener_stop(door->listener, door->loop);
	loop_free(door->loop);
	listener_free(door->listener);
}

static int connect_to(const struct door *door)
{
	struct sockaddr_storage address;
	socklen_t size;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_ok(address_parse(listener_address(door->listener), &address, &size));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	return fd;
}

static bool never(void *arg)
{
	return false;
}

static void turn(struct door *door, int64_t ms)
{
	(void)loop_run_until(door->loop, never, NULL, ms);
}

/* The server has closed this end. */
static bool is_shut(int fd)
{
	char byte;
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

static void connections_up_to_the_limit_live_and_one_past_it_is_closed(void **state)
{
	struct door door;
	int fds[4];

	open_door(&door, (struct listener_setup){ .connections_max = 3 });
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = connect_to(&door);
	turn(&door, 30);
	assert_int_equal(door.accepted, 3);
	for (size_t i = 0; i < 3; i++)
		assert_false(is_shut(fds[i]));
	assert_true(is_shut(fds[3]));
	/* A place that is free again is given again. */
	(void)close(fds[0]);
	turn(&door, 30);
	assert_int_equal(door.closed, 1);
	int again = connect_to(&door);
	turn(&door, 30);
	assert_int_equal(door.accepted, 4);
	assert_false(is_shut(again));
	(void)close(again);
	for (size_t i = 1; i < COUNT_OF(fds); i++)
		(void)close(fds[i]);
	shut_door(&door);
}

static void an_owner_that_refuses_costs_no_place(void **state)
{
	struct door door;

	open_door(&door, (struct listener_setup){ .connections_max = 1 });
	door.refuses = true;
	for (int i = 0; i < 3; i++) {
		int fd = connect_to(&door);
		turn(&door, 10);
		assert_true(is_shut(fd));
		(void)close(fd);
	}
	door.refuses = false;
	int fd = connect_to(&door);
	turn(&door, 10);
	assert_int_equal(door.accepted, 1);
	(void)close(fd);
	shut_door(&door);
}

#ifdef VIGIL_TEST_CLOCK
static void a_stampede_is_taken_in_at_the_pace_that_was_set(void **state)
{
	struct door door;
	int fds[CLIENTS];

	open_door(&door, (struct listener_setup){ .connections_max = 100, .accepts_per_s = 100 });
	for (size_t i = 0; i < CLIENTS; i++)
		fds[i] = connect_to(&door);
	turn(&door, 8);
	assert_in_range(door.accepted, 1, 7);
	int before = door.accepted;
	while (door.accepted < CLIENTS && before < 2000) {
		clock_advance(50);
		loop_clock_moved(door.loop);
		turn(&door, 8);
		assert_in_range(door.accepted - before, 1, 7);
		before = door.accepted;
	}
	assert_int_equal(door.accepted, CLIENTS);
	for (size_t i = 0; i < CLIENTS; i++)
		(void)close(fds[i]);
	shut_door(&door);
}
#endif

static void plain_beyond_loopback_needs_permission(void **state)
{
	struct listener *listener = NULL;
	struct listener_setup setup = { .name = "http", .address = "0.0.0.0:0" };
	struct why why = { 0 };

	assert_err(listener_open(&setup, &listener, &why), ERR_DENIED);
	assert_non_null(strstr(why.text, "--allow-plain"));
	setup.is_plain_allowed = true;
	assert_ok(listener_open(&setup, &listener, &why));
	listener_free(listener);
	listener = NULL;
	setup.address = "nonsense";
	assert_err(listener_open(&setup, &listener, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "ADDRESS:PORT"));
	assert_null(listener);
	listener_free(NULL);
}

static void a_port_in_use_is_named(void **state)
{
	struct door door;
	struct listener *second = NULL;
	struct why why = { 0 };

	open_door(&door, (struct listener_setup){ .connections_max = 1 });
	const struct listener_setup setup = { .name = "rtmp",
		                              .address = listener_address(door.listener) };
	assert_err(listener_open(&setup, &second, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "rtmp: 127.0.0.1:"));
	assert_non_null(strstr(why.text, "in use"));
	shut_door(&door);
}

/* Runs `check` in a child, because it changes what belongs to the process; 0: all is well. */
static void in_child(int (*check)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A line of the child's that did not hold is its exit status. */
#define child_checks(claim)                        \
	do {                                       \
		if (!(claim))                      \
			return __LINE__ % 250 + 1; \
	} while (0)

static int check_descriptors_out(void)
{
	struct door door;
	int fds[8], spare[64];
	size_t taken = 0;
	struct rlimit limit;

	open_door(&door, (struct listener_setup){ .connections_max = 100 });
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = connect_to(&door);
	child_checks(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 48;
	child_checks(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while (taken < COUNT_OF(spare) && (spare[taken] = dup(0)) >= 0)
		taken++;
	child_checks(taken > 0 && taken < COUNT_OF(spare));
	int64_t refused = metric_get(METRIC_accept_refused_total);
	turn(&door, 50);
	child_checks(door.accepted == 0);
	child_checks(metric_get(METRIC_accept_refused_total) - refused == COUNT_OF(fds));
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		child_checks(is_shut(fds[i]));
	/* And it recovers. */
	for (size_t i = 0; i < taken; i++)
		(void)close(spare[i]);
	int again = connect_to(&door);
	turn(&door, 50);
	child_checks(door.accepted == 1 && !is_shut(again));
	return 0;
}

static void without_descriptors_clients_are_refused_and_later_served(void **state)
{
	in_child(check_descriptors_out);
}

static int check_inherited(void)
{
	struct door door;
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof address;
	char expected[ADDRESS_TEXT_SIZE], pid[16];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	child_checks(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0);
	child_checks(listen(fd, 10) == 0);
	child_checks(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
	address_format((struct sockaddr *)&address, expected);
	child_checks(dup2(fd, 4) == 4); /* the second of two, from 3 on */
	(void)snprintf(pid, sizeof pid, "%d", (int)getpid());
	child_checks(setenv("LISTEN_FDS", "2", 1) == 0);
	child_checks(setenv("LISTEN_FDNAMES", "other:test", 1) == 0);
	child_checks(setenv("LISTEN_PID", pid, 1) == 0);
	/* A client of the server before waits in the backlog. */
	int waiting = socket(AF_INET, SOCK_STREAM, 0);
	child_checks(connect(waiting, (struct sockaddr *)&address, size) == 0);
	open_door(&door, (struct listener_setup){ .address = "127.0.0.1:1", .connections_max = 5 });
	child_checks(strcmp(listener_address(door.listener), expected) == 0);
	turn(&door, 30);
	child_checks(door.accepted == 1 && !is_shut(waiting));
	return 0;
}

static void an_inherited_socket_is_taken_over_with_its_queue(void **state)
{
	in_child(check_inherited);
}

static int check_not_inherited(void)
{
	static const struct {
		const char *fds, *names, *pid;
	} cases[] = {
		{ "0", "test", NULL },       { "nonsense", "test", NULL }, { "1", "other", NULL },
		{ "1", "test", "1" },        { "1", "test", "nonsense" },  { "1", "", NULL },
		{ "1", "other:test", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct door door;
		child_checks(setenv("LISTEN_FDS", cases[i].fds, 1) == 0);
		child_checks(setenv("LISTEN_FDNAMES", cases[i].names, 1) == 0);
		child_checks(cases[i].pid ? setenv("LISTEN_PID", cases[i].pid, 1) == 0
		                          : unsetenv("LISTEN_PID") == 0);
		open_door(&door, (struct listener_setup){ .connections_max = 5 });
		int fd = connect_to(&door);
		turn(&door, 20);
		child_checks(door.accepted == 1);
		(void)close(fd);
		shut_door(&door);
	}
	return 0;
}

static void sockets_meant_for_others_are_left_alone(void **state)
{
	in_child(check_not_inherited);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_up_to_the_limit_live_and_one_past_it_is_closed),
		cmocka_unit_test(an_owner_that_refuses_costs_no_place),
#ifdef VIGIL_TEST_CLOCK
		cmocka_unit_test(a_stampede_is_taken_in_at_the_pace_that_was_set),
#endif
		cmocka_unit_test(plain_beyond_loopback_needs_permission),
		cmocka_unit_test(a_port_in_use_is_named),
		cmocka_unit_test(without_descriptors_clients_are_refused_and_later_served),
		cmocka_unit_test(an_inherited_socket_is_taken_over_with_its_queue),
		cmocka_unit_test(sockets_meant_for_others_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
