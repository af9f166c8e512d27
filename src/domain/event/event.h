/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.h — the event log: what happened, in the order it was committed.
 *
 * An event is written in the transaction that caused it and delivered only after that is
 * committed. A sealer then gives dense cursors (1, 2, 3 ...), at most EVENT_SEAL_MS later; a
 * reader who has seen cursor n has missed nothing before it.
 *
 * Threads  event_append() inside a database job; all else on loops.
 */
#ifndef VIGIL_DOMAIN_EVENT_H
#define VIGIL_DOMAIN_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mail.h"
#include "base/mem.h"
#include "base/str.h"
#include "ports/db/db.h"

#define EVENT_SEAL_MS         10
#define EVENT_DAY_MS          86400000
#define EVENT_PAGE_MAX        500
#define EVENT_DATA_MAX        16384
#define EVENT_SUBSCRIBERS_MAX 1000

struct loop;
struct event_log;

struct event {
	int64_t id, cursor;
	struct str type; /* "device.connected" */
	struct str organization;
	struct str did; /* empty: not about one device */
	int64_t time_ms;
	struct str data; /* JSON object */
};

enum err event_log_new(struct db *db, struct event_log **out);
void event_log_free(struct event_log *log);
/* When the loops have ended, and the database has not: pages that wait are read as things are. */
void event_log_stop(struct event_log *log);
AUTO_DEFINE(event_log)

/* Adds the event to the transaction; id and cursor are not looked at. */
enum err event_append(struct db_tx *tx, const struct event *event);

/* Call after the commit, on a loop: the sealer is woken. */
void event_log_wake(struct event_log *log);

/* An event on its own, not part of another change; lives inside its owner until `done`. */
struct event_post {
	struct event event; /* its texts are borrowed until `done` */
	void (*done)(struct event_post *post, enum err err);
	struct db_job job; /* private */
	struct event_log *log;
};
enum err event_post(struct event_log *log, struct event_post *post);

/* One page in cursor order. `each` runs on a database thread: it may only look and copy. */
struct event_page {
	int64_t after; /* cursors above this one */
	int limit;     /* 1..EVENT_PAGE_MAX */
	char did[65];  /* empty: all */
	char type[65]; /* empty: all */
	char organization[65];
	void (*each)(struct event_page *page, const struct event *event);
	void (*done)(struct event_page *page, enum err err);
	int64_t last;   /* the last cursor given */
	int64_t oldest; /* the lowest one there is: those before it were removed; 0: none is */
	int count;
	/* Waits until everything that was committed before has its cursor (EVENT_SEAL_MS, unless
	 * the disk fails): whoever was answered finds the event of his call. */
	bool is_complete;
	struct db_job job; /* private from here */
	struct event_log *log;
	struct loop *home;
	struct list_node node;
	struct mail mail;
	int64_t mark;
};
enum err event_read(struct event_log *log, struct event_page *page);

/* Someone who wants to know that there is more to read. `on_more` runs on the loop that
 * subscribed, after every sealing; unsubscribe there too. ERR_BUSY past EVENT_SUBSCRIBERS_MAX. */
struct event_subscription {
	void (*on_more)(struct event_subscription *subscription);
	struct list_node node; /* private */
};
enum err event_subscribe(struct event_log *log, struct event_subscription *subscription);
void event_unsubscribe(struct event_log *log, struct event_subscription *subscription);

/* The highest cursor sealed so far. */
int64_t event_last_cursor(const struct event_log *log);

#endif
