/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"
#include "base/id.h"
#include "tests/unit/unit.h"

static void hashes_are_those_of_their_standards(void **state)
{
	/* RFC 1321 A.5, FIPS 180-2 B.1, RFC 4231 case 2. */
	uint8_t bytes[DIGEST_SHA256_SIZE];
	char text[2 * DIGEST_SHA256_SIZE + 1];

	digest_md5(STR("abc"), bytes);
	digest_hex(bytes, DIGEST_MD5_SIZE, text);
	assert_string_equal(text, "900150983cd24fb0d6963f7d28e17f72");
	digest_md5((struct str){ 0 }, bytes);
	digest_hex(bytes, DIGEST_MD5_SIZE, text);
	assert_string_equal(text, "d41d8cd98f00b204e9800998ecf8427e");
	digest_sha1(STR("abc"), bytes);
	digest_hex(bytes, DIGEST_SHA1_SIZE, text);
	assert_string_equal(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
	digest_sha256(STR("abc"), bytes);
	digest_hex(bytes, DIGEST_SHA256_SIZE, text);
	assert_string_equal(text,
	                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), bytes);
	digest_hex(bytes, DIGEST_SHA256_SIZE, text);
	assert_string_equal(text,
	                    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void a_derived_key_depends_on_key_and_label(void **state)
{
	uint8_t key[DIGEST_KEY_SIZE] = { 1 }, other[DIGEST_KEY_SIZE] = { 2 };
	uint8_t a[DIGEST_KEY_SIZE], b[DIGEST_KEY_SIZE];

	digest_derive(key, STR("x"), a);
	digest_derive(key, STR("x"), b);
	assert_memory_equal(a, b, sizeof a);
	digest_derive(key, STR("y"), b);
	assert_memory_not_equal(a, b, sizeof a);
	digest_derive(other, STR("x"), b);
	assert_memory_not_equal(a, b, sizeof a);
}

static void hex_is_read_back_in_either_case_and_nothing_else(void **state)
{
	uint8_t bytes[3] = { 9, 9, 9 };

	assert_ok(digest_unhex(STR("00aBfF"), bytes, 3));
	assert_memory_equal(bytes, "\x00\xab\xff", 3);
	assert_err(digest_unhex(STR("00aBf"), bytes, 3), ERR_INVALID);
	assert_err(digest_unhex(STR("00aBfF0"), bytes, 3), ERR_INVALID);
	assert_err(digest_unhex(STR("00aBfg"), bytes, 3), ERR_INVALID);
	assert_err(digest_unhex(STR("0\0aBff"), bytes, 3), ERR_INVALID);
	assert_ok(digest_unhex((struct str){ 0 }, bytes, 0));
}

static void base64url_is_that_of_rfc_4648(void **state)
{
	static const char *const texts[] = { "",       "Zg",      "Zm8",     "Zm9v",
		                             "Zm9vYg", "Zm9vYmE", "Zm9vYmFy" };
	static const char *const padded[] = { "",         "Zg==",     "Zm8=",    "Zm9v",
		                              "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };

	for (size_t size = 0; size < COUNT_OF(texts); size++) {
		char text[DIGEST_BASE64_SIZE(6)];
		uint8_t bytes[6];
		AUTO_BUF buf = { 0 };
		buf_init(&buf, 16);
		digest_base64url((const uint8_t *)"foobar", size, text);
		assert_string_equal(text, texts[size]);
		assert_ok(digest_unbase64url(str_of(text), bytes, size));
		assert_memory_equal(bytes, "foobar", size);
		digest_base64((const uint8_t *)"foobar", size, &buf);
		assert_str(buf_str(&buf), padded[size]);
	}
	uint8_t high[] = { 0xfb, 0xff }, back[2];
	char text[DIGEST_BASE64_SIZE(2)];
	digest_base64url(high, 2, text);
	assert_string_equal(text, "-_8");
	assert_ok(digest_unbase64url(STR("-_8"), back, 2));
}

static void base64url_has_one_spelling_for_each_value(void **state)
{
	static const char *const cases[] = { "Zh", "Zg=", "Z", "Z+", "Z/", "Zg ", "Z\n" };
	uint8_t byte;

	assert_ok(digest_unbase64url(STR("Zg"), &byte, 1));
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_err(digest_unbase64url(str_of(cases[i]), &byte, 1), ERR_INVALID);
	assert_err(digest_unbase64url(STR("Z\0"), &byte, 1), ERR_INVALID);
}

static void what_is_sealed_is_opened_with_the_same_key_and_bond(void **state)
{
	static const struct str texts[] = { { "secret", 6 }, { "", 0 } };
	static const struct str bonds[] = { { "device", 6 }, { "", 0 }, { NULL, 0 } };
	uint8_t key[DIGEST_KEY_SIZE];

	id_random(key, sizeof key);
	for (size_t i = 0; i < COUNT_OF(texts) * COUNT_OF(bonds); i++) {
		struct str text = texts[i % 2], bond = bonds[i / 2];
		AUTO_BUF sealed = { 0 };
		AUTO_BUF open = { 0 };
		buf_init(&sealed, 100);
		buf_init(&open, 100);
		assert_ok(digest_seal(key, text, bond, &sealed));
		assert_int_equal(sealed.size, text.size + DIGEST_SEAL_EXTRA);
		assert_ok(digest_unseal(key, buf_str(&sealed), bond, &open));
		assert_true(str_equal(buf_str(&open), text));
	}
}

static void a_wrong_key_bond_or_byte_opens_nothing(void **state)
{
	uint8_t key[DIGEST_KEY_SIZE] = { 1 }, other[DIGEST_KEY_SIZE] = { 2 };
	AUTO_BUF sealed = { 0 };
	AUTO_BUF open = { 0 };

	buf_init(&sealed, 100);
	buf_init(&open, 100);
	assert_ok(digest_seal(key, STR("secret"), STR("a"), &sealed));
	assert_err(digest_unseal(other, buf_str(&sealed), STR("a"), &open), ERR_DENIED);
	assert_err(digest_unseal(key, buf_str(&sealed), STR("b"), &open), ERR_DENIED);
	assert_err(digest_unseal(key, buf_str(&sealed), STR(""), &open), ERR_DENIED);
	for (size_t size = 0; size < sealed.size; size++)
		assert_err(digest_unseal(key, (struct str){ (char *)sealed.at, size }, STR("a"),
		                         &open),
		           ERR_DENIED);
	for (size_t i = 0; i < sealed.size; i++) {
		sealed.at[i] ^= 0x10;
		assert_err(digest_unseal(key, buf_str(&sealed), STR("a"), &open), ERR_DENIED);
		sealed.at[i] ^= 0x10;
	}
	assert_int_equal(open.size, 0);
	assert_ok(digest_unseal(key, buf_str(&sealed), STR("a"), &open));
}

static void a_seal_that_does_not_fit_says_so(void **state)
{
	uint8_t key[DIGEST_KEY_SIZE] = { 1 };
	AUTO_BUF sealed = { 0 };

	buf_init(&sealed, DIGEST_SEAL_EXTRA + 5);
	assert_err(digest_seal(key, STR("secret"), STR("a"), &sealed), ERR_TOO_LARGE);
	buf_clear(&sealed);
	assert_ok(digest_seal(key, STR("short"), STR("a"), &sealed));
}

static void two_seals_of_one_text_differ(void **state)
{
	uint8_t key[DIGEST_KEY_SIZE] = { 1 };
	AUTO_BUF sealed = { 0 };

	buf_init(&sealed, 200);
	assert_ok(digest_seal(key, STR("secret"), STR("a"), &sealed));
	size_t size = sealed.size;
	assert_ok(digest_seal(key, STR("secret"), STR("a"), &sealed));
	assert_memory_not_equal(sealed.at, sealed.at + size, size);
}

static void ids_and_tokens_are_of_their_size_and_never_the_same(void **state)
{
	char a[ID_SIZE], b[ID_SIZE], c[ID_TOKEN_SIZE], d[ID_TOKEN_SIZE];

	id_make(a);
	id_make(b);
	id_make_token(c);
	id_make_token(d);
	assert_int_equal(strlen(a), 22);
	assert_int_equal(strlen(c), 43);
	assert_string_not_equal(a, b);
	assert_string_not_equal(c, d);
	assert_true(str_is_word(str_of(c), "-_"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_those_of_their_standards),
		cmocka_unit_test(a_derived_key_depends_on_key_and_label),
		cmocka_unit_test(hex_is_read_back_in_either_case_and_nothing_else),
		cmocka_unit_test(base64url_is_that_of_rfc_4648),
		cmocka_unit_test(base64url_has_one_spelling_for_each_value),
		cmocka_unit_test(what_is_sealed_is_opened_with_the_same_key_and_bond),
		cmocka_unit_test(a_wrong_key_bond_or_byte_opens_nothing),
		cmocka_unit_test(a_seal_that_does_not_fit_says_so),
		cmocka_unit_test(two_seals_of_one_text_differ),
		cmocka_unit_test(ids_and_tokens_are_of_their_size_and_never_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
