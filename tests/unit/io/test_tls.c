/* SPDX-License-Identifier: Apache-2.0 */
/* Connections over TLS and how owners treat them: large, paused, handed over, closed inside. */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/metric.h"
#include "io/dial.h"
#include "io/listener.h"
#include "io/tls.h"
#include "tests/unit/io/certificate.h"
#include "tests/unit/unit.h"

#define LARGE_BYTES (6 * 1024 * 1024)

/* One end: sends `to_send` without queueing, collects what comes. */
struct peer {
	struct conn *conn;
	struct buf received;
	const uint8_t *bytes;
	size_t to_send, sent;
	bool is_closed, closes_at_first_byte, is_echo;
	enum err end;
};

struct pair {
	struct certificate certificate;
	struct loop *loop;
	struct tls *server_tls, *client_tls;
	struct listener *listener;
	struct dial dial;
	struct dial_policy policy;
	struct peer server, client;
	enum err dialled;
	bool is_dialled;
};

static void push(struct peer *peer)
{
	while (peer->sent < peer->to_send) {
		/* Three parts of odd sizes. */
		struct iovec parts[3];
		size_t left = peer->to_send - peer->sent, at = peer->sent, count = 0;
		for (; count < 3 && left; count++) {
			size_t size = count == 0 ? 9 : count == 1 ? 40000 : 100;
			size = size < left ? size : left;
			const uint8_t *from = peer->bytes + at;
			memcpy(&parts[count].iov_base, &from, sizeof from);
			parts[count].iov_len = size;
			at += size;
			left -= size;
		}
		size_t sent = 0;
		enum err err = conn_try_send(peer->conn, parts, count, &sent);
		peer->sent += sent;
		if (err == ERR_OK)
			continue;
		assert_err(err, ERR_BUSY);
		conn_want_write(peer->conn);
		return;
	}
}

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	struct peer *peer = owner;

	assert_false(peer->is_closed);
	buf_add(&peer->received, bytes, size);
	if (peer->is_echo)
		assert_ok(conn_send(peer->conn, bytes, size));
	if (peer->closes_at_first_byte)
		conn_close(peer->conn, ERR_OK);
	else
		push(peer);
}

static void on_writable(void *owner)
{
	push(owner);
}

static void on_closed(void *owner, enum err err)
{
	struct peer *peer = owner;

	peer->end = err;
	peer->is_closed = true;
	peer->conn = NULL;
}

static const struct conn_events peer_events = { .on_bytes = on_bytes,
	                                        .on_writable = on_writable,
	                                        .on_closed = on_closed };

static enum err on_accept(void *owner, struct loop *loop, struct conn_setup *setup)
{
	struct pair *pair = owner;

	setup->events = &peer_events;
	setup->owner = &pair->server;
	return conn_new(loop, setup, &pair->server.conn);
}

static void on_dialled(struct dial *dial, struct conn *conn, enum err err)
{
	struct pair *pair = CONTAINER_OF(dial, struct pair, dial);

	pair->client.conn = conn;
	pair->dialled = err;
	pair->is_dialled = true;
}

static bool is_dialled(void *arg)
{
	return ((struct pair *)arg)->is_dialled;
}

static void dial(struct pair *pair, const char *host, struct tls *tls)
{
	const char *address = listener_address(pair->listener);
	char host_port[64];

	(void)snprintf(host_port, sizeof host_port, "%s%s", host, strrchr(address, ':'));
	pair->is_dialled = false;
	pair->client.is_closed = pair->server.is_closed = false;
	pair->client.conn = pair->server.conn = NULL;
	pair->dial = (struct dial){
		.on_done = on_dialled, .events = &peer_events, .owner = &pair->client, .tls = tls
	};
	assert_ok(dial_start(&pair->dial, pair->loop, &pair->policy, host_port));
	assert_true(loop_run_until(pair->loop, is_dialled, pair, 2000));
	assert_ok(pair->dialled);
}

