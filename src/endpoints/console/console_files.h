/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console_files.h — the web console's files, compiled into the program.
 *
 * Threads  any; everything is constant.
 * Memory   static; nothing to free.
 * Errors   none.
 *
 * The table is made from web/dist by scripts/embed-files, sorted by path.
 */
#ifndef VIGIL_ENDPOINTS_CONSOLE_FILES_H
#define VIGIL_ENDPOINTS_CONSOLE_FILES_H

#include <stddef.h>
#include <stdint.h>

struct console_file {
	const char *path; /* as in the URL, with its slash: "/app.js"; index.html is also "/" */
	const char *type; /* Content-Type */
	const char *etag; /* quoted: 16 hex digits of the SHA-256 of `bytes` */
	const uint8_t *bytes;
	size_t size;
	const uint8_t *gzip; /* NULL where compression saves less than a tenth */
	size_t gzip_size;
};

extern const struct console_file console_files[];
extern const size_t console_file_count;

#endif
