/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "ctl/problem.h"
#include "tests/unit/unit.h"

static void a_problem_says_what_where_and_what_to_do(void **state)
{
	AUTO_JSON json =
		json_pack("{s:s,s:s,s:s,s:i,s:s}", "type", "/problems/device-refused", "title",
	                  "Refused", "detail", "upper limit", "code", 60002, "field", "direction");
	AUTO_BUF out = { 0 };
	struct problem problem;

	buf_init(&out, 4096);
	problem_read(422, json, &problem);
	problem_write(&problem, "CAM1", NULL, "req-7", &out);

	assert_int_equal(problem_exit(&problem), EXIT_FAILED);
	assert_str(buf_str(&out), "vigil: CAM1: Refused (device-refused)\n"
	                          "  upper limit\n"
	                          "  field: direction\n"
	                          "  device code: 60002\n"
	                          "  what to do: the camera said no; its code and words are above\n"
	                          "  request: req-7\n");
}

static void an_offline_device_tells_when_it_was_seen(void **state)
{
	AUTO_JSON json =
		json_pack("{s:s,s:s}", "type", "/problems/device-offline", "title", "Offline");
	AUTO_BUF out = { 0 };
	struct problem problem;

	buf_init(&out, 4096);
	problem_read(409, json, &problem);
	problem_write(&problem, "CAM1", "never", "", &out);

	assert_str(buf_str(&out),
	           "vigil: CAM1: Offline (device-offline)\n"
	           "  what to do: check power and network of the camera; last seen never\n");
}

static void an_answer_of_another_server_is_told_as_such(void **state)
{
	AUTO_BUF out = { 0 };
	struct problem problem;

	buf_init(&out, 4096);
	problem_read(502, NULL, &problem);
	problem_write(&problem, NULL, NULL, "", &out);

	assert_str(buf_str(&out),
	           "vigil: the server answered 502\n"
	           "  what to do: check the address: this may not be a Vigil server\n");
}

static void the_exit_code_follows_the_status(void **state)
{
	static const struct {
		int status;
		enum exit_code code;
	} cases[] = { { 404, EXIT_NOT_FOUND }, { 401, EXIT_DENIED }, { 403, EXIT_DENIED },
		      { 400, EXIT_FAILED },    { 409, EXIT_FAILED }, { 500, EXIT_FAILED } };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct problem problem;
		problem_read(cases[i].status, NULL, &problem);
		assert_int_equal(problem_exit(&problem), cases[i].code);
	}
}

static void a_terminal_is_not_commanded_by_a_device(void **state)
{
	AUTO_JSON json = json_pack("{s:s,s:s}", "title", "\033[2J", "detail", "a\nb");
	AUTO_BUF out = { 0 };
	struct problem problem;

	buf_init(&out, 4096);
	problem_read(422, json, &problem);
	problem_write(&problem, NULL, NULL, "", &out);

	assert_true(str_starts(buf_str(&out), STR("vigil: ?[2J\n  a?b\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_problem_says_what_where_and_what_to_do),
		cmocka_unit_test(an_offline_device_tells_when_it_was_seen),
		cmocka_unit_test(an_answer_of_another_server_is_told_as_such),
		cmocka_unit_test(the_exit_code_follows_the_status),
		cmocka_unit_test(a_terminal_is_not_commanded_by_a_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
