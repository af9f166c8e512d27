/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in: a one-time link, a session's cookie, and who one is. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "endpoints/api/api_private.h"

#define SESSION_S    (7 * 86400)
#define COOKIE       "vigil_session"
#define COOKIE_RULES "; Path=/; HttpOnly; SameSite=Strict"
#define ORGANIZATION "default"
#define URL_MAX      1024

struct work {
	struct token_issue issue;
	struct api *api;
	struct request *req;
};

static void set_cookie(struct request *req, const char *token, int age_s)
{
	AUTO_BUF cookie = { 0 };

	buf_init(&cookie, URL_MAX);
	buf_printf(&cookie, COOKIE "=%s; Max-Age=%d" COOKIE_RULES "%s", token, age_s,
	           request_is_tls(req) ? "; Secure" : "");
	response_header(req, "Set-Cookie", buf_str(&cookie));
	mem_wipe(cookie.at, cookie.size);
}

static void write_actor(struct buf *out, const struct actor *actor)
{
	bool is_viewer = actor->did[0] != 0;

	buf_printf(out, "{\"role\":\"%s\"", is_viewer ? "viewer" : "platform");
	if (is_viewer) {
		buf_add_text(out, ",\"did\":");
		json_add_quoted(out, str_of(actor->did));
	}
	if (actor->expires_at) {
		buf_add_text(out, ",\"expires_at\":");
		api_write_time(out, actor->expires_at);
	}
	buf_add_text(out, "}");
}

static void finish(struct work *work)
{
	mem_wipe(work->issue.token, sizeof work->issue.token);
	free(work);
}

/* What could not be done, said so that a person knows what to do. */
static void refuse(struct request *req, enum err err, struct why *why)
{
	if (err == ERR_UNAUTHENTICATED)
		err = why_set_reason(why, err, REASON_TOKEN_INVALID, "token", "%s",
		                     reason_words(REASON_TOKEN_INVALID));
	api_problem(req, err, why);
}

static void start(struct api *api, struct request *req, const struct token_issue *issue)
{
	struct work *work = calloc(1, sizeof *work);

	if (!work) {
		api_problem(req, ERR_NO_MEMORY, NULL);
		return;
	}
	work->api = api;
	work->req = req;
	work->issue = *issue;
	api_copy(STR(ORGANIZATION), work->issue.organization, ORGANIZATION_SIZE);
	enum err err = token_make(api->setup.tokens, &work->issue);
	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		finish(work);
	}
}

static void on_session(struct token_issue *issue, enum err err)
{
	struct work *work = CONTAINER_OF(issue, struct work, issue);
	const struct actor actor = { .kind = issue->kind, .expires_at = issue->expires_at };
	struct why why = { 0 };
	AUTO_BUF body = { 0 };

	if (err == ERR_OK) {
		buf_init(&body, API_BODY_MAX);
		set_cookie(work->req, issue->token, SESSION_S);
		write_actor(&body, &actor);
		api_answer(work->req, 201, &body);
	} else {
		refuse(work->req, err, &why);
	}
	finish(work);
}

void session_post(void *owner, struct request *req)
{
	static const char *const names[] = { "token", NULL };
	struct api *api = owner;
	char token[TOKEN_TEXT_MAX + 1] = "";
	struct why why = { 0 };
	struct token_issue session = { .kind = TOKEN_SESSION,
		                       .expires_in_ms = SESSION_S * 1000LL,
		                       .done = on_session };
	struct actor actor = { 0 };
	AUTO_JSON body = NULL;

	if (!api_is_same_origin(req)) { /* nobody is signed in behind their back */
		api_problem(req, ERR_DENIED, NULL);
		return;
	}
	if (api_read_body(req, names, &body) != ERR_OK)
		return;
	enum err err = api_read_text(body, "token", token, sizeof token, &why);
	if (err == ERR_OK && !token[0])
		err = why_set_reason(&why, ERR_INVALID, REASON_NONE, "token", "token: is missing");
	if (err == ERR_OK)
		err = token_find(api->setup.tokens, str_of(token), &actor);
	if (err == ERR_OK && actor.kind != TOKEN_PLATFORM && actor.kind != TOKEN_SIGN_IN)
		err = ERR_UNAUTHENTICATED;
	/* The operator's own token stays; a one-time one is used up by its session. */
	if (actor.kind == TOKEN_SIGN_IN)
		session.spends = str_of(token);
	if (err == ERR_OK)
		start(api, req, &session);
	else
		refuse(req, err, &why);
	mem_wipe(token, sizeof token);
}

