/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Viewers of HTTP-FLV over TLS: tlsload PORT PATH VIEWERS WARM_S SECONDS SERVER_PID
 *
 * Each makes a true handshake and reads the answer's head; from there on the kernel drops the
 * records unopened: what is measured is the server's sealing.
 */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load.h"

static void join(struct watched *viewer, SSL_CTX *context, long port, const char *path)
{
	char request[4096], answer[4096];
	SSL *ssl = SSL_new(context);
	int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
	                    path);

	viewer->fd = connect_to(port);
	if (!ssl || SSL_set_fd(ssl, viewer->fd) != 1 || SSL_connect(ssl) != 1)
		fail("no TLS handshake");
	if (SSL_write(ssl, request, size) != size)
		fail("no request");
	size = SSL_read(ssl, answer, sizeof answer - 1);
	if (size < 12 || memcmp(answer, "HTTP/1.1 200", 12) != 0)
		fail("the answer is not 200: %.*s", size > 0 ? size : 0, answer);
	SSL_free(ssl); /* no goodbye, and the socket stays */
	set_nonblocking(viewer->fd);
}

static void watch(int epoll, int64_t until_us, bool is_measured)
{
	struct epoll_event events[512];

	for (int64_t now = now_us(); now < until_us; now = now_us()) {
		int count = epoll_wait(epoll, events, 512, (int)((until_us - now) / 1000) + 1);
		for (int i = 0; i < count; i++) {
			struct watched *viewer = events[i].data.ptr;
			if (viewer->fd >= 0)
				watched_drain(viewer, is_measured);
		}
	}
}

int main(int count, char **arguments)
{
	if (count != 7)
		fail("tlsload PORT PATH VIEWERS WARM_S SECONDS SERVER_PID");
	long port = number_of(arguments[1], 1), viewers = number_of(arguments[3], 1);
	long warm_s = number_of(arguments[4], 1), seconds = number_of(arguments[5], 1);
	long pid = number_of(arguments[6], 1);
	struct watched *watched = calloc((size_t)viewers, sizeof *watched);
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int epoll = epoll_create1(0);

	if (!watched || !context)
		fail("no memory");
	long before_kb = rss_kb_of(pid);
	for (long i = 0; i < viewers; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &watched[i] };
		join(&watched[i], context, port, arguments[2]);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, watched[i].fd, &event) != 0)
			fail("epoll");
		watch(epoll, now_us() + 1000, false); /* a thousand a second at most */
	}
	watch(epoll, now_us() + warm_s * 1000000, false);
	int64_t cpu_us = cpu_us_of(pid), began_us = now_us();
	watch(epoll, began_us + seconds * 1000000, true);
	cpu_us = cpu_us_of(pid) - cpu_us;
	double viewer_s = (double)(now_us() - began_us) / 1e6 * (double)viewers;
	watched_print(watched, (size_t)viewers);
	(void)printf("us/viewer.s=%.1f +%.1fkB/viewer\n", (double)cpu_us / viewer_s,
	             (double)(rss_kb_of(pid) - before_kb) / (double)viewers);
	return 0;
}
