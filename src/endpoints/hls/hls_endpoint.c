/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/hls/hls_endpoint.h"

#include <stdlib.h>

#include "base/metric.h"
#include "endpoints/hls/hls_private.h"
#include "endpoints/live/codecs.h"
#include "http/response.h"

enum err hls_endpoint_new(const struct hls_setup *setup, struct hls_endpoint **out)
{
	struct hls_endpoint *endpoint = calloc(1, sizeof *endpoint);
	uint8_t seed[16];

	if (!endpoint)
		return ERR_NO_MEMORY;
	endpoint->setup = *setup;
	id_random(seed, sizeof seed);
	map_init(&endpoint->packagers, seed);
	map_init(&endpoint->sessions, seed);
	list_init(&endpoint->all);
	(void)pthread_mutex_init(&endpoint->lock, NULL);
	*out = endpoint;
	return ERR_OK;
}

void hls_endpoint_free(struct hls_endpoint *endpoint)
{
	size_t at = 0;

	if (!endpoint)
		return;
	for (struct hls_session *session; (session = map_next(&endpoint->sessions, &at)) != NULL;)
		hls_session_free(session);
	list_each (node, &endpoint->all)
		hls_packager_free(CONTAINER_OF(node, struct hls_packager, node));
	map_done(&endpoint->sessions);
	map_done(&endpoint->packagers);
	(void)pthread_mutex_destroy(&endpoint->lock);
	free(endpoint);
}

static void refuse(struct request *req, enum err err, const struct why *why)
{
	response_header(req, "Access-Control-Allow-Origin", STR("*"));
	api_problem(req, err, why);
}

/* GET /live/{key}.m3u8: a session, and a packager with the first one. */
static void open_session(void *owner, struct request *req)
{
	static const struct hls_want want = { .kind = HLS_MULTIVARIANT };
	struct hls_endpoint *endpoint = owner;
	struct str key = request_param(req, "key"), codecs = request_query(req, "codecs");
	struct hls_session *session;
	struct why why = { 0 };
	bool is_new = false;
	enum err err = live_check_rights(endpoint->setup.rights, req, key, &why);

	if (err == ERR_OK && request_method(req) == HTTP_HEAD) {
		response_send(req, 200, HLS_PLAYLIST_TYPE, (struct str){ 0 });
		return;
	}
	if (err == ERR_OK)
		err = codecs_check(codecs, &why);
	if (err != ERR_OK) {
		refuse(req, err, &why);
		return;
	}
	hls_lock(endpoint);
	struct hls_packager *packager = hls_packager_open(endpoint, key, &is_new);
	err = packager ? hls_session_new(packager, codecs, &session, &why) : ERR_NO_MEMORY;
	bool is_empty = packager && is_new && err != ERR_OK;
	if (is_empty)
		hls_packager_unlist(packager);
	hls_unlock(endpoint);
	if (is_empty)
		hls_packager_free(packager);
	if (err != ERR_OK) {
		refuse(req, err, &why);
		return;
	}
	if (is_new)
		hls_packager_join(packager);
	hls_serve(session, req, &want, 0);
}

/* "17" and then `end`; false for anything else. */
static bool read_number(struct str text, struct str end, uint64_t *out)
{
	if (!str_ends(text, end))
		return false;
	text.size -= end.size;
	return str_to_u64(text, INT64_MAX, out) == ERR_OK;
}

/* media.m3u8, init-1.mp4, 17.m4s, 17.3.m4s */
static enum err read_file(struct str file, struct hls_want *want)
{
	struct str rest = file, first;

	*want = (struct hls_want){ .kind = HLS_MEDIA };
	if (str_equal(file, STR("media.m3u8")))
		return ERR_OK;
	if (str_starts(file, STR("init-"))) {
		want->kind = HLS_INIT;
		return read_number(str_from(file, 5), STR(".mp4"), &want->number) ? ERR_OK
		                                                                  : ERR_NOT_FOUND;
	}
	want->kind = HLS_SEGMENT;
	if (read_number(file, STR(".m4s"), &want->number))
		return ERR_OK;
	want->kind = HLS_PART;
	bool is_part = str_cut(&rest, '.', &first) &&
	               str_to_u64(first, INT64_MAX, &want->number) == ERR_OK &&
	               read_number(rest, STR(".m4s"), &want->part);
	return is_part ? ERR_OK : ERR_NOT_FOUND;
}

static enum err read_directives(struct request *req, struct hls_want *want, struct why *why)
{
	struct str number = request_query(req, "_HLS_msn"), part = request_query(req, "_HLS_part");

	want->has_number = number.at != NULL;
	want->has_part = part.at != NULL;
	if ((want->has_number && str_to_u64(number, INT64_MAX, &want->number) != ERR_OK) ||
	    (want->has_part && str_to_u64(part, INT64_MAX, &want->part) != ERR_OK) ||
	    (want->has_part && !want->has_number))
		return why_set(why, ERR_INVALID,
		               "_HLS_msn is a number, _HLS_part another beside it");
	return ERR_OK;
}

static void serve_file(void *owner, struct request *req)
{
	struct hls_endpoint *endpoint = owner;
	struct hls_want want;
	struct why why = { 0 };
	struct hls_session *session = hls_session_find(endpoint, request_param(req, "session"),
	                                               request_param(req, "key"));
	enum err err = session ? read_file(request_param(req, "file"), &want) : ERR_NOT_FOUND;

	if (err == ERR_OK && want.kind == HLS_MEDIA)
		err = read_directives(req, &want, &why);
	if (err == ERR_OK) {
		hls_serve(session, req, &want, 0);
		return;
	}
	if (session)
		hls_session_done(session);
	refuse(req, err, &why);
}

/* Rights are asked for by the first; the address is what opens the others. */
/* clang-format off */
const struct route hls_routes[] = {
	{ "GET", "/live/{key}.m3u8",                          RIGHT_OPEN, 0, open_session, 0 },
	{ "GET", "/v2/media/live/{key}.m3u8",                 RIGHT_OPEN, 0, open_session, 0 },
	{ "GET", "/v2/meida/live/{key}.m3u8",                 RIGHT_OPEN, 0, open_session, 0 },
	{ "GET", "/live/{key}/hls/{session}/{file}",          RIGHT_OPEN, 0, serve_file,   ROUTE_SECRET_PATH },
	{ "GET", "/v2/media/live/{key}/hls/{session}/{file}", RIGHT_OPEN, 0, serve_file,   ROUTE_SECRET_PATH },
	{ "GET", "/v2/meida/live/{key}/hls/{session}/{file}", RIGHT_OPEN, 0, serve_file,   ROUTE_SECRET_PATH },
};
/* clang-format on */
const size_t hls_route_count = COUNT_OF(hls_routes);