static int start(void **state)
{
	struct pair *pair = calloc(1, sizeof *pair);
	struct why why;

	certificate_start(&pair->certificate);
	buf_init(&pair->server.received, 2 * LARGE_BYTES);
	buf_init(&pair->client.received, 2 * LARGE_BYTES);
	assert_ok(loop_new(0, &pair->loop));
	pair->policy.is_all_allowed = true;
	assert_ok(tls_server_new(pair->certificate.cert_path, pair->certificate.key_path,
	                         &pair->server_tls, &why));
	assert_ok(tls_client_new(pair->certificate.cert_path, false, &pair->client_tls, &why));
	const struct listener_setup setup = { .name = "test",
		                              .address = "127.0.0.1:0",
		                              .tls = pair->server_tls,
		                              .connections_max = 10,
		                              .on_accept = on_accept,
		                              .owner = pair };
	assert_ok(listener_open(&setup, &pair->listener, NULL));
	assert_ok(listener_start(pair->listener, pair->loop));
	*state = pair;
	return 0;
}

static bool is_over(void *arg)
{
	const struct pair *pair = arg;

	return !pair->client.conn && !pair->server.conn;
}

static void close_both(struct pair *pair)
{
	conn_close_all(pair->loop);
	assert_true(loop_run_until(pair->loop, is_over, pair, 2000));
}

static int stop(void **state)
{
	struct pair *pair = *state;

	close_both(pair);
	listener_stop(pair->listener, pair->loop);
	loop_free(pair->loop);
	listener_free(pair->listener);
	tls_free(pair->server_tls);
	tls_free(pair->client_tls);
	buf_done(&pair->server.received);
	buf_done(&pair->client.received);
	certificate_stop(&pair->certificate);
	free(pair);
	return 0;
}

static bool has_both(void *arg)
{
	const struct pair *pair = arg;

	return (pair->server.received.size >= pair->client.to_send &&
	        pair->client.received.size >= pair->server.to_send) ||
	       pair->client.is_closed || pair->server.is_closed;
}

static void exchange(struct pair *pair, size_t up_bytes, size_t down_bytes)
{
	uint8_t *bytes = malloc(LARGE_BYTES);

	for (size_t i = 0; i < LARGE_BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	buf_clear(&pair->server.received);
	buf_clear(&pair->client.received);
	pair->server.bytes = pair->client.bytes = bytes;
	pair->client.to_send = up_bytes;
	pair->server.to_send = down_bytes;
	pair->client.sent = pair->server.sent = 0;
	push(&pair->client);
	assert_true(loop_run_until(pair->loop, has_both, pair, 20000));
	assert_int_equal(pair->server.received.size, up_bytes);
	assert_int_equal(pair->client.received.size, down_bytes);
	assert_memory_equal(pair->server.received.at, bytes, up_bytes);
	assert_memory_equal(pair->client.received.at, bytes, down_bytes);
	pair->client.to_send = pair->server.to_send = 0;
	pair->client.sent = pair->server.sent = 0;
	free(bytes);
}

static void large_bytes_go_both_ways_at_once(void **state)
{
	struct pair *pair = *state;

	dial(pair, "localhost", pair->client_tls);
	exchange(pair, LARGE_BYTES, LARGE_BYTES);
	assert_true(conn_is_tls(pair->client.conn));
	assert_true(conn_is_tls(pair->server.conn));
	assert_true(conn_is_loopback(pair->server.conn));
}

/* The bytes arrive either way; who made the records is counted. */
static void the_kernel_seals_where_it_can(void **state)
{
	struct pair *pair = *state;
	struct why why = { 0 };
	int64_t total = metric_get(METRIC_tls_total),
		in_kernel = metric_get(METRIC_tls_kernel_total);
	bool has_kernel = tls_has_kernel(&why);

	dial(pair, "localhost", pair->client_tls);
	exchange(pair, LARGE_BYTES, LARGE_BYTES);
	assert_int_equal(metric_get(METRIC_tls_total) - total, 2);
	if (has_kernel) {
		assert_int_equal(metric_get(METRIC_tls_kernel_total) - in_kernel, 2);
		return;
	}
	assert_int_equal(metric_get(METRIC_tls_kernel_total) - in_kernel, 0);
	skip_because(why.text);
}

static void the_same_port_takes_plain_on_loopback(void **state)
{
	struct pair *pair = *state;
	char peer[CONN_ADDRESS_SIZE], local[CONN_ADDRESS_SIZE];

	dial(pair, "127.0.0.1", NULL);
	exchange(pair, LARGE_BYTES, LARGE_BYTES);
	assert_false(conn_is_tls(pair->server.conn));
	conn_peer(pair->client.conn, peer);
	conn_local(pair->server.conn, local);
	assert_string_equal(peer, local);
	assert_string_equal(peer, listener_address(pair->listener));
}

static void what_is_queued_arrives_whole(void **state)
{
	struct pair *pair = *state;
	uint8_t *block = calloc(1, 100000);

	dial(pair, "localhost", pair->client_tls);
	memset(block, 7, 100000);
	pair->client.to_send = 900000; /* what has_both() waits for */
	pair->client.sent = 900000;
	for (int i = 0; i < 9; i++)
		assert_ok(conn_send(pair->client.conn, block, 100000));
	assert_true(loop_run_until(pair->loop, has_both, pair, 5000));
	assert_int_equal(pair->server.received.size, 900000);
	assert_int_equal(conn_queued_bytes(pair->client.conn), 0);
	free(block);
}

static bool never(void *arg)
{
	return false;
}

static bool has_some(void *arg)
{
	return ((struct pair *)arg)->server.received.size > 0;
}

static void a_paused_reader_hears_nothing_until_it_resumes(void **state)
{
	struct pair *pair = *state;
	struct tls *kinds[] = { pair->client_tls, NULL };
	uint8_t *block = calloc(1, 300000);

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		buf_clear(&pair->server.received);
		dial(pair, "localhost", kinds[i]);
		assert_ok(conn_send(pair->client.conn, "x", 1));
		assert_true(loop_run_until(pair->loop, has_some, pair, 2000));
		conn_pause(pair->server.conn);
		assert_ok(conn_send(pair->client.conn, block, 300000));
		(void)loop_run_until(pair->loop, never, NULL, 30);
		assert_int_equal(pair->server.received.size, 1);
		conn_resume(pair->server.conn);
		conn_resume(pair->server.conn);
		pair->client.to_send = pair->client.sent = 300001;
		assert_true(loop_run_until(pair->loop, has_both, pair, 5000));
		assert_int_equal(pair->server.received.size, 300001);
		close_both(pair);
	}
	free(block);
}

