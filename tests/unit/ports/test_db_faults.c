/* SPDX-License-Identifier: Apache-2.0 */
/* What survives: a process killed while it writes, a disk that is full. Each runs its database in a
 * child of its own, so that limits and signals stay there. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/id.h"
#include "ports/db/db_sqlite.h"
#include "ports/db/db_writer.h"
#include "tests/unit/ports/db_fixture.h"
#include "tests/unit/unit.h"

#define ROUNDS      10
#define NOT_ALLOWED 77 /* a child's exit: no right to mount */

/* --- kill -9 --- */

/* Writes rows FROM, FROM+1, ... for ever, and tells each number once it is acknowledged. */
static void write_for_ever(struct fixture *fixture, int32_t from, int pipe_fd)
{
	fixture_open(fixture);
	for (int32_t number = from;; number++) {
		char name[16];
		(void)snprintf(name, sizeof name, "%08d", number);
		if (put(fixture->db, name, "row") != ERR_OK ||
		    write(pipe_fd, &number, sizeof number) != sizeof number)
			_exit(1);
	}
}

/* The numbers a killed child told, as the last one; they come without gaps. */
static int32_t kill_at_some_moment(struct fixture *fixture, int32_t from)
{
	int ends[2], status = 0;
	int32_t number = 0, last = from - 1;
	uint8_t moment[2];

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0)
		write_for_ever(fixture, from, ends[1]);
	assert_true(child > 0);
	(void)close(ends[1]);

	/* After its first row, so that every round says something. */
	assert_int_equal(read(ends[0], &number, sizeof number), sizeof number);
	last = number;
	id_random(moment, sizeof moment);
	(void)usleep((useconds_t)(moment[0] << 8 | moment[1]) * 2);
	assert_int_equal(kill(child, SIGKILL), 0);
	while (read(ends[0], &number, sizeof number) == sizeof number) {
		assert_int_equal(number, last + 1);
		last = number;
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	(void)close(ends[0]);
	return last;
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
	struct fixture *fixture = *state;
	int32_t from = 0;

	fixture_close(fixture);
	for (int round = 0; round < ROUNDS; round++) {
		int32_t last = kill_at_some_moment(fixture, from);
		fixture_open(fixture);
		int64_t count = count_settings(fixture->db);
		/* One more may be committed whose number the child could not tell any more. */
		assert_true(count == last + 1 || count == last + 2);
		from = (int32_t)count;
		fixture_close(fixture);
	}
}

/* --- the full disk --- */

static void set_file_limit(rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(10);
}

static bool put_large(struct db *db, int number, enum err *out_err)
{
	static char value[20000];
	char name[16];

	memset(value, 'x', sizeof value - 1);
	(void)snprintf(name, sizeof name, "%d", number);
	*out_err = put(db, name, value);
	return *out_err == ERR_OK;
}

/* Gives 0, or the number of the check that failed. `free_space` ends the shortage. */
static int fill_and_free(struct fixture *fixture, void (*free_space)(struct fixture *fixture))
{
	enum err err = ERR_OK;
	int stored = 0;

	while (stored < 1000 && put_large(fixture->db, stored, &err))
		stored++;
	if (err != ERR_NO_SPACE)
		return 1;
	if (count_settings(fixture->db) != stored)
		return 2;
	if (put_large(fixture->db, stored, &err) || err != ERR_NO_SPACE)
		return 3;
	free_space(fixture);
	for (int i = 0; i < 20; i++)
		if (!put_large(fixture->db, stored + i, &err))
			return 4;
	if (count_settings(fixture->db) != stored + 20)
		return 5;
	fixture_close(fixture);
	fixture_open(fixture);
	if (count_settings(fixture->db) != stored + 20)
		return 6;
	fixture_close(fixture);
	return 0;
}

static void lift_limit(struct fixture *fixture)
{
	(void)fixture;
	set_file_limit(RLIM_INFINITY);
}

static int fill_to_limit(struct fixture *fixture)
{
	(void)signal(SIGXFSZ, SIG_IGN);
	fixture_open(fixture);
	set_file_limit((rlim_t)300 * 1000);
	return fill_and_free(fixture, lift_limit);
}

static void grow_disk(struct fixture *fixture)
{
	if (mount("none", fixture->folder, "tmpfs", MS_REMOUNT, "size=8m") != 0)
		_exit(11);
}

/* On a small disk that only this child sees. */
static int fill_small_disk(struct fixture *fixture)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", fixture->folder, "tmpfs", 0, "size=1m") != 0)
		return NOT_ALLOWED;
	fixture_open(fixture);
	return fill_and_free(fixture, grow_disk);
}

/* Of a batch that could not be committed nothing is kept, however well its works went. */
static int fail_a_batch(struct fixture *fixture)
{
	static char large[200000];
	struct put_job jobs[] = {
		{ .name = "small", .value = "" },
		{ .name = "small", .value = "there already" },
		{ .name = "large", .value = large },
	};
	AUTO(db_tx) tx = NULL;

	memset(large, 'x', sizeof large - 1);
	for (size_t i = 0; i < COUNT_OF(jobs); i++) {
		jobs[i].job.work = put_work;
		jobs[i].job.next = i + 1 < COUNT_OF(jobs) ? &jobs[i + 1].job : NULL;
	}
	(void)signal(SIGXFSZ, SIG_IGN);
	if (db_tx_open(fixture->path, false, false, &tx, NULL) != ERR_OK)
		return 1;
	set_file_limit(100000);
	if (db_write_batch(tx, &jobs[0].job, false) != ERR_NO_SPACE || db_tx_is_open(tx))
		return 2;
	set_file_limit(RLIM_INFINITY);
	/* The first would fail if its row were there. */
	if (db_write_batch(tx, &jobs[0].job, false) != ERR_OK)
		return 3;
	if (jobs[0].job.err != ERR_OK || jobs[1].job.err != ERR_EXISTS || jobs[2].job.err != ERR_OK)
		return 4;
	return 0;
}

static int run_in_a_child(struct fixture *fixture, int (*run)(struct fixture *fixture))
{
	int status = 0;

	fixture_close(fixture);
	pid_t child = fork();
	if (child == 0)
		_exit(run(fixture));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_batch_is_kept_whole_or_not_at_all(void **state)
{
	assert_int_equal(run_in_a_child(*state, fail_a_batch), 0);
}

static void a_file_size_limit_is_an_error_until_it_is_lifted(void **state)
{
	assert_int_equal(run_in_a_child(*state, fill_to_limit), 0);
}

static void a_full_disk_is_an_error_until_space_returns(void **state)
{
	int result = run_in_a_child(*state, fill_small_disk);

	if (result == NOT_ALLOWED)
		skip_because("a file system of its own cannot be mounted here");
	assert_int_equal(result, 0);
}

#define with_db(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_db(what_was_acknowledged_survives_kill_9),
		with_db(a_batch_is_kept_whole_or_not_at_all),
		with_db(a_file_size_limit_is_an_error_until_it_is_lifted),
		with_db(a_full_disk_is_an_error_until_space_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
