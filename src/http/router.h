/* SPDX-License-Identifier: Apache-2.0 */
/*
 * router.h — from a method and a path to a route.
 *
 * Patterns are made of segments: a word ("devices:import"), a parameter ("{did}"), one with a
 * fixed end ("{did}.flv", "{did}:reset"), or, last of all, the rest ("{path...}", may be empty).
 * Words win over parameters with an end, those over plain ones, those over the rest.
 *
 * Threads  built before the loops run, read-only afterwards.
 * Memory   route tables are borrowed for good.
 */
#ifndef VIGIL_HTTP_ROUTER_H
#define VIGIL_HTTP_ROUTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/request.h"
#include "proto/http/head.h"

#define ROUTER_SEGMENTS_MAX 16

enum route_flag {
	ROUTE_STREAM_IN = 1,   /* the handler reads the body itself: request_read_body() */
	ROUTE_ENDLESS = 2,     /* its answers never end by themselves: cut when the server drains */
	ROUTE_SECRET_PATH = 4, /* who knows the path may come in: the log gets the pattern */
};

struct route {
	const char *method; /* "GET" serves HEAD too */
	const char *pattern;
	int access;        /* for the guard; not interpreted here */
	uint64_t body_max; /* bytes; 0: the route takes no body */
	void (*handler)(void *owner, struct request *req);
	unsigned flags;
};

struct router;

struct router_param {
	struct str name, value;
};

struct router_match {
	const struct route *route; /* NULL: the path is known, the method is not */
	void *owner;
	unsigned methods; /* a bit for each enum http_method that the path takes */
	struct router_param params[REQUEST_PARAMS_MAX];
	size_t param_count;
};

enum err router_new(struct router **out);
void router_free(struct router *router);
AUTO_DEFINE(router)

/* ERR_INVALID for a pattern that is none, ERR_EXISTS for one that is there already; with why. */
enum err router_add(struct router *router, const struct route *routes, size_t count, void *owner,
                    struct why *why);

/* ERR_NOT_FOUND when no pattern fits the (decoded) path. */
enum err router_find(const struct router *router, enum http_method method, struct str path,
                     struct router_match *out);

/* "GET, HEAD, OPTIONS": for the Allow field. */
#define ROUTER_ALLOW_SIZE 64
void router_allow(unsigned methods, char out[ROUTER_ALLOW_SIZE]);

#endif
