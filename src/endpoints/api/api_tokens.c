/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for watching and for pushing one device. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "endpoints/api/api_private.h"
#include "endpoints/rtmp/rtmp_endpoint.h"

#define VIEW_LEAST_S 60
#define VIEW_MOST_S  86400
#define VIEW_USUAL_S 900
#define PUSH_LEAST_S 60
#define PUSH_MOST_S  (366 * 86400)
#define PUSH_USUAL_S 86400
#define RTMP_PORT    ":1935"
#define ADDRESS_MAX  512

struct work {
	struct token_issue issue;
	struct device_change change; /* for pushing: the device is never asked to play */
	struct api *api;
	struct request *req;
	struct once_ticket ticket;
};

static void work_free(struct work *work)
{
	mem_wipe(work->issue.token, sizeof work->issue.token);
	free(work);
}

static void fail(struct work *work, enum err err, const struct why *why)
{
	once_problem(work->api->once, work->req, &work->ticket, err, why);
	work_free(work);
}

/* Where an encoder sends its picture. */
static void write_url(const struct work *work, struct buf *out)
{
	struct str host = request_host(work->req);
	size_t port = host.size;
	AUTO_BUF url = { 0 };

	while (port > 0 && host.at[port - 1] >= '0' && host.at[port - 1] <= '9')
		port--;
	if (port > 0 && host.at[port - 1] == ':')
		host.size = port - 1;
	buf_init(&url, ADDRESS_MAX + 2 * TOKEN_TEXT_MAX);
	rtmp_push_url(work->api->setup.rtmp, str_of(work->issue.did), str_of(work->issue.token),
	              host, &url);
	buf_add_text(out, ",\"url\":");
	json_add_quoted(out, buf_str(&url));
	if (buf_err(&url) != ERR_OK)
		out->err = buf_err(&url);
	mem_wipe(url.at, url.size);
}

static void on_issued(struct token_issue *issue, enum err err)
{
	struct work *work = CONTAINER_OF(issue, struct work, issue);
	AUTO_BUF body = { 0 };

	if (err != ERR_OK) {
		fail(work, err, &(struct why){ 0 });
		return;
	}
	buf_init(&body, API_BODY_MAX);
	buf_printf(&body, "{\"token\":\"%s\"", issue->token);
	if (issue->kind == TOKEN_PUSH)
		write_url(work, &body);
	buf_add_text(&body, ",\"expires_at\":");
	api_write_time(&body, issue->expires_at);
	buf_printf(&body, ",\"expires_in\":%lld}", (long long)(issue->expires_in_ms / 1000));
	once_answer(work->api->once, work->req, &work->ticket, 201, &body);
	mem_wipe(body.at, body.size);
	work_free(work);
}

static void issue(struct work *work)
{
	struct why why = { 0 };
	enum err err = token_make(work->api->setup.tokens, &work->issue);

	if (err == ERR_BUSY)
		err = why_set_reason(&why, err, REASON_TOO_MANY, NULL,
		                     "there are too many tokens; wait until some have expired");
	if (err != ERR_OK)
		fail(work, err, &why);
}

static void on_push_mode(struct device_change *change, enum err err)
{
	struct work *work = CONTAINER_OF(change, struct work, change);

	if (err == ERR_OK)
		issue(work);
	else
		fail(work, err, &change->why);
}

/* The device as it is, but that it pushes by itself. */
static void set_push_mode(struct work *work, const struct device_facts *facts)
{
	struct device_change *change = &work->change;
	struct device_spec *spec = &change->spec;

	change->kind = DEVICE_UPDATE;
	change->sets = DEVICE_SETS_PUSH;
	change->done = on_push_mode;
	memcpy(spec->did, facts->did, sizeof spec->did);
	memcpy(spec->organization, facts->organization, sizeof spec->organization);
	spec->push = PUSH_SELF;
	enum err err = device_change(work->api->setup.devices, change);
	if (err != ERR_OK)
		fail(work, err, &change->why);
}

struct terms {
	enum token_kind kind;
	int64_t least_s, most_s, usual_s;
};

static struct work *work_new(struct api *api, struct request *req, const struct terms *terms,
                             const struct device_facts *facts)
{
	static const char *const names[] = { "expires_in", NULL };
	int64_t expires_in = terms->usual_s;
	struct once_ticket ticket;
	struct why why = { 0 };
	AUTO_JSON body = NULL;

	if (api_read_body(req, names, &body) != ERR_OK)
		return NULL;
	enum err err =
		api_read_int(body, "expires_in", terms->least_s, terms->most_s, &expires_in, &why);
	if (err != ERR_OK) {
		api_problem(req, err, &why);
		return NULL;
	}
	if (!once_begin(api->once, req, &ticket))
		return NULL;
	struct work *work = calloc(1, sizeof *work);
	if (!work) {
		once_problem(api->once, req, &ticket, ERR_NO_MEMORY, &why);
		return NULL;
	}
	work->api = api;
	work->req = req;
	work->ticket = ticket;
	work->issue.kind = terms->kind;
	work->issue.expires_in_ms = expires_in * 1000;
	work->issue.done = on_issued;
	memcpy(work->issue.did, facts->did, sizeof work->issue.did);
	memcpy(work->issue.organization, facts->organization, sizeof work->issue.organization);
	return work;
}

static void token_post(struct api *api, struct request *req, const struct terms *terms)
{
	struct device_view view;
	enum err err = api_view(api, req, &view);

	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		return;
	}
	struct work *work = work_new(api, req, terms, view.facts);
	if (work && terms->kind == TOKEN_PUSH && view.facts->push != PUSH_SELF)
		set_push_mode(work, view.facts);
	else if (work)
		issue(work);
	device_view_done(&view);
}

void view_token_post(void *owner, struct request *req)
{
	static const struct terms terms = { TOKEN_VIEW, VIEW_LEAST_S, VIEW_MOST_S, VIEW_USUAL_S };

	token_post(owner, req, &terms);
}

void push_token_post(void *owner, struct request *req)
{
	static const struct terms terms = { TOKEN_PUSH, PUSH_LEAST_S, PUSH_MOST_S, PUSH_USUAL_S };

	token_post(owner, req, &terms);
}
