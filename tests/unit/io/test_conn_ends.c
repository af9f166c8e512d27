/* SPDX-License-Identifier: Apache-2.0 */
/* Connections and listeners whose beginning or end is not the usual one. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/listener.h"
#include "io/tls.h"
#include "tests/unit/unit.h"

struct end {
	struct loop *loop;
	struct conn *conn;
	bool is_closed;
};

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	(void)owner;
}

static void on_closed(void *owner, enum err err)
{
	((struct end *)owner)->is_closed = true;
}

static const struct conn_events events = { .on_bytes = on_bytes, .on_closed = on_closed };

/* Leaks are seen by the sanitizer's build. */
static void a_listener_that_was_never_stopped_leaves_nothing_behind(void **state)
{
	const struct listener_setup setup = { .name = "test", .address = "127.0.0.1:0" };
	struct listener *listener;
	struct loop *loop;

	assert_ok(loop_new(0, &loop));
	assert_ok(listener_open(&setup, &listener, NULL));
	assert_ok(listener_start(listener, loop));
	listener_free(listener);
	loop_free(loop);
}

static void a_connection_counts_no_more_once_it_is_closed(void **state)
{
	struct end end = { 0 };
	_Atomic size_t open_count = 1;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_ok(loop_new(0, &end.loop));
	const struct conn_setup setup = {
		.fd = ends[0], .events = &events, .owner = &end, .open_count = &open_count
	};
	assert_ok(conn_new(end.loop, &setup, &end.conn));
	conn_close(end.conn, ERR_OK);
	assert_int_equal(open_count, 0); /* its listener may go before this turn ends */
	loop_free(end.loop);
	assert_true(end.is_closed);
	assert_int_equal(open_count, 0);
	assert_int_equal(close(ends[1]), 0);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void a_client_that_waits_for_the_handshake_sleeps(void **state)
{
	struct end end = { 0 };
	struct timespec used;
	struct tls *tls;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_ok(loop_new(0, &end.loop));
	assert_ok(tls_client_new(NULL, true, &tls, NULL));
	const struct conn_setup setup = {
		.fd = ends[0], .tls = tls, .events = &events, .owner = &end
	};
	assert_ok(conn_new(end.loop, &setup, &end.conn));
	assert_ok(conn_send(end.conn, "hello", 5)); /* nobody answers */
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used), 0);
	int64_t before_ms = used.tv_sec * 1000 + used.tv_nsec / 1000000;
	(void)loop_run_until(end.loop, never, NULL, 300);
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used), 0);
	assert_in_range(used.tv_sec * 1000 + used.tv_nsec / 1000000 - before_ms, 0, 150);
	conn_close(end.conn, ERR_OK);
	loop_free(end.loop);
	tls_free(tls);
	assert_int_equal(close(ends[1]), 0);
}

/* epoll takes no plain file. */
static void a_connection_that_cannot_be_watched_leaves_its_socket_and_nothing_else(void **state)
{
	struct loop *loop;
	struct tls *tls;
	struct conn *conn;
	char path[] = "/tmp/vigil-conn-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_ok(loop_new(0, &loop));
	assert_ok(tls_client_new(NULL, true, &tls, NULL));
	const struct conn_setup setup = { .fd = fd, .tls = tls, .events = &events };
	assert_err(conn_new(loop, &setup, &conn), ERR_NO_MEMORY);
	assert_int_equal(close(fd), 0);
	loop_free(loop);
	tls_free(tls);
}

#define INHERITED_FD 63

static void an_inherited_listener_is_not_inherited_further(void **state)
{
	const struct listener_setup setup = { .name = "test", .address = "127.0.0.1:0" };
	struct listener *own, *inherited;
	char names[INHERITED_FD + 4] = "";
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_addr = { htonl(INADDR_LOOPBACK) } };

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(dup2(fd, INHERITED_FD), INHERITED_FD);
	assert_int_equal(close(fd), 0);
	memset(names, ':', INHERITED_FD - 3); /* the first name is descriptor 3's */
	(void)str_copy(STR("one"), names + INHERITED_FD - 3, 4);
	assert_int_equal(setenv("LISTEN_FDS", "61", 1), 0);
	assert_int_equal(setenv("LISTEN_FDNAMES", names, 1), 0);
	struct listener_setup named = setup;
	named.name = "one";
	assert_ok(listener_open(&named, &inherited, NULL));
	assert_ok(listener_open(&setup, &own, NULL));
	assert_true(fcntl(INHERITED_FD, F_GETFD) & FD_CLOEXEC);
	listener_free(own);
	listener_free(inherited);
	assert_int_equal(fcntl(INHERITED_FD, F_GETFD), -1);
	assert_int_equal(unsetenv("LISTEN_FDS"), 0);
	assert_int_equal(unsetenv("LISTEN_FDNAMES"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_that_was_never_stopped_leaves_nothing_behind),
		cmocka_unit_test(a_connection_counts_no_more_once_it_is_closed),
		cmocka_unit_test(a_client_that_waits_for_the_handshake_sleeps),
		cmocka_unit_test(
			a_connection_that_cannot_be_watched_leaves_its_socket_and_nothing_else),
		cmocka_unit_test(an_inherited_listener_is_not_inherited_further),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
