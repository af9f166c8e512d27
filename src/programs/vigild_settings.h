/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vigild_settings.h — what vigild was told, typed. The list is vigild_settings.def.
 *
 * Threads  read once by main(); const afterwards.
 * Memory   vigild_settings_done() frees the texts.
 */
#ifndef VIGIL_PROGRAMS_VIGILD_SETTINGS_H
#define VIGIL_PROGRAMS_VIGILD_SETTINGS_H

#include "base/settings.h"

struct vigild_settings {
#define SETTINGS_DEF "programs/vigild_settings.def"
#include "programs/settings_members.def"
#undef SETTINGS_DEF
};

/* For settings_answer(): --help and its kin. */
extern const struct settings_table vigild_settings_table;

/* settings_read() with vigild's own rules: a data folder, and a certificate together with its key.
 * *out is a zeroed struct. */
enum err vigild_settings_read(int argc, char *const *argv, char *const *environment,
                              struct vigild_settings *out, struct why *why);
void vigild_settings_done(struct vigild_settings *settings);

#endif
