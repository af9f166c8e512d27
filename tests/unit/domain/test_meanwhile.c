/* SPDX-License-Identifier: Apache-2.0 */
/* What was checked before a row was written may have changed when it is. */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "domain/device/registration.h"
#include "domain/domain.h"
#include "io/loop.h"
#include "tests/unit/unit.h"

#define WAIT_MS 5000
#define DID     "CAM0001"

struct fixture {
	char folder[64];
	struct loop *loop;
	struct db *db;
	struct keys *keys;
	struct domain *domain;
	struct device_change change;
	struct registration registration;
	struct link_ops ops;
	enum err changed, registered;
	int waiting;
	void (*step)(struct fixture *fixture);
};

static void on_changed(struct device_change *change, enum err err)
{
	struct fixture *fixture = CONTAINER_OF(change, struct fixture, change);

	fixture->changed = err;
	fixture->waiting--;
}

static void on_registered(struct registration *registration, enum err err)
{
	struct fixture *fixture = CONTAINER_OF(registration, struct fixture, registration);

	fixture->registered = err;
	fixture->waiting--;
}

static bool fits(struct registration *registration, struct str secret)
{
	return str_equal(secret, STR("old secret"));
}

static void begin_change(struct fixture *fixture, enum device_change_kind kind)
{
	struct device_change *change = &fixture->change;

	change->kind = kind;
	change->sets = DEVICE_SETS_NAME;
	change->done = on_changed;
	(void)str_copy(STR(DID), change->spec.did, sizeof change->spec.did);
	(void)str_copy(STR("default"), change->spec.organization, ORGANIZATION_SIZE);
	fixture->waiting++;
	assert_ok(device_change(fixture->domain->devices, change));
}

static void begin_registration(struct fixture *fixture)
{
	struct registration *registration = &fixture->registration;

	*registration = (struct registration){ .sign_kind = SIGN_STATIC,
		                               .profile = STR("{\"model\":\"X\"}"),
		                               .matches = fits,
		                               .ops = &fixture->ops,
		                               .owner = fixture,
		                               .done = on_registered,
		                               .did = DID,
		                               .address = "192.0.2.1:5000" };
	fixture->waiting++;
	registration_start(fixture->domain->devices, registration);
}

static bool is_through(void *arg)
{
	struct fixture *fixture = arg;

	if (fixture->step) {
		void (*step)(struct fixture * fixture) = fixture->step;
		fixture->step = NULL;
		step(fixture);
	}
	return fixture->waiting == 0;
}

static void run(struct fixture *fixture, void (*step)(struct fixture *fixture))
{
	fixture->step = step;
	assert_true(loop_run_until(fixture->loop, is_through, fixture, WAIT_MS));
}

static void create(struct fixture *fixture)
{
	struct device_spec *spec = &fixture->change.spec;

	(void)str_copy(STR("old secret"), spec->secret, sizeof spec->secret);
	(void)str_copy(STR("Gate"), spec->name, sizeof spec->name);
	spec->sign_policy = SIGN_POLICY_ANY;
	begin_change(fixture, DEVICE_CREATE);
}

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char url[96], key_path[96];
	const struct db_options options = { .url = url, .readers = 1, .queue_max = 100 };

	assert_non_null(fixture);
	(void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/vigil-meanwhile-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(url, sizeof url, "sqlite:%s/test.db", fixture->folder);
	(void)snprintf(key_path, sizeof key_path, "%s/key", fixture->folder);
	assert_ok(loop_new(0, &fixture->loop));
	assert_ok(db_open(&options, &fixture->db, NULL));
	assert_ok(keys_open(key_path, true, &fixture->keys, NULL));
	const struct domain_setup setup = { .db = fixture->db,
		                            .keys = fixture->keys,
		                            .platform_token = STR("platform-token"),
		                            .registration_s = 3600 };
	assert_ok(domain_new(&setup, &fixture->domain, NULL));
	run(fixture, create);
	assert_ok(fixture->changed);
	*state = fixture;
	return 0;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
	return remove(path);
}

