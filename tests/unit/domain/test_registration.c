/* SPDX-License-Identifier: Apache-2.0 */
/* Who may register, as tables; the test is the device. */
#include <stdio.h>

#include "base/clock.h"
#include "domain/device/device_private.h"
#include "tests/unit/domain/house.h"

static void add_all(struct house *house)
{
	house_add(house, "STAMP", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	house_add(house, "ANY", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(house, "HMAC", DEVICE_CAMERA, SIGN_POLICY_HMAC);
	house_add(house, "GATE", DEVICE_GATEWAY, SIGN_POLICY_TIMESTAMP);
}

static void each_policy_allows_its_signs_and_no_other(void **state)
{
	static const struct {
		const char *did;
		enum sign_kind kind;
		int code; /* 0: registered */
	} cases[] = {
		{ "STAMP", SIGN_TIMESTAMP, 0 },
		{ "STAMP", SIGN_HMAC, 0 },
		{ "STAMP", SIGN_STATIC, 40006 },
		{ "ANY", SIGN_TIMESTAMP, 0 },
		{ "ANY", SIGN_HMAC, 0 },
		{ "ANY", SIGN_STATIC, 0 },
		{ "HMAC", SIGN_TIMESTAMP, 40006 },
		{ "HMAC", SIGN_HMAC, 0 },
		{ "HMAC", SIGN_STATIC, 40006 },
		{ "STAMP", SIGN_NONE, 40001 },
		{ "NOBODY", SIGN_TIMESTAMP, 40002 },
	};
	int64_t stamp_ms = clock_now_ms();

	add_all(*state);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct camera camera;
		camera_init(&camera, *state, cases[i].did);
		camera.registration.sign_kind = cases[i].kind;
		if (cases[i].kind != SIGN_STATIC)
			camera.registration.timestamp_ms = stamp_ms++;
		enum err err = camera_register(&camera);
		assert_int_equal(camera.registration.why.code, cases[i].code);
		assert_true((err == ERR_OK) == (cases[i].code == 0));
		assert_true((camera.link != NULL) == (err == ERR_OK));
		if (camera.link)
			camera_close(&camera);
	}
}

static void a_wrong_secret_is_a_bad_sign_whatever_its_kind(void **state)
{
	static const enum sign_kind kinds[] = { SIGN_STATIC, SIGN_TIMESTAMP, SIGN_HMAC };

	add_all(*state);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct camera camera;
		camera_init(&camera, *state, "STAMP");
		camera.secret = "guess";
		camera.registration.sign_kind = kinds[i];
		assert_err(camera_register_now(&camera), ERR_DENIED);
		assert_int_equal(camera.registration.why.code, 40001);
		assert_int_equal(camera.registration.why.reason, REASON_BAD_SIGN);
	}
	assert_int_equal(house_presence(*state, "STAMP").state, PRESENCE_NEVER);
}

static void a_stamp_at_the_windows_edge_counts_and_one_past_it_not(void **state)
{
	static const struct {
		int64_t skew_ms;
		int code;
	} cases[] = {
		{ -REGISTRATION_WINDOW_MS - 10000, 40003 },
		{ -REGISTRATION_WINDOW_MS + 10000, 0 },
		{ REGISTRATION_WINDOW_MS - 10000, 0 },
		{ REGISTRATION_WINDOW_MS + 10000, 40003 },
	};

	add_all(*state);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct camera camera;
		camera_init(&camera, *state, "STAMP");
		camera.registration.timestamp_ms = clock_now_ms() + cases[i].skew_ms;
		(void)camera_register(&camera);
		assert_int_equal(camera.registration.why.code, cases[i].code);
		if (camera.link)
			camera_close(&camera);
	}
}

