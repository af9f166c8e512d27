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

enum log_json_choice { LOG_JSON_AUTO, LOG_JSON_YES, LOG_JSON_NO };

struct vigild_settings {
#define TEXT(member, name, fallback, shape, help)           char *member;
#define LIST(member, name, shape, help)                     struct settings_list member;
#define INT(member, name, fallback, least, most, help)      int64_t member;
#define AUTO_INT(member, name, fallback, least, most, help) int64_t member;
#define BOOL(member, name, help)                            bool member;
#define CHOICE(member, name, fallback, words, help)         int member;
#include "programs/vigild_settings.def"
#undef TEXT
#undef LIST
#undef INT
#undef AUTO_INT
#undef BOOL
#undef CHOICE
};

/* For settings_answer(): --help and its kin. */
extern const struct settings_table vigild_settings_table;

/* settings_read() with vigild's own rules: a data folder, and a certificate together with its key.
 * *out is a zeroed struct. */
enum err vigild_settings_read(int argc, char *const *argv, char *const *environment,
                              struct vigild_settings *out, struct why *why);
void vigild_settings_done(struct vigild_settings *settings);

#endif
