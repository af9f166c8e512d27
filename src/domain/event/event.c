/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/event/event.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/timer.h"
#include "ports/run/run.h"

#define PAGE_SQL(where)                                                                     \
	"SELECT id, cursor, type, did, time, data FROM events WHERE cursor > $1 AND " where \
	" ORDER BY cursor LIMIT $5"
#define EVENT_RETRY_MS 1000

/* One loop's subscribers; touched on that loop only, but for the mail. */
struct audience {
	struct event_log *log;
	struct loop *loop;
	struct list subscriptions;
	struct mail mail;
	_Atomic bool is_mailed;
};

struct event_log {
	struct db *db;
	struct db_job sealing;
	struct timer timer;
	int64_t sealed; /* the sealing job's own count */
	_Atomic int64_t last_cursor;
	_Atomic bool is_sealing; /* a timer or a job is under way */
	_Atomic bool is_dirty;   /* more came meanwhile */
	_Atomic int subscriber_count;
	pthread_mutex_t lock;      /* guards the rest */
	int64_t woken;             /* how often there was something to seal */
	int64_t covering, covered; /* as much of it as the job under way, and the last one, saw */
	struct list waiting;       /* complete pages */
	struct audience audiences[RUN_LOOPS_MAX];
};

static enum err load_last(struct db_tx *tx, struct db_job *job)
{
	struct event_log *log = CONTAINER_OF(job, struct event_log, sealing);
	struct db_statement *find;
	bool has_row;
	enum err err = db_prepare(
		tx, "SELECT COALESCE(MAX(cursor), 0) FROM events WHERE cursor IS NOT NULL", &find);

	if (err == ERR_OK)
		err = db_step(find, &has_row);
	if (err == ERR_OK)
		log->sealed = has_row ? db_int(find, 0) : 0;
	return err;
}

enum err event_log_new(struct db *db, struct event_log **out)
{
	AUTO(event_log) log = calloc(1, sizeof *log);

	if (!log)
		return ERR_NO_MEMORY;
	log->db = db;
	list_init(&log->waiting);
	(void)pthread_mutex_init(&log->lock, NULL);
	for (size_t i = 0; i < RUN_LOOPS_MAX; i++) {
		log->audiences[i].log = log;
		list_init(&log->audiences[i].subscriptions);
	}
	enum err err = db_read_now(db, &log->sealing, load_last);
	if (err != ERR_OK)
		return err;
	atomic_store(&log->last_cursor, log->sealed);
	*out = TAKE(log);
	return ERR_OK;
}

void event_log_free(struct event_log *log)
{
	if (!log)
		return;
	(void)pthread_mutex_destroy(&log->lock);
	free(log);
}

enum err event_append(struct db_tx *tx, const struct event *event)
{
	struct db_statement *add;
	enum err err = db_prepare(tx,
	                          "INSERT INTO events (organization, did, type, time, data, day) "
	                          "VALUES ($1, $2, $3, $4, $5, $6)",
	                          &add);
	if (err != ERR_OK)
		return err;
	db_bind_text(add, 1, event->organization);
	db_bind_text(add, 2, event->did.size ? event->did : (struct str){ 0 });
	db_bind_text(add, 3, event->type);
	db_bind_int(add, 4, event->time_ms);
	db_bind_text(add, 5, event->data.size ? event->data : STR("{}"));
	db_bind_int(add, 6, event->time_ms / EVENT_DAY_MS);
	return db_run(add);
}

/* Cursors follow the ids of what is committed: the writer is one, so ids are in commit order. */
static enum err seal(struct db_tx *tx, struct db_job *job)
{
	struct event_log *log = CONTAINER_OF(job, struct event_log, sealing);
	struct db_statement *update;
	enum err err =
		db_prepare(tx,
	                   "UPDATE events SET cursor = $1 + fresh.place FROM "
	                   "(SELECT id, row_number() OVER (ORDER BY id) AS place FROM events "
	                   "WHERE cursor IS NULL) AS fresh WHERE events.id = fresh.id",
	                   &update);
	if (err != ERR_OK)
		return err;
	log->sealed = atomic_load(&log->last_cursor);
	db_bind_int(update, 1, log->sealed);
	err = db_run(update);
	if (err == ERR_OK)
		log->sealed += db_changes(tx);
	return err;
}

