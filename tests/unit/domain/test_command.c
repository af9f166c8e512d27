/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and their answers; who is gone, and what is written of it. */
#include <stdio.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/device/command.h"
#include "tests/unit/domain/house.h"

struct order {
	struct command command;
	struct house *house;
	enum err err;
	char result[100];
	int done;
};

static void on_done(struct command *command, enum err err)
{
	struct order *order = CONTAINER_OF(command, struct order, command);

	order->err = err;
	(void)str_copy(buf_str(&command->result), order->result, sizeof order->result);
	__atomic_add_fetch(&order->done, 1, __ATOMIC_RELEASE);
}

static void send(void *arg)
{
	struct order *order = arg;

	command_send(order->house->domain->devices, &order->command);
	assert_int_equal(order->done, 0); /* never within the call */
}

static void begin(struct order *order, struct house *house, struct loop *loop, const char *did)
{
	*order = (struct order){ .house = house };
	order->command = (struct command){ .data = STR("{\"capture\":{}}"),
		                           .resource = STR("capture"),
		                           .timeout_ms = COMMAND_TIMEOUT_MS,
		                           .done = on_done };
	(void)str_copy(str_of(did), order->command.did, DID_SIZE);
	house_run(house, loop, send, order);
}

static bool is_done(void *arg)
{
	struct order *order = arg;

	return __atomic_load_n(&order->done, __ATOMIC_ACQUIRE) > 0;
}

static void connect(struct camera *camera, struct house *house, struct loop *loop)
{
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	camera_init(camera, house, "CAM");
	camera->loop = loop;
	assert_ok(camera_register_now(camera));
}

static void an_answer_comes_back_to_whoever_asked_on_any_loop(void **state)
{
	struct house *house = *state;
	struct loop *loops[] = { house->loop, house->other };
	struct camera camera;
	struct order order;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	for (size_t i = 0; i < 4; i++) {
		camera_init(&camera, house, "CAM");
		camera.loop = loops[i / 2];
		camera.registration.timestamp_ms = clock_now_ms() + (int64_t)i;
		assert_ok(camera_register(&camera));
		begin(&order, house, loops[i % 2], "CAM");
		house_move_clock(house, 0);
		assert_int_equal(camera.sent, 1);
		assert_string_equal(camera.data, "{\"capture\":{}}");
		assert_int_equal(strlen(camera.token), strlen(".CAM") + GRANT_SIZE - 1);
		assert_string_equal(camera.mid, order.command.mid);
		camera_answer(&camera, camera.mid, "{\"capture\":{\"url\":\"x\"}}");
		house_wait(house, is_done, &order);
		assert_ok(order.err);
		assert_string_equal(order.result, "{\"capture\":{\"url\":\"x\"}}");
		camera_close(&camera);
	}
}

static void an_offline_device_is_said_at_once(void **state)
{
	struct order order;
	struct house *house = *state;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	begin(&order, house, house->loop, "CAM");
	house_wait(house, is_done, &order);
	assert_err(order.err, ERR_CONFLICT);
	assert_int_equal(order.command.why.reason, REASON_DEVICE_OFFLINE);
	begin(&order, house, house->loop, "NOBODY");
	house_wait(house, is_done, &order);
	assert_int_equal(order.command.why.reason, REASON_DEVICE_OFFLINE);
}

