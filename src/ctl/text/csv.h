/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.h — cuts a CSV file (RFC 4180) between records, so that each part is a request of bounded
 * size. It looks at quotes and line ends only; what the fields mean is the server's business.
 *
 * Memory   everything given is borrowed from the text.
 */
#ifndef VIGIL_CTL_TEXT_CSV_H
#define VIGIL_CTL_TEXT_CSV_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

#define CSV_PART_BYTES_MAX   (128 * 1024) /* one request, its heading not counted */
#define CSV_PART_RECORDS_MAX 500

struct csv {
	struct str rest;
	struct str heading; /* the first record with its line end if it starts with "did"; else
	                       empty */
	size_t line;        /* of rest, from 1 */
};

struct csv_part {
	struct str text;
	size_t first_line; /* in the file, from 1 */
	size_t lines;
};

/* Skips a byte order mark and sets the heading aside. */
void csv_init(struct csv *csv, struct str text);

/* The next run of whole records. ERR_NOT_FOUND at the end; ERR_MALFORMED for a quote that is never
 * closed and ERR_TOO_LARGE for a record over CSV_PART_BYTES_MAX, both with the line in why. */
enum err csv_next(struct csv *csv, struct csv_part *out, struct why *why);

/* The line of the file that is meant by `line` of a request made of the heading and `part`. */
size_t csv_file_line(const struct csv *csv, const struct csv_part *part, size_t line);

#endif
