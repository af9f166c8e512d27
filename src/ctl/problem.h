/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem.h — an answer that is a failure, in words: what, where, what to do (RFC 9457).
 *
 * Pure. Texts in struct problem are borrowed from the answer's JSON.
 */
#ifndef VIGIL_CTL_PROBLEM_H
#define VIGIL_CTL_PROBLEM_H

#include <jansson.h>

#include "base/buf.h"
#include "base/str.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_DENIED = 4, /* or not authenticated */
	EXIT_UNREACHABLE = 5,
};

struct problem {
	int status;
	struct str name; /* "device-offline"; empty where the answer is no problem of ours */
	struct str title, detail, field;
	int64_t code; /* a device's own; 0: none */
};

/* `json` may be NULL or of any shape. */
void problem_read(int status, const json_t *json, struct problem *out);

/* By the status: 404, 401 and 403 have their own. */
enum exit_code problem_exit(const struct problem *problem);

/* Appends the lines for a person. `subject` (a did; NULL: none) is what the call was about,
 * `seen` (NULL: not known) says when it was last heard of, `request_id` may be empty. */
void problem_write(const struct problem *problem, const char *subject, const char *seen,
                   const char *request_id, struct buf *out);

#endif
