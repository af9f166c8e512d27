/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox.h — mails from many threads to one, in order, without allocation.
 *
 * Threads  mailbox_put() from any; mailbox_take_all() from the receiver.
 */
#ifndef VIGIL_IO_MAILBOX_H
#define VIGIL_IO_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>

#include "base/mail.h"

struct mailbox {
	pthread_mutex_t lock;
	struct mail *first, *last;
};

void mailbox_init(struct mailbox *mailbox);
void mailbox_done(struct mailbox *mailbox);

/* True when the box was empty before: the receiver must be woken. */
bool mailbox_put(struct mailbox *mailbox, struct mail *mail);

/* All mails so far, linked by `next`, oldest first; NULL if none. */
struct mail *mailbox_take_all(struct mailbox *mailbox);

#endif
