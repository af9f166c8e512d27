/* SPDX-License-Identifier: Apache-2.0 */
/* What a process in the sandbox can still do, tried in a child of its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "media/sandbox.h"
#include "tests/unit/unit.h"

#define CAN     0
#define CANNOT  1
#define NO_DOOR 99 /* the sandbox could not be entered */

/* How a child ended that tried `act` inside: CAN, CANNOT, or minus the signal. */
static int tried(int (*act)(void))
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (sandbox_enter() != ERR_OK)
			_exit(NO_DOOR);
		_exit(act());
	}
	while (waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int verdict(bool is_done)
{
	return is_done ? CAN : CANNOT;
}

static int opens_a_file(void)
{
	return verdict(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
}

static int opens_a_socket(void)
{
	return verdict(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
}

static int starts_a_program(void)
{
	char path[] = "/bin/true";
	char *const arguments[] = { path, NULL }, *const environment[] = { NULL };

	(void)execve(path, arguments, environment);
	return CANNOT;
}

static int makes_a_process(void)
{
	return verdict(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) >= 0);
}

static int sends_a_signal(void)
{
	return verdict(kill(getppid(), 0) == 0);
}

static int traces_its_parent(void)
{
	return verdict(syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, 1, NULL, NULL) == 0);
}

static int makes_memory_executable(void)
{
	return verdict(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static int makes_old_memory_executable(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return verdict(at != MAP_FAILED && mprotect(at, 4096, PROT_READ | PROT_EXEC) == 0);
}

static int widens_its_limits(void)
{
	const struct rlimit more = { 100, 100 };

	return verdict(setrlimit(RLIMIT_NOFILE, &more) == 0);
}

static void what_could_do_harm_ends_it(void **state)
{
	static const struct {
		const char *name;
		int (*act)(void);
	} acts[] = {
		{ "file", opens_a_file },
		{ "socket", opens_a_socket },
		{ "program", starts_a_program },
		{ "process", makes_a_process },
		{ "signal", sends_a_signal },
		{ "trace", traces_its_parent },
		{ "executable memory", makes_memory_executable },
		{ "memory made executable", makes_old_memory_executable },
		{ "limits", widens_its_limits },
	};

	for (size_t i = 0; i < COUNT_OF(acts); i++)
		if (tried(acts[i].act) != -SIGSYS)
			fail_msg("%s: %d", acts[i].name, tried(acts[i].act));
}

static int takes_memory(void)
{
	AUTO_FREE char *large = calloc(1, 64 * 1024 * 1024);

	return verdict(large != NULL);
}

static void memory_is_there(void **state)
{
	assert_int_equal(tried(takes_memory), CAN);
}

static int takes_too_much_memory(void)
{
	return verdict(mmap(NULL, SANDBOX_MEMORY_BYTES + 4096, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static void memory_has_an_end(void **state)
{
	assert_int_equal(tried(takes_too_much_memory), CANNOT);
}

static int computes_for_ever(void)
{
	if (sandbox_begin_request() != ERR_OK)
		return CANNOT;
	for (volatile unsigned turns = 0;; turns++)
		;
}

static void a_request_has_only_so_much_processor_time(void **state)
{
	assert_int_equal(tried(computes_for_ever), -SIGPROF);
}

/* A descriptor that our parent forgot: the pipe's number is far above the standard ones. */
static int leaked_fd;

static int writes_to_a_leak(void)
{
	return verdict(write(leaked_fd, "x", 1) == 1);
}

static void other_descriptors_are_closed(void **state)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	leaked_fd = ends[1];
	assert_int_equal(tried(writes_to_a_leak), CANNOT);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_do_harm_ends_it),
		cmocka_unit_test(memory_is_there),
		cmocka_unit_test(memory_has_an_end),
		cmocka_unit_test(a_request_has_only_so_much_processor_time),
		cmocka_unit_test(other_descriptors_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
