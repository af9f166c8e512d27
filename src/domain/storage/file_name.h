/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_name.h — names of files: made from time and id, or what a device wished, made harmless.
 *
 * Pure; times are UTC.
 */
#ifndef VIGIL_DOMAIN_FILE_NAME_H
#define VIGIL_DOMAIN_FILE_NAME_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define FILE_NAME_MAX  128
#define FILE_NAME_SIZE (FILE_NAME_MAX + 1)

/* "20191010-101010-5f3a9c01b2d4.jpeg": the second, a part of the id, and `ending`. */
void file_name_make(int64_t time_ms, const char *id, const char *ending, char out[FILE_NAME_SIZE]);

/* The last part of what may be a path, with only such characters as are harmless in a path, an
 * address and a header; not hidden, at most FILE_NAME_MAX bytes. Empty if nothing is left. A name
 * that came out once comes out unchanged. */
void file_name_clean(struct str wish, char out[FILE_NAME_SIZE]);

/* The second that "20191010-101010.jpeg" names (.jpg too); ERR_INVALID. */
enum err file_name_second(struct str name, int64_t *out_ms);

#endif
