/* SPDX-License-Identifier: Apache-2.0 */
/* Devices are added, changed, listed and removed: rows and memory say the same. */
#include <stdio.h>

#include "base/clock.h"
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

static void assert_secret(struct house *house, const char *did, const char *secret)
{
	struct device_view seen;
	AUTO_BUF text = { 0 };

	buf_init(&text, 1000);
	view(house, did, &seen);
	assert_ok(device_secret(house->domain->devices, seen.facts, &text));
	assert_str(buf_str(&text), secret);
	device_view_done(&seen);
}

static void a_new_device_is_there_after_a_restart_with_its_secret(void **state)
{
	struct house *house = *state;
	struct device_change change = { .kind = DEVICE_CREATE };
	struct device_view seen;

	set_did(&change, "CAM:1.a-b");
	(void)str_copy(STR("Gate \xe9\x97\xa8"), change.spec.name, DEVICE_NAME_SIZE);
	change.spec.kind = DEVICE_RECORDER;
	change.spec.sign_policy = SIGN_POLICY_HMAC;
	change.spec.serve_sign = SERVE_SIGN_MD5;
	change.spec.push = PUSH_SELF;
	assert_ok(house_change(house, &change));
	assert_int_equal(strlen(change.spec.secret), ID_SIZE - 1); /* made, and told this once */
	for (int i = 0; i < 2; i++) {
		view(house, "CAM:1.a-b", &seen);
		assert_string_equal(seen.facts->name, "Gate \xe9\x97\xa8");
		assert_string_equal(device_kind_text(seen.facts->kind), "recorder");
		assert_string_equal(sign_policy_text(seen.facts->sign_policy), "hmac");
		assert_string_equal(serve_sign_text(seen.facts->serve_sign), "md5");
		assert_string_equal(push_mode_text(seen.facts->push), "self");
		assert_string_equal(seen.facts->profile, "{}");
		assert_false(seen.facts->is_disabled);
		assert_true(seen.facts->created_at > 0);
		assert_int_equal(seen.presence.state, PRESENCE_NEVER);
		device_view_done(&seen);
		assert_secret(house, "CAM:1.a-b", change.spec.secret);
		assert_int_equal(devices_count(house->domain->devices), 1);
		assert_err(
			device_view(house->domain->devices, STR("other"), STR("CAM:1.a-b"), &seen),
			ERR_NOT_FOUND);
		house_close(house);
		house_open(house);
	}
}

