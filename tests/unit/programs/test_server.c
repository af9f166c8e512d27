/* SPDX-License-Identifier: Apache-2.0 */
/* The whole server, and a kernel that refuses it one thread after the other. */
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "programs/server.h"
#include "tests/unit/unit.h"

#define LOOPS       "3"
#define THREADS_MAX 64
#define PATIENCE_S  30

static unsigned threads_left; /* so many begin, all others are refused */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg)
{
	if (threads_left == 0)
		return EAGAIN;
	threads_left--;
	return __real_pthread_create(thread, attributes, run, arg);
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *where)
{
	return remove(path);
}

/* Starts and ends a server that gets so many threads. */
static enum err live_once(unsigned threads)
{
	char folder[] = "/tmp/vigil-server-test-XXXXXX";
	struct vigild_settings settings = { 0 };
	AUTO(server) server = NULL;
	struct why why = { 0 };
	sigset_t hurry;

	(void)sigemptyset(&hurry);
	assert_non_null(mkdtemp(folder));
	char *words[] = { (char[]){ "vigild" },
		          (char[]){ "--data" },
		          folder,
		          (char[]){ "--loops=" LOOPS },
		          (char[]){ "--http=127.0.0.1:0" },
		          (char[]){ "--rtmp=127.0.0.1:0" },
		          (char[]){ "--mqtt=127.0.0.1:0" } };
	assert_ok(vigild_settings_read(COUNT_OF(words), words, NULL, &settings, &why));
	(void)alarm(PATIENCE_S); /* who waits for ever is ended by the signal */
	threads_left = threads;
	enum err err = server_new(&settings, &server, &why);
	if (err == ERR_OK)
		err = server_start(server, &why);
	if (server)
		server_stop(server, &hurry);
	server_free(TAKE(server));
	(void)alarm(0);
	vigild_settings_done(&settings);
	assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	return err;
}

static void whichever_thread_is_refused_the_server_ends(void **state)
{
	unsigned threads = 0;

	log_start("test", LOG_ERROR, false);
	while (threads < THREADS_MAX && live_once(threads) != ERR_OK)
		threads++;
	/* The loops', and those of the database before them. */
	assert_true(threads > 3 && threads < THREADS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whichever_thread_is_refused_the_server_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
