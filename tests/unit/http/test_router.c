/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "http/router.h"
#include "tests/unit/unit.h"

static void handler(void *owner, struct request *req)
{
	(void)owner;
	(void)req;
}

#define ROUTE(method, pattern)                    \
	{                                         \
		method, pattern, 0, 0, handler, 0 \
	}

static const struct route table[] = {
	ROUTE("GET", "/"),
	ROUTE("GET", "/v2/devices"),
	ROUTE("POST", "/v2/devices"),
	ROUTE("POST", "/v2/devices:import"),
	ROUTE("GET", "/v2/devices/{did}"),
	ROUTE("DELETE", "/v2/devices/{did}"),
	ROUTE("POST", "/v2/devices/{did}/actions"),
	ROUTE("DELETE", "/v2/devices/{did}/children/{child}"),
	ROUTE("POST", "/v2/devices/{did}:reset"),
	ROUTE("GET", "/v2/devices/summary"),
	ROUTE("GET", "/live/{did}.flv"),
	ROUTE("GET", "/live/{did}.m3u8"),
	ROUTE("GET", "/live/{name}"),
	ROUTE("GET", "/files/{path...}"),
	ROUTE("PUT", "/v2/upload/{did}/"),
};

static int second_owner;
static const struct route more[] = {
	ROUTE("PATCH", "/v2/devices/{did}"),
};

static struct router *make(void)
{
	struct router *router = NULL;
	struct why why = { 0 };

	assert_ok(router_new(&router));
	assert_ok(router_add(router, table, sizeof table / sizeof *table, NULL, &why));
	assert_ok(router_add(router, more, 1, &second_owner, &why));
	return router;
}

static void the_closest_pattern_wins(void **state)
{
	static const struct {
		enum http_method method;
		const char *path, *pattern, *params; /* NULL pattern: not found */
	} cases[] = {
		{ HTTP_GET, "/", "/", "" },
		{ HTTP_HEAD, "/v2/devices", "/v2/devices", "" },
		{ HTTP_POST, "/v2/devices:import", "/v2/devices:import", "" },
		{ HTTP_GET, "/v2/devices/summary", "/v2/devices/summary", "" },
		{ HTTP_GET, "/v2/devices/a:b", "/v2/devices/{did}", "did=a:b;" },
		{ HTTP_POST, "/v2/devices/a:reset", "/v2/devices/{did}:reset", "did=a;" },
		{ HTTP_POST, "/v2/devices/a/actions", "/v2/devices/{did}/actions", "did=a;" },
		{ HTTP_POST, "/v2/devices/summary/actions", "/v2/devices/{did}/actions",
		  "did=summary;" },
		{ HTTP_DELETE, "/v2/devices/a/children/b", "/v2/devices/{did}/children/{child}",
		  "did=a;child=b;" },
		{ HTTP_GET, "/live/x.flv", "/live/{did}.flv", "did=x;" },
		{ HTTP_GET, "/live/x.flv.m3u8", "/live/{did}.m3u8", "did=x.flv;" },
		{ HTTP_GET, "/live/.flv", "/live/{name}", "name=.flv;" },
		{ HTTP_GET, "/files/", "/files/{path...}", "path=;" },
		{ HTTP_GET, "/files/a/b//c", "/files/{path...}", "path=a/b//c;" },
		{ HTTP_PUT, "/v2/upload/x/", "/v2/upload/{did}/", "did=x;" },
		{ HTTP_GET, "/files", NULL, "" },
		{ HTTP_GET, "/v2", NULL, "" },
		{ HTTP_GET, "/v2/devices/", NULL, "" },
		{ HTTP_GET, "/v2/devices/a/", NULL, "" },
		{ HTTP_GET, "/V2/devices", NULL, "" },
		{ HTTP_GET, "//", NULL, "" },
		{ HTTP_GET, "*", NULL, "" },
		{ HTTP_GET, "", NULL, "" },
	};
	AUTO(router) router = make();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct router_match match = { 0 };
		char params[100] = "";
		enum err err = router_find(router, cases[i].method, str_of(cases[i].path), &match);
		assert_int_equal(err, cases[i].pattern ? ERR_OK : ERR_NOT_FOUND);
		if (err != ERR_OK)
			continue;
		assert_non_null(match.route);
		assert_string_equal(match.route->pattern, cases[i].pattern);
		for (size_t k = 0; k < match.param_count; k++) {
			size_t at = strlen(params);
			(void)snprintf(params + at, sizeof params - at, "%.*s=%.*s;",
			               STR_ARG(match.params[k].name),
			               STR_ARG(match.params[k].value));
		}
		assert_string_equal(params, cases[i].params);
	}
}

