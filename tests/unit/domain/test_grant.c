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

static void a_did_behind_a_grant_is_cut_off_again(void **state)
{
	static const char *const dids[] = { "C", "CA", "CAM", "001122334455",
		                            "1234567890123456789" };
	AUTO(keys) keys = make_keys();

	for (size_t i = 0; i < COUNT_OF(dids); i++) {
		char text[GRANT_NAMED_SIZE] = "", room[GRANT_DID_MAX + 1];
		struct str did = str_of(dids[i]);

		grant_make(keys, did, STR("capture"), 1000, text);
		grant_add_did(did, text);
		assert_true(str_is_word(str_of(text), "_-"));
		struct str token = str_of(text);
		assert_str(grant_cut_did(&token, room), dids[i]);
		assert_ok(grant_check(keys, did, STR("capture"), token, 0));
	}
}

static void a_did_past_the_limit_is_not_put_behind(void **state)
{
	AUTO(keys) keys = make_keys();
	char text[GRANT_NAMED_SIZE] = "", room[GRANT_DID_MAX + 1];

	grant_make(keys, STR("x"), STR("capture"), 1000, text);
	grant_add_did(STR("12345678901234567890"), text);
	assert_int_equal(strlen(text), GRANT_SIZE - 1);
	struct str token = str_of(text);
	assert_int_equal(grant_cut_did(&token, room).size, 0);
	assert_int_equal(token.size, GRANT_SIZE - 1);
	token = STR("0123456789012345678901234567890123456789012345678901234567890123456789");
	assert_int_equal(grant_cut_did(&token, room).size, 0);
	assert_int_equal(token.size, 70);
	token = STR("short");
	assert_int_equal(grant_cut_did(&token, room).size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_grant_opens_its_own_resource_only),
		cmocka_unit_test(a_grant_opens_its_own_device_only),
		cmocka_unit_test(a_grant_ends),
		cmocka_unit_test(a_changed_grant_opens_nothing),
		cmocka_unit_test(a_did_behind_a_grant_is_cut_off_again),
		cmocka_unit_test(a_did_past_the_limit_is_not_put_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