static void a_stamp_counts_once_and_never_an_older_one(void **state)
{
	struct camera camera, replay;
	struct house *house = *state;

	add_all(house);
	camera_init(&camera, house, "STAMP");
	assert_ok(camera_register_now(&camera));
	camera_init(&replay, house, "STAMP");
	for (int older_ms = 0; older_ms < 3; older_ms++) {
		replay.registration.timestamp_ms = camera.registration.timestamp_ms - older_ms;
		assert_err(camera_register(&replay), ERR_DENIED);
		assert_int_equal(replay.registration.why.code, 40004);
	}
	assert_int_equal(camera.ended, 0);
	int64_t stamp_ms = camera.registration.timestamp_ms;
	camera_close(&camera);

	/* Nor after a restart: the last one is in the row. */
	house_close(house);
	house_open(house);
	camera_init(&replay, house, "STAMP");
	replay.registration.timestamp_ms = stamp_ms;
	assert_err(camera_register(&replay), ERR_DENIED);
	assert_int_equal(replay.registration.why.code, 40004);
	assert_ok(camera_register_now(&replay));
	camera_close(&replay);
}

/* A device whose clock counts seconds. */
static enum err repeat(struct house *house, int64_t stamp_ms, const char *address)
{
	struct camera camera;

	camera_init(&camera, house, "STAMP");
	camera.registration.timestamp_ms = stamp_ms;
	camera.registration.is_whole_second = true;
	(void)str_copy(str_of(address), camera.registration.address, DEVICE_ADDRESS_SIZE);
	enum err err = camera_register(&camera);
	assert_int_equal(camera.registration.why.code, err == ERR_OK ? 0 : 40004);
	if (err == ERR_OK)
		camera_close(&camera);
	return err;
}

static void a_whole_second_may_repeat_for_two_seconds_from_its_address(void **state)
{
	int64_t stamp_ms = clock_now_ms() / 1000 * 1000;

	NEEDS_TEST_CLOCK();
	add_all(*state);
	assert_ok(repeat(*state, stamp_ms, "192.0.2.1:4000"));
	assert_ok(repeat(*state, stamp_ms, "192.0.2.1:4001"));
	assert_err(repeat(*state, stamp_ms, "192.0.2.2:4000"), ERR_DENIED);
	house_move_clock(*state, 1000);
	assert_ok(repeat(*state, stamp_ms, "192.0.2.1:4002"));
	/* The two seconds begin with the first one: repeats do not lengthen them. */
	house_move_clock(*state, 1100);
	assert_err(repeat(*state, stamp_ms, "192.0.2.1:4003"), ERR_DENIED);
	assert_ok(repeat(*state, stamp_ms + 1000, "192.0.2.1:4003"));
}

static void a_disabled_device_is_refused_and_loses_its_link(void **state)
{
	struct device_change change = { .kind = DEVICE_UPDATE,
		                        .sets = DEVICE_SETS_DISABLED,
		                        .is_disabled = true };
	struct camera camera;

	add_all(*state);
	camera_init(&camera, *state, "STAMP");
	assert_ok(camera_register_now(&camera));
	(void)str_copy(STR("STAMP"), change.spec.did, DID_SIZE);
	assert_ok(house_change(*state, &change));
	house_turn(*state, 10);
	assert_int_equal(camera.ended, 1);
	assert_string_equal(camera.reason, "disabled");
	assert_err(camera_register_now(&camera), ERR_DENIED);
	assert_int_equal(camera.registration.why.code, 40005);
}

static void a_fresh_sign_takes_the_session_over_at_once(void **state)
{
	struct camera first, second;

	add_all(*state);
	camera_init(&first, *state, "STAMP");
	camera_init(&second, *state, "STAMP");
	assert_ok(camera_register_now(&first));
	second.registration.timestamp_ms = first.registration.timestamp_ms;
	assert_ok(camera_register_now(&second));
	house_turn(*state, 10);
	assert_int_equal(first.ended, 1);
	assert_string_equal(first.reason, "taken over");
	assert_true(link_epoch(second.link) > 1);
	assert_int_equal(house_presence(*state, "STAMP").state, PRESENCE_ONLINE);
	camera_close(&second);
	assert_int_equal(house_presence(*state, "STAMP").state, PRESENCE_OFFLINE);
}