void session_get(void *owner, struct request *req)
{
	AUTO_BUF body = { 0 };

	buf_init(&body, API_BODY_MAX);
	write_actor(&body, api_actor(req));
	api_answer(req, 200, &body);
}

struct leaving {
	struct token_revocation revocation;
	struct request *req;
};

static void say_goodbye(struct request *req)
{
	set_cookie(req, "", 0);
	response_empty(req, 204);
}

static void on_left(struct token_revocation *revocation, enum err err)
{
	struct leaving *leaving = CONTAINER_OF(revocation, struct leaving, revocation);

	if (err == ERR_OK)
		say_goodbye(leaving->req);
	else
		api_problem(leaving->req, err, NULL);
	free(leaving);
}

static void leave(struct api *api, struct request *req, struct str token)
{
	struct leaving *leaving = calloc(1, sizeof *leaving);
	enum err err = leaving ? ERR_OK : ERR_NO_MEMORY;

	if (err == ERR_OK) {
		leaving->req = req;
		leaving->revocation.done = on_left;
		err = token_revoke(api->setup.tokens, &leaving->revocation, token);
	}
	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		free(leaving);
	}
}

/* Who is signed out already is told so again; a page of another origin signs nobody out. */
void session_delete(void *owner, struct request *req)
{
	struct api *api = owner;
	struct str token = request_cookie(req, COOKIE);
	struct actor actor;

	if (token.size && !api_is_same_origin(req))
		api_problem(req, ERR_DENIED, NULL);
	else if (token_find(api->setup.tokens, token, &actor) == ERR_OK &&
	         actor.kind == TOKEN_SESSION)
		leave(api, req, token);
	else
		say_goodbye(req);
}

static void write_link(struct buf *out, const char *base, const char *token)
{
	buf_add_text(out, base);
	buf_add_text(out, "/#signin=");
	buf_add_text(out, token);
}

static void on_link(struct token_issue *issue, enum err err)
{
	struct work *work = CONTAINER_OF(issue, struct work, issue);
	const char *base = work->api->setup.public_http;
	AUTO_BUF own = { 0 }, url = { 0 }, body = { 0 };

	buf_init(&own, URL_MAX);
	buf_init(&url, 2 * URL_MAX);
	buf_init(&body, API_BODY_MAX);
	if (!base) {
		buf_add_text(&own, request_is_tls(work->req) ? "https://" : "http://");
		buf_add_str(&own, request_host(work->req));
		buf_add(&own, "", 1);
	}
	write_link(&url, base ? base : (const char *)own.at, issue->token);
	buf_add_text(&body, "{\"url\":");
	json_add_quoted(&body, buf_str(&url));
	buf_printf(&body, ",\"expires_in\":%d}", API_SIGN_IN_S);
	if (err == ERR_OK && buf_err(&own) == ERR_OK && buf_err(&url) == ERR_OK)
		api_answer(work->req, 201, &body);
	else
		api_problem(work->req, err != ERR_OK ? err : ERR_TOO_LARGE, NULL);
	mem_wipe(url.at, url.size);
	mem_wipe(body.at, body.size);
	finish(work);
}

void sign_in_link_post(void *owner, struct request *req)
{
	static const char *const names[] = { NULL };
	AUTO_JSON body = NULL;
	const struct token_issue link = { .kind = TOKEN_SIGN_IN,
		                          .expires_in_ms = API_SIGN_IN_S * 1000LL,
		                          .done = on_link };

	if (api_read_body(req, names, &body) == ERR_OK)
		start(owner, req, &link);
}

enum err api_sign_in_link(struct tokens *tokens, const char *base_url, struct buf *out)
{
	struct token_issue issue = { .kind = TOKEN_SIGN_IN,
		                     .organization = ORGANIZATION,
		                     .expires_in_ms = API_SIGN_IN_S * 1000 };
	enum err err = token_make_now(tokens, &issue);

	if (err == ERR_OK)
		write_link(out, base_url, issue.token);
	mem_wipe(issue.token, sizeof issue.token);
	return err == ERR_OK ? buf_err(out) : err;
}
