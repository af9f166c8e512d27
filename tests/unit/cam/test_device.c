/* SPDX-License-Identifier: Apache-2.0 */
/* The device's clockwork: how long a push is wanted. Time is moved by hand. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "cam/network/device_private.h"
#include "cam/network/fault.h"
#include "cam/network/station.h"
#include "tests/unit/cam/fixture.h"
#include "tests/unit/unit.h"

#ifdef VIGIL_TEST_CLOCK

#define SETTLE_MS 50

/* A device without a link, and a server that takes its connections and says nothing. */
static struct {
	struct loop *loop;
	struct dial_policy policy;
	struct poster poster;
	struct scene *scene;
	struct device_setup setup;
	struct link link;
	struct device *device;
	int listener;
	char url[64];
} house;

static int set_up(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;

	memset(&house, 0, sizeof house);
	if (fixture_set_up(state) != 0)
		return -1;
	house.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(house.listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(house.listener, 16), 0);
	assert_int_equal(getsockname(house.listener, (struct sockaddr *)&address, &size), 0);
	(void)snprintf(house.url, sizeof house.url, "rtmp://127.0.0.1:%u/live/CAM",
	               ntohs(address.sin_port));
	house.policy.is_all_allowed = true;
	assert_ok(loop_new(0, &house.loop));
	assert_ok(poster_init(&house.poster));
	assert_ok(scene_new(&house.scene));
	house.setup = (struct device_setup){ .loop = house.loop,
		                             .policy = &house.policy,
		                             .poster = &house.poster,
		                             .scene = house.scene,
		                             .state = *state };
	return device_new(&house.setup, &house.link, "CAM", "secret", NULL, false, &house.device,
	                  NULL) == ERR_OK
	               ? 0
	               : -1;
}

static int tear_down(void **state)
{
	device_stop(house.device);
	poster_done(&house.poster);
	conn_close_all(house.loop);
	loop_free(house.loop);
	device_free(house.device);
	scene_free(house.scene);
	(void)close(house.listener);
	return fixture_tear_down(state);
}

static bool never(void *arg)
{
	return false;
}

static void pass(int64_t ms)
{
	clock_advance(ms);
	loop_clock_moved(house.loop);
	(void)loop_run_until(house.loop, never, NULL, SETTLE_MS);
}

static void play(void)
{
	assert_ok(device_play(house.device, str_of(house.url)));
	(void)loop_run_until(house.loop, never, NULL, SETTLE_MS);
}

/* How many came since the last call. */
static int connections(void)
{
	int count = 0;

	for (int fd; (fd = accept(house.listener, NULL, NULL)) >= 0; count++)
		(void)close(fd);
	return count;
}

static void without_play_a_push_ends_by_itself(void **state)
{
	play();
	assert_true(house.device->is_push_wanted);
	pass(DEVICE_SELF_STOP_MS - 2000);
	assert_true(house.device->is_push_wanted);
	pass(2000);
	assert_false(house.device->is_push_wanted);
	assert_true(push_is_idle(&house.device->push));
}

static void each_play_puts_the_end_off(void **state)
{
	play();
	for (int i = 0; i < 3; i++) {
		pass(60000);
		play();
	}
	pass(DEVICE_SELF_STOP_MS - 2000);
	assert_true(house.device->is_push_wanted);
	pass(2000);
	assert_false(house.device->is_push_wanted);
}

static void the_fault_no_self_stop_pushes_on(void **state)
{
	house.setup.faults = FAULT_NO_SELF_STOP;
	play();
	pass(10 * DEVICE_SELF_STOP_MS);
	assert_true(house.device->is_push_wanted);
}

static void a_repeated_play_keeps_the_connection(void **state)
{
	play();
	play();
	assert_int_equal(connections(), 1);
}

static void the_same_address_with_another_token_keeps_the_connection(void **state)
{
	char other[80];

	play();
	(void)snprintf(other, sizeof other, "%s?token=new", house.url);
	assert_ok(device_play(house.device, str_of(other)));
	(void)loop_run_until(house.loop, never, NULL, SETTLE_MS);
	assert_int_equal(connections(), 1);
	assert_string_equal(house.device->push_url, other);
}

static void another_address_is_another_push(void **state)
{
	char other[80];

	play();
	(void)snprintf(other, sizeof other, "%s2", house.url);
	assert_ok(device_play(house.device, str_of(other)));
	(void)loop_run_until(house.loop, never, NULL, SETTLE_MS);
	assert_int_equal(connections(), 2);
	assert_string_equal(house.device->push_url, other);
}

static void a_push_nobody_answers_is_given_up_and_tried_again(void **state)
{
	play();
	assert_int_equal(house.device->push.state, PUSH_GREETING);
	pass(PUSH_PUBLISH_MS);
	assert_int_equal(house.device->push.state, PUSH_IDLE);
	assert_true(timer_is_running(&house.device->push_timer));
	pass(1000);
	assert_int_equal(house.device->push.state, PUSH_GREETING);
}

#endif

static void names_of_many_have_four_digits_or_more(void **state)
{
	char did[CAMERA_DID_MAX + 1], first[CAMERA_DID_MAX + 1];

	assert_ok(station_did("C", 7, 50, did));
	assert_string_equal(did, "C0007");
	assert_ok(station_did("C", 7, 20000, did));
	assert_string_equal(did, "C00007");
	memset(first, 'f', sizeof first);
	first[CAMERA_DID_MAX - 4] = '\0';
	assert_ok(station_did(first, 1, 1, did));
	first[CAMERA_DID_MAX - 4] = 'f';
	first[CAMERA_DID_MAX - 3] = '\0';
	assert_err(station_did(first, 1, 1, did), ERR_TOO_LARGE);
}

static void every_fault_has_a_name(void **state)
{
	static const char *const names[] = { "no-answer",       "late-answer", "no-push",
		                             "no-keyframe",     "drop-rtmp",   "wrong-did",
		                             "push-after-stop", "no-self-stop" };
	unsigned faults = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_true(fault_add(&faults, names[i]));
	assert_int_equal(faults, 0xff);
	assert_false(fault_add(&faults, "no-sense"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef VIGIL_TEST_CLOCK
		cmocka_unit_test_setup_teardown(without_play_a_push_ends_by_itself, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(each_play_puts_the_end_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_fault_no_self_stop_pushes_on, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_repeated_play_keeps_the_connection, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(
			the_same_address_with_another_token_keeps_the_connection, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(another_address_is_another_push, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_push_nobody_answers_is_given_up_and_tried_again,
		                                set_up, tear_down),
#endif
		cmocka_unit_test(names_of_many_have_four_digits_or_more),
		cmocka_unit_test(every_fault_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
