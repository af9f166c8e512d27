/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "proto/envelope/sign.h"
#include "tests/unit/unit.h"

#define CAMERA STR("001122334455")
#define SECRET STR("secret")
#define TIME   STR("1600000000000")
#define MD5    "5ca8cf0e9bceaf42469c8454c7074a28"
#define HMAC   "55f0f63c2c485c38d2e92a77f28f9c2225e751239d856f5809314b6c41e9d9e0"

/* Vectors made with other tools (md5sum, Python's hmac). */
static void signs_are_those_of_the_vectors(void **state)
{
	char md5[SIGN_MD5_SIZE], hmac[SIGN_HMAC_SIZE];

	assert_ok(sign_make_md5(CAMERA, SECRET, STR(""), md5));
	assert_string_equal(md5, MD5);
	assert_ok(sign_make_md5(CAMERA, SECRET, TIME, md5));
	assert_string_equal(md5, "4c87d793ae69c2f95345401c63f3565e");
	assert_ok(sign_make_hmac(CAMERA, SECRET, TIME, hmac));
	assert_string_equal(hmac, HMAC);
	assert_ok(sign_make_action(CAMERA, SECRET, STR("m1"), TIME, STR("{\"play\":{}}"), hmac));
	assert_string_equal(hmac,
	                    "4d29eabf07540a87d4cb3b3e2c18e7d395b05e5681a93e536e20de2fc0488b8f");
}

static void the_algorithm_is_told_by_suffix_or_length(void **state)
{
	static const struct {
		struct str sign;
		enum err err;
		enum sign_algorithm algorithm;
	} rows[] = {
		{ { MD5, 32 }, ERR_OK, SIGN_MD5 },
		{ { MD5 ":md5", 36 }, ERR_OK, SIGN_MD5 },
		{ { "5CA8CF0E9BCEAF42469C8454C7074A28", 32 }, ERR_OK, SIGN_MD5 },
		{ { HMAC ":hmac-sha256", 76 }, ERR_OK, SIGN_HMAC_SHA256 },
		{ { HMAC, 64 }, ERR_OK, SIGN_HMAC_SHA256 },
		{ { MD5 ":hmac-sha256", 44 }, ERR_MALFORMED, SIGN_MD5 },
		{ { HMAC ":md5", 68 }, ERR_MALFORMED, SIGN_MD5 },
		{ { MD5 ":", 33 }, ERR_MALFORMED, SIGN_MD5 },
		{ { MD5 ":MD5", 36 }, ERR_MALFORMED, SIGN_MD5 },
		{ { MD5, 31 }, ERR_MALFORMED, SIGN_MD5 },
		{ { MD5 "0", 33 }, ERR_MALFORMED, SIGN_MD5 },
		{ { "1234567890abcdef", 16 }, ERR_MALFORMED, SIGN_MD5 },
		{ { "xca8cf0e9bceaf42469c8454c7074a28", 32 }, ERR_MALFORMED, SIGN_MD5 },
		{ { ":md5", 4 }, ERR_MALFORMED, SIGN_MD5 },
		{ { NULL, 0 }, ERR_MALFORMED, SIGN_MD5 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum sign_algorithm algorithm = SIGN_MD5;
		struct str digest = { 0 };

		print_message("# %.*s\n", STR_ARG(rows[i].sign));
		assert_err(sign_split(rows[i].sign, &digest, &algorithm), rows[i].err);
		assert_int_equal(algorithm, rows[i].algorithm);
		if (rows[i].err == ERR_OK)
			assert_int_equal(digest.size, algorithm == SIGN_MD5 ? 32 : 64);
	}
}

static void digests_are_compared_by_value(void **state)
{
	assert_true(sign_digest_equal(STR(MD5), STR(MD5)));
	assert_true(sign_digest_equal(STR("5CA8CF0E9BCEAF42469C8454C7074A28"), STR(MD5)));
	assert_false(sign_digest_equal(STR("5ca8cf0e9bceaf42469c8454c7074a29"), STR(MD5)));
	assert_false(sign_digest_equal(STR("5ca8"), STR(MD5)));
	assert_false(sign_digest_equal(STR(""), STR("")));
}

static void parts_at_the_limit_are_signed_and_one_past_it_refused(void **state)
{
	static char text[SIGN_TEXT_MAX];
	char md5[SIGN_MD5_SIZE], hmac[SIGN_HMAC_SIZE];
	memset(text, 'x', sizeof text);
	struct str secret = { text, SIGN_SECRET_MAX };
	struct str rest = { text, SIGN_TEXT_MAX - SIGN_SECRET_MAX - 1 };

	assert_ok(sign_make_md5(rest, secret, STR(""), md5));
	rest.size++;
	assert_err(sign_make_md5(rest, secret, STR(""), md5), ERR_TOO_LARGE);

	assert_ok(sign_make_hmac(CAMERA, secret, TIME, hmac));
	secret.size++;
	assert_err(sign_make_hmac(CAMERA, secret, TIME, hmac), ERR_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_are_those_of_the_vectors),
		cmocka_unit_test(the_algorithm_is_told_by_suffix_or_length),
		cmocka_unit_test(digests_are_compared_by_value),
		cmocka_unit_test(parts_at_the_limit_are_signed_and_one_past_it_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
