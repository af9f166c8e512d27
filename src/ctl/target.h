/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h — which server, and with which token: options, environment, file, in this order.
 *
 * The stored token goes to the stored server only: a URL given by hand never receives it.
 *
 * Errors   ERR_INVALID, ERR_NOT_FOUND and those of files, with why. No why holds a token.
 */
#ifndef VIGIL_CTL_TARGET_H
#define VIGIL_CTL_TARGET_H

#include <limits.h>

#include "base/err.h"
#include "base/str.h"
#include "ctl/arguments.h"

#define TARGET_URL_MAX   512
#define TARGET_TOKEN_MAX 256
#define TARGET_FILE_MAX  4096
#define TARGET_URL       "http://127.0.0.1:8080"

struct target {
	char url[TARGET_URL_MAX + 1];
	char token[TARGET_TOKEN_MAX + 1]; /* empty: none */
	char ca_file[PATH_MAX];           /* empty: the system's */
};

enum err target_find(const struct arguments *arguments, struct target *out, struct why *why);

/* Only the token (options, then VIGIL_TOKEN) and the certificate file; both may stay empty. */
enum err target_find_token(const struct arguments *arguments, struct target *target,
                           struct why *why);

/* Writes the file that target_find() reads, mode 0600, whole or not at all. */
enum err target_store(const struct target *target, struct why *why);

/* The text without blanks and line ends around it; refused unless it can stand in a header. */
enum err target_set_token(struct target *target, struct str text, struct why *why);
enum err target_set_url(struct target *target, struct str text, struct why *why);

/* Reads "name = value" lines: url, token, ca. Unknown names are refused, with the line. */
enum err target_parse(struct str text, struct target *out, struct why *why);

#endif
