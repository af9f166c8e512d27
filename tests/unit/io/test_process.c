/* SPDX-License-Identifier: Apache-2.0 */
/* Children that echo, end, hang, or cannot be started. */
#include <signal.h>
#include <string.h>

#include "io/process.h"
#include "tests/unit/unit.h"

#define WAIT_MS    5000
#define HEARD_MAX  (1024 * 1024)
#define LARGE_SIZE (512 * 1024)

struct child {
	struct loop *loop;
	struct process *process;
	struct buf heard;
	size_t wanted;
	int status, signal;
	bool is_ended;
};

static void on_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	struct child *child = owner;

	buf_add(&child->heard, bytes, size);
}

static void on_ended(void *owner, int status, int number)
{
	struct child *child = owner;

	child->is_ended = true;
	child->status = status;
	child->signal = number;
}

static enum err start(struct child *child, const char *path)
{
	static const struct process_events events = { .on_bytes = on_bytes, .on_ended = on_ended };
	const struct process_setup setup = { .path = path, .events = &events, .owner = child };

	return process_start(child->loop, &setup, &child->process);
}

static int set_up(void **state)
{
	struct child *child = calloc(1, sizeof *child);

	assert_non_null(child);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_ok(loop_new(0, &child->loop));
	buf_init(&child->heard, HEARD_MAX);
	*state = child;
	return 0;
}

static int tear_down(void **state)
{
	struct child *child = *state;

	loop_free(child->loop);
	buf_done(&child->heard);
	free(child);
	return 0;
}

static bool is_ended(void *arg)
{
	return ((struct child *)arg)->is_ended;
}

static bool has_heard(void *arg)
{
	const struct child *child = arg;

	return child->heard.size >= child->wanted;
}

static void say(struct child *child, size_t size)
{
	AUTO_BUF bytes = { 0 };

	buf_init(&bytes, size);
	uint8_t *to = buf_reserve(&bytes, size);
	assert_non_null(to);
	memset(to, 'x', size);
	buf_grew(&bytes, size);
	assert_ok(process_send(child->process, &bytes));
	assert_int_equal(bytes.size, 0);
}

static void what_is_sent_comes_back(void **state)
{
	struct child *child = *state;

	assert_ok(start(child, "/bin/cat"));
	assert_true(process_id(child->process) > 1);
	say(child, 5);
	say(child, LARGE_SIZE); /* more than a pipe holds */
	child->wanted = LARGE_SIZE + 5;
	assert_true(loop_run_until(child->loop, has_heard, child, WAIT_MS));
	assert_int_equal(child->heard.size, child->wanted);
	assert_false(child->is_ended);
	process_end(child->process);
	assert_true(loop_run_until(child->loop, is_ended, child, WAIT_MS));
	assert_int_equal(child->status, 0);
	assert_int_equal(child->signal, 0);
}

static void its_status_is_told(void **state)
{
	struct child *child = *state;

	assert_ok(start(child, "/bin/false"));
	assert_true(loop_run_until(child->loop, is_ended, child, WAIT_MS));
	assert_int_equal(child->status, 1);
	assert_int_equal(child->signal, 0);
}

static void a_killed_one_says_so(void **state)
{
	struct child *child = *state;

	assert_ok(start(child, "/bin/cat"));
	say(child, LARGE_SIZE); /* still under way */
	process_kill(child->process);
	assert_true(loop_run_until(child->loop, is_ended, child, WAIT_MS));
	assert_int_equal(child->signal, SIGKILL);
}

static void it_has_no_environment(void **state)
{
	struct child *child = *state;

	assert_ok(start(child, "/usr/bin/env"));
	assert_true(loop_run_until(child->loop, is_ended, child, WAIT_MS));
	assert_int_equal(child->status, 0);
	assert_int_equal(child->heard.size, 0);
}

static void what_is_not_there_is_told_at_once(void **state)
{
	struct child *child = *state;

	assert_err(start(child, "/nonexistent/program"), ERR_NOT_FOUND);
	assert_err(start(child, "/etc/passwd"), ERR_DENIED);
	assert_false(child->is_ended);
}

static void an_abandoned_one_tells_nobody(void **state)
{
	struct child *child = *state;

	assert_ok(start(child, "/bin/cat"));
	pid_t id = process_id(child->process);
	say(child, LARGE_SIZE);
	process_abandon(child->process);
	assert_false(loop_run_until(child->loop, is_ended, child, 50));
	process_abandon(NULL);
	assert_true(id > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_sent_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(its_status_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_killed_one_says_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_has_no_environment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_told_at_once, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(an_abandoned_one_tells_nobody, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
