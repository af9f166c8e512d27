/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vprintf(format, arguments);
	va_end(arguments);
	(void)printf(" (%m)\n");
	exit(1);
}

int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

long number_of(const char *text, long least)
{
	char *end = NULL;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < least)
		fail("%s is no number of at least %ld", text, least);
	return value;
}

int connect_to(long port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		fail("cannot connect to port %ld", port);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

void set_nonblocking(int fd)
{
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
		fail("fcntl");
}

void send_all(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size) {
		ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
		if (sent <= 0)
			fail("the server took no more bytes");
		at += sent;
		size -= (size_t)sent;
	}
}

int64_t cpu_us_of(long pid)
{
	struct timespec spent;
	clockid_t clock;

	if (clock_getcpuclockid((pid_t)pid, &clock) != 0 || clock_gettime(clock, &spent) != 0)
		fail("no process %ld", pid);
	return (int64_t)spent.tv_sec * 1000000 + spent.tv_nsec / 1000;
}

long rss_kb_of(long pid)
{
	char path[64];
	long whole = 0, resident = 0;

	(void)snprintf(path, sizeof path, "/proc/%ld/statm", pid);
	FILE *file = fopen(path, "r");
	if (!file || fscanf(file, "%ld %ld", &whole, &resident) != 2)
		fail("no process %ld", pid);
	(void)fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

void watched_drain(struct watched *watched, bool is_measured)
{
	static char nowhere[1 << 20];
	ssize_t size = 0;
	uint64_t before = watched->bytes;

	/* MSG_TRUNC: the kernel drops the bytes without copying them here. */
	while ((size = recv(watched->fd, nowhere, sizeof nowhere, MSG_TRUNC | MSG_DONTWAIT)) > 0) {
		watched->bytes += is_measured ? (uint64_t)size : 0;
		if (size < (ssize_t)sizeof nowhere)
			break;
	}
	if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
		(void)close(watched->fd);
		watched->fd = -1;
		return;
	}
	int64_t now = now_us();
	if (watched->bytes > before && watched->heard_us) {
		int64_t gap = now - watched->heard_us;
		watched->gap_us = gap > watched->gap_us ? gap : watched->gap_us;
		watched->gaps += gap > GAP_US;
	}
	watched->heard_us = now;
}

void watched_print(const struct watched watched[], size_t count)
{
	size_t alive = 0, silent = 0;
	int gaps = 0;
	int64_t gap_us = 0;

	for (size_t i = 0; i < count; i++) {
		alive += watched[i].fd >= 0;
		silent += !watched[i].bytes;
		gaps += watched[i].gaps;
		gap_us = watched[i].gap_us > gap_us ? watched[i].gap_us : gap_us;
	}
	(void)printf("alive=%zu zero=%zu gaps>0.5s=%d maxgap=%.0fms ", alive, silent, gaps,
	             (double)gap_us / 1000);
}

static int compare(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

void print_percentiles(int64_t values_us[], size_t count)
{
	if (!count)
		fail("nothing was measured");
	qsort(values_us, count, sizeof *values_us, compare);
	(void)printf(
		" n=%zu p50=%.2f p99=%.2f max=%.2f", count, (double)values_us[count / 2] / 1000,
		(double)values_us[count * 99 / 100] / 1000, (double)values_us[count - 1] / 1000);
}
