/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of one device whose ends are told in another order than they were made in. */
#include <semaphore.h>

#include "domain/device/device.h"
#include "tests/unit/domain/house.h"

static void set_did(struct device_change *change, const char *did)
{
	(void)str_copy(str_of(did), change->spec.did, DID_SIZE);
}

static void view(struct house *house, const char *did, struct device_view *out)
{
	assert_ok(device_view(house->domain->devices, STR("default"), str_of(did), out));
}

/* A change of the other loop, whose thread then does nothing until it is let go. */
struct held_change {
	struct mail mail;
	struct house *house;
	struct device_change change;
	enum err err;
	sem_t begun, may_go, is_over;
};

static void on_held_done(struct device_change *change, enum err err)
{
	struct held_change *held = CONTAINER_OF(change, struct held_change, change);

	held->err = err;
	(void)sem_post(&held->is_over);
}

static void begin_and_hold(struct mail *mail)
{
	struct held_change *held = CONTAINER_OF(mail, struct held_change, mail);

	held->change.done = on_held_done;
	assert_ok(device_change(held->house->domain->devices, &held->change));
	(void)sem_post(&held->begun);
	while (sem_wait(&held->may_go) != 0)
		;
}

static void hold(struct held_change *held, struct house *house)
{
	held->house = house;
	held->mail.fn = begin_and_hold;
	(void)str_copy(STR("default"), held->change.spec.organization, ORGANIZATION_SIZE);
	assert_int_equal(sem_init(&held->begun, 0, 0), 0);
	assert_int_equal(sem_init(&held->may_go, 0, 0), 0);
	assert_int_equal(sem_init(&held->is_over, 0, 0), 0);
	loop_post(house->other, &held->mail);
	while (sem_wait(&held->begun) != 0)
		;
}

static void let_go(struct held_change *held)
{
	(void)sem_post(&held->may_go);
	while (sem_wait(&held->is_over) != 0)
		;
	(void)sem_destroy(&held->begun);
	(void)sem_destroy(&held->may_go);
	(void)sem_destroy(&held->is_over);
}

static void the_newer_of_two_changes_wins_though_it_is_told_first(void **state)
{
	struct house *house = *state;
	struct held_change older = { .change = { .kind = DEVICE_UPDATE,
		                                 .sets = DEVICE_SETS_NAME } };
	struct device_change newer = { .kind = DEVICE_UPDATE, .sets = DEVICE_SETS_NAME };
	struct device_view seen;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	set_did(&older.change, "CAM");
	set_did(&newer, "CAM");
	(void)str_copy(STR("older"), older.change.spec.name, DEVICE_NAME_SIZE);
	(void)str_copy(STR("newer"), newer.spec.name, DEVICE_NAME_SIZE);
	hold(&older, house);
	assert_ok(house_change(house, &newer));
	let_go(&older);
	assert_ok(older.err);
	for (int i = 0; i < 2; i++) { /* memory, then the row */
		view(house, "CAM", &seen);
		assert_string_equal(seen.facts->name, "newer");
		device_view_done(&seen);
		house_close(house);
		house_open(house);
	}
}

static void changes_of_different_fields_meet_whatever_order_they_are_told_in(void **state)
{
	struct house *house = *state;
	struct held_change older = { .change = { .kind = DEVICE_UPDATE,
		                                 .sets = DEVICE_SETS_NAME | DEVICE_SETS_DISABLED,
		                                 .is_disabled = true } };
	struct device_change newer = { .kind = DEVICE_UPDATE,
		                       .sets = DEVICE_SETS_PUSH | DEVICE_SETS_NAME };
	struct device_view seen;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	set_did(&older.change, "CAM");
	set_did(&newer, "CAM");
	(void)str_copy(STR("older"), older.change.spec.name, DEVICE_NAME_SIZE);
	(void)str_copy(STR("newer"), newer.spec.name, DEVICE_NAME_SIZE);
	newer.spec.push = PUSH_SELF;
	hold(&older, house);
	assert_ok(house_change(house, &newer));
	let_go(&older);
	assert_ok(older.err);
	for (int i = 0; i < 2; i++) { /* memory, then the row */
		view(house, "CAM", &seen);
		assert_string_equal(seen.facts->name, "newer");
		assert_int_equal(seen.facts->push, PUSH_SELF);
		assert_true(seen.facts->is_disabled);
		assert_int_equal(seen.facts->sign_policy, SIGN_POLICY_ANY);
		device_view_done(&seen);
		house_close(house);
		house_open(house);
	}
}

static void a_removal_told_late_does_not_take_the_device_made_after_it(void **state)
{
	struct house *house = *state;
	struct held_change removal = { .change = { .kind = DEVICE_REMOVE } };
	struct device_view seen;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	set_did(&removal.change, "CAM");
	hold(&removal, house);
	house_add(house, "CAM", DEVICE_GATEWAY, SIGN_POLICY_TIMESTAMP);
	let_go(&removal);
	assert_ok(removal.err);
	for (int i = 0; i < 2; i++) {
		view(house, "CAM", &seen);
		assert_int_equal(seen.facts->kind, DEVICE_GATEWAY);
		device_view_done(&seen);
		house_close(house);
		house_open(house);
	}
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(the_newer_of_two_changes_wins_though_it_is_told_first),
		cmocka_unit_test_in_house(
			changes_of_different_fields_meet_whatever_order_they_are_told_in),
		cmocka_unit_test_in_house(
			a_removal_told_late_does_not_take_the_device_made_after_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
