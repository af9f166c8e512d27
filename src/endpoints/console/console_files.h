/* SPDX-License-Identifier: Apache-2.0 */
/* console_files.h — the table that scripts/embed-files makes of web/dist, ordered by path. */
#ifndef VIGIL_ENDPOINTS_CONSOLE_CONSOLE_FILES_H
#define VIGIL_ENDPOINTS_CONSOLE_CONSOLE_FILES_H

#include <stddef.h>
#include <stdint.h>

struct console_file {
	const char *path; /* "/index.html" */
	const char *type;
	const char *etag; /* with its quotes */
	const uint8_t *bytes;
	size_t size;
	const uint8_t *gzip; /* NULL: not worth it */
	size_t gzip_size;
};

extern const struct console_file console_files[];
extern const size_t console_file_count;

#endif
