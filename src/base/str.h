/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str.h — a borrowed run of characters; not ended by NUL, may hold any byte.
 *
 * Every function is pure and accepts an empty str whose `at` is NULL.
 */
#ifndef VIGIL_BASE_STR_H
#define VIGIL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct str {
	const char *at;
	size_t size;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
#define STR_ARG(s)   (int)(s).size, (s).at /* for "%.*s" */

static inline struct str str_of(const char *text)
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

bool str_equal(struct str a, struct str b);
bool str_equal_nocase(struct str a, struct str b); /* ASCII letters only */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_from(struct str s, size_t offset); /* the rest; empty past the end */
struct str str_trim(struct str s);                /* without spaces and tabs at both ends */

/* Cuts *rest at the first `separator`: the part before it is given, *rest is what follows. Gives
 * false, with *part and *rest empty, when *rest was used up (its `at` is NULL). */
bool str_cut(struct str *rest, char separator, struct str *part);

/* The position of the first `c`, or s.size. */
size_t str_index(struct str s, char c);

/* What stands before the last `c`, the host of "[::1]:80" for ':'; empty when there is no `c`. */
struct str str_before_last(struct str s, char c);

/* Decimal digits only (a '-' first for str_to_i64), all of `s`, within least..most; else
 * ERR_INVALID. */
enum err str_to_i64(struct str s, int64_t least, int64_t most, int64_t *out);
enum err str_to_u64(struct str s, uint64_t most, uint64_t *out);

/* Takes time that depends on b.size alone; false when the sizes differ. */
bool str_equal_secret(struct str a, struct str b);

/* A heap copy ended by NUL, or NULL. */
char *str_dup(struct str s);

/* Copies into a buffer of `room` bytes with a NUL; ERR_TOO_LARGE (and an empty text) if it does
 * not fit. */
enum err str_copy(struct str s, char *to, size_t room);

/* Every byte is one of `allowed` (a NUL-ended set of characters) or an ASCII letter or digit. */
bool str_is_word(struct str s, const char *allowed);

/* Well-formed UTF-8 without NUL (RFC 3629 §4; surrogates and overlong forms are refused). */
bool str_is_utf8(struct str s);

#endif
