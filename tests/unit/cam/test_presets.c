/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "cam/memory/presets.h"
#include "tests/unit/cam/fixture.h"
#include "tests/unit/unit.h"

static const struct ptz_position place = { 100, -200, 300 };

static void open_presets(const char *root, struct store *store, struct presets *presets)
{
	memset(presets, 0, sizeof *presets);
	assert_ok(store_open(store, root, "CAM", NULL));
	assert_ok(presets_init(presets, store, NULL));
}

static void what_was_set_is_there_after_a_restart(void **state)
{
	struct presets presets;
	struct store store;
	struct ptz_position found;

	open_presets(*state, &store, &presets);
	assert_int_equal(presets_set(&presets, 1, STR("gate"), place), CODE_OK);
	assert_int_equal(presets_set(&presets, PRESETS_MAX, STR(""), place), CODE_OK);
	open_presets(*state, &store, &presets);

	assert_int_equal(presets_find(&presets, 1, &found), CODE_OK);
	assert_memory_equal(&found, &place, sizeof place);
	AUTO_JSON list = presets_list(&presets);
	assert_int_equal(json_array_size(list), 2);
	assert_str(json_member_str(json_array_get(list, 0), "name"), "gate");
	assert_int_equal(json_member_i64(json_array_get(list, 1), "index", 0), PRESETS_MAX);
}

static void indexes_outside_the_range_are_refused(void **state)
{
	struct presets presets;
	struct store store;
	struct ptz_position found;

	open_presets(*state, &store, &presets);
	assert_int_equal(presets_set(&presets, 0, STR(""), place), CODE_PRESETS_FULL);
	assert_int_equal(presets_set(&presets, PRESETS_MAX + 1, STR(""), place), CODE_PRESETS_FULL);
	assert_int_equal(presets_find(&presets, 0, &found), CODE_PRESET_MISSING);
	assert_int_equal(presets_find(&presets, PRESETS_MAX + 1, &found), CODE_PRESET_MISSING);
	assert_int_equal(presets_remove(&presets, -1), CODE_PRESET_MISSING);
}

static void a_removed_preset_is_gone_for_good(void **state)
{
	struct presets presets;
	struct store store;
	struct ptz_position found;

	open_presets(*state, &store, &presets);
	assert_int_equal(presets_set(&presets, 7, STR("door"), place), CODE_OK);
	assert_int_equal(presets_remove(&presets, 7), CODE_OK);
	assert_int_equal(presets_remove(&presets, 7), CODE_PRESET_MISSING);
	open_presets(*state, &store, &presets);
	assert_int_equal(presets_find(&presets, 7, &found), CODE_PRESET_MISSING);
}

static void a_name_of_the_most_bytes_fits_and_one_more_does_not(void **state)
{
	char name[PRESET_NAME_MAX + 1];
	struct presets presets;
	struct store store;

	memset(name, 'n', sizeof name);
	open_presets(*state, &store, &presets);
	assert_int_equal(presets_set(&presets, 1, (struct str){ name, PRESET_NAME_MAX }, place),
	                 CODE_OK);
	assert_int_equal(presets_set(&presets, 1, (struct str){ name, sizeof name }, place),
	                 CODE_FAILED);
	assert_int_equal(presets_set(&presets, 1, STR("\xff"), place), CODE_FAILED);
	assert_int_equal(strlen(presets.slots[0].name), PRESET_NAME_MAX);
}

static void a_new_position_without_a_name_keeps_the_old_name(void **state)
{
	struct presets presets;
	struct store store;

	open_presets(*state, &store, &presets);
	assert_int_equal(presets_set(&presets, 1, STR("gate"), place), CODE_OK);
	assert_int_equal(presets_set(&presets, 1, STR(""), (struct ptz_position){ 0 }), CODE_OK);
	assert_string_equal(presets.slots[0].name, "gate");
}

static void what_the_disk_refuses_is_not_acknowledged(void **state)
{
	struct presets presets;
	struct store store;
	struct ptz_position found;

	open_presets(*state, &store, &presets);
	assert_int_equal(rmdir(store.folder), 0);
	assert_int_equal(presets_set(&presets, 1, STR("gate"), place), CODE_FAILED);
	assert_int_equal(presets_find(&presets, 1, &found), CODE_PRESET_MISSING);
}

static void a_broken_file_is_told(void **state)
{
	struct presets presets = { 0 };
	struct why why = { 0 };
	struct store store;

	assert_ok(store_open(&store, *state, "CAM", NULL));
	fixture_write(store.folder, "presets.json", "[{\"index\": 129}]");
	assert_err(presets_init(&presets, &store, &why), ERR_MALFORMED);
	assert_string_equal(why.text, "presets.json cannot be read");
}

static void names_that_lead_out_of_the_folder_are_refused(void **state)
{
	char path[STORE_PATH_MAX];
	struct store store;

	assert_err(store_open(&store, *state, "..", NULL), ERR_INVALID);
	assert_err(store_open(&store, *state, "a/b", NULL), ERR_INVALID);
	assert_ok(store_open(&store, *state, "CAM", NULL));
	assert_err(store_path(&store, "../x", path), ERR_INVALID);
	assert_err(store_path(&store, "..", path), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_set_is_there_after_a_restart,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(indexes_outside_the_range_are_refused,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_removed_preset_is_gone_for_good, fixture_set_up,
		                                fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_name_of_the_most_bytes_fits_and_one_more_does_not,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_new_position_without_a_name_keeps_the_old_name,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(what_the_disk_refuses_is_not_acknowledged,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_broken_file_is_told, fixture_set_up,
		                                fixture_tear_down),
		cmocka_unit_test_setup_teardown(names_that_lead_out_of_the_folder_are_refused,
		                                fixture_set_up, fixture_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
