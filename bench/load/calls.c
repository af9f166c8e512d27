/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP calls at a steady pace: calls PORT RATE SECONDS CONNECTIONS METHOD PATH TOKEN [BODY]
 *
 * A call's time runs from when it was due, not from when a connection was free for it: a server
 * that stands still is not spared the calls that wait meanwhile.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

#define CONNECTIONS_MAX 256
#define ANSWER_BYTES    65536
#define LAST_ANSWER_US  10000000

struct call {
	int fd;
	int64_t due_us; /* 0: free */
	size_t size;
	char answer[ANSWER_BYTES];
};

static char request[8192];
static size_t request_size;
static int64_t *times_us;
static size_t done, failed;

/* The answer's whole length once its head is there; 0: not yet. */
static size_t whole_size(const struct call *call)
{
	const char *end = memmem(call->answer, call->size, "\r\n\r\n", 4);
	const char *length = end ? strcasestr(call->answer, "\r\nContent-Length:") : NULL;

	if (!end)
		return 0;
	if (!length || length > end)
		fail("an answer without a length: %.200s", call->answer);
	return (size_t)(end - call->answer) + 4 + strtoul(length + 17, NULL, 10);
}

static void read_answer(struct call *call, long port)
{
	ssize_t size = recv(call->fd, call->answer + call->size, ANSWER_BYTES - 1 - call->size, 0);

	if (size == 0 && !call->due_us) { /* it was idle for long */
		(void)close(call->fd);
		call->fd = connect_to(port);
		return;
	}
	if (size <= 0)
		fail("the server closed a connection");
	call->size += (size_t)size;
	call->answer[call->size] = '\0';
	size_t whole = whole_size(call);
	if (whole >= ANSWER_BYTES)
		fail("an answer of %zu bytes", whole);
	if (!whole || call->size < whole)
		return;
	if (call->answer[9] != '2' && !failed++)
		(void)printf("%.*s\n", (int)call->size, call->answer);
	times_us[done++] = now_us() - call->due_us;
	call->due_us = 0;
	call->size = 0;
}

static void make_request(char **arguments, const char *body)
{
	int size = snprintf(request, sizeof request,
	                    "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
	                    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	                    arguments[5], arguments[6], arguments[7], strlen(body), body);

	if (size < 0 || (size_t)size >= sizeof request)
		fail("the request is too long");
	request_size = (size_t)size;
}

static struct call *free_call(struct call calls[], long count)
{
	for (long i = 0; i < count; i++)
		if (!calls[i].due_us)
			return &calls[i];
	return NULL;
}

static void wait_answers(struct call calls[], long count, int64_t until_us, long port)
{
	struct pollfd polls[CONNECTIONS_MAX];
	int64_t left_us = until_us - now_us();

	for (long i = 0; i < count; i++)
		polls[i] = (struct pollfd){ .fd = calls[i].fd, .events = POLLIN };
	struct timespec most = { .tv_nsec = left_us > 0 ? left_us % 1000000 * 1000 : 0,
		                 .tv_sec = left_us > 0 ? left_us / 1000000 : 0 };
	if (ppoll(polls, (nfds_t)count, &most, NULL) < 0 && errno != EINTR)
		fail("poll");
	for (long i = 0; i < count; i++)
		if (polls[i].revents)
			read_answer(&calls[i], port);
}

int main(int count, char **arguments)
{
	if (count < 8)
		fail("calls PORT RATE SECONDS CONNECTIONS METHOD PATH TOKEN [BODY]");
	long port = number_of(arguments[1], 1), rate = number_of(arguments[2], 1);
	long seconds = number_of(arguments[3], 1), connections = number_of(arguments[4], 1);
	size_t total = (size_t)(rate * seconds), sent = 0;
	struct call *calls = calloc((size_t)connections, sizeof *calls);

	times_us = calloc(total, sizeof *times_us);
	if (!calls || !times_us || connections > CONNECTIONS_MAX)
		fail("too many");
	make_request(arguments, count > 8 ? arguments[8] : "");
	for (long i = 0; i < connections; i++)
		calls[i].fd = connect_to(port);
	int64_t began_us = now_us(), end_us = began_us + seconds * 1000000 + LAST_ANSWER_US;
	while (done < total && now_us() < end_us) {
		int64_t due_us = began_us + (int64_t)sent * 1000000 / rate;
		struct call *call = sent < total ? free_call(calls, connections) : NULL;
		if (call && due_us <= now_us()) {
			call->due_us = due_us;
			sent++;
			send_all(call->fd, request, request_size);
			continue;
		}
		wait_answers(calls, connections, call ? due_us : end_us, port);
	}
	(void)printf("calls ok=%zu failed=%zu missing=%zu", done - failed, failed, total - done);
	print_percentiles(times_us, done);
	(void)printf(" ms\n");
	return 0;
}
