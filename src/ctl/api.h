/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h — one blocking call of the HTTP API at a time.
 *
 * Threads  one; a call blocks until the answer is whole, or its time is up.
 * Memory   api_answer_done() frees an answer.
 * Errors   any HTTP answer is ERR_OK, whatever its status. ERR_CLOSED or ERR_TIMEOUT: nobody
 *          answered, with why. The token is in no why.
 */
#ifndef VIGIL_CTL_API_H
#define VIGIL_CTL_API_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define API_ANSWER_MAX (16 * 1024 * 1024) /* a body that is kept; a streamed one has no limit */
#define API_TIMEOUT_MS 60000

/* Bytes of a 2xx body as they come; false ends the call. */
typedef bool (*api_bytes_fn)(void *owner, struct str bytes);

struct api_request {
	const char *method;
	struct str path;    /* with its query, percent-encoded */
	struct str body;    /* empty: none */
	const char *type;   /* of the body; NULL: application/json */
	const char *accept; /* NULL: application/json */
	const char *cursor; /* Last-Event-ID; NULL or empty: none */
	api_bytes_fn on_bytes;
	void *owner;
	bool is_endless; /* no time limit as long as something comes now and then */
};

struct api_answer {
	int status;
	struct buf body; /* what on_bytes did not take */
	json_t *json;    /* the body, where it is JSON; else NULL */
	char request_id[64];
	int retry_after_s; /* 0: not said */
};

struct api;

/* The texts are copied. `token` may be empty, `ca_file` NULL. */
enum err api_new(const char *url, const char *token, const char *ca_file, struct api **out);
void api_free(struct api *api);
AUTO_DEFINE(api)

/* *out must be zeroed or done. */
enum err api_call(struct api *api, const struct api_request *request, struct api_answer *out,
                  struct why *why);
void api_answer_done(struct api_answer *answer);
#define AUTO_ANSWER __attribute__((cleanup(api_answer_done))) struct api_answer

#endif
