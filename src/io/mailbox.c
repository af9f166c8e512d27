/* SPDX-License-Identifier: Apache-2.0 */
#include "io/mailbox.h"

#include <stddef.h>

void mailbox_init(struct mailbox *mailbox)
{
	*mailbox = (struct mailbox){ 0 };
	(void)pthread_mutex_init(&mailbox->lock, NULL);
}

void mailbox_done(struct mailbox *mailbox)
{
	(void)pthread_mutex_destroy(&mailbox->lock);
}

bool mailbox_put(struct mailbox *mailbox, struct mail *mail)
{
	mail->next = NULL;
	(void)pthread_mutex_lock(&mailbox->lock);
	bool was_empty = mailbox->first == NULL;
	if (was_empty)
		mailbox->first = mail;
	else
		mailbox->last->next = mail;
	mailbox->last = mail;
	(void)pthread_mutex_unlock(&mailbox->lock);
	return was_empty;
}

struct mail *mailbox_take_all(struct mailbox *mailbox)
{
	(void)pthread_mutex_lock(&mailbox->lock);
	struct mail *all = mailbox->first;
	mailbox->first = mailbox->last = NULL;
	(void)pthread_mutex_unlock(&mailbox->lock);
	return all;
}
