/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "domain/identity/token.h"
#include "tests/unit/domain/house.h"

static void issue_init(struct token_issue *issue, enum token_kind kind, const char *did)
{
	*issue = (struct token_issue){ .kind = kind,
		                       .organization = "default",
		                       .expires_in_ms = 60000 };
	(void)str_copy(str_of(did), issue->did, DID_SIZE);
}

static enum err find(struct house *house, const char *token)
{
	struct actor actor;

	return token_find(house->domain->tokens, str_of(token), &actor);
}

struct making {
	struct token_issue issue;
	struct house *house;
	enum err err;
	bool is_done;
};

static void on_made(struct token_issue *issue, enum err err)
{
	struct making *making = CONTAINER_OF(issue, struct making, issue);

	making->err = err;
	making->is_done = true;
}

static void begin_make(void *arg)
{
	struct making *making = arg;

	making->issue.done = on_made;
	making->err = token_make(making->house->domain->tokens, &making->issue);
	making->is_done = making->err != ERR_OK;
}

static bool is_made(void *arg)
{
	return ((struct making *)arg)->is_done;
}

static enum err make(struct house *house, struct making *making, enum token_kind kind,
                     const char *did)
{
	*making = (struct making){ .house = house };
	issue_init(&making->issue, kind, did);
	house_run(house, house->loop, begin_make, making);
	house_wait(house, is_made, making);
	return making->err;
}

struct ending {
	struct token_revocation revocation;
	struct house *house;
	const char *token;
	bool is_done;
};

static void on_revoked(struct token_revocation *revocation, enum err err)
{
	assert_ok(err);
	CONTAINER_OF(revocation, struct ending, revocation)->is_done = true;
}

static void revoke_it(void *arg)
{
	struct ending *ending = arg;

	ending->revocation.done = on_revoked;
	assert_ok(token_revoke(ending->house->domain->tokens, &ending->revocation,
	                       str_of(ending->token)));
}

static bool is_revoked(void *arg)
{
	return ((struct ending *)arg)->is_done;
}

static void revoke(struct house *house, const char *token)
{
	struct ending ending = { .house = house, .token = token };

	house_run(house, house->loop, revoke_it, &ending);
	house_wait(house, is_revoked, &ending);
}

static void each_kind_has_its_rights_and_no_others(void **state)
{
	static const struct {
		enum token_kind kind;
		const char *did;
		unsigned rights;
	} cases[] = {
		{ TOKEN_SESSION, "",
		  RIGHT_VIEW | RIGHT_READ | RIGHT_OPERATE | RIGHT_MANAGE | RIGHT_PLATFORM },
		{ TOKEN_SIGN_IN, "", RIGHT_SIGN_IN },
		{ TOKEN_VIEW, "CAM", RIGHT_VIEW },
		{ TOKEN_PUSH, "CAM", RIGHT_PUSH },
	};
	struct house *house = *state;
	struct making making;
	struct actor actor;

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_ok(make(house, &making, cases[i].kind, cases[i].did));
		assert_int_equal(strlen(making.issue.token), 43);
		assert_ok(token_find(house->domain->tokens, str_of(making.issue.token), &actor));
		assert_int_equal(actor.kind, cases[i].kind);
		assert_int_equal(actor.rights, cases[i].rights);
		assert_string_equal(actor.did, cases[i].did);
		assert_string_equal(actor.organization, "default");
		assert_int_equal(actor.expires_at, making.issue.expires_at);
	}
	assert_ok(token_find(house->domain->tokens, STR("platform-token"), &actor));
	assert_int_equal(actor.kind, TOKEN_PLATFORM);
	assert_int_equal(actor.expires_at, 0);
}

static void what_was_never_made_opens_nothing(void **state)
{
	char large[TOKEN_TEXT_MAX + 2] = { 0 };

	memset(large, 'x', TOKEN_TEXT_MAX + 1);
	assert_err(find(*state, ""), ERR_UNAUTHENTICATED);
	assert_err(find(*state, "guess"), ERR_UNAUTHENTICATED);
	assert_err(find(*state, large), ERR_UNAUTHENTICATED);
	assert_err(find(*state, "platform-tokem"), ERR_UNAUTHENTICATED);
}

