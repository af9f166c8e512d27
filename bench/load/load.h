/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h — what our own load programs share: time, sockets, the server they watch, percentiles.
 *
 * They end with a message at the first thing that goes wrong: a load that is not whole measures
 * nothing. Nothing here is shared with the server.
 */
#ifndef VIGIL_BENCH_LOAD_H
#define VIGIL_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prints the words (printf's) and ends the program with 1. */
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

int64_t now_us(void);

/* A whole number of at least `least`, or the end. */
long number_of(const char *text, long least);

/* A blocking, connected socket to 127.0.0.1. */
int connect_to(long port);
void set_nonblocking(int fd);
void send_all(int fd, const void *bytes, size_t size);

/* CPU time of a process with all its threads, and its resident memory. */
int64_t cpu_us_of(long pid);
long rss_kb_of(long pid);

/* One connection that should hear something all the time. */
struct watched {
	int fd; /* -1: lost */
	int64_t heard_us, gap_us;
	uint64_t bytes;
	int gaps;
};
#define GAP_US 500000

/* Throws away what came; `is_measured` counts bytes and gaps. */
void watched_drain(struct watched *watched, bool is_measured);

/* The usual line about all of them: alive=, zero=, gaps>0.5s=, maxgap=. */
void watched_print(const struct watched watched[], size_t count);

/* Sorts; prints " n= p50= p99= max=" in milliseconds. */
void print_percentiles(int64_t values_us[], size_t count);

#endif
