/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "cam/memory/card.h"
#include "tests/unit/cam/fixture.h"
#include "tests/unit/unit.h"

#define T0 1767225600000 /* 2026-01-01T00:00:00Z */

static struct card card; /* as large as a camera's */

static void open_card(const char *root, struct store *store)
{
	memset(&card, 0, sizeof card);
	assert_ok(store_open(store, root, "CAM", NULL));
	assert_ok(card_init(&card, store, NULL));
}

static enum err add(struct store *store, int64_t start_ms, int64_t end_ms, enum card_type type)
{
	char name[CARD_FILE_NAME_SIZE];

	card_file_name(start_ms, name);
	fixture_write(store->folder, name, "x");
	return card_add(&card, (struct card_segment){ start_ms, end_ms, 1, type });
}

static size_t count_between(int64_t start_ms, int64_t end_ms, int type)
{
	struct card_segment segment;
	size_t at = 0, count = 0;

	while (card_next(&card, &at, start_ms, end_ms, type, &segment)) {
		assert_true(segment.start_ms >= start_ms && segment.end_ms <= end_ms);
		assert_true(segment.start_ms < segment.end_ms);
		count++;
	}
	return count;
}

static void what_is_found_is_clipped_to_what_was_asked(void **state)
{
	struct card_segment segment;
	struct store store;
	size_t at = 0;

	open_card(*state, &store);
	assert_ok(add(&store, T0, T0 + 1000, CARD_ORDINARY));
	assert_ok(add(&store, T0 + 2000, T0 + 3000, CARD_TRIGGERED));
	assert_true(card_next(&card, &at, T0 + 500, T0 + 2500, 0, &segment));
	assert_int_equal(segment.start_ms, T0 + 500);
	assert_int_equal(segment.end_ms, T0 + 1000);
	assert_true(card_next(&card, &at, T0 + 500, T0 + 2500, 0, &segment));
	assert_int_equal(segment.end_ms, T0 + 2500);
	assert_false(card_next(&card, &at, T0 + 500, T0 + 2500, 0, &segment));
}

static void edges_and_types_choose(void **state)
{
	struct store store;

	open_card(*state, &store);
	assert_ok(add(&store, T0, T0 + 1000, CARD_ORDINARY));
	assert_ok(add(&store, T0 + 1000, T0 + 2000, CARD_TRIGGERED));
	assert_int_equal(count_between(T0 - 10, T0, 0), 0);
	assert_int_equal(count_between(T0 + 2000, T0 + 9000, 0), 0);
	assert_int_equal(count_between(T0 + 999, T0 + 1001, 0), 2);
	assert_int_equal(count_between(T0, T0 + 2000, CARD_ORDINARY), 1);
	assert_int_equal(count_between(T0, T0 + 2000, CARD_TRIGGERED), 1);
}

static void a_recording_never_overlaps_the_one_before(void **state)
{
	char name[CARD_FILE_NAME_SIZE], path[STORE_PATH_MAX];
	struct store store;

	open_card(*state, &store);
	assert_ok(add(&store, T0, T0 + 5000, CARD_ORDINARY));
	assert_ok(add(&store, T0 + 4000, T0 + 6000, CARD_ORDINARY));
	assert_int_equal(card.segments[1].start_ms, T0 + 5000);
	card_file_name(T0 + 5000, name);
	assert_ok(store_path(&store, name, path));
	assert_int_equal(access(path, R_OK), 0);
	assert_err(add(&store, T0 + 1000, T0 + 6000, CARD_ORDINARY), ERR_INVALID);
	assert_err(add(&store, T0 + 7000, T0 + 7000, CARD_ORDINARY), ERR_INVALID);
}

static void the_list_survives_and_leaves_out_what_has_no_file(void **state)
{
	char name[CARD_FILE_NAME_SIZE], path[STORE_PATH_MAX];
	struct store store;

	open_card(*state, &store);
	assert_ok(add(&store, T0, T0 + 1000, CARD_ORDINARY));
	assert_ok(add(&store, T0 + 2000, T0 + 3000, CARD_TRIGGERED));
	card_file_name(T0, name);
	assert_ok(store_path(&store, name, path));
	assert_int_equal(unlink(path), 0);

	open_card(*state, &store);
	assert_int_equal(card.count, 1);
	assert_int_equal(card.segments[0].start_ms, T0 + 2000);
	assert_int_equal(card.segments[0].type, CARD_TRIGGERED);
}

