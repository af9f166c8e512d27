/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h — writes the head of a response (RFC 9112 §4).
 *
 * Errors   sticky in the buf; a name or value that could split the head is refused by
 *          http_answer_field().
 */
#ifndef VIGIL_PROTO_HTTP_ANSWER_H
#define VIGIL_PROTO_HTTP_ANSWER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* The reason phrase; "Unknown" for a status without one. */
const char *http_status_text(int status);

/* "HTTP/1.1 200 OK" and CRLF. `status` is 100..999. */
void http_answer_status(struct buf *out, int status);

/* "Name: value" and CRLF; ERR_INVALID (nothing written) unless the name is a token and the value
 * has no control characters. */
enum err http_answer_field(struct buf *out, const char *name, struct str value);

/* "Content-Length: n" and CRLF, without a look at any format. */
void http_answer_length(struct buf *out, uint64_t length);

#endif
