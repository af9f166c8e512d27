/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request.h"

#include "http/http_private.h"
#include "proto/http/fields.h"
#include "proto/http/url.h"

enum http_method request_method(const struct request *req)
{
	return req->head.method;
}

struct str request_path(const struct request *req)
{
	return req->path;
}

struct str request_target(const struct request *req)
{
	return req->head.target;
}

struct str request_host(const struct request *req)
{
	return req->head.host;
}

struct str request_param(const struct request *req, const char *name)
{
	struct str wanted = str_of(name);

	for (size_t i = 0; i < req->match.param_count; i++) {
		if (str_equal(req->match.params[i].name, wanted))
			return req->match.params[i].value;
	}
	return (struct str){ 0 };
}

struct str request_query(struct request *req, const char *name)
{
	struct str value = { 0 };

	if (http_query_get(req->head.query, name, &req->arena, &value) != ERR_OK)
		return (struct str){ 0 };
	return value;
}

struct str request_header(const struct request *req, const char *name)
{
	return http_head_get(&req->head, name);
}

struct str request_cookie(const struct request *req, const char *name)
{
	return http_cookie_get(http_head_get(&req->head, "Cookie"), name);
}

struct str request_bearer(const struct request *req)
{
	struct str field = http_head_get(&req->head, "Authorization");

	if (field.size < 7 || !str_equal_nocase((struct str){ field.at, 7 }, STR("Bearer ")))
		return (struct str){ 0 };
	return str_trim(str_from(field, 7));
}

struct str request_body(const struct request *req)
{
	return buf_str(&req->body);
}

int64_t request_body_length(const struct request *req)
{
	if (req->head.is_chunked)
		return -1;
	return req->head.content_length > 0 ? req->head.content_length : 0;
}

struct arena *request_arena(struct request *req)
{
	return &req->arena;
}

const char *request_id(const struct request *req)
{
	return req->id;
}

struct loop *request_loop(const struct request *req)
{
	return req->home->loop;
}

const struct route *request_route(const struct request *req)
{
	return req->route;
}

void request_peer(const struct request *req, char out[CONN_ADDRESS_SIZE])
{
	out[0] = '\0';
	if (req->conn)
		conn_peer(req->conn->conn, out);
}

void request_local(const struct request *req, char out[CONN_ADDRESS_SIZE])
{
	out[0] = '\0';
	if (req->conn)
		conn_local(req->conn->conn, out);
}

bool request_is_tls(const struct request *req)
{
	return req->conn && conn_is_tls(req->conn->conn);
}

bool request_is_loopback(const struct request *req)
{
	return req->conn && conn_is_loopback(req->conn->conn);
}

void request_set_actor(struct request *req, void *actor)
{
	req->actor = actor;
}

void *request_actor(const struct request *req)
{
	return req->actor;
}

void request_on_gone(struct request *req, request_gone_fn *fn, void *owner)
{
	req->on_gone = fn;
	req->gone_owner = owner;
}

bool request_is_gone(const struct request *req)
{
	return !req->conn;
}