static void a_made_token_survives_a_restart_and_a_revoked_one_does_not_come_back(void **state)
{
	struct house *house = *state;
	struct making kept, revoked, used, session = { .house = house };

	assert_ok(make(house, &kept, TOKEN_SESSION, ""));
	assert_ok(make(house, &revoked, TOKEN_SESSION, ""));
	assert_ok(make(house, &used, TOKEN_SIGN_IN, ""));
	for (int i = 0; i < 2; i++) {
		issue_init(&session.issue, TOKEN_SESSION, "");
		session.issue.spends = str_of(used.issue.token);
		house_run(house, house->loop, begin_make, &session);
		house_wait(house, is_made, &session);
		assert_err(session.err, i == 0 ? ERR_OK : ERR_UNAUTHENTICATED);
	}
	revoke(house, revoked.issue.token);
	revoke(house, "guess");
	for (int i = 0; i < 2; i++) {
		assert_ok(find(house, kept.issue.token));
		assert_err(find(house, revoked.issue.token), ERR_UNAUTHENTICATED);
		assert_err(find(house, used.issue.token), ERR_UNAUTHENTICATED);
		house_close(house);
		house_open(house);
	}
}

struct counted {
	struct db_job job;
	int64_t count;
};

static enum err count_rows(struct db_tx *tx, struct db_job *job)
{
	struct db_statement *find_rows;
	bool has_row;
	enum err err = db_prepare(tx, "SELECT count(*) FROM tokens", &find_rows);

	if (err == ERR_OK)
		err = db_step(find_rows, &has_row);
	if (err == ERR_OK)
		CONTAINER_OF(job, struct counted, job)->count = db_int(find_rows, 0);
	return err;
}

static int64_t rows(struct house *house)
{
	struct counted counted = { .count = -1 };

	assert_ok(db_read_now(house->db, &counted.job, count_rows));
	return counted.count;
}

static void start_domain(void *arg)
{
	domain_start(arg);
}

static void an_expired_token_opens_nothing_and_is_swept(void **state)
{
	struct house *house = *state;
	struct making first, second;

	NEEDS_TEST_CLOCK();
	house_run(house, house->loop, start_domain, house->domain);
	assert_ok(make(house, &first, TOKEN_SESSION, ""));
	house_move_clock(house, 58000);
	assert_ok(make(house, &second, TOKEN_SESSION, ""));
	assert_ok(find(house, first.issue.token));
	house_move_clock(house, 2000);
	assert_err(find(house, first.issue.token), ERR_UNAUTHENTICATED);
	assert_ok(find(house, second.issue.token));
	house_turn(house, 30);
	assert_int_equal(rows(house), 1);
	house_move_clock(house, TOKEN_SWEEP_MS);
	house_turn(house, 30);
	assert_int_equal(rows(house), 0);
}

static void a_device_has_a_thousand_tokens_and_no_more(void **state)
{
	struct house *house = *state;
	struct token_issue issue;
	struct making making;
	char first[ID_TOKEN_SIZE];

	house_add(house, "CAM", DEVICE_CAMERA, SIGN_POLICY_ANY);
	house_add(house, "CAM2", DEVICE_CAMERA, SIGN_POLICY_ANY);
	for (int i = 0; i < TOKENS_PER_DEVICE_MAX; i++) {
		issue_init(&issue, TOKEN_VIEW, "CAM");
		assert_ok(token_make_now(house->domain->tokens, &issue));
		if (i == 0)
			memcpy(first, issue.token, sizeof first);
	}
	assert_err(make(house, &making, TOKEN_VIEW, "CAM"), ERR_BUSY);
	assert_ok(make(house, &making, TOKEN_VIEW, "CAM2"));
	revoke(house, first);
	assert_ok(make(house, &making, TOKEN_VIEW, "CAM"));
	token_revoke_device(house->domain->tokens, STR("CAM"));
	assert_err(find(house, making.issue.token), ERR_UNAUTHENTICATED);
	assert_ok(make(house, &making, TOKEN_VIEW, "CAM"));
}

static void tokens_are_kept_as_hashes(void **state)
{
	struct house *house = *state;
	struct making making;
	char path[128], *content = calloc(1, 1024 * 1024);

	assert_ok(make(house, &making, TOKEN_SESSION, ""));
	house_close(house);
	(void)snprintf(path, sizeof path, "%s/test.db", house->folder);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t size = fread(content, 1, 1024 * 1024, file);
	(void)fclose(file);
	assert_true(size > 1000);
	assert_null(memmem(content, size, making.issue.token, strlen(making.issue.token)));
	free(content);
	house_open(house);
	assert_ok(find(house, making.issue.token));
}

#define cmocka_unit_test_in_house(test) \
	cmocka_unit_test_setup_teardown(test, house_start, house_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_in_house(each_kind_has_its_rights_and_no_others),
		cmocka_unit_test_in_house(what_was_never_made_opens_nothing),
		cmocka_unit_test_in_house(
			a_made_token_survives_a_restart_and_a_revoked_one_does_not_come_back),
		cmocka_unit_test_in_house(an_expired_token_opens_nothing_and_is_swept),
		cmocka_unit_test_in_house(a_device_has_a_thousand_tokens_and_no_more),
		cmocka_unit_test_in_house(tokens_are_kept_as_hashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
