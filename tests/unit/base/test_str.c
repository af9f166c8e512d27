/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/str.h"
#include "tests/unit/unit.h"

static void cut_walks_all_parts_and_then_ends(void **state)
{
	struct str rest = STR("a,,b"), part;

	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "a");
	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "");
	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "b");
	assert_false(str_cut(&rest, ',', &part));
}

static void numbers_at_their_limit_are_read_and_past_it_refused(void **state)
{
	uint64_t u = 0;
	int64_t i = 0;

	assert_ok(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &u));
	assert_true(u == UINT64_MAX);
	assert_err(str_to_u64(STR("18446744073709551616"), UINT64_MAX, &u), ERR_INVALID);
	assert_ok(str_to_i64(STR("-5"), -5, 5, &i));
	assert_int_equal(i, -5);
	assert_err(str_to_i64(STR("-6"), -5, 5, &i), ERR_INVALID);
	assert_err(str_to_i64(STR("5x"), -5, 5, &i), ERR_INVALID);
	assert_err(str_to_i64(STR(""), -5, 5, &i), ERR_INVALID);
}

static void utf8_accepts_only_the_shortest_form(void **state)
{
	assert_true(str_is_utf8(STR("gate \xe9\x97\xa8 \xf0\x9f\x8e\xa5")));
	assert_false(str_is_utf8(STR("\xc0\xaf")));
	assert_false(str_is_utf8(STR("\xed\xa0\x80")));
	assert_false(str_is_utf8(STR("\xf4\x90\x80\x80")));
	assert_false(str_is_utf8(STR("\xe9\x97")));
	assert_false(str_is_utf8(STR("a\0b")));
}

static void copy_refuses_what_does_not_fit(void **state)
{
	char to[4];

	assert_ok(str_copy(STR("abc"), to, sizeof to));
	assert_string_equal(to, "abc");
	assert_err(str_copy(STR("abcd"), to, sizeof to), ERR_TOO_LARGE);
	assert_string_equal(to, "");
}

static void prefixes_suffixes_and_words_are_compared_whole(void **state)
{
	assert_true(str_equal(STR("a"), STR("a")));
	assert_true(str_equal((struct str){ 0 }, STR("")));
	assert_false(str_equal(STR("a"), STR("A")));
	assert_true(str_equal_nocase(STR("Host"), STR("hOST")));
	assert_false(str_equal_nocase(STR("Host"), STR("Hos")));
	assert_true(str_starts(STR("live/x"), STR("live/")));
	assert_false(str_starts(STR("liv"), STR("live")));
	assert_true(str_ends(STR("a.flv"), STR(".flv")));
	assert_true(str_ends(STR("flv"), STR("")));
	assert_false(str_ends(STR("flv"), STR(".flv")));
	assert_true(str_is_word(STR("aZ09:.-"), ":.-"));
	assert_false(str_is_word(STR("a_b"), ":.-"));
	assert_false(str_is_word(STR("a\0"), ":.-"));
	assert_str(str_trim(STR(" \t a b \t")), "a b");
	assert_int_equal(str_trim(STR(" \t ")).size, 0);
	assert_str(str_from(STR("abc"), 2), "c");
	assert_int_equal(str_from(STR("abc"), 3).size, 0);
	assert_int_equal(str_index(STR("abc"), 'c'), 2);
	assert_int_equal(str_index(STR("abc"), 'd'), 3);
}

static void secrets_are_compared_whole(void **state)
{
	assert_true(str_equal_secret(STR("abc"), STR("abc")));
	assert_false(str_equal_secret(STR("abc"), STR("abd")));
	assert_false(str_equal_secret(STR("xbc"), STR("abc")));
	assert_false(str_equal_secret(STR("ab"), STR("abc")));
	assert_true(str_equal_secret(STR(""), (struct str){ 0 }));
}

static void a_copy_on_the_heap_ends_in_a_nul(void **state)
{
	AUTO_FREE char *copy = str_dup(STR("gate"));
	AUTO_FREE char *empty = str_dup((struct str){ 0 });

	assert_string_equal(copy, "gate");
	assert_string_equal(empty, "");
}

static void an_errno_becomes_the_kind_a_caller_can_act_on(void **state)
{
	static const struct {
		int number;
		enum err err;
	} cases[] = {
		{ 0, ERR_OK },
		{ ENOENT, ERR_NOT_FOUND },
		{ EEXIST, ERR_EXISTS },
		{ EACCES, ERR_DENIED },
		{ EPERM, ERR_DENIED },
		{ ENOMEM, ERR_NO_MEMORY },
		{ ENOSPC, ERR_NO_SPACE },
		{ EDQUOT, ERR_NO_SPACE },
		{ EMFILE, ERR_BUSY },
		{ ENFILE, ERR_BUSY },
		{ EAGAIN, ERR_BUSY },
		{ ETIMEDOUT, ERR_TIMEOUT },
		{ EPIPE, ERR_CLOSED },
		{ ECONNRESET, ERR_CLOSED },
		{ ECONNREFUSED, ERR_CLOSED },
		{ EINVAL, ERR_INVALID },
		{ EIO, ERR_IO },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_err(err_from_errno(cases[i].number), cases[i].err);
}

static void why_says_kind_reason_field_and_words_and_may_be_absent(void **state)
{
	struct why why = { .code = 5 };
	char field[200];

	memset(field, 'f', sizeof field);
	field[sizeof field - 1] = '\0';
	assert_err(why_set(&why, ERR_BUSY, "%d of %d", 1, 2), ERR_BUSY);
	assert_int_equal(why.err, ERR_BUSY);
	assert_int_equal(why.code, 0);
	assert_string_equal(why.text, "1 of 2");
	assert_err(why_set_reason(&why, ERR_INVALID, 7, field, "%s%s%s", field, field, field),
	           ERR_INVALID);
	assert_int_equal(why.reason, 7);
	assert_int_equal(strlen(why.field), WHY_FIELD_MAX - 1);
	assert_int_equal(strlen(why.text), WHY_TEXT_MAX - 1);
	assert_err(why_set(NULL, ERR_BUSY, "x"), ERR_BUSY);
	assert_err(why_set_reason(NULL, ERR_BUSY, 1, "f", "x"), ERR_BUSY);
	assert_string_equal(err_text(ERR_OK), "success");
	assert_string_equal(err_text(ERR_COUNT_), "unknown error");
}

static void the_host_stands_before_the_last_colon(void **state)
{
	assert_str(str_before_last(STR("192.0.2.1:5000"), ':'), "192.0.2.1");
	assert_str(str_before_last(STR("[2001:db8::1]:5000"), ':'), "[2001:db8::1]");
	assert_str(str_before_last(STR(":5000"), ':'), "");
	assert_str(str_before_last(STR("192.0.2.1"), ':'), "");
	assert_str(str_before_last((struct str){ 0 }, ':'), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_walks_all_parts_and_then_ends),
		cmocka_unit_test(the_host_stands_before_the_last_colon),
		cmocka_unit_test(numbers_at_their_limit_are_read_and_past_it_refused),
		cmocka_unit_test(utf8_accepts_only_the_shortest_form),
		cmocka_unit_test(copy_refuses_what_does_not_fit),
		cmocka_unit_test(prefixes_suffixes_and_words_are_compared_whole),
		cmocka_unit_test(secrets_are_compared_whole),
		cmocka_unit_test(a_copy_on_the_heap_ends_in_a_nul),
		cmocka_unit_test(an_errno_becomes_the_kind_a_caller_can_act_on),
		cmocka_unit_test(why_says_kind_reason_field_and_words_and_may_be_absent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
