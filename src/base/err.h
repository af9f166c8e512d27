/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h — the one type of failure, and the words that go with it.
 *
 * Zero is success. The compiler refuses to let an `enum err` be dropped; write `(void)` where that
 * is meant. `struct why` is filled only on failure, in words fit for the API's caller, never with
 * secrets.
 */
#ifndef VIGIL_BASE_ERR_H
#define VIGIL_BASE_ERR_H

#define MUST_USE [[nodiscard]]

enum MUST_USE err {
#define X(name, text) ERR_##name,
#include "base/err.def"
#undef X
	ERR_COUNT_
};

#define WHY_TEXT_MAX  200
#define WHY_FIELD_MAX 64

/* What went wrong, for a person. A zeroed one is ready for use. */
struct why {
	enum err err;
	int reason; /* enum reason of domain/reasons.def; 0 where the kind says it all */
	int code;   /* a device's own code (60000..), 0 where there is none */
	char field[WHY_FIELD_MAX]; /* the offending field's name, empty where there is none */
	char text[WHY_TEXT_MAX];
};

/* The kind's text in English; never NULL. */
const char *err_text(enum err err);

/* Fills *why (which may be NULL) and gives `err` back, so that it can stand after `return`. */
__attribute__((format(printf, 3, 4))) enum err why_set(struct why *why, enum err err,
                                                       const char *format, ...);

/* The same with a stable reason and, unless NULL, the field that is at fault. */
__attribute__((format(printf, 5, 6))) enum err why_set_reason(struct why *why, enum err err,
                                                              int reason, const char *field,
                                                              const char *format, ...);

/* Turns an errno into the kind a caller can act on. */
enum err err_from_errno(int errno_value);

#endif
