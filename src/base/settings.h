/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.h — what a program can be told, as a table: read, checked, explained.
 *
 * A program lists its settings once in a .def file (see programs/vigild_settings.def) and expands
 * it to a struct with typed members and to rows. Where a value comes from, the first that has one:
 *
 *     flag          --live-flush-ms 80, --live-flush-ms=80, --allow-plain, --http= (empty)
 *     environment   VIGIL_LIVE_FLUSH_MS=80
 *     file          live.flush_ms = 80        a line each; lines that start with # are comments
 *     default
 *
 * Threads  read once at start; afterwards the struct is const and any thread may look.
 * Memory   settings_read() fills the program's struct; free it with settings_done().
 * Errors   ERR_INVALID with words that name the place: "etc/vigild.conf:12: loops: 0 is not in
 *          1..64"; unknown flags and names are errors; ERR_TOO_LARGE, ERR_NO_MEMORY, ERR_IO.
 */
#ifndef VIGIL_BASE_SETTINGS_H
#define VIGIL_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define SETTINGS_ROWS_MAX 96
#define SETTINGS_LIST_MAX 64
#define SETTINGS_TEXT_MAX 4096
#define SETTINGS_FILE_MAX (64 * 1024)
#define SETTINGS_AUTO     (-1) /* what "auto" is in a number's member */

/* A member of type LIST. */
struct settings_list {
	char *items[SETTINGS_LIST_MAX];
	size_t count;
};

enum setting_type {
	SETTING_TEXT,   /* char *, never NULL; empty where nothing is set */
	SETTING_INT,    /* int64_t */
	SETTING_AUTO,   /* int64_t, or the word "auto": SETTINGS_AUTO */
	SETTING_BOOL,   /* bool: yes, no */
	SETTING_CHOICE, /* int: the place of the word in `shape`, "first|second" */
	SETTING_LIST,   /* struct settings_list; repeated, or separated by commas */
};

struct setting {
	enum setting_type type;
	const char *name;  /* as in a file: lower case, '_' inside words, '.' between them */
	const char *shape; /* what a value looks like: "FILE", "HOST:PORT", or a choice's words */
	const char *fallback; /* the default, written as in a file */
	const char *help;
	size_t offset; /* of the member in the program's struct */
	int64_t least, most;
};

/* Rows named "config" (the file to read) and "check" cannot stand in a file. */
struct settings_table {
	const char *program;
	const char *summary; /* one line for --help */
	const char *version;
	const char *prefix; /* of the environment's names: "VIGIL_" */
	const struct setting *rows;
	size_t row_count;
};

/* Fills *out, a zeroed struct of the program. `environment` is that of main(), or NULL. On failure
 * *out holds what was read so far and is still to be given to settings_done(). */
enum err settings_read(const struct settings_table *table, int argc, char *const *argv,
                       char *const *environment, void *out, struct why *why);

/* Defaults and the lines of a settings file's text; `path` stands in errors only. */
enum err settings_read_text(const struct settings_table *table, struct str text, const char *path,
                            void *out, struct why *why);

void settings_done(const struct settings_table *table, void *out);

/* True when the arguments ask for words instead of a start: --help, --version, --example (a
 * settings file with every default) or --completion bash|zsh|fish. The words are then in `out`. */
bool settings_answer(const struct settings_table *table, int argc, char *const *argv,
                     struct buf *out);

/* Settings without a dot in their name, one a line; the others are in the example. */
void settings_help(const struct settings_table *table, struct buf *out);

/* Every setting, commented out, with its default: what etc/PROGRAM.conf.example holds. */
void settings_example(const struct settings_table *table, struct buf *out);

/* A script for the shell `shell`; ERR_INVALID for another than bash, zsh and fish. */
enum err settings_completion(const struct settings_table *table, struct str shell, struct buf *out);

#define SETTINGS_NAME_MAX 64

/* "live.flush_ms" as a flag: "--live-flush-ms". */
void settings_flag_name(const char *name, char out[SETTINGS_NAME_MAX]);

#endif
