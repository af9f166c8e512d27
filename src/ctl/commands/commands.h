/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h — the table of commands, and their handlers; one file each where they are long.
 */
#ifndef VIGIL_CTL_COMMANDS_COMMANDS_H
#define VIGIL_CTL_COMMANDS_COMMANDS_H

#include "ctl/ctl.h"

const struct commands *commands_all(void);

enum exit_code status_show(struct ctl *ctl);
enum exit_code login_store(struct ctl *ctl);
enum exit_code login_link(struct ctl *ctl);
enum exit_code device_list(struct ctl *ctl);
enum exit_code device_show(struct ctl *ctl);
enum exit_code device_add(struct ctl *ctl);
enum exit_code device_remove(struct ctl *ctl);
enum exit_code device_secret(struct ctl *ctl);
enum exit_code device_capture(struct ctl *ctl);
enum exit_code files_list(struct ctl *ctl);
enum exit_code files_get(struct ctl *ctl);
enum exit_code import_file(struct ctl *ctl);
enum exit_code export_file(struct ctl *ctl);
enum exit_code action_run(struct ctl *ctl);
enum exit_code live_play_url(struct ctl *ctl);
enum exit_code live_push_url(struct ctl *ctl);
enum exit_code streams_show(struct ctl *ctl);
enum exit_code events_show(struct ctl *ctl);
enum exit_code completion_write(struct ctl *ctl);
enum exit_code help_command(struct ctl *ctl);

/* The help of one command, or of all (NULL), on standard output. */
enum exit_code help_show(const struct ctl *ctl, const struct command *command);

/* After a mistake, on standard error: how the command is written; for an unknown one (NULL), the
 * commands that begin with `word`, which may be NULL. */
void help_usage(const struct ctl *ctl, const struct command *command, const char *word);

/* "vigil device add DID [--name TEXT]", appended. */
void help_add_usage(const struct command *command, struct buf *out);

/* The manual page in roff, appended. */
void manual_write(const struct commands *commands, struct buf *out);

#endif