static void a_taken_did_is_refused_and_the_first_stays(void **state)
{
	struct device_change change = { .kind = DEVICE_CREATE };

	house_add(*state, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	set_did(&change, "CAM");
	assert_err(house_change(*state, &change), ERR_EXISTS);
	assert_int_equal(change.why.reason, REASON_DID_TAKEN);
	assert_string_equal(change.why.field, "did");
	assert_secret(*state, "CAM", "secret");
	/* Case counts. */
	house_add(*state, "cam", DEVICE_CAMERA, SIGN_POLICY_ANY);
}

static void what_is_no_did_or_no_text_is_refused_with_its_field(void **state)
{
	static const char *const dids[] = { "",     "a b", "a/b", "a_replay_b", "a%", "caf\xc3\xa9",
		                            "a\nb", "+",   "#" };
	struct device_change change = { .kind = DEVICE_CREATE };
	char did[DID_SIZE + 1];

	for (size_t i = 0; i < COUNT_OF(dids); i++) {
		set_did(&change, dids[i]);
		assert_err(house_change(*state, &change), ERR_INVALID);
		assert_int_equal(change.why.reason, REASON_INVALID_DID);
		assert_string_equal(change.why.field, "did");
	}
	memset(did, 'x', sizeof did);
	assert_true(did_is_valid((struct str){ did, 64 }));
	assert_false(did_is_valid((struct str){ did, 65 }));
	set_did(&change, "CAM");
	(void)str_copy(STR("\xff"), change.spec.name, DEVICE_NAME_SIZE);
	assert_err(house_change(*state, &change), ERR_INVALID);
	assert_string_equal(change.why.field, "name");
	assert_int_equal(devices_count(((struct house *)*state)->domain->devices), 0);
}

static void words_of_enums_are_read_back_and_others_refused(void **state)
{
	enum device_kind kind;
	enum sign_policy policy;
	enum serve_sign serve;
	enum push_mode push;

	assert_ok(device_kind_parse(STR("speaker"), &kind));
	assert_int_equal(kind, DEVICE_SPEAKER);
	assert_ok(sign_policy_parse(STR("any"), &policy));
	assert_int_equal(policy, SIGN_POLICY_ANY);
	assert_ok(serve_sign_parse(STR("none"), &serve));
	assert_int_equal(serve, SERVE_SIGN_NONE);
	assert_ok(push_mode_parse(STR("play"), &push));
	assert_int_equal(push, PUSH_PLAY);
	assert_err(device_kind_parse(STR("Camera"), &kind), ERR_INVALID);
	assert_err(sign_policy_parse(STR(""), &policy), ERR_INVALID);
	assert_err(serve_sign_parse(STR("sha"), &serve), ERR_INVALID);
	assert_err(push_mode_parse(STR("no"), &push), ERR_INVALID);
}

static void each_change_is_kept_over_a_restart(void **state)
{
	struct house *house = *state;
	struct device_change update = { .kind = DEVICE_UPDATE,
		                        .sets = DEVICE_SETS_ALL,
		                        .is_disabled = true };
	struct device_change rotate = { .kind = DEVICE_ROTATE };
	struct device_change bind = { .kind = DEVICE_BIND, .gateway = "GATE" };
	struct device_view seen;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	house_add(house, "GATE", DEVICE_GATEWAY, SIGN_POLICY_TIMESTAMP);
	set_did(&update, "CAM");
	set_did(&rotate, "CAM");
	set_did(&bind, "CAM");
	(void)str_copy(STR("Yard"), update.spec.name, DEVICE_NAME_SIZE);
	update.spec.sign_policy = SIGN_POLICY_ANY;
	update.spec.serve_sign = SERVE_SIGN_HMAC;
	update.spec.push = PUSH_SELF;
	(void)str_copy(STR("new"), rotate.spec.secret, DEVICE_SECRET_SIZE);
	assert_ok(house_change(house, &update));
	assert_ok(house_change(house, &rotate));
	assert_ok(house_change(house, &bind));
	for (int i = 0; i < 2; i++) {
		view(house, "CAM", &seen);
		assert_string_equal(seen.facts->name, "Yard");
		assert_int_equal(seen.facts->sign_policy, SIGN_POLICY_ANY);
		assert_int_equal(seen.facts->serve_sign, SERVE_SIGN_HMAC);
		assert_int_equal(seen.facts->push, PUSH_SELF);
		assert_true(seen.facts->is_disabled);
		assert_string_equal(seen.facts->gateway, "GATE");
		assert_true(seen.facts->updated_at >= seen.facts->created_at);
		device_view_done(&seen);
		assert_secret(house, "CAM", "new");
		house_close(house);
		house_open(house);
	}
}

static void a_removed_device_is_gone_with_its_tokens(void **state)
{
	struct house *house = *state;
	struct device_change remove = { .kind = DEVICE_REMOVE };
	struct token_issue issue = {
		.kind = TOKEN_VIEW, .organization = "default", .did = "CAM", .expires_in_ms = 60000
	};
	struct device_view seen;
	struct actor actor;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	assert_ok(token_make_now(house->domain->tokens, &issue));
	set_did(&remove, "CAM");
	assert_ok(house_change(house, &remove));
	for (int i = 0; i < 2; i++) {
		assert_err(device_view(house->domain->devices, STR("default"), STR("CAM"), &seen),
		           ERR_NOT_FOUND);
		assert_err(token_find(house->domain->tokens, str_of(issue.token), &actor),
		           ERR_UNAUTHENTICATED);
		house_close(house);
		house_open(house);
	}
	assert_err(house_change(house, &remove), ERR_NOT_FOUND);
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
}

static void a_binding_needs_a_gateway_of_the_same_organization(void **state)
{
	struct device_change bind = { .kind = DEVICE_BIND };

	house_add(*state, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	house_add(*state, "CAM2", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	house_add(*state, "GATE", DEVICE_GATEWAY, SIGN_POLICY_TIMESTAMP);
	set_did(&bind, "CAM");
	(void)str_copy(STR("NONE"), bind.gateway, DID_SIZE);
	assert_err(house_change(*state, &bind), ERR_NOT_FOUND);
	(void)str_copy(STR("CAM2"), bind.gateway, DID_SIZE);
	assert_err(house_change(*state, &bind), ERR_INVALID);
	assert_string_equal(bind.why.field, "gateway");
	set_did(&bind, "GATE");
	(void)str_copy(STR("GATE"), bind.gateway, DID_SIZE);
	assert_err(house_change(*state, &bind), ERR_INVALID);
}

static void a_removed_gateway_has_no_children_any_more(void **state)
{
	struct house *house = *state;
	struct device_change bind = { .kind = DEVICE_BIND, .gateway = "GATE" };
	struct device_change remove = { .kind = DEVICE_REMOVE };
	struct device_view seen;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	house_add(house, "GATE", DEVICE_GATEWAY, SIGN_POLICY_TIMESTAMP);
	set_did(&bind, "CAM");
	assert_ok(house_change(house, &bind));
	set_did(&remove, "GATE");
	assert_ok(house_change(house, &remove));
	for (int i = 0; i < 2; i++) {
		view(house, "CAM", &seen);
		assert_string_equal(seen.facts->gateway, "");
		device_view_done(&seen);
		house_close(house);
		house_open(house);
	}
}

struct two_changes {
	struct devices *devices;
	struct device_change first, second;
	int done;
	enum err errs[2];
};

static struct two_changes *both;

static void on_either(struct device_change *change, enum err err)
{
	both->errs[change == &both->second] = err;
	both->done++;
}

static void begin_both(void *arg)
{
	struct two_changes *two = arg;

	two->first.done = two->second.done = on_either;
	assert_ok(device_change(two->devices, &two->first));
	assert_ok(device_change(two->devices, &two->second));
}

static bool are_both_done(void *arg)
{
	return ((struct two_changes *)arg)->done == 2;
}

static void two_changes_at_once_do_not_undo_each_other(void **state)
{
	struct house *house = *state;
	struct two_changes two = { .devices = house->domain->devices,
		                   .first = { .kind = DEVICE_ROTATE },
		                   .second = { .kind = DEVICE_UPDATE, .sets = DEVICE_SETS_NAME } };
	struct device_view seen;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	for (int i = 0; i < 2; i++) {
		struct device_change *change = i ? &two.second : &two.first;
		set_did(change, "CAM");
		(void)str_copy(STR("default"), change->spec.organization, ORGANIZATION_SIZE);
	}
	(void)str_copy(STR("new"), two.first.spec.secret, DEVICE_SECRET_SIZE);
	(void)str_copy(STR("Yard"), two.second.spec.name, DEVICE_NAME_SIZE);
	both = &two;
	house_run(house, house->loop, begin_both, &two);
	house_wait(house, are_both_done, &two);
	assert_ok(two.errs[0]);
	assert_ok(two.errs[1]);
	for (int i = 0; i < 2; i++) {
		assert_secret(house, "CAM", "new");
		view(house, "CAM", &seen);
		assert_string_equal(seen.facts->name, "Yard");
		device_view_done(&seen);
		house_close(house);
		house_open(house);
	}
}

struct meeting {
	struct camera camera;
	struct two_changes two;
};

/* In one turn: the registration's row is written first, then the change's. */
static void begin_meeting(void *arg)
{
	struct meeting *meeting = arg;

	meeting->two.first.done = on_either;
	registration_start(meeting->two.devices, &meeting->camera.registration);
	assert_ok(device_change(meeting->two.devices, &meeting->two.first));
}

/* The other way round. */
static void begin_late_meeting(void *arg)
{
	struct meeting *meeting = arg;

	meeting->two.first.done = on_either;
	assert_ok(device_change(meeting->two.devices, &meeting->two.first));
	registration_start(meeting->two.devices, &meeting->camera.registration);
}

static bool is_meeting_over(void *arg)
{
	struct meeting *meeting = arg;

	return meeting->two.done == 1 && camera_is_done(&meeting->camera);
}

static void a_new_secret_holds_against_a_registration_under_way(void **state)
{
	static void (*const begins[])(void *) = { begin_meeting, begin_late_meeting };
	struct house *house = *state;

	for (int i = 0; i < 2; i++) {
		struct meeting meeting = { .two = { .devices = house->domain->devices,
			                            .first = { .kind = DEVICE_ROTATE } } };
		struct camera *camera = &meeting.camera;
		struct device_view seen;
		char did[] = "CAM0";
		did[3] = (char)('0' + i);
		house_add(house, did, DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
		set_did(&meeting.two.first, did);
		(void)str_copy(STR("default"), meeting.two.first.spec.organization,
		               ORGANIZATION_SIZE);
		(void)str_copy(STR("new"), meeting.two.first.spec.secret, DEVICE_SECRET_SIZE);
		camera_init(camera, house, did);
		camera->registration.timestamp_ms = clock_now_ms();
		camera->registration.profile = STR("{\"a\":1}");
		both = &meeting.two;
		house_run(house, house->loop, begins[i], &meeting);
		house_wait(house, is_meeting_over, &meeting);
		house_turn(house, 10);
		assert_null(camera->link); /* ended, or never made */
		assert_int_equal(house_presence(house, did).state, PRESENCE_OFFLINE);
		assert_secret(house, did, "new");
		view(house, did, &seen);
		assert_string_equal(seen.facts->profile, "{\"a\":1}"); /* as in its row */
		device_view_done(&seen);
	}
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)
#define cmocka_unit_test_twice(test) \
	cmocka_unit_test_setup_teardown(test, house_start_twice, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(a_new_device_is_there_after_a_restart_with_its_secret),
		cmocka_unit_test_in_house(a_taken_did_is_refused_and_the_first_stays),
		cmocka_unit_test_in_house(what_is_no_did_or_no_text_is_refused_with_its_field),
		cmocka_unit_test_in_house(words_of_enums_are_read_back_and_others_refused),
		cmocka_unit_test_twice(each_change_is_kept_over_a_restart),
		cmocka_unit_test_twice(a_removed_device_is_gone_with_its_tokens),
		cmocka_unit_test_in_house(a_binding_needs_a_gateway_of_the_same_organization),
		cmocka_unit_test_in_house(a_removed_gateway_has_no_children_any_more),
		cmocka_unit_test_in_house(two_changes_at_once_do_not_undo_each_other),
		cmocka_unit_test_in_house(a_new_secret_holds_against_a_registration_under_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
