/* SPDX-License-Identifier: Apache-2.0 */
/* Many devices at once: import in batches, lists in pages. */
#include <stdio.h>

#include "tests/unit/domain/house.h"

struct importing {
	struct device_import import;
	struct house *house;
	struct device_spec specs[DEVICE_IMPORT_BATCH];
	enum err results[DEVICE_IMPORT_BATCH], err;
	bool is_done;
};

static void on_imported(struct device_import *import, enum err err)
{
	struct importing *importing = CONTAINER_OF(import, struct importing, import);

	importing->err = err;
	importing->is_done = true;
}

static void begin_import(void *arg)
{
	struct importing *importing = arg;

	importing->import.specs = importing->specs;
	importing->import.results = importing->results;
	importing->import.done = on_imported;
	importing->is_done = false;
	assert_ok(device_import(importing->house->domain->devices, &importing->import));
}

static bool is_imported(void *arg)
{
	return ((struct importing *)arg)->is_done;
}

static void add_spec(struct importing *importing, const char *did, const char *name)
{
	struct device_spec *spec = &importing->specs[importing->import.count++];

	(void)str_copy(str_of(did), spec->did, DID_SIZE);
	(void)str_copy(str_of(name), spec->name, DEVICE_NAME_SIZE);
	(void)str_copy(STR("default"), spec->organization, ORGANIZATION_SIZE);
}

static enum err import_now(struct house *house, struct importing *importing)
{
	importing->house = house;
	house_run(house, house->loop, begin_import, importing);
	house_wait(house, is_imported, importing);
	return importing->err;
}

static void lines_of_an_import_fail_alone(void **state)
{
	static const enum err expected[] = { ERR_OK, ERR_EXISTS, ERR_INVALID, ERR_OK, ERR_EXISTS };
	struct house *house = *state;
	struct importing *importing = calloc(1, sizeof *importing);

	house_add(house, "OLD", DEVICE_CAMERA, SIGN_POLICY_ANY);
	add_spec(importing, "A", "first");
	add_spec(importing, "OLD", "there before");
	add_spec(importing, "B B", "no did");
	add_spec(importing, "C", "last");
	add_spec(importing, "A", "twice in one file");
	assert_ok(import_now(house, importing));
	for (size_t i = 0; i < COUNT_OF(expected); i++)
		assert_err(importing->results[i], expected[i]);
	for (int i = 0; i < 2; i++) {
		struct device_view seen;
		assert_int_equal(devices_count(house->domain->devices), 3);
		assert_ok(device_view(house->domain->devices, STR("default"), STR("A"), &seen));
		assert_string_equal(seen.facts->name, "first");
		device_view_done(&seen);
		house_close(house);
		house_open(house);
	}
	free(importing);
}

static void a_whole_batch_is_one_transaction_and_its_devices_can_register(void **state)
{
	struct house *house = *state;
	struct importing *importing = calloc(1, sizeof *importing);
	struct camera camera;
	char did[DID_SIZE];

	for (int i = 0; i < DEVICE_IMPORT_BATCH; i++) {
		(void)snprintf(did, sizeof did, "CAM%04d", i);
		add_spec(importing, did, "");
	}
	assert_ok(import_now(house, importing));
	assert_int_equal(devices_count(house->domain->devices), DEVICE_IMPORT_BATCH);
	house_wait_cursor(house, DEVICE_IMPORT_BATCH);
	camera_init(&camera, house, "CAM0499");
	camera.secret = importing->specs[499].secret;
	assert_int_equal(strlen(camera.secret), ID_SIZE - 1);
	assert_ok(camera_register_now(&camera));
	camera_close(&camera);
	free(importing);
}

struct listing {
	struct device_page page;
	struct house *house;
	char dids[DEVICE_PAGE_MAX][DID_SIZE];
	enum err err;
	bool is_done;
	char text[512];
};

static void on_listed(struct device_page *page, enum err err)
{
	struct listing *listing = CONTAINER_OF(page, struct listing, page);

	listing->err = err;
	listing->is_done = true;
}

