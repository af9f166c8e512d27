/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.h — comma-separated values (RFC 4180): records in, fields out, and fields written.
 *
 * Read:  a byte order mark is skipped, lines end in LF or CRLF, empty lines are passed over. A
 *        broken record is told with its line, and reading goes on at the line behind it.
 *
 * Memory   fields are borrowed from the record until the next one is read.
 */
#ifndef VIGIL_PROTO_CSV_CSV_H
#define VIGIL_PROTO_CSV_CSV_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define CSV_FIELDS_MAX 16
#define CSV_RECORD_MAX 4096 /* characters of one record's fields */

struct csv_reader {
	struct str rest;
	size_t line; /* of what comes next, from 1 */
};

struct csv_record {
	size_t line; /* where it begins */
	size_t count;
	struct str fields[CSV_FIELDS_MAX];
	char text[CSV_RECORD_MAX];
};

void csv_reader_init(struct csv_reader *reader, struct str text);

/* ERR_NOT_FOUND: the end. ERR_MALFORMED: a quote in the wrong place or never closed.
 * ERR_TOO_LARGE: too many fields or characters. After the latter two the next call goes on with
 * the following line; out->line is set. */
enum err csv_read(struct csv_reader *reader, struct csv_record *out);

/* One field, quoted where it must be; separators and line ends are the caller's. */
void csv_add_field(struct buf *out, struct str field);

#endif
