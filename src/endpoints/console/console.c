/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/console/console.h"

#include <stdio.h>

#include "base/mem.h"
#include "domain/identity/token.h"
#include "endpoints/console/console_files.h"
#include "http/response.h"

#define ETAG_SIZE 32

/* No inline script or style, nothing from another host, in nobody's frame. */
#define POLICY                                                                                \
	"default-src 'self'; media-src blob: 'self'; connect-src 'self' ws: wss:; "           \
	"worker-src blob: 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; " \
	"form-action 'self'; frame-ancestors 'none'"

static const char not_built[] =
	"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Vigil</title>\n"
	"<h1>The console is not part of this build</h1>\n"
	"<p>Run <code>./dev build</code>, which makes <code>web/dist</code> and builds it in. "
	"The API and the command line work without it.</p>\n</html>\n";

/* The weight of one coding, "gzip;q=0.5": zero means no. */
static bool is_refused(struct str parameters)
{
	struct str one;

	while (str_cut(&parameters, ';', &one)) {
		one = str_trim(one);
		if (!str_starts(one, STR("q=")) && !str_starts(one, STR("Q=")))
			continue;
		one = str_from(one, 2);
		while (one.size && (one.at[0] == '0' || one.at[0] == '.'))
			one = str_from(one, 1);
		return one.size == 0;
	}
	return false;
}

bool console_takes_gzip(struct str accept)
{
	struct str coding, name;

	while (str_cut(&accept, ',', &coding)) {
		(void)str_cut(&coding, ';', &name);
		if (str_equal_nocase(str_trim(name), STR("gzip")))
			return !is_refused(coding);
	}
	return false;
}

bool console_has_tag(struct str known, struct str tag)
{
	struct str one;

	while (str_cut(&known, ',', &one)) {
		one = str_trim(one);
		if (str_equal(one, STR("*")))
			return true;
		if (str_starts(one, STR("W/")))
			one = str_from(one, 2);
		if (str_equal(one, tag))
			return true;
	}
	return false;
}

static void add_rules(struct request *req)
{
	response_header(req, "Content-Security-Policy", STR(POLICY));
	response_header(req, "X-Frame-Options", STR("DENY"));
	response_header(req, "Cross-Origin-Opener-Policy", STR("same-origin"));
}

static void serve(const struct console_file *file, struct request *req)
{
	struct str body = { (const char *)file->bytes, file->size };
	bool is_gzip = file->gzip && console_takes_gzip(request_header(req, "Accept-Encoding"));
	struct str tag = str_of(file->etag);
	char packed_tag[ETAG_SIZE];

	if (is_gzip) {
		/* Other bytes, so another strong tag. */
		body = (struct str){ (const char *)file->gzip, file->gzip_size };
		(void)snprintf(packed_tag, sizeof packed_tag, "%.*s-gzip\"", (int)tag.size - 1,
		               tag.at);
		tag = str_of(packed_tag);
	}
	add_rules(req);
	response_header(req, "ETag", tag);
	response_header(req, "Vary", STR("Accept-Encoding"));
	/* Names are fixed: ask each time, and be told that nothing changed. */
	response_header(req, "Cache-Control", STR("no-cache"));
	if (console_has_tag(request_header(req, "If-None-Match"), tag)) {
		response_empty(req, 304);
		return;
	}
	if (is_gzip)
		response_header(req, "Content-Encoding", STR("gzip"));
	response_send(req, 200, file->type, body);
}

static void file_get(void *owner, struct request *req)
{
	struct str path = request_path(req);

	for (size_t i = 0; i < console_file_count; i++) {
		if (str_equal(str_of(console_files[i].path), path)) {
			serve(&console_files[i], req);
			return;
		}
	}
	response_problem(req, &(struct problem){ .status = 404,
	                                         .name = "not-found",
	                                         .title = "There is nothing at this address" });
}

static void index_get(void *owner, struct request *req)
{
	for (size_t i = 0; i < console_file_count; i++) {
		if (str_equal(str_of(console_files[i].path), STR("/index.html"))) {
			serve(&console_files[i], req);
			return;
		}
	}
	add_rules(req);
	response_send(req, 200, "text/html; charset=utf-8", STR(not_built));
}

const struct route console_routes[] = {
	{ "GET", "/", RIGHT_OPEN, 0, index_get, 0 },
	{ "GET", "/{file}", RIGHT_OPEN, 0, file_get, 0 },
	{ "GET", "/assets/{file}", RIGHT_OPEN, 0, file_get, 0 },
};
const size_t console_route_count = COUNT_OF(console_routes);