static void another_owner_hears_from_the_hand_over_on(void **state)
{
	struct pair *pair = *state;
	struct peer second = { 0 };

	buf_init(&second.received, 1000);
	dial(pair, "localhost", pair->client_tls);
	assert_ok(conn_send(pair->client.conn, "one", 3));
	assert_true(loop_run_until(pair->loop, has_some, pair, 2000));
	second.conn = pair->server.conn;
	conn_hand_over(pair->server.conn, &peer_events, &second);
	pair->server.conn = NULL;
	assert_ok(conn_send(pair->client.conn, "two", 3));
	conn_close_gently(pair->client.conn);
	(void)loop_run_until(pair->loop, is_over, pair, 3000);
	assert_str(buf_str(&pair->server.received), "one");
	assert_str(buf_str(&second.received), "two");
	assert_true(second.is_closed);
	assert_false(pair->server.is_closed);
	buf_done(&second.received);
}

static void a_close_inside_a_callback_is_the_last_that_is_heard(void **state)
{
	struct pair *pair = *state;
	uint8_t *block = calloc(1, 500000);
	struct tls *kinds[] = { pair->client_tls, NULL };

	pair->server.closes_at_first_byte = true;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		dial(pair, "localhost", kinds[i]);
		(void)conn_send(pair->client.conn, block, 500000);
		assert_true(loop_run_until(pair->loop, is_over, pair, 5000));
		assert_err(pair->server.end, ERR_OK);
		assert_int_not_equal(pair->client.end, ERR_OK);
	}
	free(block);
}

static void a_certificate_that_is_not_trusted_or_of_another_name_is_refused(void **state)
{
	struct pair *pair = *state;
	struct tls *system = NULL;

	assert_ok(tls_client_new(NULL, false, &system, NULL));
	dial(pair, "localhost", system);
	(void)conn_send(pair->client.conn, "x", 1);
	assert_true(loop_run_until(pair->loop, is_over, pair, 5000));
	assert_err(pair->client.end, ERR_MALFORMED);
	dial(pair, "127.0.0.1", pair->client_tls);
	(void)conn_send(pair->client.conn, "x", 1);
	assert_true(loop_run_until(pair->loop, is_over, pair, 5000));
	assert_err(pair->client.end, ERR_MALFORMED);
	assert_int_equal(pair->server.received.size, 0);
	tls_free(system);
}