static void close_link(struct fixture *fixture)
{
	link_close(fixture->registration.link, "test over");
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, close_link);
	db_stop(fixture->db);
	loop_free(fixture->loop);
	domain_free(fixture->domain);
	keys_free(fixture->keys);
	db_free(fixture->db);
	assert_int_equal(nftw(fixture->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(fixture);
	return 0;
}

static void look(struct fixture *fixture, struct device_view *view)
{
	assert_ok(device_view(fixture->domain->devices, (struct str){ 0 }, STR(DID), view));
}

static void rotate_and_register(struct fixture *fixture)
{
	(void)str_copy(STR("new secret"), fixture->change.spec.secret, DEVICE_SECRET_SIZE);
	begin_change(fixture, DEVICE_ROTATE);
	begin_registration(fixture);
}

static void a_secret_rotated_meanwhile_opens_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct device_view view;
	AUTO_BUF secret = { 0 };

	run(fixture, rotate_and_register);

	assert_ok(fixture->changed);
	assert_err(fixture->registered, ERR_DENIED);
	assert_null(fixture->registration.link);
	look(fixture, &view);
	buf_init(&secret, DEVICE_SECRET_SIZE + DIGEST_SEAL_EXTRA);
	assert_ok(device_secret(fixture->domain->devices, view.facts, &secret));
	assert_str(buf_str(&secret), "new secret");
	assert_int_equal(view.presence.state, PRESENCE_OFFLINE);
	device_view_done(&view);
}

static void rename_and_register(struct fixture *fixture)
{
	(void)str_copy(STR("Yard"), fixture->change.spec.name, DEVICE_NAME_SIZE);
	begin_change(fixture, DEVICE_UPDATE);
	begin_registration(fixture);
}

static void a_new_name_outlives_a_registration_under_way(void **state)
{
	struct fixture *fixture = *state;
	struct device_view view;

	run(fixture, rename_and_register);

	assert_ok(fixture->changed);
	assert_ok(fixture->registered);
	look(fixture, &view);
	assert_string_equal(view.facts->name, "Yard");
	assert_string_equal(view.facts->profile, "{\"model\":\"X\"}");
	device_view_done(&view);
}

static void register_and_rename(struct fixture *fixture)
{
	begin_registration(fixture);
	(void)str_copy(STR("Yard"), fixture->change.spec.name, DEVICE_NAME_SIZE);
	begin_change(fixture, DEVICE_UPDATE);
}

static void a_new_profile_outlives_a_change_under_way(void **state)
{
	struct fixture *fixture = *state;
	struct device_view view;

	run(fixture, register_and_rename);

	assert_ok(fixture->registered);
	look(fixture, &view);
	assert_string_equal(view.facts->name, "Yard");
	assert_string_equal(view.facts->profile, "{\"model\":\"X\"}");
	device_view_done(&view);
}

static void register_and_cancel(struct fixture *fixture)
{
	begin_registration(fixture);
	registration_cancel(&fixture->registration);
}

static void a_cancelled_registration_leaves_the_device_offline(void **state)
{
	struct fixture *fixture = *state;
	struct device_view view;

	run(fixture, register_and_cancel);

	assert_err(fixture->registered, ERR_CLOSED);
	look(fixture, &view);
	assert_int_equal(view.presence.state, PRESENCE_OFFLINE);
	assert_string_equal(view.presence.reason, "connection closed");
	assert_int_equal(view.presence.epoch, 1); /* the row's: so that it can be told */
	device_view_done(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_secret_rotated_meanwhile_opens_nothing, start,
		                                stop),
		cmocka_unit_test_setup_teardown(a_new_name_outlives_a_registration_under_way, start,
		                                stop),
		cmocka_unit_test_setup_teardown(a_new_profile_outlives_a_change_under_way, start,
		                                stop),
		cmocka_unit_test_setup_teardown(a_cancelled_registration_leaves_the_device_offline,
		                                start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
