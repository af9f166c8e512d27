/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "tests/unit/unit.h"

struct fixture {
	char folder[64];
	char path[96];
};

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	(void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/vigil-file-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->path, sizeof fixture->path, "%s/thing", fixture->folder);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	(void)unlink(fixture->path);
	assert_int_equal(rmdir(fixture->folder), 0); /* so that nothing was left beside */
	free(fixture);
	return 0;
}

static void assert_content(const char *path, const char *content)
{
	AUTO_BUF read = { 0 };

	buf_init(&read, 100000);
	assert_ok(file_read(path, &read));
	assert_str(buf_str(&read), content);
}

static void what_is_written_is_read(void **state)
{
	struct fixture *fixture = *state;
	struct stat there;

	assert_ok(file_write(fixture->path, STR("one"), 0600));
	assert_content(fixture->path, "one");
	assert_ok(file_write(fixture->path, STR("another"), 0640));
	assert_content(fixture->path, "another");
	assert_int_equal(stat(fixture->path, &there), 0);
	assert_int_equal(there.st_mode & 07777, 0640);
	assert_ok(file_write(fixture->path, STR(""), 0600));
	assert_content(fixture->path, "");
}

static void reading_appends_up_to_the_limit_and_not_one_more(void **state)
{
	struct fixture *fixture = *state;
	AUTO_BUF fits = { 0 };
	AUTO_BUF short_by_one = { 0 };
	char text[40001];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_ok(file_write(fixture->path, str_of(text), 0600));
	buf_init(&fits, sizeof text);
	buf_add_u8(&fits, '!');
	assert_ok(file_read(fixture->path, &fits));
	assert_int_equal(fits.size, sizeof text);
	assert_int_equal(fits.at[0], '!');
	buf_init(&short_by_one, sizeof text - 2);
	assert_err(file_read(fixture->path, &short_by_one), ERR_TOO_LARGE);
}

static void what_is_not_there_is_not_found(void **state)
{
	struct fixture *fixture = *state;
	AUTO_BUF read = { 0 };
	char path[128];

	buf_init(&read, 100);
	assert_err(file_read(fixture->path, &read), ERR_NOT_FOUND);
	(void)snprintf(path, sizeof path, "%s/no/thing", fixture->folder);
	assert_err(file_write(path, STR("x"), 0600), ERR_NOT_FOUND);
}

/* In a child: the disk takes no more than 1000 bytes. */
static int write_too_much(const char *path)
{
	struct rlimit limit = { 1000, 1000 };
	static char large[2000];

	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 10;
	memset(large, 'y', sizeof large - 1);
	return file_write(path, str_of(large), 0600) == ERR_NO_SPACE ? 0 : 1;
}

static void a_full_disk_leaves_the_old_content_and_nothing_beside(void **state)
{
	struct fixture *fixture = *state;
	int status = 0;

	assert_ok(file_write(fixture->path, STR("old"), 0600));
	pid_t child = fork();
	if (child == 0)
		_exit(write_too_much(fixture->path));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_content(fixture->path, "old");
}

/* In a child: 0 when the lock could be taken, 1 when another has it. */
static int try_lock(const char *path)
{
	int fd = -1;
	enum err err = file_lock(path, &fd);

	if (err == ERR_BUSY && fd == -1)
		return 1;
	return err ? 2 : 0;
}

static int lock_in_a_child(const char *path)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(try_lock(path));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void the_second_taker_of_a_lock_is_refused(void **state)
{
	struct fixture *fixture = *state;
	int fd = -1;

	assert_int_equal(lock_in_a_child(fixture->path), 0); /* and its end gives it back */
	assert_ok(file_lock(fixture->path, &fd));
	assert_int_equal(lock_in_a_child(fixture->path), 1);
	assert_int_equal(try_lock(fixture->path), 1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(lock_in_a_child(fixture->path), 0);
}

static void a_folder_is_made_once_and_a_file_is_no_folder(void **state)
{
	struct fixture *fixture = *state;
	struct stat there;

	assert_ok(file_make_folder(fixture->path, 0700));
	assert_ok(file_make_folder(fixture->path, 0700));
	assert_int_equal(stat(fixture->path, &there), 0);
	assert_true(S_ISDIR(there.st_mode));
	assert_int_equal(rmdir(fixture->path), 0);
	assert_ok(file_write(fixture->path, STR(""), 0600));
	assert_err(file_make_folder(fixture->path, 0700), ERR_EXISTS);
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_folder(what_is_written_is_read),
		with_folder(reading_appends_up_to_the_limit_and_not_one_more),
		with_folder(what_is_not_there_is_not_found),
		with_folder(a_full_disk_leaves_the_old_content_and_nothing_beside),
		with_folder(the_second_taker_of_a_lock_is_refused),
		with_folder(a_folder_is_made_once_and_a_file_is_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
