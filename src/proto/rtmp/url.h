/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.h — takes rtmp://host:port/app/name?query apart, as a publisher must.
 *
 * Memory   everything is borrowed from the text.
 * Errors   ERR_INVALID.
 */
#ifndef VIGIL_PROTO_RTMP_URL_H
#define VIGIL_PROTO_RTMP_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define RTMP_PORT     1935
#define RTMP_PORT_TLS 443

struct rtmp_url {
	bool is_tls;     /* rtmps */
	struct str host; /* an IPv6 address without its brackets */
	uint16_t port;
	struct str app;    /* all of the path but its last part; may have several parts */
	struct str name;   /* the last part, with the query */
	struct str tc_url; /* the text up to and with the app */
};

enum err rtmp_url_read(struct str text, struct rtmp_url *out);

#endif
