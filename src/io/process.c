/* SPDX-License-Identifier: Apache-2.0 */
#include "io/process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct process {
	uv_process_t child;
	uv_pipe_t input, output; /* the child's standard input and output */
	struct loop *loop;
	const struct process_events *events; /* NULL: abandoned */
	void *owner;
	int handles; /* not yet closed */
};

struct sending {
	uv_write_t write;
	struct buf bytes;
};

static void on_handle_closed(uv_handle_t *handle)
{
	struct process *process = handle->data;

	if (--process->handles == 0)
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
	close_handle((uv_handle_t *)&process->child);
}

static void on_exit_seen(uv_process_t *child, int64_t status, int number)
{
	struct process *process = child->data;

	loop_turn(process->loop);
	if (process->events)
		process->events->on_ended(process->owner, (int)status, number);
	close_all(process);
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

static int spawn(struct process *process, char *path, const struct process_setup *setup)
{
	char *arguments[] = { path, NULL }, *environment[] = { NULL };
	uv_stdio_container_t stdio[3] = {
		{ .flags = UV_CREATE_PIPE | UV_READABLE_PIPE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE },
		{ .flags = setup->keeps_stderr ? UV_INHERIT_FD : UV_IGNORE },
	};
	const uv_process_options_t options = { .exit_cb = on_exit_seen,
		                               .file = path,
		                               .args = arguments,
		                               .env = environment,
		                               .flags = UV_PROCESS_DETACHED,
		                               .stdio_count = 3,
		                               .stdio = stdio };

	stdio[0].data.stream = (uv_stream_t *)&process->input;
	stdio[1].data.stream = (uv_stream_t *)&process->output;
	stdio[2].data.fd = STDERR_FILENO;
	int result = uv_spawn(loop_uv(process->loop), &process->child, &options);
	if (result == 0)
		result = uv_read_start((uv_stream_t *)&process->output, on_room_wanted, on_read);
	return result;
}

enum err process_start(struct loop *loop, const struct process_setup *setup, struct process **out)
{
	struct process *process = calloc(1, sizeof *process);
	AUTO_FREE char *path = strdup(setup->path);

	if (!process || !path) {
		free(process);
		return ERR_NO_MEMORY;
	}
	process->loop = loop;
	process->events = setup->events;
	process->owner = setup->owner;
	process->handles = 3;
	(void)uv_pipe_init(loop_uv(loop), &process->input, 0);
	(void)uv_pipe_init(loop_uv(loop), &process->output, 0);
	process->input.data = process->output.data = process->child.data = process;
	int result = spawn(process, path, setup);
	if (result != 0) {
		process_abandon(process);
		return err_from_errno(-result);
	}
	*out = process;
	return ERR_OK;
}

int process_id(const struct process *process)
{
	return process->child.pid;
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
	/* Not active: it has ended, and its number may be another's by now. */
	if (uv_is_active((uv_handle_t *)&process->child))
		(void)uv_process_kill(&process->child, SIGKILL);
}

void process_abandon(struct process *process)
{
	if (!process)
		return;
	process->events = NULL;
	process_kill(process);
	close_all(process);
}
