/* SPDX-License-Identifier: Apache-2.0 */
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

/*
 * Not uv_spawn(): it forks, and to copy the page tables of a server with a gigabyte of pictures
 * takes 20 ms, in which its loop stands still. posix_spawn() shares the memory until the program is
 * loaded and takes a fraction of one. Its end is told by a descriptor (pidfd_open(2)), not by
 * SIGCHLD, so no handler is shared with anybody.
 */
struct process {
	uv_poll_t end;           /* of the child: its pidfd can be read */
	uv_pipe_t input, output; /* the child's standard input and output */
	struct loop *loop;
	const struct process_events *events; /* NULL: abandoned */
	void *owner;
	pid_t pid; /* 0: reaped, its number may be another's */
	int pidfd;
	int handles; /* not yet closed */
};

struct sending {
	uv_write_t write;
	struct buf bytes;
};

static void on_handle_closed(uv_handle_t *handle)
{
	struct process *process = handle->data;

	if (--process->handles > 0)
		return;
	(void)close(process->pidfd);
	free(process);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_handle_closed);
}

static void close_all(struct process *process)
{
	close_handle((uv_handle_t *)&process->input);
	close_handle((uv_handle_t *)&process->output);
	close_handle((uv_handle_t *)&process->end);
}

static void on_end(uv_poll_t *poll, int failed, int events)
{
	struct process *process = poll->data;
	int status = 0;

	loop_turn(process->loop);
	if (waitpid(process->pid, &status, WNOHANG) == 0)
		return;
	process->pid = 0;
	close_all(process);
	if (process->events)
		process->events->on_ended(process->owner,
		                          WIFEXITED(status) ? WEXITSTATUS(status) : 0,
		                          WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void on_room_wanted(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	struct process *process = handle->data;

	(void)wanted;
	*out = uv_buf_init((char *)loop_read_buffer(process->loop), LOOP_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *room)
{
	struct process *process = stream->data;

	loop_turn(process->loop);
	if (got > 0 && process->events)
		process->events->on_bytes(process->owner, (const uint8_t *)room->base, (size_t)got);
	if (got < 0) /* its end follows, or it goes on without a word */
		(void)uv_read_stop(stream);
}

/* Both ends of a pipe: ours does not block, the child's does. */
struct ends {
	int ours, theirs;
};

static enum err make_pipe(struct ends *ends, bool is_written_by_us)
{
	int both[2];

	if (pipe2(both, O_CLOEXEC) != 0)
		return err_from_errno(errno);
	ends->ours = both[is_written_by_us];
	ends->theirs = both[!is_written_by_us];
	(void)fcntl(ends->ours, F_SETFL, O_NONBLOCK);
	return ERR_OK;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static int set_actions(posix_spawn_file_actions_t *actions, const struct ends *input,
                       const struct ends *output, bool keeps_stderr)
{
	int failed = posix_spawn_file_actions_adddup2(actions, input->theirs, STDIN_FILENO);

	if (!failed)
		failed = posix_spawn_file_actions_adddup2(actions, output->theirs, STDOUT_FILENO);
	if (!failed && !keeps_stderr)
		failed = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null",
		                                          O_WRONLY, 0);
	return failed;
}

/* A session of its own, and signals as if we had never touched them. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	(void)posix_spawnattr_setsigdefault(attributes, &all);
	(void)posix_spawnattr_setsigmask(attributes, &none);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
	                                                    POSIX_SPAWN_SETSIGMASK);
}

static enum err spawn(const struct process_setup *setup, const struct ends *input,
                      const struct ends *output, pid_t *out)
{
	AUTO_FREE char *path = strdup(setup->path);
	char *arguments[] = { path, NULL }, *environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;

	if (!path || posix_spawn_file_actions_init(&actions) != 0)
		return ERR_NO_MEMORY;
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return ERR_NO_MEMORY;
	}
	int failed = set_actions(&actions, input, output, setup->keeps_stderr);
	if (!failed)
		failed = set_attributes(&attributes);
	if (!failed)
		failed = posix_spawn(out, path, &actions, &attributes, arguments, environment);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return failed ? err_from_errno(failed) : ERR_OK;
}

/* libuv has our ends from here on; closing a handle closes its descriptor. */
static void watch(struct process *process, struct ends *input, struct ends *output)
{
	struct uv_loop_s *uv = loop_uv(process->loop);

	process->handles = 3;
	process->end.data = process->input.data = process->output.data = process;
	(void)uv_pipe_init(uv, &process->input, 0);
	(void)uv_pipe_init(uv, &process->output, 0);
	(void)uv_poll_init(uv, &process->end, process->pidfd);
	(void)uv_pipe_open(&process->input, input->ours);
	(void)uv_pipe_open(&process->output, output->ours);
	input->ours = output->ours = -1;
	(void)uv_read_start((uv_stream_t *)&process->output, on_room_wanted, on_read);
	(void)uv_poll_start(&process->end, UV_READABLE, on_end);
}

static void reap_killed(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

enum err process_start(struct loop *loop, const struct process_setup *setup, struct process **out)
{
	struct process *process = calloc(1, sizeof *process);
	struct ends input = { -1, -1 }, output = { -1, -1 };

	if (!process)
		return ERR_NO_MEMORY;
	process->loop = loop;
	process->events = setup->events;
	process->owner = setup->owner;
	enum err err = make_pipe(&input, true);
	if (err == ERR_OK)
		err = make_pipe(&output, false);
	if (err == ERR_OK)
		err = spawn(setup, &input, &output, &process->pid);
	if (err == ERR_OK) {
		process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
		if (process->pidfd < 0) {
			err = err_from_errno(errno);
			reap_killed(process->pid);
		}
	}
	if (err == ERR_OK)
		watch(process, &input, &output);
	close_end(&input.ours);
	close_end(&input.theirs);
	close_end(&output.ours);
	close_end(&output.theirs);
	if (err != ERR_OK) {
		free(process);
		return err;
	}
	*out = process;
	return ERR_OK;
}

int process_id(const struct process *process)
{
	return process->pid;
}

static void on_sent(uv_write_t *write, int status)
{
	struct sending *sending = write->data;

	(void)status; /* a child that does not read has ended, or will be ended */
	buf_done(&sending->bytes);
	free(sending);
}

enum err process_send(struct process *process, struct buf *bytes)
{
	struct sending *sending = calloc(1, sizeof *sending);

	if (!sending)
		return ERR_NO_MEMORY;
	sending->write.data = sending;
	sending->bytes = *bytes;
	*bytes = (struct buf){ .max = bytes->max };
	uv_buf_t part = uv_buf_init((char *)sending->bytes.at, (unsigned)sending->bytes.size);
	int result = uv_write(&sending->write, (uv_stream_t *)&process->input, &part, 1, on_sent);
	if (result != 0)
		on_sent(&sending->write, result);
	return result == 0 ? ERR_OK : err_from_errno(-result);
}

void process_end(struct process *process)
{
	close_handle((uv_handle_t *)&process->input);
}

void process_kill(struct process *process)
{
	if (process->pid)
		(void)kill(process->pid, SIGKILL);
}

void process_abandon(struct process *process)
{
	if (!process)
		return;
	process->events = NULL;
	if (process->pid)
		reap_killed(process->pid);
	process->pid = 0;
	close_all(process);
}
