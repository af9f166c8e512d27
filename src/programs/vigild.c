/* SPDX-License-Identifier: Apache-2.0 */
/* vigild — the cloud in one program: reads its settings, starts, and obeys signals. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/log.h"
#include "programs/program.h"
#include "programs/server.h"
#include "programs/vigild_settings.h"

#define EXIT_USAGE 2

extern char **environ;

/* Thousands of connections need as many descriptors: take what the system allows. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Signals come to this thread alone, one at a time. */
static void obey_signals(struct server *server, const sigset_t *signals)
{
	for (;;) {
		int number = 0;
		if (sigwait(signals, &number) != 0)
			continue;
		if (number == SIGTERM || number == SIGINT)
			return;
		if (number == SIGHUP)
			server_reload(server);
		if (number == SIGUSR1)
			server_tell(server);
	}
}

static int run(const struct vigild_settings *settings, const sigset_t *signals)
{
	AUTO(server) server = NULL;
	struct why why = { 0 };
	sigset_t hurry;

	(void)sigemptyset(&hurry);
	(void)sigaddset(&hurry, SIGTERM);
	(void)sigaddset(&hurry, SIGINT);

	enum err err = server_new(settings, &server, &why);
	if (err == ERR_OK)
		err = server_start(server, &why);
	if (err == ERR_OK)
		obey_signals(server, signals);
	else
		log_error("vigild.failed", "%s", why.text[0] ? why.text : err_text(err));
	if (server)
		server_stop(server, &hurry);
	return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct vigild_settings settings = { 0 };
	struct why why = { 0 };
	sigset_t signals;

	if (program_answers(&vigild_settings_table, argc, argv))
		return EXIT_SUCCESS;
	if (vigild_settings_read(argc, argv, environ, &settings, &why) != ERR_OK) {
		(void)fprintf(stderr, "vigild: %s\n", why.text);
		vigild_settings_done(&settings);
		return EXIT_USAGE;
	}
	int status = EXIT_SUCCESS;
	if (!settings.check) {
		program_start_log("vigild", settings.log_level, settings.log_json);
		raise_descriptor_limit();
		(void)signal(SIGPIPE, SIG_IGN);
		(void)signal(SIGXFSZ, SIG_IGN); /* a full disk is an error to answer, not an end */
		(void)sigemptyset(&signals);
		(void)sigaddset(&signals, SIGTERM);
		(void)sigaddset(&signals, SIGINT);
		(void)sigaddset(&signals, SIGHUP);
		(void)sigaddset(&signals, SIGUSR1);
		(void)sigprocmask(SIG_BLOCK, &signals, NULL);
		status = run(&settings, &signals);
	}
	vigild_settings_done(&settings);
	return status;
}
