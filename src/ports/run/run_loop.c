/* SPDX-License-Identifier: Apache-2.0 */
/* The domain's view of io/loop. */
#include "io/loop.h"
#include "ports/run/run.h"

struct loop *run_here(void)
{
	return loop_current();
}

unsigned run_index(const struct loop *loop)
{
	return loop_index(loop);
}

void run_post(struct loop *loop, struct mail *mail)
{
	if (loop == loop_current())
		loop_defer(loop, mail); /* no lock, no wake-up: the turn's end is soon enough */
	else
		loop_post(loop, mail);
}

void run_after(struct timer *timer, int64_t delay_ms, timer_fn *fn)
{
	loop_timer_start(loop_current(), timer, delay_ms, fn);
}

void run_cancel(struct timer *timer)
{
	if (timer_is_running(timer))
		loop_timer_stop(loop_current(), timer);
}

unsigned run_busy_permille(const struct loop *loop)
{
	return loop_busy_permille(loop);
}
