/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vigil-media — the helper that makes thumbnails for vigild, in a process that can do nothing else.
 * Nobody starts it by hand: it reads key frames from standard input and writes JPEG (serve.h).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "media/serve.h"
#include "programs/version.h"

#define EXIT_USAGE 2

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("vigil-media %s\n", VIGIL_VERSION);
		return 0;
	}
	if (argc > 1 || isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "vigil-media: vigild starts it; there is nothing to see\n");
		return EXIT_USAGE;
	}
	enum err err = serve(STDIN_FILENO, STDOUT_FILENO);
	/* At once: what libraries do at the end is not on the sandbox's list. */
	_exit(err == ERR_CLOSED ? 0 : (int)err);
}
