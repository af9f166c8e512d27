/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print.h — results on standard output, for people or as JSON.
 *
 * Errors   EXIT_FAILED, told, when memory or standard output gives out.
 */
#ifndef VIGIL_CTL_PRINT_H
#define VIGIL_CTL_PRINT_H

#include <jansson.h>

#include "base/buf.h"
#include "ctl/ctl.h"
#include "ctl/text/table.h"

enum exit_code print_text(struct str text);

/* The value as it is, indented, one trailing line end. */
enum exit_code print_json(const json_t *json);

/* The value on one line: for streams of them. */
enum exit_code print_json_line(const json_t *json);

enum exit_code print_table(const struct ctl *ctl, const struct table *table);

/* Any JSON for a person: members one a line, lists of objects as tables. */
enum exit_code print_value(const struct ctl *ctl, json_t *json);

/* A scalar as text, appended: no quotes; empty for null; objects and lists as JSON. */
void print_add_scalar(const json_t *json, struct buf *out);

/* "3 s", "5 min", "7 h", "9 d" since `then` (RFC 3339), appended; nothing if it is empty. */
void print_add_age(struct str then, int64_t now_ms, struct buf *out);

/* "1.5 MB", appended. */
void print_add_bytes(int64_t bytes, struct buf *out);

#endif