static void tables_keep_their_owners(void **state)
{
	AUTO(router) router = make();
	struct router_match match;

	assert_ok(router_find(router, HTTP_PATCH, STR("/v2/devices/a"), &match));
	assert_ptr_equal(match.owner, &second_owner);
	assert_ok(router_find(router, HTTP_GET, STR("/v2/devices/a"), &match));
	assert_null(match.owner);
}

static void other_methods_are_told(void **state)
{
	AUTO(router) router = make();
	struct router_match match;
	char allow[ROUTER_ALLOW_SIZE];

	assert_ok(router_find(router, HTTP_PUT, STR("/v2/devices/a"), &match));
	assert_null(match.route);
	router_allow(match.methods, allow);
	assert_string_equal(allow, "GET, HEAD, PATCH, DELETE, OPTIONS");
	router_allow((1u << HTTP_METHOD_COUNT) - 1, allow);
	assert_string_equal(allow, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
}

static void bad_tables_are_refused(void **state)
{
	static const struct {
		struct route route;
		enum err err;
	} cases[] = {
		{ ROUTE("GET", "v2"), ERR_INVALID },
		{ ROUTE("GET", "/{}"), ERR_INVALID },
		{ ROUTE("GET", "/{a"), ERR_INVALID },
		{ ROUTE("GET", "/a{b}"), ERR_INVALID },
		{ ROUTE("GET", "/a}"), ERR_INVALID },
		{ ROUTE("GET", "/{a}{b}"), ERR_INVALID },
		{ ROUTE("GET", "/{a...}/b"), ERR_INVALID },
		{ ROUTE("GET", "/{a...}b"), ERR_INVALID },
		{ ROUTE("BREW", "/tea"), ERR_UNSUPPORTED },
		{ ROUTE("GET", "/v2/devices/{other}"), ERR_EXISTS },
		{ ROUTE("GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}"), ERR_OK },
		{ ROUTE("GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"), ERR_INVALID },
		{ ROUTE("GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"), ERR_OK },
		{ ROUTE("GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"), ERR_INVALID },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(router) router = make();
		struct why why = { 0 };
		assert_err(router_add(router, &cases[i].route, 1, NULL, &why), cases[i].err);
		assert_int_equal(why.text[0] != '\0', cases[i].err != ERR_OK);
	}
}

static void deep_paths_end_in_the_rest_only(void **state)
{
	static const struct route deep[] = {
		ROUTE("GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"),
	};
	AUTO(router) router = make();
	struct router_match match;
	struct why why = { 0 };

	assert_ok(router_add(router, deep, 1, NULL, &why));
	assert_ok(router_find(router, HTTP_GET, STR("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"),
	                      &match));
	assert_err(router_find(router, HTTP_GET, STR("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"),
	                       &match),
	           ERR_NOT_FOUND);
	assert_err(router_find(router, HTTP_GET,
	                       STR("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18"), &match),
	           ERR_NOT_FOUND);
	assert_ok(router_find(router, HTTP_GET,
	                      STR("/files/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20"),
	                      &match));
	assert_str(match.params[0].value, "2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_closest_pattern_wins),
		cmocka_unit_test(tables_keep_their_owners),
		cmocka_unit_test(other_methods_are_told),
		cmocka_unit_test(bad_tables_are_refused),
		cmocka_unit_test(deep_paths_end_in_the_rest_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
