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

static void on_session(struct token_issue *issue, enum err err)
{
	struct work *work = CONTAINER_OF(issue, struct work, issue);
	const struct actor actor = { .kind = issue->kind, .expires_at = issue->expires_at };
	AUTO_BUF body = { 0 };

	if (err == ERR_OK) {
		buf_init(&body, API_BODY_MAX);
		set_cookie(work->req, issue->token, SESSION_S);
		write_actor(&body, &actor);
		api_answer(work->req, 201, &body);
	} else {
		buf_init(&body, 0);
		api_problem(work->req, err, NULL);
	}
	finish(work);
}

static void start(struct api *api, struct request *req, enum token_kind kind, int64_t life_s,
                  void (*done)(struct token_issue *issue, enum err err))
{
	struct work *work = calloc(1, sizeof *work);

	if (!work) {
		api_problem(req, ERR_NO_MEMORY, NULL);
		return;
	}
	work->api = api;
	work->req = req;
	work->issue.kind = kind;
	work->issue.expires_in_ms = life_s * 1000;
	work->issue.done = done;
	api_copy(STR(ORGANIZATION), work->issue.organization, ORGANIZATION_SIZE);
	enum err err = token_make(api->setup.tokens, &work->issue);
	if (err != ERR_OK) {
		api_problem(req, err, NULL);
		finish(work);
	}
}

/* What a person signs in with: the operator's own token, or a one-time one, which is used up. */
static enum err use_token(struct tokens *tokens, struct str token)
{
	struct actor actor;
	enum err err = token_find(tokens, token, &actor);

	if (err != ERR_OK || actor.kind == TOKEN_PLATFORM)
		return err;
	if (actor.kind != TOKEN_SIGN_IN)
		return ERR_UNAUTHENTICATED;
	return token_find_once(tokens, token, &actor);
}

void session_post(void *owner, struct request *req)
{
	static const char *const names[] = { "token", NULL };
	struct api *api = owner;
	char token[TOKEN_TEXT_MAX + 1] = "";
	struct why why = { 0 };
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
		err = use_token(api->setup.tokens, str_of(token));
	if (err == ERR_UNAUTHENTICATED)
		err = why_set_reason(&why, err, REASON_TOKEN_INVALID, "token", "%s",
		                     reason_words(REASON_TOKEN_INVALID));
	mem_wipe(token, sizeof token);
	if (err == ERR_OK)
		start(api, req, TOKEN_SESSION, SESSION_S, on_session);
	else
		api_problem(req, err, &why);
}

void session_get(void *owner, struct request *req)
{
	AUTO_BUF body = { 0 };

	buf_init(&body, API_BODY_MAX);
	write_actor(&body, api_actor(req));
	api_answer(req, 200, &body);
}

/* Signing out never fails, but for a page of another origin that tries to sign somebody out. */
void session_delete(void *owner, struct request *req)
{
	const struct api *api = owner;
	struct str token = request_cookie(req, COOKIE);
	struct actor actor;

	if (token.size && !api_is_same_origin(req)) {
		api_problem(req, ERR_DENIED, NULL);
		return;
	}
	if (token_find(api->setup.tokens, token, &actor) == ERR_OK && actor.kind == TOKEN_SESSION)
		token_revoke(api->setup.tokens, token);
	set_cookie(req, "", 0);
	response_empty(req, 204);
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

	if (api_read_body(req, names, &body) == ERR_OK)
		start(owner, req, TOKEN_SIGN_IN, API_SIGN_IN_S, on_link);
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