static void on_more(struct mail *mail)
{
	struct audience *audience = CONTAINER_OF(mail, struct audience, mail);

	atomic_store(&audience->is_mailed, false);
	list_each (node, &audience->subscriptions) {
		struct event_subscription *one =
			CONTAINER_OF(node, struct event_subscription, node);
		one->on_more(one);
	}
}

static void tell_audiences(struct event_log *log)
{
	for (size_t i = 0; i < RUN_LOOPS_MAX; i++) {
		struct audience *audience = &log->audiences[i];
		struct loop *loop = __atomic_load_n(&audience->loop, __ATOMIC_ACQUIRE);
		if (!loop || atomic_exchange(&audience->is_mailed, true))
			continue;
		audience->mail.fn = on_more;
		run_post(loop, &audience->mail);
	}
}

/* Under the lock: pages that wait for no more than `mark` go on, on their own loops. */
static void release_pages(struct event_log *log, int64_t mark)
{
	list_each (node, &log->waiting) {
		struct event_page *page = CONTAINER_OF(node, struct event_page, node);
		if (page->mark > mark)
			continue;
		list_remove(node);
		run_post(page->home, &page->mail);
	}
}

void event_log_stop(struct event_log *log)
{
	(void)pthread_mutex_lock(&log->lock);
	release_pages(log, INT64_MAX);
	(void)pthread_mutex_unlock(&log->lock);
}

/* A seal that failed does not hold up those who want to read. */
static void note_sealed(struct event_log *log, enum err err)
{
	(void)pthread_mutex_lock(&log->lock);
	if (err == ERR_OK)
		log->covered = log->covering;
	release_pages(log, log->covering);
	(void)pthread_mutex_unlock(&log->lock);
}

static void on_seal_timer(struct timer *timer);

static void on_sealed(struct db_job *job, enum err err)
{
	struct event_log *log = CONTAINER_OF(job, struct event_log, sealing);

	if (err == ERR_OK) {
		atomic_store(&log->last_cursor, log->sealed);
		tell_audiences(log);
	}
	note_sealed(log, err);
	/* A failure (disk full) leaves the rows unsealed: the next round takes them along. */
	if (err != ERR_OK) {
		run_after(&log->timer, EVENT_RETRY_MS, on_seal_timer);
		return;
	}
	atomic_store(&log->is_sealing, false);
	if (atomic_load(&log->is_dirty) && !atomic_exchange(&log->is_sealing, true))
		run_after(&log->timer, EVENT_SEAL_MS, on_seal_timer);
}

static void on_seal_timer(struct timer *timer)
{
	struct event_log *log = CONTAINER_OF(timer, struct event_log, timer);

	atomic_store(&log->is_dirty, false);
	(void)pthread_mutex_lock(&log->lock);
	log->covering = log->woken;
	(void)pthread_mutex_unlock(&log->lock);
	if (db_write(log->db, &log->sealing, seal, on_sealed) != ERR_OK)
		run_after(&log->timer, 100, on_seal_timer);
}

void event_log_wake(struct event_log *log)
{
	(void)pthread_mutex_lock(&log->lock);
	log->woken++;
	(void)pthread_mutex_unlock(&log->lock);
	atomic_store(&log->is_dirty, true);
	if (!atomic_exchange(&log->is_sealing, true))
		run_after(&log->timer, EVENT_SEAL_MS, on_seal_timer);
}

static enum err write_post(struct db_tx *tx, struct db_job *job)
{
	return event_append(tx, &CONTAINER_OF(job, struct event_post, job)->event);
}

static void on_posted(struct db_job *job, enum err err)
{
	struct event_post *post = CONTAINER_OF(job, struct event_post, job);

	if (err == ERR_OK)
		event_log_wake(post->log);
	post->done(post, err);
}

enum err event_post(struct event_log *log, struct event_post *post)
{
	post->log = log;
	return db_write(log->db, &post->job, write_post, on_posted);
}