static void what_a_power_cut_left_behind_is_removed(void **state)
{
	char path[STORE_PATH_MAX];
	struct store store;

	open_card(*state, &store);
	assert_ok(add(&store, T0, T0 + 1000, CARD_ORDINARY));
	fixture_write(store.folder, "rec-1767225700000.flv", "cut");
	fixture_write(store.folder, "notes.txt", "not ours");
	open_card(*state, &store);

	assert_ok(store_path(&store, "rec-1767225700000.flv", path));
	assert_int_not_equal(access(path, F_OK), 0);
	assert_ok(store_path(&store, "notes.txt", path));
	assert_int_equal(access(path, F_OK), 0);
	assert_ok(store_path(&store, "rec-1767225600000.flv", path));
	assert_int_equal(access(path, F_OK), 0);
}

static void a_full_card_loses_its_oldest(void **state)
{
	struct store store;

	open_card(*state, &store);
	card.count = CARD_SEGMENTS_MAX - 1;
	for (size_t i = 0; i < card.count; i++)
		card.segments[i] =
			(struct card_segment){ T0 + (int64_t)i * 10, T0 + (int64_t)i * 10 + 10, 1,
			                       CARD_ORDINARY };
	card.bytes = (int64_t)card.count;
	assert_ok(add(&store, T0 + 100000, T0 + 101000, CARD_ORDINARY));
	assert_int_equal(card.count, CARD_SEGMENTS_MAX);
	assert_int_equal(card.segments[0].start_ms, T0);

	assert_ok(add(&store, T0 + 102000, T0 + 103000, CARD_ORDINARY));
	assert_int_equal(card.count, CARD_SEGMENTS_MAX);
	assert_int_equal(card.segments[0].start_ms, T0 + 10);
	assert_int_equal(card.bytes, CARD_SEGMENTS_MAX);
}

static void bytes_over_the_card_push_out_the_oldest(void **state)
{
	struct card_segment most = { T0, T0 + 1, CARD_BYTES_MAX, CARD_ORDINARY };
	struct store store;

	open_card(*state, &store);
	assert_ok(card_add(&card, most));
	assert_int_equal(card.count, 1);
	assert_ok(add(&store, T0 + 10, T0 + 20, CARD_ORDINARY));
	assert_int_equal(card.count, 1);
	assert_int_equal(card.segments[0].start_ms, T0 + 10);
}

static void names_and_times_find_a_recording(void **state)
{
	struct card_segment found;
	struct store store;

	open_card(*state, &store);
	assert_ok(add(&store, T0 + 500, T0 + 60000, CARD_ORDINARY));
	assert_ok(card_find(&card, STR("rec-1767225600500.flv"), &found));
	assert_ok(card_find(&card, STR("20260101000000.flv"), &found));
	assert_ok(card_find(&card, STR("20260101000059"), &found));
	assert_err(card_find(&card, STR("20260101000100"), &found), ERR_NOT_FOUND);
	assert_err(card_find(&card, STR("20251231235959"), &found), ERR_NOT_FOUND);
	assert_err(card_find(&card, STR("../card.json"), &found), ERR_NOT_FOUND);
	assert_err(card_find(&card, STR(""), &found), ERR_NOT_FOUND);
}

static void civil_times_are_read_strictly(void **state)
{
	int64_t at_ms;

	assert_ok(card_parse_time(STR("20260101000000"), &at_ms));
	assert_int_equal(at_ms, T0);
	assert_ok(card_parse_time(STR("20260101000001Z"), &at_ms));
	assert_int_equal(at_ms, T0 + 1000);
	assert_err(card_parse_time(STR("20261301000000"), &at_ms), ERR_INVALID);
	assert_err(card_parse_time(STR("2026010100000"), &at_ms), ERR_INVALID);
	assert_err(card_parse_time(STR("2026010100000x"), &at_ms), ERR_INVALID);
	assert_err(card_parse_time(STR(""), &at_ms), ERR_INVALID);
}

static void without_a_folder_there_is_no_card(void **state)
{
	struct store store;

	open_card("", &store);
	assert_false(card_is_in(&card));
	assert_err(card_add(&card, (struct card_segment){ T0, T0 + 1, 1, CARD_ORDINARY }),
	           ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_found_is_clipped_to_what_was_asked,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(edges_and_types_choose, fixture_set_up,
		                                fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_recording_never_overlaps_the_one_before,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(the_list_survives_and_leaves_out_what_has_no_file,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(what_a_power_cut_left_behind_is_removed,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_full_card_loses_its_oldest, fixture_set_up,
		                                fixture_tear_down),
		cmocka_unit_test_setup_teardown(bytes_over_the_card_push_out_the_oldest,
		                                fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(names_and_times_find_a_recording, fixture_set_up,
		                                fixture_tear_down),
		cmocka_unit_test(civil_times_are_read_strictly),
		cmocka_unit_test(without_a_folder_there_is_no_card),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