static void a_session_moves_from_one_loop_to_another(void **state)
{
	struct house *house = *state;
	struct camera first, second;

	add_all(house);
	camera_init(&first, house, "STAMP");
	camera_init(&second, house, "STAMP");
	first.loop = house->other;
	int64_t stamp_ms = clock_now_ms();
	for (int round = 0; round < 10; round++) {
		first.registration.timestamp_ms = stamp_ms++;
		assert_ok(camera_register(&first));
		second.registration.timestamp_ms = stamp_ms++;
		assert_ok(camera_register(&second));
		house_move_clock(house, 0);
		assert_int_equal(first.ended, round + 1);
		camera_close(&second);
	}
	assert_int_equal(second.ended, 0);
}

static void a_static_sign_takes_a_live_link_only_from_the_silent(void **state)
{
	struct camera owner, thief;
	struct house *house = *state;

	NEEDS_TEST_CLOCK();
	add_all(house);
	camera_init(&owner, house, "ANY");
	owner.registration.sign_kind = SIGN_STATIC;
	assert_ok(camera_register(&owner));
	assert_true(house_presence(house, "ANY").is_weak_sign);

	camera_init(&thief, house, "ANY");
	thief.registration.sign_kind = SIGN_STATIC;
	camera_begin(&thief);
	house_turn(house, 10);
	assert_false(camera_is_done(&thief));
	assert_int_equal(owner.sent, 1); /* the probe */
	camera_answer(&owner, owner.mid, "{}");
	house_move_clock(house, REGISTRATION_PROBE_MS);
	house_wait(house, camera_is_done, &thief);
	assert_err(thief.err, ERR_CONFLICT);
	assert_int_equal(thief.registration.why.code, 40007);
	assert_int_equal(owner.ended, 0);

	house_move_clock(house, 100);
	camera_begin(&thief);
	house_turn(house, 10);
	house_move_clock(house, REGISTRATION_PROBE_MS);
	house_wait(house, camera_is_done, &thief);
	assert_ok(thief.err);
	house_turn(house, 10);
	assert_int_equal(owner.ended, 1);
	camera_close(&thief);
}

static void cancel(void *arg)
{
	registration_cancel(&((struct camera *)arg)->registration);
}

static void a_registration_may_be_cancelled_while_its_probe_or_row_is_on_the_way(void **state)
{
	struct camera owner, other;
	struct house *house = *state;

	NEEDS_TEST_CLOCK();
	add_all(house);
	camera_init(&owner, house, "ANY");
	owner.registration.sign_kind = SIGN_STATIC;
	assert_ok(camera_register(&owner));
	camera_init(&other, house, "ANY");
	other.registration.sign_kind = SIGN_STATIC;
	camera_begin(&other);
	house_run(house, house->loop, cancel, &other);
	house_move_clock(house, REGISTRATION_PROBE_MS);
	house_wait(house, camera_is_done, &other);
	assert_err(other.err, ERR_CLOSED);
	assert_int_equal(owner.ended, 0);

	other.registration.sign_kind = SIGN_TIMESTAMP;
	other.registration.timestamp_ms = clock_now_ms();
	camera_begin(&other);
	house_run(house, house->loop, cancel, &other);
	house_wait(house, camera_is_done, &other);
	assert_err(other.err, ERR_CLOSED);
	assert_null(other.registration.link);
	camera_close(&owner);
}

static void a_renewal_keeps_the_link_and_the_token_before_for_a_minute(void **state)
{
	struct house *house = *state;
	struct devices *devices = house->domain->devices;
	struct camera camera;
	char before[ID_TOKEN_SIZE];

	NEEDS_TEST_CLOCK();
	add_all(house);
	camera_init(&camera, house, "STAMP");
	assert_ok(camera_register_now(&camera));
	struct link *link = camera.link;
	memcpy(before, camera.registration.token, sizeof before);
	assert_int_equal(strlen(before), 43);
	assert_in_range(camera.registration.expires_s, 3600 - 360, 3600);
	assert_ok(camera_register_now(&camera));
	assert_true(camera.registration.is_renewal);
	assert_ptr_equal(camera.link, link);
	assert_ok(registration_token_check(devices, STR("STAMP"), str_of(before)));
	assert_ok(
		registration_token_check(devices, STR("STAMP"), str_of(camera.registration.token)));
	assert_err(registration_token_check(devices, STR("ANY"), str_of(before)), ERR_DENIED);
	house_move_clock(house, LINK_OVERLAP_MS);
	assert_err(registration_token_check(devices, STR("STAMP"), str_of(before)), ERR_DENIED);
	assert_ok(
		registration_token_check(devices, STR("STAMP"), str_of(camera.registration.token)));
	/* Without another one the link ends. */
	house_move_clock(house, 3600 * 1000);
	assert_int_equal(camera.ended, 1);
	assert_string_equal(camera.reason, "registration expired");
	assert_err(
		registration_token_check(devices, STR("STAMP"), str_of(camera.registration.token)),
		ERR_DENIED);
}

