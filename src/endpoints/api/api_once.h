/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_once.h — Idempotency-Key: what was done once is answered again, not done again.
 *
 * Kept in memory: one answer for each caller, path and key, ONCE_KEEP_MS long. Answers that say
 * nothing was done (busy, offline, invalid) are not kept.
 *
 * Threads  any.
 */
#ifndef VIGIL_ENDPOINTS_API_API_ONCE_H
#define VIGIL_ENDPOINTS_API_API_ONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/request.h"

#define ONCE_MAX         10000
#define ONCE_BYTES_MAX   (16 * 1024 * 1024)
#define ONCE_KEEP_MS     (10 * 60 * 1000)
#define ONCE_KEY_MAX     255
#define ONCE_TICKET_SIZE 32

struct once;

enum err once_new(struct once **out);
void once_free(struct once *once);
AUTO_DEFINE(once)

/* One request's place; all zero without a key. */
struct once_ticket {
	uint8_t place[ONCE_TICKET_SIZE];
	bool is_on;
};

/* Takes a place for the request. False: it was answered (again, or refused). */
bool once_begin(struct once *once, struct request *req, struct once_ticket *out);

/* The one answer of a request that took a place; sends it and keeps it. */
void once_answer(struct once *once, struct request *req, const struct once_ticket *ticket,
                 int status, const struct buf *body);
/* A failure; kept only where the device may have done it all the same. */
void once_problem(struct once *once, struct request *req, const struct once_ticket *ticket,
                  enum err err, const struct why *why);

#endif
