/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dial.h — the only way out. The address is checked after resolving, at connect.
 *
 * Threads  the loop's own.
 * Memory   a dial lives inside its owner until on_done or dial_cancel().
 *
 * Refused unless the policy allows them: loopback, link-local, private (RFC 1918, RFC 4193),
 * 100.64/10, multicast, unspecified and our own addresses.
 */
#ifndef VIGIL_IO_DIAL_H
#define VIGIL_IO_DIAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/mail.h"
#include "base/timer.h"
#include "io/conn.h"
#include "io/loop.h"

#define DIAL_ALLOW_MAX  32
#define DIAL_TIMEOUT_MS 5000

struct dial_network {
	struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;           /* of 128 */
};

struct dial_policy {
	struct dial_network allowed[DIAL_ALLOW_MAX];
	size_t allowed_count;
	bool is_all_allowed; /* vigil-cam and tests only */
};

/* Adds "10.0.0.0/8" or "fd00::/8"; ERR_INVALID with why, ERR_TOO_LARGE past DIAL_ALLOW_MAX. */
enum err dial_allow(struct dial_policy *policy, const char *cidr, struct why *why);
bool dial_is_allowed(const struct dial_policy *policy, const struct sockaddr *address);

struct dial {
	/* On success `conn` is connected (and its TLS handshake still to come); else NULL and
	 * ERR_DENIED, ERR_NOT_FOUND (no such name), ERR_CLOSED (refused), ERR_TIMEOUT. */
	void (*on_done)(struct dial *dial, struct conn *conn, enum err err);
	const struct conn_events *events;
	void *owner;
	struct loop *loop;
	struct tls *tls; /* NULL: plain */
	char host[256];
	struct timer timer; /* private from here */
	struct dial_attempt *attempt;
};

/* host_port is "name:port" or "[v6]:port"; the policy is borrowed until on_done. */
enum err dial_start(struct dial *dial, struct loop *loop, const struct dial_policy *policy,
                    const char *host_port);
void dial_cancel(struct dial *dial);

#endif
