/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "domain/device/preset.h"
#include "tests/unit/domain/house.h"

/* The enum has no name of its own. */
typedef __typeof__(((struct preset_change *)NULL)->kind) preset_kind;

struct setting {
	struct preset_change change;
	struct house *house;
	enum err err;
	int done;
};

static void on_done(struct preset_change *change, enum err err)
{
	struct setting *setting = CONTAINER_OF(change, struct setting, change);

	setting->err = err;
	setting->done++;
}

static void begin(void *arg)
{
	struct setting *setting = arg;

	preset_change(setting->house->domain->devices, &setting->change);
}

static bool is_done(void *arg)
{
	return ((struct setting *)arg)->done > 0;
}

/* One that holds "1 Gate 5 Yard": index and name in turn. */
static enum err change(struct house *house, preset_kind kind, const char *items)
{
	struct setting *setting = calloc(1, sizeof *setting);
	struct str rest = str_of(items), index, name;

	setting->house = house;
	(void)str_copy(STR("CAM"), setting->change.did, DID_SIZE);
	setting->change.kind = kind;
	setting->change.done = on_done;
	while (items[0] && str_cut(&rest, ' ', &index)) {
		int64_t number = 0;
		assert_ok(str_to_i64(index, 0, 1000, &number));
		assert_true(str_cut(&rest, ' ', &name));
		assert_ok(preset_add(&setting->change, number, name));
	}
	house_run(house, house->loop, begin, setting);
	house_wait(house, is_done, setting);
	assert_int_equal(setting->done, 1);
	enum err err = setting->err;
	free(setting);
	return err;
}

static void assert_presets(struct house *house, const char *expected)
{
	struct device_view view;
	char text[512] = "";
	size_t length = 0;

	assert_ok(device_view(house->domain->devices, (struct str){ 0 }, STR("CAM"), &view));
	for (size_t i = 0; view.presets && i < view.presets->count; i++)
		length += (size_t)snprintf(text + length, sizeof text - length, "%s%d %s",
		                           i ? " " : "", view.presets->items[i].index,
		                           view.presets->items[i].name);
	device_view_done(&view);
	assert_string_equal(text, expected);
}

static void presets_are_set_replaced_and_removed_in_memory_and_rows(void **state)
{
	static const struct {
		preset_kind kind;
		const char *items, *after;
	} steps[] = {
		{ PRESET_SET, "5 Yard", "5 Yard" },
		{ PRESET_SET, "1 Gate", "1 Gate 5 Yard" },
		{ PRESET_SET, "128 Roof", "1 Gate 5 Yard 128 Roof" },
		{ PRESET_SET, "5 Garden", "1 Gate 5 Garden 128 Roof" },
		{ PRESET_SET, "5 Garden", "1 Gate 5 Garden 128 Roof" },
		{ PRESET_REMOVE, "1 x", "5 Garden 128 Roof" },
		{ PRESET_REMOVE, "1 x", "5 Garden 128 Roof" },
		{ PRESET_REPLACE, "9 c 3 a 7 b", "3 a 7 b 9 c" },
		{ PRESET_REPLACE, "", "" },
		{ PRESET_REPLACE, "", "" },
		{ PRESET_SET, "2 b", "2 b" },
	};
	struct house *house = *state;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		assert_ok(change(house, steps[i].kind, steps[i].items));
		assert_presets(house, steps[i].after);
		house_close(house);
		house_open(house);
		assert_presets(house, steps[i].after);
	}
}

static void a_gone_device_has_none(void **state)
{
	struct device_change remove = { .kind = DEVICE_REMOVE };

	house_add(*state, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_ok(change(*state, PRESET_SET, "1 a"));
	(void)str_copy(STR("CAM"), remove.spec.did, DID_SIZE);
	assert_ok(house_change(*state, &remove));
	assert_err(change(*state, PRESET_SET, "1 a"), ERR_NOT_FOUND);
	house_add(*state, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	assert_presets(*state, "");
}

static void indexes_at_their_limits_are_taken_and_past_them_refused(void **state)
{
	struct preset_change *one = calloc(1, sizeof *one);

	assert_err(preset_add(one, 0, STR("a")), ERR_INVALID);
	assert_err(preset_add(one, 129, STR("a")), ERR_INVALID);
	assert_err(preset_add(one, INT64_MAX, STR("a")), ERR_INVALID);
	assert_err(preset_add(one, 1, STR("\xff")), ERR_INVALID);
	for (int i = PRESET_INDEX_MOST; i >= PRESET_INDEX_LEAST; i--)
		assert_ok(preset_add(one, i, STR("a")));
	assert_int_equal(one->count, PRESETS_MAX);
	assert_err(preset_add(one, 5, STR("a")), ERR_INVALID);
	for (int i = 0; i < PRESETS_MAX; i++)
		assert_int_equal(one->items[i].index, i + 1);
	free(one);
}

static void a_long_name_is_cut_between_characters(void **state)
{
	struct preset_change *one = calloc(1, sizeof *one);
	char name[100];

	memset(name, 'x', sizeof name);
	assert_ok(preset_add(one, 1, (struct str){ name, 64 }));
	assert_int_equal(strlen(one->items[0].name), 64);
	assert_ok(preset_add(one, 2, (struct str){ name, 65 }));
	assert_int_equal(strlen(one->items[1].name), 64);
	memcpy(name + 62, "\xe9\x97\xa8", 3);
	assert_ok(preset_add(one, 3, (struct str){ name, 65 }));
	assert_int_equal(strlen(one->items[2].name), 62);
	assert_true(str_is_utf8(str_of(one->items[2].name)));
	free(one);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(presets_are_set_replaced_and_removed_in_memory_and_rows),
		cmocka_unit_test_setup_teardown(
			presets_are_set_replaced_and_removed_in_memory_and_rows, house_start_twice,
			house_stop),
		cmocka_unit_test_in_house(a_gone_device_has_none),
		cmocka_unit_test(indexes_at_their_limits_are_taken_and_past_them_refused),
		cmocka_unit_test(a_long_name_is_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
