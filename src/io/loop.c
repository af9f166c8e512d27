/* SPDX-License-Identifier: Apache-2.0 */
#include "io/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/clock.h"
#include "base/metric.h"
#include "io/mailbox.h"

#define LOOP_BUSY_WINDOW_US 500000
#define LOOP_DEFERRED_US    1000 /* how long one turn lets go of what has ended */

struct loop {
	uv_loop_t uv;
	uv_async_t wake;
	uv_timer_t alarm;
	uv_prepare_t turn_end;
	struct mailbox mailbox;
	struct mail *deferred, *deferred_last; /* the loop's own thread only */
	struct timer_heap timers;
	struct list conns;
	int64_t alarm_due_ms;
	int64_t turn_began_us; /* 0: nothing was done since the last sleep */
	int64_t window_began_us, window_busy_us;
	_Atomic unsigned busy_permille;
	_Atomic bool is_stopping;
	bool is_started;
	unsigned index;
	pthread_t thread;
	uint8_t read_buffer[LOOP_READ_BYTES];
};

static _Thread_local struct loop *current;

void loop_turn(struct loop *loop)
{
	if (!loop->turn_began_us)
		loop->turn_began_us = clock_steady_us();
}

static void deliver(struct mail *mail)
{
	while (mail) {
		struct mail *next = mail->next; /* the mail's owner may be gone after fn */
		mail->fn(mail);
		mail = next;
	}
}

static void set_alarm(struct loop *loop);

static void fire_timers(struct loop *loop)
{
	int64_t now_ms = clock_steady_ms();

	loop_turn(loop);
	for (struct timer *timer; (timer = timer_take_due(&loop->timers, now_ms)) != NULL;)
		timer->fn(timer);
	loop->alarm_due_ms = 0;
	set_alarm(loop);
}

static void on_alarm(uv_timer_t *alarm)
{
	fire_timers(alarm->data);
}

/* Arms libuv's one timer for the heap's first, unless it is armed for no later already. */
static void set_alarm(struct loop *loop)
{
	int64_t due_ms = timer_next_due_ms(&loop->timers);

	if (due_ms == INT64_MAX || (loop->alarm_due_ms && loop->alarm_due_ms <= due_ms))
		return;
	int64_t delay_ms = due_ms - clock_steady_ms();
	loop->alarm_due_ms = due_ms;
	/* What is due now comes in the next turn: libuv would fire it within this one, for ever if
	 * it starts itself again, and the sockets would wait. */
	if (delay_ms <= 0) {
		(void)uv_async_send(&loop->wake);
		return;
	}
	uv_update_time(&loop->uv);
	(void)uv_timer_start(&loop->alarm, on_alarm, (uint64_t)delay_ms, 0);
}

static void on_wake(uv_async_t *wake)
{
	struct loop *loop = wake->data;

	loop_turn(loop);
	if (loop->alarm_due_ms && loop->alarm_due_ms <= clock_steady_ms())
		fire_timers(loop);
	deliver(mailbox_take_all(&loop->mailbox));
	if (atomic_load(&loop->is_stopping))
		uv_stop(&loop->uv);
}

/* A thousand connections that end at once hold nobody up: what is left then comes next turn. */
static void run_deferred(struct loop *loop, int64_t until_us)
{
	while (loop->deferred) {
		struct mail *mail = loop->deferred;
		loop->deferred = mail->next; /* the mail's owner may be gone after fn */
		mail->fn(mail);
		if (clock_steady_us() >= until_us)
			break;
	}
	if (loop->deferred)
		(void)uv_async_send(&loop->wake);
}

static void measure_turn(struct loop *loop, int64_t now_us)
{
	if (loop->turn_began_us) {
		int64_t turn_us = now_us - loop->turn_began_us;
		metric_observe(METRIC_loop_lag_us, turn_us);
		loop->window_busy_us += turn_us;
		loop->turn_began_us = 0;
	}
	int64_t window_us = now_us - loop->window_began_us;
	if (window_us < LOOP_BUSY_WINDOW_US)
		return;
	int64_t permille = loop->window_busy_us * 1000 / window_us;
	atomic_store_explicit(&loop->busy_permille, permille > 1000 ? 1000 : (unsigned)permille,
	                      memory_order_relaxed);
	loop->window_began_us = now_us;
	loop->window_busy_us = 0;
}

static void on_turn_end(uv_prepare_t *prepare)
{
	struct loop *loop = prepare->data;

	if (loop->deferred) {
		loop_turn(loop);
		run_deferred(loop, clock_steady_us() + LOOP_DEFERRED_US);
	}
	measure_turn(loop, clock_steady_us());
}

static void open_handles(struct loop *loop)
{
	loop->wake.data = loop->alarm.data = loop->turn_end.data = loop;
	(void)uv_timer_init(&loop->uv, &loop->alarm);
	(void)uv_prepare_init(&loop->uv, &loop->turn_end);
	(void)uv_prepare_start(&loop->turn_end, on_turn_end);
	loop->window_began_us = clock_steady_us();
}

