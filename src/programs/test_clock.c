/* SPDX-License-Identifier: Apache-2.0 */
/* Tests move time: DIR/test-clock.sock takes "advance MS" and answers "ok". Not in releases. */
#include "programs/server_private.h"

#ifdef VIGIL_TEST_CLOCK

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

struct test_clock {
	struct server *server;
	pthread_t thread;
	int fd;
};

static void obey(struct test_clock *clock, int fd)
{
	char line[64];
	ssize_t size = read(fd, line, sizeof line - 1);
	int64_t ms;

	if (size <= 0)
		return;
	struct str text = { line, (size_t)size };
	text.size = str_index(text, '\n');
	if (!str_starts(text, STR("advance ")) ||
	    str_to_i64(str_from(text, 8), 0, INT32_MAX * 1000LL, &ms) != ERR_OK) {
		(void)!write(fd, "advance MS\n", 11);
		return;
	}
	clock_advance(ms);
	for (size_t i = 0; i < clock->server->loop_count; i++)
		loop_clock_moved(clock->server->loops[i]);
	(void)!write(fd, "ok\n", 3);
}

static void *run(void *arg)
{
	struct test_clock *clock = arg;

	for (int fd; (fd = accept(clock->fd, NULL, NULL)) >= 0 || errno == EINTR;) {
		if (fd < 0)
			continue;
		obey(clock, fd);
		(void)close(fd);
	}
	return NULL;
}

enum err test_clock_start(struct server *server, struct test_clock **out, struct why *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct test_clock *clock = calloc(1, sizeof *clock);
	char path[PATH_MAX];

	if (!clock)
		return ERR_NO_MEMORY;
	server_path(server, "test-clock.sock", path);
	clock->server = server;
	clock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)unlink(path);
	if (str_copy(str_of(path), address.sun_path, sizeof address.sun_path) != ERR_OK ||
	    bind(clock->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(clock->fd, 8) != 0 || pthread_create(&clock->thread, NULL, run, clock) != 0) {
		(void)close(clock->fd);
		free(clock);
		return why_set(why, ERR_IO, "cannot listen on %.100s", path);
	}
	*out = clock;
	return ERR_OK;
}

void test_clock_stop(struct test_clock *clock)
{
	if (!clock)
		return;
	(void)shutdown(clock->fd, SHUT_RDWR);
	(void)pthread_join(clock->thread, NULL);
	(void)close(clock->fd);
	free(clock);
}

#else

enum err test_clock_start(struct server *server, struct test_clock **out, struct why *why)
{
	*out = NULL;
	return ERR_OK;
}

void test_clock_stop(struct test_clock *clock)
{
}

#endif
