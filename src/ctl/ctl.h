/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl.h — the command line `vigil`: one run of one command.
 *
 * Results go to standard output, everything else (progress, notes, failures) to standard error.
 * A handler is written straight down: call, return if it was not EXIT_DONE, print.
 *
 * Threads  one.
 * Errors   a function that gives an exit_code has already told the user what went wrong.
 */
#ifndef VIGIL_CTL_CTL_H
#define VIGIL_CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "ctl/api.h"
#include "ctl/arguments.h"
#include "ctl/problem.h"
#include "ctl/target.h"

#define CTL_PATH_MAX   4096
#define CTL_OUTPUT_MAX (32 * 1024 * 1024)

struct ctl {
	const struct commands *commands;
	const char *version;
	struct arguments arguments;
	struct target target;
	char token[TARGET_TOKEN_MAX + 2]; /* --token, moved out of argv */
	struct api *api;                  /* NULL for a local command */
	const char *subject;              /* the did a failure is about, or NULL */
	bool is_json;                     /* --json */
	bool has_color, is_terminal;      /* of standard output */
	size_t width; /* of the terminal; 0: not a terminal, as wide as it gets */
};

/* Runs the program. `argv` may be changed: a token in it is overwritten. `version` is what
 * --version says. */
enum exit_code ctl_main(int argc, char **argv, const char *version);

/* One call; a failure is told and turned into an exit code. `body` (NULL: none) is borrowed. */
enum exit_code ctl_call(struct ctl *ctl, const char *method, const struct buf *path,
                        const json_t *body, struct api_answer *answer);

/* The same for a request of any other shape. */
enum exit_code ctl_request(struct ctl *ctl, const struct api_request *request,
                           struct api_answer *answer);

/* Makes ctl->api for ctl->target; a command that is not local has one from the start. */
enum exit_code ctl_connect(struct ctl *ctl);

/* Tells what an answer of status 400 and above says. */
enum exit_code ctl_tell_problem(struct ctl *ctl, const struct api_answer *answer);

/* Starts `path` with /v2/devices/DID and `rest`, and makes the did the subject of failures. */
void ctl_device_path(struct ctl *ctl, const char *did, const char *rest, struct buf *path);

/* Pages of a list, joined. */
struct ctl_list {
	struct str path;
	const char *cursor; /* start behind it; NULL: at the list's start */
	size_t most;        /* items, the first ones ... */
	bool keeps_last;    /* ... or the last ones */
	json_t *items;      /* the result: a new reference */
};
enum exit_code ctl_list(struct ctl *ctl, struct ctl_list *list);

/* "vigil: ..." on standard error. Gives `code` back, so that it can stand after return. */
__attribute__((format(printf, 2, 3))) enum exit_code ctl_fail(enum exit_code code,
                                                              const char *format, ...);

/* A note on standard error; silent with --json. */
__attribute__((format(printf, 2, 3))) void ctl_note(const struct ctl *ctl, const char *format, ...);

/* The word or option, or NULL. */
const char *ctl_word(const struct ctl *ctl, size_t index);
const char *ctl_option(const struct ctl *ctl, const char *name);

#endif
