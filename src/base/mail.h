/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail.h — one thing to be done on another thread; lives inside its owner.
 *
 * A mail may be posted again only after it was delivered: its owner keeps it quiet until then. So
 * a mailbox needs no memory and no limit of its own.
 */
#ifndef VIGIL_BASE_MAIL_H
#define VIGIL_BASE_MAIL_H

struct mail;
typedef void mail_fn(struct mail *mail);

struct mail {
	struct mail *next;
	mail_fn *fn; /* runs on the receiving thread; may free the mail's owner */
};

#endif