static void take_row(struct event_page *page, struct db_statement *row)
{
	const struct event event = { .id = db_int(row, 0),
		                     .cursor = db_int(row, 1),
		                     .type = db_text(row, 2),
		                     .did = db_text(row, 3),
		                     .time_ms = db_int(row, 4),
		                     .data = db_text(row, 5) };

	page->last = event.cursor;
	page->count++;
	page->each(page, &event);
}

/* The lowest cursor there is; 0: none. */
static enum err find_oldest(struct db_tx *tx, int64_t *out)
{
	struct db_statement *find;
	bool has_row;
	enum err err =
		db_prepare(tx, "SELECT COALESCE(cursor, 0) FROM events ORDER BY id LIMIT 1", &find);

	if (err == ERR_OK)
		err = db_step(find, &has_row);
	if (err == ERR_OK)
		*out = has_row ? db_int(find, 0) : 0;
	return err;
}

static enum err read_page(struct db_tx *tx, struct db_job *job)
{
	/* One text for each set of filters, so that each has its index. */
	static const char *const texts[2][2] = {
		{ PAGE_SQL("organization = $2 AND $3 = '' AND $4 = ''"),
		  PAGE_SQL("organization = $2 AND $3 = '' AND type = $4") },
		{ PAGE_SQL("organization = $2 AND did = $3 AND $4 = ''"),
		  PAGE_SQL("organization = $2 AND did = $3 AND type = $4") },
	};
	struct event_page *page = CONTAINER_OF(job, struct event_page, job);
	struct db_statement *find;
	bool has_row = true;
	enum err err = db_prepare(tx, texts[page->did[0] != 0][page->type[0] != 0], &find);

	if (err != ERR_OK)
		return err;
	db_bind_int(find, 1, page->after);
	db_bind_text(find, 2, str_of(page->organization));
	db_bind_text(find, 3, str_of(page->did));
	db_bind_text(find, 4, str_of(page->type));
	db_bind_int(find, 5, page->limit);
	page->last = page->after;
	page->count = 0;
	while (err == ERR_OK && has_row) {
		err = db_step(find, &has_row);
		if (err == ERR_OK && has_row)
			take_row(page, find);
	}
	return err == ERR_OK ? find_oldest(tx, &page->oldest) : err;
}

static void on_page_read(struct db_job *job, enum err err)
{
	struct event_page *page = CONTAINER_OF(job, struct event_page, job);

	page->done(page, err);
}

static void on_waited(struct mail *mail)
{
	struct event_page *page = CONTAINER_OF(mail, struct event_page, mail);
	enum err err = db_read(page->log->db, &page->job, read_page, on_page_read);

	if (err != ERR_OK)
		page->done(page, err);
}

enum err event_read(struct event_log *log, struct event_page *page)
{
	(void)pthread_mutex_lock(&log->lock);
	bool is_waiting = page->is_complete && log->covered < log->woken;
	if (is_waiting) {
		page->log = log;
		page->home = run_here();
		page->mark = log->woken;
		page->mail.fn = on_waited;
		list_add(&log->waiting, &page->node);
	}
	(void)pthread_mutex_unlock(&log->lock);
	return is_waiting ? ERR_OK : db_read(log->db, &page->job, read_page, on_page_read);
}

enum err event_subscribe(struct event_log *log, struct event_subscription *subscription)
{
	struct loop *loop = run_here();
	struct audience *audience = &log->audiences[run_index(loop)];

	if (atomic_fetch_add(&log->subscriber_count, 1) >= EVENT_SUBSCRIBERS_MAX) {
		(void)atomic_fetch_sub(&log->subscriber_count, 1);
		return ERR_BUSY;
	}
	__atomic_store_n(&audience->loop, loop, __ATOMIC_RELEASE);
	list_add(&audience->subscriptions, &subscription->node);
	return ERR_OK;
}

void event_unsubscribe(struct event_log *log, struct event_subscription *subscription)
{
	if (!list_has(&subscription->node))
		return;
	list_remove(&subscription->node);
	(void)atomic_fetch_sub(&log->subscriber_count, 1);
}

int64_t event_last_cursor(const struct event_log *log)
{
	return atomic_load(&log->last_cursor);
}
