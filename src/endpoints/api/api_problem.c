/* SPDX-License-Identifier: Apache-2.0 */
/* The one table from (kind, reason) to a problem. */
#include <string.h>

#include "endpoints/api/api_private.h"

struct row {
	int status;
	const char *name; /* NULL: the reason's own */
};

/* clang-format off */
static const struct row reasons[REASON_COUNT_] = {
	[REASON_NONE]                 = { 0, NULL }, /* the kind decides */
	[REASON_DEVICE_OFFLINE]       = { 409, NULL },
	[REASON_DEVICE_TIMEOUT]       = { 504, NULL },
	[REASON_DEVICE_REFUSED]       = { 422, NULL },
	[REASON_DEVICE_BUSY]          = { 503, NULL },
	[REASON_DEVICE_DISABLED]      = { 409, NULL },
	[REASON_INVALID_ACTION]       = { 400, NULL },
	[REASON_INVALID_DID]          = { 400, NULL },
	[REASON_DID_TAKEN]            = { 409, NULL },
	[REASON_NO_ANSWER]            = { 504, NULL },
	[REASON_NO_PUSH]              = { 504, NULL },
	[REASON_NO_KEY_FRAME]         = { 504, NULL },
	[REASON_CODEC_UNSUPPORTED]    = { 415, NULL },
	[REASON_STREAM_ENDED]         = { 410, NULL },
	[REASON_NOT_LIVE]             = { 409, NULL },
	[REASON_MEDIA_FAILED]         = { 502, NULL },
	[REASON_MEDIA_UNAVAILABLE]    = { 503, NULL },
	[REASON_BAD_SIGN]             = { 403, NULL },
	[REASON_UNKNOWN_DID]          = { 404, "not-found" },
	[REASON_CLOCK_SKEW]           = { 403, NULL },
	[REASON_REPLAYED_SIGN]        = { 403, NULL },
	[REASON_SIGN_POLICY]          = { 403, NULL },
	[REASON_LINK_HELD]            = { 409, NULL },
	[REASON_NOT_CHILD]            = { 409, NULL },
	[REASON_TOKEN_INVALID]        = { 401, "unauthenticated" },
	[REASON_TOO_MANY]             = { 503, "busy" },
	[REASON_STORAGE_FULL]         = { 507, NULL },
	[REASON_STILL_MALFORMED]      = { 422, NULL },
	[REASON_GRANT_USED]           = { 409, NULL },
	[REASON_IDEMPOTENCY_MISMATCH] = { 422, NULL },
};

static const struct row kinds[ERR_COUNT_] = {
	[ERR_OK]              = { 500, "internal" },
	[ERR_MORE]            = { 500, "internal" },
	[ERR_INVALID]         = { 400, "invalid-request" },
	[ERR_UNAUTHENTICATED] = { 401, "unauthenticated" },
	[ERR_DENIED]          = { 403, "denied" },
	[ERR_NOT_FOUND]       = { 404, "not-found" },
	[ERR_EXISTS]          = { 409, "conflict" },
	[ERR_CONFLICT]        = { 409, "conflict" },
	[ERR_TOO_LARGE]       = { 413, "too-large" },
	[ERR_BUSY]            = { 503, "busy" },
	[ERR_TIMEOUT]         = { 504, "timeout" },
	[ERR_CLOSED]          = { 503, "busy" },
	[ERR_MALFORMED]       = { 400, "invalid-request" },
	[ERR_UNSUPPORTED]     = { 415, "unsupported-media-type" },
	[ERR_NO_MEMORY]       = { 503, "busy" },
	[ERR_NO_SPACE]        = { 507, "no-space" },
	[ERR_IO]              = { 500, "internal" },
	[ERR_INTERNAL]        = { 500, "internal" },
};
/* clang-format on */

#define RETRY_AFTER_S STR("1")

static const struct row *row_of(enum err err, int reason)
{
	if (reason > REASON_NONE && reason < REASON_COUNT_ && reasons[reason].status)
		return &reasons[reason];
	return &kinds[(int)err < ERR_COUNT_ ? err : ERR_INTERNAL];
}

int api_problem_status(enum err err, int reason)
{
	return row_of(err, reason)->status;
}

const char *api_problem_name(enum err err, int reason)
{
	const struct row *row = row_of(err, reason);

	return row->name ? row->name : reason_name(reason);
}

void api_problem(struct request *req, enum err err, const struct why *why)
{
	static const struct why none;
	const struct why *told = why ? why : &none;
	const struct row *row = row_of(err, told->reason);
	bool is_reason = row->name == NULL;
	struct problem problem = {
		.status = row->status,
		.name = is_reason ? reason_name(told->reason) : row->name,
		.title = is_reason ? reason_words(told->reason) : err_text(err),
		.detail = told->text,
		.field = told->field,
		.code = told->code,
	};

	if (strcmp(problem.title, told->text) == 0)
		problem.detail = NULL;
	if (row->status == 503)
		response_header(req, "Retry-After", RETRY_AFTER_S);
	if (row->status == 401)
		response_header(req, "WWW-Authenticate", STR("Bearer realm=\"vigil\""));
	response_header(req, "Cache-Control", STR("no-store"));
	response_problem(req, &problem);
}
