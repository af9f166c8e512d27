/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h — the time of day and a steady time.
 *
 * Threads  any.
 * Units    as the names say; clock_now_ms() counts from 1970 UTC.
 *
 * In builds with the option `test_clock` a test may move both clocks forward; in releases
 * clock_advance() does not exist.
 */
#ifndef VIGIL_BASE_CLOCK_H
#define VIGIL_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

int64_t clock_now_ms(void);
int64_t clock_steady_ms(void);
int64_t clock_steady_us(void);

#ifdef VIGIL_TEST_CLOCK
void clock_advance(int64_t ms);
#endif

#define CLOCK_TEXT_SIZE 25

/* RFC 3339 in UTC with milliseconds, for example 2026-01-02T03:04:05.678Z. */
void clock_format(int64_t now_ms, char out[CLOCK_TEXT_SIZE]);

/* Reads RFC 3339 (date, 'T' or ' ', time, optional fraction, 'Z' or an offset) into milliseconds
 * since 1970; ERR_INVALID. */
enum err clock_parse(struct str text, int64_t *out_ms);

#endif