static void a_profile_is_kept_with_the_device(void **state)
{
	struct house *house = *state;
	struct camera camera;
	struct device_view view;

	add_all(house);
	camera_init(&camera, house, "STAMP");
	camera.registration.profile = STR("{\"vendor\":\"x\"}");
	assert_ok(camera_register_now(&camera));
	camera_close(&camera);
	/* Longer than allowed: left out, the device is welcome all the same. */
	char *large = calloc(1, DEVICE_PROFILE_MAX + 1);
	memset(large, 'x', DEVICE_PROFILE_MAX + 1);
	camera.registration.profile = (struct str){ large, DEVICE_PROFILE_MAX + 1 };
	assert_ok(camera_register_now(&camera));
	camera_close(&camera);
	free(large);
	for (int i = 0; i < 2; i++) {
		assert_ok(device_view(house->domain->devices, STR("default"), STR("STAMP"), &view));
		assert_string_equal(view.facts->profile, "{\"vendor\":\"x\"}");
		device_view_done(&view);
		house_close(house);
		house_open(house);
	}
}

static void a_gateway_brings_its_own_children_and_no_others(void **state)
{
	struct house *house = *state;
	struct device_change bind = { .kind = DEVICE_BIND };
	struct camera gateway, child, direct, plain;

	add_all(house);
	camera_init(&gateway, house, "GATE");
	camera_init(&plain, house, "HMAC");
	plain.registration.sign_kind = SIGN_HMAC;
	assert_ok(camera_register_now(&gateway));
	assert_ok(camera_register_now(&plain));

	/* Unbound: it needs the child's own sign; a camera is no gateway. */
	camera_init(&child, house, "STAMP");
	child.registration.gateway = gateway.link;
	child.registration.sign_kind = SIGN_NONE;
	assert_err(camera_register_now(&child), ERR_DENIED);
	assert_int_equal(child.registration.why.code, 40008);
	child.registration.sign_kind = SIGN_TIMESTAMP;
	child.registration.gateway = plain.link;
	assert_err(camera_register_now(&child), ERR_DENIED);
	assert_int_equal(child.registration.why.code, 40008);
	child.registration.gateway = gateway.link;
	assert_ok(camera_register_now(&child));
	assert_true(house_presence(house, "STAMP").is_child);
	assert_ptr_equal(link_child(gateway.link, STR("STAMP")), child.link);

	/* Bound by that: now without a sign, and again in place of itself. */
	camera_close(&child);
	child.registration.sign_kind = SIGN_NONE;
	assert_ok(camera_register_now(&child));

	/* A live direct link is not taken. */
	camera_init(&direct, house, "ANY");
	assert_ok(camera_register_now(&direct));
	(void)str_copy(STR("ANY"), child.registration.did, DID_SIZE);
	child.registration.sign_kind = SIGN_TIMESTAMP;
	child.registration.timestamp_ms = direct.registration.timestamp_ms; /* and one more */
	assert_err(camera_register_now(&child), ERR_CONFLICT);
	assert_int_equal(child.registration.why.code, 40007);

	/* Unbinding ends what the gateway got. */
	(void)str_copy(STR("STAMP"), bind.spec.did, DID_SIZE);
	int ended = child.ended;
	assert_ok(house_change(house, &bind));
	house_turn(house, 10);
	assert_int_equal(child.ended, ended + 1);
	assert_string_equal(child.reason, "gateway changed");
	assert_null(link_child(gateway.link, STR("STAMP")));
	camera_close(&direct);
	camera_close(&plain);
	camera_close(&gateway);
}