enum err loop_new(unsigned index, struct loop **out)
{
	struct loop *loop = calloc(1, sizeof *loop);

	if (!loop)
		return ERR_NO_MEMORY;
	if (uv_loop_init(&loop->uv) != 0) {
		free(loop);
		return ERR_IO;
	}
	if (uv_async_init(&loop->uv, &loop->wake, on_wake) != 0) {
		(void)uv_loop_close(&loop->uv);
		free(loop);
		return ERR_IO;
	}
	loop->index = index;
	mailbox_init(&loop->mailbox);
	list_init(&loop->conns);
	open_handles(loop);
	*out = loop;
	return ERR_OK;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

bool loop_settle(struct loop *loop)
{
	struct mail *mails = mailbox_take_all(&loop->mailbox);
	struct loop *outer = current;
	bool has_any = mails || loop->deferred;

	current = loop;
	deliver(mails);
	run_deferred(loop, INT64_MAX);
	current = outer;
	return has_any;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	struct loop *outer = current;
	current = loop;
	(void)loop_settle(loop);
	(void)uv_run(&loop->uv, UV_RUN_NOWAIT); /* what owners closed gets its callbacks */
	run_deferred(loop, INT64_MAX);
	uv_walk(&loop->uv, close_handle, NULL);
	(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
	(void)uv_loop_close(&loop->uv);
	current = outer == loop ? NULL : outer;
	timer_heap_done(&loop->timers);
	mailbox_done(&loop->mailbox);
	free(loop);
}

void loop_run(struct loop *loop)
{
	current = loop;
	if (!atomic_load(&loop->is_stopping))
		(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
	run_deferred(loop, INT64_MAX);
	current = NULL;
}

static void *run_thread(void *arg)
{
	loop_run(arg);
	return NULL;
}

enum err loop_start(struct loop *loop)
{
	sigset_t all, before;

	/* Signals are the main thread's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&loop->thread, NULL, run_thread, loop);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return err_from_errno(failed);
	loop->is_started = true;
	return ERR_OK;
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->is_stopping, true);
	(void)uv_async_send(&loop->wake);
}

void loop_join(struct loop *loop)
{
	if (loop->is_started)
		(void)pthread_join(loop->thread, NULL);
	loop->is_started = false;
}

static void on_tick(uv_timer_t *tick)
{
	(void)tick; /* it only ends the sleep */
}

bool loop_run_until(struct loop *loop, bool (*until)(void *arg), void *arg, int64_t ms)
{
	int64_t end_us = clock_steady_us() + ms * 1000;
	uv_timer_t tick;

	current = loop;
	(void)uv_timer_init(&loop->uv, &tick);
	(void)uv_timer_start(&tick, on_tick, 1, 1);
	while (!until(arg) && clock_steady_us() < end_us)
		(void)uv_run(&loop->uv, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	(void)uv_run(&loop->uv, UV_RUN_NOWAIT);
	run_deferred(loop, INT64_MAX);
	current = NULL;
	return until(arg);
}

struct loop *loop_current(void)
{
	return current;
}

unsigned loop_index(const struct loop *loop)
{
	return loop->index;
}

void loop_post(struct loop *loop, struct mail *mail)
{
	if (mailbox_put(&loop->mailbox, mail))
		(void)uv_async_send(&loop->wake);
}

void loop_defer(struct loop *loop, struct mail *mail)
{
	mail->next = NULL;
	if (loop->deferred)
		loop->deferred_last->next = mail;
	else
		loop->deferred = mail;
	loop->deferred_last = mail;
}

void loop_timer_start(struct loop *loop, struct timer *timer, int64_t delay_ms, timer_fn *fn)
{
	int64_t due_ms = clock_steady_ms() + delay_ms;

	/* Without memory for one more heap place there is none to go on with either. */
	if (timer_start(&loop->timers, timer, due_ms, fn) != ERR_OK)
		abort();
	set_alarm(loop);
}

void loop_timer_stop(struct loop *loop, struct timer *timer)
{
	timer_stop(&loop->timers, timer);
}

struct clock_mail {
	struct mail mail;
	struct loop *loop;
};

static void on_clock_moved(struct mail *mail)
{
	struct clock_mail *moved = CONTAINER_OF(mail, struct clock_mail, mail);

	fire_timers(moved->loop);
	free(moved);
}

void loop_clock_moved(struct loop *loop)
{
	struct clock_mail *moved = calloc(1, sizeof *moved);

	if (!moved)
		return;
	moved->mail.fn = on_clock_moved;
	moved->loop = loop;
	loop_post(loop, &moved->mail);
}

unsigned loop_busy_permille(const struct loop *loop)
{
	return atomic_load_explicit(&loop->busy_permille, memory_order_relaxed);
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

struct list *loop_conns(struct loop *loop)
{
	return &loop->conns;
}

uint8_t *loop_read_buffer(struct loop *loop)
{
	return loop->read_buffer;
}
