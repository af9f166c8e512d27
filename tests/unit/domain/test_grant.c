/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/identity/grant.h"
#include "tests/unit/unit.h"

static const char *const kinds[] = { "play",   "ptz",    "preset", "capture",
	                             "config", "replay", "upload" };

static struct keys *make_keys(void)
{
	char folder[] = "/tmp/vigil-grant-XXXXXX", path[64];
	struct keys *keys = NULL;

	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/key", folder);
	assert_ok(keys_open(path, true, &keys, NULL));
	(void)unlink(path);
	(void)rmdir(folder);
	return keys;
}

static void a_grant_opens_its_own_resource_only(void **state)
{
	AUTO(keys) keys = make_keys();
	char grant[GRANT_SIZE];

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		grant_make(keys, STR("CAM1"), str_of(kinds[i]), 1000, grant);
		assert_int_equal(strlen(grant), GRANT_SIZE - 1);
		for (size_t k = 0; k < COUNT_OF(kinds); k++)
			assert_int_equal(grant_check(keys, STR("CAM1"), str_of(kinds[k]),
			                             str_of(grant), 999),
			                 i == k ? ERR_OK : ERR_DENIED);
	}
}

static void a_grant_opens_its_own_device_only(void **state)
{
	AUTO(keys) keys = make_keys();
	char grant[GRANT_SIZE];

	grant_make(keys, STR("CAM1"), STR("ptz"), 1000, grant);
	assert_err(grant_check(keys, STR("CAM2"), STR("ptz"), str_of(grant), 0), ERR_DENIED);
	assert_err(grant_check(keys, STR("CAM1p"), STR("tz"), str_of(grant), 0), ERR_DENIED);
	assert_err(grant_check(keys, STR("CAM"), STR("1ptz"), str_of(grant), 0), ERR_DENIED);
}

static void a_grant_ends(void **state)
{
	AUTO(keys) keys = make_keys();
	char grant[GRANT_SIZE];

	grant_make(keys, STR("CAM1"), STR("ptz"), 1000, grant);
	assert_ok(grant_check(keys, STR("CAM1"), STR("ptz"), str_of(grant), 999));
	assert_err(grant_check(keys, STR("CAM1"), STR("ptz"), str_of(grant), 1001), ERR_DENIED);
}

static void a_changed_grant_opens_nothing(void **state)
{
	AUTO(keys) keys = make_keys();
	AUTO(keys) others = make_keys();
	char grant[GRANT_SIZE];

	grant_make(others, STR("CAM1"), STR("ptz"), 1000, grant);
	assert_err(grant_check(keys, STR("CAM1"), STR("ptz"), str_of(grant), 0), ERR_DENIED);
	grant_make(keys, STR("CAM1"), STR("ptz"), 1000, grant);
	for (size_t i = 0; i < GRANT_SIZE - 1; i++) {
		char was = grant[i];
		grant[i] = was == 'A' ? 'B' : 'A';
		assert_err(grant_check(keys, STR("CAM1"), STR("ptz"), str_of(grant), 0),
		           ERR_DENIED);
		grant[i] = was;
	}
	for (size_t size = 0; size < GRANT_SIZE - 1; size++)
		assert_err(
			grant_check(keys, STR("CAM1"), STR("ptz"), (struct str){ grant, size }, 0),
			ERR_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_grant_opens_its_own_resource_only),
		cmocka_unit_test(a_grant_opens_its_own_device_only),
		cmocka_unit_test(a_grant_ends),
		cmocka_unit_test(a_changed_grant_opens_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
