/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arguments.h — what was typed, read against the table of commands.
 *
 * A command is a row: its words, its options, its help and its handler. The command line, the help,
 * the manual page and the shells' completions are all made from these rows.
 *
 * Memory   everything in struct arguments is borrowed from argv and the table.
 * Errors   ERR_INVALID with why: what is wrong and how it is written.
 */
#ifndef VIGIL_CTL_ARGUMENTS_H
#define VIGIL_CTL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "ctl/problem.h"

#define ARGUMENTS_WORDS_MAX   64
#define ARGUMENTS_OPTIONS_MAX 32

struct ctl;

struct option_row {
	const char *name;  /* without the dashes; NULL ends a table */
	char letter;       /* 0: none */
	const char *value; /* the value's name in help; NULL: a flag */
	const char *help;
};

struct command {
	const char *name;  /* one or two words */
	const char *words; /* what follows, for help */
	int least, most;   /* how many of them */
	const char *help;  /* one line, small letter, no full stop */
	const char *text;  /* a paragraph for help COMMAND and the manual; NULL: none */
	const struct option_row *options;
	enum exit_code (*run)(struct ctl *ctl);
	bool is_local; /* needs no server */
};

struct commands {
	const struct command *rows;
	size_t count;
	const struct option_row *options; /* those every command takes */
};

struct given_option {
	const struct option_row *row;
	const char *value; /* "" for a flag */
};

struct arguments {
	const struct command *command; /* NULL: none was named */
	const char *words[ARGUMENTS_WORDS_MAX];
	size_t word_count;
	struct given_option options[ARGUMENTS_OPTIONS_MAX];
	size_t option_count;
};

/* Options may stand anywhere; "--" ends them. "-" alone is a word. *out is filled as far as it got,
 * so that the caller can show the right help. */
enum err arguments_read(const struct commands *commands, int argc, char *const *argv,
                        struct arguments *out, struct why *why);

/* The last value given, "" for a flag; NULL if the option was not given. */
const char *arguments_option(const struct arguments *arguments, const char *name);

/* A whole number in least..most; `fallback` if the option was not given. */
enum err arguments_number(const struct arguments *arguments, const char *name, int64_t least,
                          int64_t most, int64_t fallback, int64_t *out, struct why *why);

/* The row of this name, or NULL. */
const struct command *command_find(const struct commands *commands, const char *name);

#endif