static void late_double_and_foreign_answers_find_nothing_and_are_counted(void **state)
{
	struct house *house = *state;
	struct camera camera, other;
	struct order order;
	int64_t late = metric_get(METRIC_command_late_total);
	char mid[COMMAND_MID_SIZE];

	connect(&camera, house, house->loop);
	house_add(house, "OTHER", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	camera_init(&other, house, "OTHER");
	assert_ok(camera_register_now(&other));
	begin(&order, house, house->loop, "CAM");
	memcpy(mid, camera.mid, sizeof mid);
	camera_answer(&other, mid, "{\"foreign\":1}");
	camera_answer(&camera, "guess", "{\"guess\":1}");
	assert_int_equal(order.done, 0);
	camera_answer(&camera, mid, "{\"good\":1}");
	camera_answer(&camera, mid, "{\"double\":1}");
	house_turn(house, 10);
	assert_int_equal(order.done, 1);
	assert_string_equal(order.result, "{\"good\":1}");
	assert_int_equal(metric_get(METRIC_command_late_total), late + 3);
	camera_close(&camera);
	camera_close(&other);
}

static void an_answer_of_the_link_before_finds_nothing(void **state)
{
	struct house *house = *state;
	struct camera before, after;
	struct order order;

	connect(&before, house, house->loop);
	begin(&order, house, house->loop, "CAM");
	camera_init(&after, house, "CAM");
	after.registration.timestamp_ms = before.registration.timestamp_ms;
	assert_ok(camera_register_now(&after));
	house_wait(house, is_done, &order);
	assert_err(order.err, ERR_CONFLICT);
	camera_answer(&after, before.mid, "{}");
	house_turn(house, 5);
	assert_int_equal(order.done, 1);
	camera_close(&after);
}

static void silence_is_a_time_out_after_five_seconds(void **state)
{
	struct house *house = *state;
	struct camera camera;
	struct order order;

	NEEDS_TEST_CLOCK();
	connect(&camera, house, house->loop);
	begin(&order, house, house->loop, "CAM");
	house_move_clock(house, COMMAND_TIMEOUT_MS - 1000);
	assert_int_equal(order.done, 0);
	house_move_clock(house, 1000);
	assert_int_equal(order.done, 1);
	assert_err(order.err, ERR_TIMEOUT);
	assert_int_equal(order.command.why.reason, REASON_DEVICE_TIMEOUT);
	camera_answer(&camera, camera.mid, "{}");
	house_turn(house, 5);
	assert_int_equal(order.done, 1);
	camera_close(&camera);
}

static void thirty_two_commands_may_wait_and_no_more(void **state)
{
	struct house *house = *state;
	struct camera camera;
	struct order *orders = calloc(LINK_COMMANDS_MAX + 1, sizeof *orders);

	connect(&camera, house, house->loop);
	for (int i = 0; i <= LINK_COMMANDS_MAX; i++)
		begin(&orders[i], house, house->loop, "CAM");
	house_turn(house, 10);
	assert_int_equal(camera.sent, LINK_COMMANDS_MAX);
	for (int i = 0; i < LINK_COMMANDS_MAX; i++)
		assert_int_equal(orders[i].done, 0);
	assert_err(orders[LINK_COMMANDS_MAX].err, ERR_BUSY);
	assert_int_equal(orders[LINK_COMMANDS_MAX].command.why.reason, REASON_DEVICE_BUSY);
	/* The link's end is the end of all. */
	camera_close(&camera);
	house_turn(house, 10);
	for (int i = 0; i < LINK_COMMANDS_MAX; i++) {
		assert_int_equal(orders[i].done, 1);
		assert_err(orders[i].err, ERR_CONFLICT);
	}
	free(orders);
}

static void a_message_that_cannot_go_out_is_an_offline_device(void **state)
{
	struct house *house = *state;
	struct camera camera;
	struct order order;

	connect(&camera, house, house->loop);
	camera.send_answer = ERR_CLOSED;
	begin(&order, house, house->loop, "CAM");
	house_wait(house, is_done, &order);
	assert_int_equal(order.command.why.reason, REASON_DEVICE_OFFLINE);
	camera_close(&camera);
}

static void an_answer_at_its_limit_is_taken_and_one_past_it_refused(void **state)
{
	struct house *house = *state;
	struct camera camera;
	struct order order;
	char *large = calloc(1, COMMAND_RESULT_MAX + 2);

	connect(&camera, house, house->loop);
	memset(large, 'x', COMMAND_RESULT_MAX + 1);
	begin(&order, house, house->loop, "CAM");
	camera_answer(&camera, camera.mid, large);
	house_wait(house, is_done, &order);
	assert_err(order.err, ERR_TOO_LARGE);
	large[COMMAND_RESULT_MAX] = '\0';
	begin(&order, house, house->loop, "CAM");
	camera_answer(&camera, camera.mid, large);
	house_wait(house, is_done, &order);
	assert_ok(order.err);
	camera_close(&camera);
	free(large);
}

static void a_device_that_wants_signed_actions_gets_its_secret_for_the_sign(void **state)
{
	struct house *house = *state;
	struct device_change change = { .kind = DEVICE_UPDATE, .sets = DEVICE_SETS_SERVE_SIGN };
	struct camera camera;
	struct order order;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	(void)str_copy(STR("CAM"), change.spec.did, DID_SIZE);
	change.spec.serve_sign = SERVE_SIGN_HMAC;
	assert_ok(house_change(house, &change));
	camera_init(&camera, house, "CAM");
	assert_ok(camera_register_now(&camera));
	begin(&order, house, house->loop, "CAM");
	assert_string_equal(camera.message_secret, "secret");
	camera_close(&camera);
	house_wait(house, is_done, &order);
}

static void a_change_of_the_sign_holds_for_the_next_action_of_a_linked_device(void **state)
{
	static const struct {
		enum serve_sign serve_sign;
		const char *secret;
	} cases[] = { { SERVE_SIGN_HMAC, "secret" }, { SERVE_SIGN_NONE, "" } };
	struct house *house = *state;
	struct device_change change = { .kind = DEVICE_UPDATE, .sets = DEVICE_SETS_SERVE_SIGN };
	struct camera camera;
	struct order order;

	connect(&camera, house, house->loop);
	(void)str_copy(STR("CAM"), change.spec.did, DID_SIZE);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		change.spec.serve_sign = cases[i].serve_sign;
		assert_ok(house_change(house, &change));
		begin(&order, house, house->loop, "CAM");
		assert_string_equal(camera.message_secret, cases[i].secret);
		camera_answer(&camera, camera.mid, "{}");
		house_wait(house, is_done, &order);
	}
	camera_close(&camera);
}

