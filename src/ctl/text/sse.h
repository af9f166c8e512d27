/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sse.h — reads a server-sent event stream (WHATWG HTML, section "Server-sent events").
 *
 * Pure: bytes in, one call of on_event per event. Lines may end in LF, CR or CRLF and may be cut
 * anywhere between two feeds.
 *
 * Memory   grows with the longest event, at most SSE_LINE_MAX and SSE_TEXT_MAX; sse_done() frees.
 * Errors   ERR_TOO_LARGE, ERR_NO_MEMORY; sticky, so a stream that broke a limit stays broken.
 */
#ifndef VIGIL_CTL_TEXT_SSE_H
#define VIGIL_CTL_TEXT_SSE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define SSE_LINE_MAX   (256 * 1024) /* one line, without its end */
#define SSE_TEXT_MAX   (256 * 1024) /* all data lines of one event */
#define SSE_CURSOR_MAX 255          /* a longer id is ignored */
#define SSE_TYPE_MAX   63           /* a longer event name is cut */

struct sse_event {
	struct str type;   /* "message" where the stream names none */
	struct str cursor; /* the last id the stream has named, this event's included */
	struct str text;
};

/* The event's texts are borrowed for the call. */
typedef void (*sse_event_fn)(void *owner, const struct sse_event *event);

struct sse {
	struct buf line;
	struct buf text;
	char type[SSE_TYPE_MAX + 1];
	char id[SSE_CURSOR_MAX + 1];     /* of the event that is being read */
	char cursor[SSE_CURSOR_MAX + 1]; /* where to go on: behind the last whole event */
	int64_t retry_ms;                /* what the stream asked for; 0 if it did not */
	bool is_started, is_after_cr, has_text;
	enum err err;
};

void sse_init(struct sse *sse);
void sse_done(struct sse *sse);

/* Before a reconnect: forgets the half-read event, keeps the cursor. */
void sse_restart(struct sse *sse);

enum err sse_feed(struct sse *sse, struct str bytes, sse_event_fn on_event, void *owner);

#endif
