/* SPDX-License-Identifier: Apache-2.0 */
/* api_import.h — the lines of an import as devices. Pure. */
#ifndef VIGIL_ENDPOINTS_API_API_IMPORT_H
#define VIGIL_ENDPOINTS_API_API_IMPORT_H

#include <stdbool.h>

#include "domain/device/device.h"
#include "proto/csv/csv.h"

#define IMPORT_REFUSALS_MAX 1000 /* told one by one; the rest is only counted */

/* Which column holds what; -1: none. */
struct import_columns {
	int did, secret, name, kind, sign_policy;
	size_t count;
};

/* Of a did that is none, so much is told to its sender. */
#define IMPORT_TOLD_MAX 96

struct import_row {
	size_t line;
	/* A malformed did as it came: bytes that are no text as \xHH, "..." where it was cut. */
	char told[IMPORT_TOLD_MAX + sizeof "..."];
	bool has_secret, has_name, has_kind, has_policy;
};

/* Takes a heading (a first record whose first field is "did") off the reader; without one the
 * columns are did,secret,name,kind,sign_policy. ERR_INVALID with a heading's unknown name;
 * `record` is room for one. */
enum err import_read_columns(struct import_columns *out, struct csv_reader *reader,
                             struct csv_record *record, struct why *why);

/* One record as a device: everything is checked but what the database knows. */
enum err import_read_row(const struct import_columns *columns, const struct csv_record *record,
                         struct device_spec *spec, struct import_row *out, struct why *why);

#endif