struct report {
	struct link *link;
	struct str data;
	enum err err;
};

static void tell(void *arg)
{
	struct report *report = arg;

	report->err = link_event(report->link, 1000, report->data, NULL, NULL);
}

static void an_event_at_its_limit_is_stored_and_one_past_it_refused(void **state)
{
	struct house *house = *state;
	struct camera camera;
	char *large = calloc(1, EVENT_DATA_MAX + 1);

	connect(&camera, house, house->loop);
	house_wait_cursor(house, 2); /* created, connected */
	memset(large, ' ', EVENT_DATA_MAX + 1);
	memcpy(large, "{}", 2);
	struct report report = { camera.link, { large, EVENT_DATA_MAX + 1 }, ERR_OK };
	house_run(house, house->loop, tell, &report);
	assert_err(report.err, ERR_TOO_LARGE);
	report.data.size--;
	house_run(house, house->loop, tell, &report);
	assert_ok(report.err);
	house_wait_cursor(house, 3);
	camera_close(&camera);
	free(large);
}

static void start_domain(void *arg)
{
	domain_start(arg);
}

struct fault {
	struct db_job job;
	const char *sql;
};

static enum err run_sql(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *statement;
	enum err err = db_prepare(tx, CONTAINER_OF(job, struct fault, job)->sql, &statement);

	return err == ERR_OK ? db_run(statement) : err;
}

/* What a reader of the rows sees. */
static enum err find_state(struct db_tx *tx, struct db_job *job)
{
	struct fault *found = CONTAINER_OF(job, struct fault, job);
	struct db_statement *find;
	bool has_row;
	enum err err = db_prepare(tx, "SELECT presence_state = 'offline' FROM devices", &find);

	if (err == ERR_OK)
		err = db_step(find, &has_row);
	if (err == ERR_OK)
		found->sql = db_int(find, 0) ? "offline" : "online";
	return err;
}

static const char *state_in_row(struct house *house)
{
	struct fault find = { .sql = NULL };

	assert_ok(db_read_now(house->db, &find.job, find_state));
	return find.sql;
}

