/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h — the HTTP API: devices, actions, tokens, events, health; and the guard of every route.
 *
 * The access column of a route is a right of domain/identity/token.h. The guard finds who asks
 * (Bearer, else the cookie vigil_session, else ?token= where RIGHT_VIEW is enough) and refuses
 * before parameters and body are looked at.
 *
 * Threads  any loop; the answers come on the request's own.
 * Memory   what a setup points at is borrowed until api_free().
 * Errors   problems of RFC 9457, from one table (api_problem.c).
 */
#ifndef VIGIL_ENDPOINTS_API_API_H
#define VIGIL_ENDPOINTS_API_API_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "domain/device/device.h"
#include "domain/event/event.h"
#include "domain/identity/token.h"
#include "http/request.h"
#include "http/router.h"

#define API_SIGN_IN_S 600

struct rtmp_public;
struct storage_public;

struct api_setup {
	struct devices *devices;
	struct tokens *tokens;
	struct event_log *events;
	const char *public_http;  /* "https://cloud.example"; NULL: what the client asked for */
	struct rtmp_public *rtmp; /* where encoders push to */
	const struct storage_public *storage; /* where devices bring files */
	int64_t command_timeout_ms;
	const char *version;
};

struct api;

enum err api_new(const struct api_setup *setup, struct api **out);
/* After the loops were joined. */
void api_free(struct api *api);
AUTO_DEFINE(api)

/* For http_server_setup.on_route; the owner is the struct api. */
enum err api_guard(void *owner, struct request *req, const struct route *route);

extern const struct route api_routes[]; /* owner: struct api */
extern const size_t api_route_count;

/* Answers with the problem that fits (err, why->reason); `why` may be NULL. */
void api_problem(struct request *req, enum err err, const struct why *why);

/* Status and name of that problem, for answers that are not HTTP's; borrowed for good. */
int api_problem_status(enum err err, int reason);
const char *api_problem_name(enum err err, int reason);

/* Who asks, as the guard found; NULL on an open route. */
const struct actor *api_actor(struct request *req);

/* The same without the guard, for routes that tell of it in their own words; also reads ?token=.
 * ERR_UNAUTHENTICATED: no token, or none that is good; ERR_DENIED: a page of another origin. */
enum err api_find_actor(struct api *api, struct request *req, struct actor *out);

/* A fresh link that signs in once, within API_SIGN_IN_S; at start-up, on no loop. */
enum err api_sign_in_link(struct tokens *tokens, const char *base_url, struct buf *out);

#endif