struct family {
	struct camera gateway, child;
};

/* The child is to end, but its connection closes it, and then its gateway, before it hears of
 * that. */
static void close_in_one_turn(void *arg)
{
	struct family *family = arg;
	struct devices *devices = family->gateway.house->domain->devices;

	devices_lock(devices);
	link_end_soon(family->child.link, "removed");
	devices_unlock(devices);
	link_close(family->child.link, "connection closed");
	link_close(family->gateway.link, "connection closed");
}

static void a_gateways_end_is_its_childrens_end(void **state)
{
	struct house *house = *state;
	struct family family;
	struct camera *gateway = &family.gateway, *child = &family.child;

	add_all(house);
	camera_init(gateway, house, "GATE");
	camera_init(child, house, "STAMP");
	assert_ok(camera_register_now(gateway));
	child->registration.gateway = gateway->link;
	assert_ok(camera_register_now(child));
	house_run(house, house->loop, close_in_one_turn, &family);
	house_turn(house, 10);
	assert_int_equal(child->ended, 0);
	assert_int_equal(house_presence(house, "GATE").state, PRESENCE_OFFLINE);
	assert_int_equal(house_presence(house, "STAMP").state, PRESENCE_OFFLINE);

	assert_ok(camera_register_now(gateway));
	child->registration.gateway = gateway->link;
	assert_ok(camera_register_now(child));
	camera_close(gateway);
	assert_string_equal(house_presence(house, "STAMP").reason, "gateway gone");
}

static void a_gateway_has_a_thousand_children_and_no_more(void **state)
{
	struct house *house = *state;
	struct camera gateway;
	struct camera *child = calloc(1, sizeof *child);
	char did[DID_SIZE];

	house_add(house, "GATE", DEVICE_GATEWAY, SIGN_POLICY_TIMESTAMP);
	camera_init(&gateway, house, "GATE");
	assert_ok(camera_register_now(&gateway));
	for (int i = 0; i <= LINK_CHILDREN_MAX; i++) {
		(void)snprintf(did, sizeof did, "CHILD%d", i);
		house_add(house, did, DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
		camera_init(child, house, did);
		child->registration.gateway = gateway.link;
		assert_err(camera_register_now(child), i < LINK_CHILDREN_MAX ? ERR_OK : ERR_BUSY);
	}
	assert_int_equal(child->registration.why.code, 40009);
	camera_close(&gateway);
	free(child);
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(each_policy_allows_its_signs_and_no_other),
		cmocka_unit_test_in_house(a_wrong_secret_is_a_bad_sign_whatever_its_kind),
		cmocka_unit_test_in_house(a_stamp_at_the_windows_edge_counts_and_one_past_it_not),
		cmocka_unit_test_in_house(a_stamp_counts_once_and_never_an_older_one),
		cmocka_unit_test_in_house(
			a_whole_second_may_repeat_for_two_seconds_from_its_address),
		cmocka_unit_test_in_house(a_disabled_device_is_refused_and_loses_its_link),
		cmocka_unit_test_in_house(a_fresh_sign_takes_the_session_over_at_once),
		cmocka_unit_test_in_house(a_session_moves_from_one_loop_to_another),
		cmocka_unit_test_in_house(a_static_sign_takes_a_live_link_only_from_the_silent),
		cmocka_unit_test_in_house(
			a_registration_may_be_cancelled_while_its_probe_or_row_is_on_the_way),
		cmocka_unit_test_in_house(
			a_renewal_keeps_the_link_and_the_token_before_for_a_minute),
		cmocka_unit_test_in_house(a_profile_is_kept_with_the_device),
		cmocka_unit_test_in_house(a_gateway_brings_its_own_children_and_no_others),
		cmocka_unit_test_in_house(a_gateways_end_is_its_childrens_end),
		cmocka_unit_test_in_house(a_gateway_has_a_thousand_children_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
