/* SPDX-License-Identifier: Apache-2.0 */
/* What was answered about a token stays true through the end of the server. */
#include <string.h>

#include "tests/unit/domain/house.h"

struct making {
	struct token_issue issue;
	struct token_revocation revocation;
	struct house *house;
	const char *token;
	enum err err;
	bool is_done;
};

static void on_made(struct token_issue *issue, enum err err)
{
	struct making *making = CONTAINER_OF(issue, struct making, issue);

	making->err = err;
	making->is_done = true;
}

static void on_revoked(struct token_revocation *revocation, enum err err)
{
	struct making *making = CONTAINER_OF(revocation, struct making, revocation);

	making->err = err;
	making->is_done = true;
}

static void make(void *arg)
{
	struct making *making = arg;

	making->issue.done = on_made;
	making->issue.expires_in_ms = 60000;
	(void)str_copy(STR("default"), making->issue.organization, ORGANIZATION_SIZE);
	making->err = token_make(making->house->domain->tokens, &making->issue);
	making->is_done = making->err != ERR_OK;
}

static void revoke(void *arg)
{
	struct making *making = arg;

	making->revocation.done = on_revoked;
	making->is_done = false;
	making->err = token_revoke(making->house->domain->tokens, &making->revocation,
	                           str_of(making->token));
	making->is_done = making->err != ERR_OK;
}

static bool is_done(void *arg)
{
	return ((struct making *)arg)->is_done;
}

static void make_token(struct making *making, struct house *house, enum token_kind kind)
{
	*making = (struct making){ .house = house, .issue = { .kind = kind } };
	house_run(house, house->loop, make, making);
	house_wait(house, is_done, making);
	assert_ok(making->err);
	making->token = making->issue.token;
}

static enum err find(struct house *house, const char *token)
{
	struct actor actor;

	return token_find(house->domain->tokens, str_of(token), &actor);
}

static void a_revoked_token_is_gone_after_a_restart(void **state)
{
	struct house *house = *state;
	struct making session;

	make_token(&session, house, TOKEN_SESSION);
	assert_ok(find(house, session.token));

	house_run(house, house->loop, revoke, &session);
	house_wait(house, is_done, &session);

	assert_ok(session.err);
	assert_err(find(house, session.token), ERR_UNAUTHENTICATED);
	house_close(house);
	house_open(house);
	assert_err(find(house, session.token), ERR_UNAUTHENTICATED);
}

static void a_revocation_that_cannot_be_written_says_so_and_changes_nothing(void **state)
{
	struct house *house = *state;
	struct making session;

	make_token(&session, house, TOKEN_SESSION);
	db_stop(house->db);

	house_run(house, house->loop, revoke, &session);

	assert_err(session.err, ERR_CLOSED);
	assert_ok(find(house, session.token));
}

static void begin_two(void *arg)
{
	struct making *two = arg;

	make(&two[0]);
	make(&two[1]);
}

static bool are_both_done(void *arg)
{
	const struct making *two = arg;

	return two[0].is_done && two[1].is_done;
}

static void a_sign_in_token_makes_one_session_even_for_two_at_once(void **state)
{
	struct house *house = *state;
	struct making sign_in, two[2];

	make_token(&sign_in, house, TOKEN_SIGN_IN);
	for (size_t i = 0; i < 2; i++)
		two[i] = (struct making){ .house = house,
			                  .issue = { .kind = TOKEN_SESSION,
			                             .spends = str_of(sign_in.token) } };

	house_run(house, house->loop, begin_two, two);
	house_wait(house, are_both_done, two);

	assert_ok(two[0].err);
	assert_err(two[1].err, ERR_UNAUTHENTICATED);
	assert_err(find(house, sign_in.token), ERR_UNAUTHENTICATED);
	assert_err(find(house, two[1].issue.token), ERR_UNAUTHENTICATED);
	house_close(house);
	house_open(house);
	assert_ok(find(house, two[0].issue.token));
	assert_err(find(house, sign_in.token), ERR_UNAUTHENTICATED);
}

static void a_session_that_cannot_be_written_uses_up_nothing(void **state)
{
	struct house *house = *state;
	struct making sign_in, session = { .house = house, .issue = { .kind = TOKEN_SESSION } };

	make_token(&sign_in, house, TOKEN_SIGN_IN);
	session.issue.spends = str_of(sign_in.token);
	db_stop(house->db);

	house_run(house, house->loop, make, &session);

	assert_err(session.err, ERR_CLOSED);
	assert_ok(find(house, sign_in.token));
	assert_err(find(house, session.issue.token), ERR_UNAUTHENTICATED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, house_start, house_stop)
	const struct CMUnitTest tests[] = {
		TEST(a_revoked_token_is_gone_after_a_restart),
		TEST(a_revocation_that_cannot_be_written_says_so_and_changes_nothing),
		TEST(a_sign_in_token_makes_one_session_even_for_two_at_once),
		cmocka_unit_test_setup_teardown(
			a_sign_in_token_makes_one_session_even_for_two_at_once, house_start_twice,
			house_stop),
		TEST(a_session_that_cannot_be_written_uses_up_nothing),
	};
#undef TEST
	return cmocka_run_group_tests(tests, NULL, NULL);
}