static void begin_list(void *arg)
{
	struct listing *listing = arg;

	listing->page.done = on_listed;
	listing->page.dids = listing->dids;
	listing->is_done = false;
	assert_ok(device_list(listing->house->domain->devices, &listing->page));
}

static bool is_listed(void *arg)
{
	return ((struct listing *)arg)->is_done;
}

/* "A B C" */
static const char *list(struct house *house, struct listing *listing)
{
	size_t length = 0;

	listing->house = house;
	(void)str_copy(STR("default"), listing->page.organization, ORGANIZATION_SIZE);
	house_run(house, house->loop, begin_list, listing);
	house_wait(house, is_listed, listing);
	assert_ok(listing->err);
	listing->text[0] = '\0';
	for (int i = 0; i < listing->page.count; i++)
		length += (size_t)snprintf(listing->text + length, sizeof listing->text - length,
		                           i ? " %s" : "%s", listing->dids[i]);
	return listing->text;
}

static void pages_follow_each_other_in_order(void **state)
{
	struct listing *listing = calloc(1, sizeof *listing);

	house_add(*state, "b", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(*state, "C", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(*state, "a", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(*state, "A1", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(*state, "A", DEVICE_CAMERA, SIGN_POLICY_ANY);
	listing->page.online = -1;
	listing->page.limit = 2;
	assert_string_equal(list(*state, listing), "A A1");
	memcpy(listing->page.after, "A1", 3);
	assert_string_equal(list(*state, listing), "C a");
	memcpy(listing->page.after, "a", 2);
	assert_string_equal(list(*state, listing), "b");
	memcpy(listing->page.after, "b", 2);
	assert_string_equal(list(*state, listing), "");
	free(listing);
}

static void a_filter_looks_into_did_and_name_and_takes_signs_as_they_are(void **state)
{
	static const struct {
		const char *text, *dids;
	} cases[] = {
		{ "", "A B C D" }, { "%", "B" },    { "_", "C" },    { "\\", "D" }, { "0%", "B" },
		{ "x_y", "C" },    { "gate", "A" }, { "GATE", "A" }, { "'", "" },   { "none", "" },
	};
	struct importing *importing = calloc(1, sizeof *importing);
	struct listing *listing = calloc(1, sizeof *listing);

	add_spec(importing, "A", "the gate");
	add_spec(importing, "B", "10% of it");
	add_spec(importing, "C", "x_y");
	add_spec(importing, "D", "back\\slash xzy");
	assert_ok(import_now(*state, importing));
	listing->page.online = -1;
	listing->page.limit = 10;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		(void)str_copy(str_of(cases[i].text), listing->page.text, DEVICE_NAME_SIZE);
		assert_string_equal(list(*state, listing), cases[i].dids);
	}
	free(listing);
	free(importing);
}

static void lists_may_ask_for_those_on_line_or_off(void **state)
{
	struct listing *listing = calloc(1, sizeof *listing);
	struct camera camera;

	house_add(*state, "OFF", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(*state, "ON", DEVICE_CAMERA, SIGN_POLICY_ANY);
	camera_init(&camera, *state, "ON");
	assert_ok(camera_register_now(&camera));
	listing->page.limit = 10;
	listing->page.online = 1;
	assert_string_equal(list(*state, listing), "ON");
	listing->page.online = 0;
	assert_string_equal(list(*state, listing), "OFF");
	camera_close(&camera);
	free(listing);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(lines_of_an_import_fail_alone),
		cmocka_unit_test_setup_teardown(lines_of_an_import_fail_alone, house_start_twice,
		                                house_stop),
		cmocka_unit_test_in_house(
			a_whole_batch_is_one_transaction_and_its_devices_can_register),
		cmocka_unit_test_in_house(pages_follow_each_other_in_order),
		cmocka_unit_test_in_house(
			a_filter_looks_into_did_and_name_and_takes_signs_as_they_are),
		cmocka_unit_test_in_house(lists_may_ask_for_those_on_line_or_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
