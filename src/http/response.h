/* SPDX-License-Identifier: Apache-2.0 */
/*
 * response.h — the one answer to a request.
 *
 * Threads  the request's loop.
 * Memory   everything passed in is borrowed for the call. response_send(), response_problem() and
 *          response_end() end the request: it must not be touched afterwards.
 * Errors   a field that could split the answer (CR, LF, NUL) makes it a 500.
 */
#ifndef VIGIL_HTTP_RESPONSE_H
#define VIGIL_HTTP_RESPONSE_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "http/request.h"

#define RESPONSE_HEADERS_BYTES_MAX (8 * 1024)   /* of fields added by response_header() */
#define RESPONSE_QUEUE_MAX         (128 * 1024) /* what may wait while streaming out */
#define RESPONSE_WRITE_MAX         (512 * 1024) /* one response_write() */
#define RESPONSE_BODY_MAX          (64 * 1024 * 1024)

/* Adds a field to the coming answer. Content-Type, Content-Length, Date, Connection and
 * Transfer-Encoding are the server's own. */
void response_header(struct request *req, const char *name, struct str value);

/* Answers with a whole body (content_type NULL: no body). */
void response_send(struct request *req, int status, const char *content_type, struct str body);

/* Answers 204, or any status without a body. */
void response_empty(struct request *req, int status);

/* A failure as RFC 9457 describes it; `type` becomes /problems/NAME. */
struct problem {
	int status;
	const char *name;
	const char *title;
	const char *detail; /* NULL or empty: none */
	const char *field;  /* NULL or empty: none */
	int code;           /* 0: none */
};
void response_problem(struct request *req, const struct problem *problem);

/* Answers with a body of unknown length: chunked for HTTP/1.1, else ended by the connection.
 * on_room (may be NULL) is called when a writer that met ERR_BUSY may go on. */
void response_begin(struct request *req, int status, const char *content_type,
                    void (*on_room)(void *owner, struct request *req), void *owner);

/* The same with a body of exactly `length` bytes: response_abort() if they cannot all be given. */
void response_begin_length(struct request *req, int status, const char *content_type,
                           uint64_t length, void (*on_room)(void *owner, struct request *req),
                           void *owner);

/* ERR_BUSY, and nothing is taken, while more than RESPONSE_QUEUE_MAX bytes wait; ERR_CLOSED when
 * the peer has gone: response_end() is still due; ERR_TOO_LARGE past RESPONSE_WRITE_MAX. */
enum err response_write(struct request *req, struct str bytes);

void response_end(struct request *req);

/* Ends a streamed answer so that the client sees it is not whole: the connection is cut. */
void response_abort(struct request *req);

#endif
