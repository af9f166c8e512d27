/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and whether they may: before anything else of the request is looked at. */
#include <string.h>

#include "endpoints/api/api_private.h"

#define ORGANIZATION_HEADER "Vigil-Organization"

const struct actor *api_actor(struct request *req)
{
	return request_actor(req);
}

void api_copy(struct str text, char *to, size_t room)
{
	(void)str_copy(text, to, room);
}

/* "https://host:port" names the same host and port as the request's own authority. */
static bool is_own_origin(const struct request *req, struct str origin)
{
	static const struct str schemes[] = { { "http://", 7 }, { "https://", 8 } };

	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		if (str_starts(origin, schemes[i]))
			return str_equal_nocase(str_from(origin, schemes[i].size),
			                        request_host(req));
	}
	return false; /* "null", or a scheme of another world */
}

bool api_is_same_origin(const struct request *req)
{
	struct str site = request_header(req, "Sec-Fetch-Site");
	struct str origin = request_header(req, "Origin");

	if (site.size && !str_equal(site, STR("same-origin")) && !str_equal(site, STR("none")))
		return false;
	/* No page: browsers name the origin of whatever changes something. */
	return !origin.size || is_own_origin(req, origin);
}

static bool changes_something(const struct request *req)
{
	enum http_method method = request_method(req);

	/* A WebSocket is a GET that pages of any origin may try. */
	return (method != HTTP_GET && method != HTTP_HEAD) || request_is_websocket(req);
}

static enum err find_actor(struct api *api, struct request *req, bool is_query_good,
                           struct actor *out)
{
	struct str bearer = request_bearer(req);

	if (bearer.size || request_header(req, "Authorization").size)
		return token_find(api->setup.tokens, bearer, out);
	enum err err = token_find(api->setup.tokens, request_cookie(req, "vigil_session"), out);
	if (err == ERR_OK && out->kind != TOKEN_SESSION)
		err = ERR_UNAUTHENTICATED;
	if (err == ERR_OK)
		return changes_something(req) && !api_is_same_origin(req) ? ERR_DENIED : ERR_OK;
	if (is_query_good)
		err = token_find(api->setup.tokens, request_query(req, "token"), out);
	return err;
}

enum err api_find_actor(struct api *api, struct request *req, struct actor *out)
{
	return find_actor(api, req, true, out);
}

/* A token for one device does not even learn that others exist. */
static bool is_hidden(const struct request *req, const struct actor *actor)
{
	struct str organization = request_header(req, ORGANIZATION_HEADER);
	struct str did = request_param(req, "did");

	if (organization.size && !str_equal(organization, str_of(actor->organization)))
		return true;
	return actor->did[0] && did.at && !str_equal(did, str_of(actor->did));
}

static enum err refuse(struct request *req, enum err err, const struct why *why)
{
	api_problem(req, err, why);
	return err;
}

enum err api_guard(void *owner, struct request *req, const struct route *route)
{
	struct why why = { 0 };
	unsigned right = (unsigned)route->access;

	if (right == RIGHT_OPEN)
		return ERR_OK;
	struct actor *actor = arena_alloc(request_arena(req), sizeof *actor);
	if (!actor)
		return refuse(req, ERR_NO_MEMORY, NULL);
	enum err err = find_actor(owner, req, right == RIGHT_VIEW, actor);
	if (err == ERR_DENIED)
		err = why_set(&why, err, "a page of another origin may not do this");
	if (err != ERR_OK)
		return refuse(req, err, &why);
	if (is_hidden(req, actor))
		return refuse(req, ERR_NOT_FOUND, NULL);
	if ((actor->rights & right) != right)
		return refuse(req, ERR_DENIED, NULL);
	request_set_actor(req, actor);
	return ERR_OK;
}

enum err api_view(struct api *api, struct request *req, struct device_view *out)
{
	return device_view(api->setup.devices, str_of(api_actor(req)->organization),
	                   request_param(req, "did"), out);
}
