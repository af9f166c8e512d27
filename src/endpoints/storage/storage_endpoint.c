/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes, and the addresses that lead to them. */
#include "endpoints/storage/storage_endpoint.h"

#include "base/clock.h"
#include "endpoints/storage/storage_private.h"
#include "proto/http/url.h"

#define OVERHEAD (256 * 1024) /* what a form may add to its file */
#define STILL    "/v2/storage/file/{did}/{name}"
#define UPLOAD   "/v2/media/upload/{did}"
#define ALIAS    "/v2/live/upload/{did}"

/* Devices have tokens of another kind than the guard knows: their routes look at them themselves.
 * The alias is the protocol's own second spelling. */
/* clang-format off */
const struct route storage_routes[] = {
	{ "POST",   "/v2/storage/upload",      RIGHT_OPEN,   STILL_BYTES_MAX + OVERHEAD, still_post, ROUTE_STREAM_IN },
	{ "GET",    STILL,                     RIGHT_VIEW,   0, still_get, 0 },
	{ "DELETE", STILL,                     RIGHT_MANAGE, 0, still_delete, 0 },
	{ "GET",    "/v2/storage/file/{name}", RIGHT_VIEW,   0, still_of_second_get, 0 },
	{ "GET",    "/v2/devices/{did}/stills",RIGHT_VIEW,   0, still_list_get, 0 },
	{ "POST",   UPLOAD,                    RIGHT_OPEN,   UPLOAD_BYTES_MAX + OVERHEAD, upload_post, ROUTE_STREAM_IN },
	{ "POST",   UPLOAD "/{file...}",       RIGHT_OPEN,   UPLOAD_BYTES_MAX + OVERHEAD, upload_post, ROUTE_STREAM_IN },
	{ "POST",   ALIAS,                     RIGHT_OPEN,   UPLOAD_BYTES_MAX + OVERHEAD, upload_post, ROUTE_STREAM_IN },
	{ "POST",   ALIAS "/{file...}",        RIGHT_OPEN,   UPLOAD_BYTES_MAX + OVERHEAD, upload_post, ROUTE_STREAM_IN },
	{ "GET",    UPLOAD "/{file...}",       RIGHT_VIEW,   0, upload_get, 0 },
	{ "GET",    ALIAS "/{file...}",        RIGHT_VIEW,   0, upload_get, 0 },
	{ "DELETE", UPLOAD "/{file...}",       RIGHT_MANAGE, 0, upload_delete, 0 },
	{ "DELETE", ALIAS "/{file...}",        RIGHT_MANAGE, 0, upload_delete, 0 },
	{ "GET",    "/v2/devices/{did}/files", RIGHT_VIEW,   0, upload_list_get, 0 },
};
/* clang-format on */
const size_t storage_route_count = COUNT_OF(storage_routes);

enum err storage_endpoint_new(struct storage *storage, struct storage_endpoint **out)
{
	struct storage_endpoint *endpoint = calloc(1, sizeof *endpoint);

	if (!endpoint)
		return ERR_NO_MEMORY;
	endpoint->storage = storage;
	*out = endpoint;
	return ERR_OK;
}

void storage_endpoint_free(struct storage_endpoint *endpoint)
{
	free(endpoint);
}

void storage_write_path(struct buf *out, enum file_kind kind, const char *did, const char *name)
{
	buf_add_text(out, kind == FILE_STILL ? "/v2/storage/file/" : "/v2/media/upload/");
	http_url_encode(str_of(did), ":", out);
	buf_add_text(out, "/");
	http_url_encode(str_of(name), "+=@,", out);
}

void storage_write_time(struct buf *out, int64_t time_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(time_ms, text);
	buf_printf(out, "\"%s\"", text);
}

static void write_base(const struct storage_public *address, struct str reached_at, struct buf *out)
{
	struct str host = address->host[0] ? str_of(address->host) : reached_at;
	struct str url = str_of(address->url);

	while (url.size && url.at[url.size - 1] == '/')
		url.size--;
	if (!host.size)
		host = STR("127.0.0.1");
	if (url.size)
		buf_add_str(out, url);
	else
		buf_printf(out, "%s://%.*s:%u", address->is_tls_only ? "https" : "http",
		           STR_ARG(host), address->port);
}

void storage_still_url(const struct storage_public *address, struct str did, struct str grant,
                       struct str reached_at, struct buf *out)
{
	write_base(address, reached_at, out);
	buf_printf(out, "/v2/storage/upload?token=%.*s", STR_ARG(grant));
	if (grant.size == GRANT_SIZE - 1) /* the did had no room in it */
		buf_printf(out, "&did=%.*s", STR_ARG(did));
}

void storage_upload_url(const struct storage_public *address, struct str did, struct str grant,
                        struct str file, struct str reached_at, size_t most, struct buf *out)
{
	AUTO_BUF name = { 0 };

	write_base(address, reached_at, out);
	buf_printf(out, "/v2/media/upload/%.*s/?token=%.*s", STR_ARG(did), STR_ARG(grant));
	buf_init(&name, most);
	buf_add_text(&name, "&file=");
	http_url_encode(file, "", &name);
	if (file.size && buf_err(&name) == ERR_OK && out->size + name.size <= most)
		buf_add_str(out, buf_str(&name));
}
