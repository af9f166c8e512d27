/* SPDX-License-Identifier: Apache-2.0 */
/* api_private.h — what the files of this folder share. */
#ifndef VIGIL_ENDPOINTS_API_API_PRIVATE_H
#define VIGIL_ENDPOINTS_API_API_PRIVATE_H

#include <stdbool.h>

#include "base/json.h"
#include "domain/device/preset.h"
#include "domain/reason.h"
#include "endpoints/api/api.h"
#include "endpoints/api/api_once.h"
#include "http/response.h"

#define API_BODY_MAX   65536
#define API_ANSWER_MAX (4 * 1024 * 1024)
#define API_PAGE_LIMIT 100 /* items of a page when the caller names no number */

#define API_JSON "application/json"

struct api {
	struct api_setup setup;
	struct once *once;
};

/* --- api_body.c: what callers write --- */

/* The body as an object with no members but those of `names` (ended by NULL). An empty body is an
 * empty object. On failure the request is answered. */
enum err api_read_body(struct request *req, const char *const *names, json_t **out);

/* Members of a body; absent ones leave *out as it is. ERR_INVALID with the field. */
enum err api_read_text(const json_t *body, const char *name, char *out, size_t room,
                       struct why *why);
enum err api_read_int(const json_t *body, const char *name, int64_t least, int64_t most,
                      int64_t *out, struct why *why);
enum err api_read_bool(const json_t *body, const char *name, bool *out, struct why *why);

/* The same from the query. */
enum err api_query_int(struct request *req, const char *name, int64_t least, int64_t most,
                       int64_t *out, struct why *why);
enum err api_query_text(struct request *req, const char *name, char *out, size_t room,
                        struct why *why);

/* --- api_device_body.c: a device as callers write it --- */

/* name, kind, sign_policy, serve_sign and push; absent ones stay as they are. */
enum err api_read_device(const json_t *body, struct device_spec *spec, struct why *why);
/* The fields it has, as a change of a device wants them. */
unsigned api_device_sets(const json_t *body);
enum err api_read_secret(const json_t *body, struct device_spec *spec, struct why *why);
/* ERR_INVALID with REASON_INVALID_DID, also when it is absent. */
enum err api_read_did(const json_t *body, char out[DID_SIZE], struct why *why);

/* --- api_json.c: what callers read --- */

/* One device; `secret` (may be empty) is shown this once. */
void api_write_device(struct buf *out, const struct devices *devices,
                      const struct device_view *view, struct str secret);
/* A quoted RFC 3339 time; null for 0. */
void api_write_time(struct buf *out, int64_t time_ms);
void api_write_event(struct buf *out, const struct event *event);
/* 200 or another status with JSON; 500 when `body` has failed. */
void api_answer(struct request *req, int status, const struct buf *body);

/* --- api_guard.c --- */

/* A request with a cookie comes from a page of our own, or from no page at all. */
bool api_is_same_origin(const struct request *req);

/* The route's {did}, seen by the actor. ERR_NOT_FOUND. */
enum err api_view(struct api *api, struct request *req, struct device_view *out);

/* Fits into a struct of fixed texts; names are checked elsewhere, so nothing is cut. */
void api_copy(struct str text, char *to, size_t room);

/* --- handlers --- */
void device_list_get(void *owner, struct request *req);
void device_post(void *owner, struct request *req);
void device_get(void *owner, struct request *req);
void device_patch(void *owner, struct request *req);
void device_delete(void *owner, struct request *req);
void device_secret_post(void *owner, struct request *req);
void device_child_post(void *owner, struct request *req);
void device_child_delete(void *owner, struct request *req);
void device_import_post(void *owner, struct request *req);
void device_export_get(void *owner, struct request *req);
void action_post(void *owner, struct request *req);
void action_table_get(void *owner, struct request *req);
void view_token_post(void *owner, struct request *req);
void push_token_post(void *owner, struct request *req);
void session_post(void *owner, struct request *req);
void session_get(void *owner, struct request *req);
void session_delete(void *owner, struct request *req);
void sign_in_link_post(void *owner, struct request *req);
void event_get(void *owner, struct request *req);
void event_post_one(void *owner, struct request *req);
void health_get(void *owner, struct request *req);
void ready_get(void *owner, struct request *req);
void metrics_get(void *owner, struct request *req);

#endif
