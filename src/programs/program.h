/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h — how every program of ours begins: words instead of a start, and the log.
 *
 * Threads  main(), before any other begins.
 */
#ifndef VIGIL_PROGRAMS_PROGRAM_H
#define VIGIL_PROGRAMS_PROGRAM_H

#include <stdbool.h>

#include "base/settings.h"

/* The setting log.json. */
enum log_json_choice { LOG_JSON_AUTO, LOG_JSON_YES, LOG_JSON_NO };

/* True when --help or its kin was asked for and printed: the program is done. */
bool program_answers(const struct settings_table *table, int argc, char *const *argv);

/* `level` and `json` are the values of the settings log.level and log.json. */
void program_start_log(const char *name, int level, int json);

#endif