static void a_reload_gives_new_connections_the_new_certificate(void **state)
{
	struct pair *pair = *state;
	struct tls *second = NULL;
	struct why why = { 0 };

	certificate_make(&pair->certificate, 2);
	assert_ok(tls_client_new(pair->certificate.cert_path, false, &second, NULL));
	assert_ok(tls_reload(pair->server_tls, &why));
	dial(pair, "localhost", second);
	exchange(pair, 1000, 1000);
	/* Files that do not fit leave the certificate as it is, and the connection too. */
	FILE *file = fopen(pair->certificate.key_path, "w");
	assert_int_equal(fclose(file), 0);
	assert_err(tls_reload(pair->server_tls, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, pair->certificate.key_path));
	exchange(pair, 1000, 1000);
	close_both(pair);
	dial(pair, "localhost", second);
	exchange(pair, 1000, 1000);
	close_both(pair);
	tls_free(second);
}

static void files_that_are_not_there_are_named(void **state)
{
	struct tls *tls = NULL;
	struct why why = { 0 };

	assert_err(tls_server_new("/nowhere/cert.pem", "/nowhere/key.pem", &tls, &why),
	           ERR_INVALID);
	assert_non_null(strstr(why.text, "/nowhere/cert.pem"));
	assert_err(tls_client_new("/nowhere/ca.pem", false, &tls, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "/nowhere/ca.pem"));
	assert_null(tls);
	tls_free(NULL);
}

static void bytes_that_only_look_like_tls_are_malformed(void **state)
{
	struct pair *pair = *state;

	dial(pair, "127.0.0.1", NULL);
	assert_ok(conn_send(pair->client.conn, "\x16 this is no record at all", 25));
	assert_true(loop_run_until(pair->loop, is_over, pair, 5000));
	assert_err(pair->server.end, ERR_MALFORMED);
}

static int64_t spent_us(void)
{
	struct timespec spent;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent), 0);
	return (int64_t)spent.tv_sec * 1000000 + spent.tv_nsec / 1000;
}

/* The server speaks no TLS: the client's first bytes wait for an answer that never comes. */
static void a_handshake_without_an_answer_costs_no_time(void **state)
{
	struct pair *pair = *state;
	struct tls *unverified = NULL;
	struct listener *started = pair->listener, *silent = NULL;
	const struct listener_setup setup = { .name = "silent", .address = "127.0.0.1:0" };

	assert_ok(listener_open(&setup, &silent, NULL)); /* never started: its backlog connects */
	assert_ok(tls_client_new(NULL, true, &unverified, NULL));
	pair->listener = silent;
	dial(pair, "127.0.0.1", unverified);
	pair->listener = started;
	assert_ok(conn_send(pair->client.conn, "x", 1));
	int64_t before_us = spent_us();
	(void)loop_run_until(pair->loop, never, NULL, 300);
	assert_true(spent_us() - before_us < 60000);
	assert_int_equal(conn_queued_bytes(pair->client.conn), 1);
	close_both(pair);
	tls_free(unverified);
	listener_free(silent);
}

#define cmocka_unit_test_in_pair(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	/* As the programs do: OpenSSL writes to sockets whose peer is gone. */
	(void)signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_pair(large_bytes_go_both_ways_at_once),
		cmocka_unit_test_in_pair(the_kernel_seals_where_it_can),
		cmocka_unit_test_in_pair(the_same_port_takes_plain_on_loopback),
		cmocka_unit_test_in_pair(what_is_queued_arrives_whole),
		cmocka_unit_test_in_pair(a_paused_reader_hears_nothing_until_it_resumes),
		cmocka_unit_test_in_pair(another_owner_hears_from_the_hand_over_on),
		cmocka_unit_test_in_pair(a_close_inside_a_callback_is_the_last_that_is_heard),
		cmocka_unit_test_in_pair(
			a_certificate_that_is_not_trusted_or_of_another_name_is_refused),
		cmocka_unit_test_in_pair(a_reload_gives_new_connections_the_new_certificate),
		cmocka_unit_test_in_pair(files_that_are_not_there_are_named),
		cmocka_unit_test_in_pair(a_handshake_without_an_answer_costs_no_time),
		cmocka_unit_test_in_pair(bytes_that_only_look_like_tls_are_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
