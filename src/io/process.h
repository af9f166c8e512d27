/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h — a child process on a loop, with pipes to its standard input and output.
 *
 * It gets an empty environment, a session of its own (a Ctrl-C at the terminal is not for it), none
 * of our descriptors, and no standard error unless that is wanted.
 *
 * Threads  the loop's own; process_abandon() also after the loop was joined. The child is started
 *          by the loop's thread: with PR_SET_PDEATHSIG it ends with that.
 * Memory   the loop owns the process; it is freed after on_ended, or by process_abandon().
 */
#ifndef VIGIL_IO_PROCESS_H
#define VIGIL_IO_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/loop.h"

struct process;

struct process_events {
	/* It wrote to its standard output; borrowed for the call. */
	void (*on_bytes)(void *owner, const uint8_t *bytes, size_t size);
	/* The last call: it ended by itself with `status`, or by the signal `signal` (else 0). */
	void (*on_ended)(void *owner, int status, int signal);
};

struct process_setup {
	const char *path; /* of the program; its only argument is its name */
	bool keeps_stderr;
	const struct process_events *events;
	void *owner;
};

/* ERR_NOT_FOUND: there is no such program; ERR_DENIED: it may not be started. */
enum err process_start(struct loop *loop, const struct process_setup *setup, struct process **out);

int process_id(const struct process *process);

/* Sends to its standard input; takes the bytes (they are empty afterwards). A child that has ended
 * is not told: on_ended follows. */
enum err process_send(struct process *process, struct buf *bytes);

/* Closes its standard input: a good child ends. */
void process_end(struct process *process);

/* SIGKILL; on_ended follows. */
void process_kill(struct process *process);

/* SIGKILL, and nobody is told any more. NULL is fine. */
void process_abandon(struct process *process);

#endif