static void who_went_is_written_within_a_second_and_again_after_a_failure(void **state)
{
	struct house *house = *state;
	struct camera camera;
	struct fault full = {
		.sql = "CREATE TRIGGER full BEFORE UPDATE OF presence_reason ON devices "
		       "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
	};
	struct fault free_again = { .sql = "DROP TRIGGER full" };

	NEEDS_TEST_CLOCK();
	house_run(house, house->loop, start_domain, house->domain);
	connect(&camera, house, house->loop);
	assert_string_equal(state_in_row(house), "online");
	assert_ok(db_write_now(house->db, &full.job, run_sql));
	camera_close(&camera);
	for (int i = 0; i < 3; i++) {
		house_move_clock(house, 1000);
		house_turn(house, 20);
		assert_string_equal(state_in_row(house), "online");
	}
	assert_ok(db_write_now(house->db, &free_again.job, run_sql));
	house_move_clock(house, 1000);
	for (int i = 0; i < 200 && strcmp(state_in_row(house), "offline") != 0; i++)
		house_turn(house, 20); /* a real commit takes its time */
	assert_string_equal(state_in_row(house), "offline");
	house_wait_cursor(house, 3); /* created, connected, disconnected: once */
	house_move_clock(house, 2000);
	house_turn(house, 30);
	assert_int_equal(event_last_cursor(house->domain->events), 3);
}

static void who_went_just_before_the_end_is_written_by_it(void **state)
{
	struct house *house = *state;
	struct camera camera;

	connect(&camera, house, house->loop);
	camera_close(&camera);
	assert_string_equal(state_in_row(house), "online");
	assert_ok(domain_stop(house->domain));
	assert_string_equal(state_in_row(house), "offline");
}

static void who_came_back_is_not_written_as_gone(void **state)
{
	struct house *house = *state;
	struct camera camera;

	NEEDS_TEST_CLOCK();
	house_run(house, house->loop, start_domain, house->domain);
	connect(&camera, house, house->loop);
	camera_close(&camera);
	assert_ok(camera_register_now(&camera));
	house_move_clock(house, 1000);
	house_turn(house, 20);
	assert_string_equal(state_in_row(house), "online");
	/* Once a minute the rows learn who was seen. */
	house_move_clock(house, 60000);
	house_turn(house, 50);
	camera_close(&camera);
	house_move_clock(house, 1000);
	house_turn(house, 20);
	assert_string_equal(state_in_row(house), "offline");
}

static void cancel(void *arg)
{
	registration_cancel(&((struct camera *)arg)->registration);
}

static void who_went_while_registering_is_written_as_gone(void **state)
{
	struct house *house = *state;
	struct camera camera;

	NEEDS_TEST_CLOCK();
	house_run(house, house->loop, start_domain, house->domain);
	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_TIMESTAMP);
	camera_init(&camera, house, "CAM");
	camera.registration.timestamp_ms = clock_now_ms();
	camera_begin(&camera);
	house_run(house, house->loop, cancel, &camera);
	house_wait(house, camera_is_done, &camera);
	assert_err(camera.err, ERR_CLOSED);
	assert_int_equal(house_presence(house, "CAM").state, PRESENCE_OFFLINE);
	house_move_clock(house, 1000);
	house_turn(house, 30);
	assert_string_equal(state_in_row(house), "offline");
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(an_answer_comes_back_to_whoever_asked_on_any_loop),
		cmocka_unit_test_in_house(an_offline_device_is_said_at_once),
		cmocka_unit_test_in_house(
			late_double_and_foreign_answers_find_nothing_and_are_counted),
		cmocka_unit_test_in_house(an_answer_of_the_link_before_finds_nothing),
		cmocka_unit_test_in_house(silence_is_a_time_out_after_five_seconds),
		cmocka_unit_test_in_house(thirty_two_commands_may_wait_and_no_more),
		cmocka_unit_test_in_house(a_message_that_cannot_go_out_is_an_offline_device),
		cmocka_unit_test_in_house(an_answer_at_its_limit_is_taken_and_one_past_it_refused),
		cmocka_unit_test_in_house(
			a_device_that_wants_signed_actions_gets_its_secret_for_the_sign),
		cmocka_unit_test_in_house(
			a_change_of_the_sign_holds_for_the_next_action_of_a_linked_device),
		cmocka_unit_test_in_house(an_event_at_its_limit_is_stored_and_one_past_it_refused),
		cmocka_unit_test_in_house(
			who_went_is_written_within_a_second_and_again_after_a_failure),
		cmocka_unit_test_in_house(who_went_just_before_the_end_is_written_by_it),
		cmocka_unit_test_in_house(who_came_back_is_not_written_as_gone),
		cmocka_unit_test_in_house(who_went_while_registering_is_written_as_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
