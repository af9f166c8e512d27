/* SPDX-License-Identifier: Apache-2.0 */
#include "media/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define OUR_ARCHITECTURE 0
#endif

#define ANY (-1)

/* What decoding needs, and no more. Where an argument is named, it must have none of these bits. */
struct allowed {
	uint32_t call;
	int argument; /* ANY: none is looked at */
	uint32_t without;
};

/* clang-format off */
static const struct allowed allowed[] = {
	{ SYS_read,            ANY, 0 },
	{ SYS_write,           ANY, 0 },
	{ SYS_brk,             ANY, 0 },
	{ SYS_mmap,            2,   PROT_EXEC },
	{ SYS_mprotect,        2,   PROT_EXEC },
	{ SYS_munmap,          ANY, 0 },
	{ SYS_mremap,          ANY, 0 },
	{ SYS_madvise,         ANY, 0 },
	{ SYS_futex,           ANY, 0 },
	{ SYS_clock_gettime,   ANY, 0 },
	{ SYS_getrandom,       ANY, 0 },
	{ SYS_restart_syscall, ANY, 0 },
	{ SYS_setitimer,       ANY, 0 },
	{ SYS_sigaltstack,     ANY, 0 }, /* what ASan does before the end */
	{ SYS_exit,            ANY, 0 },
	{ SYS_exit_group,      ANY, 0 },
};
/* clang-format on */

#define LOAD(member) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))

#define FILTER_MAX (8 + 6 * COUNT_OF(allowed))

struct filter {
	struct sock_filter steps[FILTER_MAX];
	size_t count;
};

static void add(struct filter *filter, struct sock_filter step)
{
	filter->steps[filter->count++] = step;
}

/* A row becomes: is it this call? then (its argument is good?) it may; the call's number is loaded
 * anew for the next row where an argument took its place. */
static void add_row(struct filter *filter, const struct allowed *row)
{
	const struct sock_filter load_call = LOAD(nr), may = ANSWER(SECCOMP_RET_ALLOW);

	if (row->argument == ANY) {
		add(filter,
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, row->call, 0, 1));
		add(filter, may);
		return;
	}
	struct sock_filter load = LOAD(args);
	load.k += (uint32_t)row->argument * (uint32_t)sizeof(uint64_t); /* its lower half */
	add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, row->call, 0, 4));
	add(filter, load);
	add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, row->without, 1, 0));
	add(filter, may);
	add(filter, load_call);
}

static enum err close_the_door(void)
{
	struct filter filter = { .count = 0 };

	/* The numbers below mean other calls elsewhere (seccomp(2)); x32's are those plus a bit. */
	add(&filter, (struct sock_filter)LOAD(arch));
	add(&filter,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0));
	add(&filter, (struct sock_filter)ANSWER(SECCOMP_RET_KILL_PROCESS));
	add(&filter, (struct sock_filter)LOAD(nr));
	for (size_t i = 0; i < COUNT_OF(allowed); i++)
		add_row(&filter, &allowed[i]);
	add(&filter, (struct sock_filter)ANSWER(SECCOMP_RET_KILL_PROCESS));

	struct sock_fprog program = { .len = (unsigned short)filter.count, .filter = filter.steps };
	if (!OUR_ARCHITECTURE || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return ERR_UNSUPPORTED;
	return ERR_OK;
}

static enum err limit(__rlimit_resource_t what, rlim_t most)
{
	const struct rlimit both = { most, most };

	return setrlimit(what, &both) == 0 ? ERR_OK : err_from_errno(errno);
}

/* What is mapped by now, libraries first of all (and a sanitizer's terabytes); 0 if nobody tells.
 */
static rlim_t addresses_in_use(void)
{
	char text[64] = "";
	int64_t pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	ssize_t size = read(fd, text, sizeof text);
	(void)close(fd);
	struct str first = { text, size > 0 ? (size_t)size : 0 };
	first.size = str_index(first, ' ');
	if (str_to_i64(first, 0, INT64_MAX / 65536, &pages) != ERR_OK)
		return 0;
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static enum err set_limits(void)
{
	enum err err = limit(RLIMIT_AS, addresses_in_use() + SANDBOX_MEMORY_BYTES);

	/* Descriptors that are open stay; no other gets a number. */
	if (err == ERR_OK)
		err = limit(RLIMIT_NOFILE, STDERR_FILENO + 1);

	if (err == ERR_OK)
		err = limit(RLIMIT_FSIZE, 0);
	if (err == ERR_OK)
		err = limit(RLIMIT_CORE, 0);
	if (err == ERR_OK)
		err = limit(RLIMIT_CPU, SANDBOX_LIFE_S);
	if (err == ERR_OK)
		err = limit(RLIMIT_NPROC, 0);
	return err;
}

enum err sandbox_enter(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0) != 0)
		return ERR_UNSUPPORTED;
	if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
		return ERR_UNSUPPORTED;
	(void)setpriority(PRIO_PROCESS, 0, SANDBOX_NICE);
	enum err err = set_limits();
	return err == ERR_OK ? close_the_door() : err;
}

enum err sandbox_begin_request(void)
{
	const struct itimerval window = { .it_value.tv_sec = SANDBOX_REQUEST_S };

	return setitimer(ITIMER_PROF, &window, NULL) == 0 ? ERR_OK : err_from_errno(errno);
}
