/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "ports/keys/keys.h"
#include "tests/unit/unit.h"

struct fixture {
	char folder[64];
	char path[96];
};

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	(void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/vigil-keys-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->path, sizeof fixture->path, "%s/master.key", fixture->folder);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	(void)unlink(fixture->path);
	assert_int_equal(rmdir(fixture->folder), 0);
	free(fixture);
	return 0;
}

/* The keys of a file with this content. */
static struct keys *open_with(struct fixture *fixture, const char *digits)
{
	struct keys *keys = NULL;
	struct why why = { 0 };

	assert_ok(file_write(fixture->path, str_of(digits), 0600));
	if (keys_open(fixture->path, false, &keys, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return keys;
}

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_B "00112233445566778899aabbccddeeff00112233445566778899aabbccddeefe"

static void a_missing_file_is_made_only_when_asked(void **state)
{
	struct fixture *fixture = *state;
	AUTO(keys) made = NULL;
	AUTO(keys) again = NULL;
	char check_made[KEYS_CHECK_SIZE], check_again[KEYS_CHECK_SIZE];
	struct why why = { 0 };
	struct stat there;

	assert_err(keys_open(fixture->path, false, &made, &why), ERR_NOT_FOUND);
	assert_null(made);
	assert_non_null(strstr(why.text, fixture->path));
	assert_ok(keys_open(fixture->path, true, &made, &why));
	assert_int_equal(stat(fixture->path, &there), 0);
	assert_int_equal(there.st_mode & 07777, 0600);
	assert_int_equal(there.st_size, 65);

	assert_ok(keys_open(fixture->path, true, &again, &why));
	keys_check(made, check_made);
	keys_check(again, check_again);
	assert_string_equal(check_made, check_again);
}

static void a_file_others_may_read_is_refused_with_the_remedy(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0610, 0644 };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		AUTO(keys) keys = NULL;
		struct why why = { 0 };
		assert_ok(file_write(fixture->path, STR(KEY_A), modes[i]));
		assert_err(keys_open(fixture->path, true, &keys, &why), ERR_DENIED);
		assert_null(keys);
		assert_non_null(strstr(why.text, "chmod 600"));
	}
}

static void only_64_digits_or_32_bytes_are_a_key(void **state)
{
	static const char *const good[] = { KEY_A, KEY_A "\n", KEY_A "\r\n",
		                            "any thirty-two bytes are a key ." };
	static const char *const bad[] = { "",
		                           "\n",
		                           KEY_A "0",
		                           "x" KEY_A,
		                           " " KEY_A "\n",
		                           KEY_A "\n\n\n",
		                           "any thirty-one bytes are no key",
		                           KEY_A KEY_A };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(good); i++)
		keys_free(open_with(fixture, good[i]));
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		AUTO(keys) keys = NULL;
		struct why why = { 0 };
		assert_ok(file_write(fixture->path, str_of(bad[i]), 0600));
		assert_err(keys_open(fixture->path, true, &keys, &why), ERR_INVALID);
		assert_null(keys);
		assert_non_null(strstr(why.text, "64 hexadecimal digits"));
	}
}

static void the_check_tells_one_key_from_another_and_nothing_else(void **state)
{
	struct fixture *fixture = *state;
	AUTO(keys) a = open_with(fixture, KEY_A);
	AUTO(keys) b = open_with(fixture, KEY_B);
	char check_a[KEYS_CHECK_SIZE], check_b[KEYS_CHECK_SIZE];

	keys_check(a, check_a);
	keys_check(b, check_b);
	assert_int_equal(strlen(check_a), 64);
	assert_string_not_equal(check_a, check_b);
	assert_string_not_equal(check_a, KEY_A);
}

static void a_sealed_value_opens_in_its_own_row_only(void **state)
{
	static const struct {
		const char *organization, *name;
		enum err expected;
	} rows[] = {
		{ "default", "credential:CAM1:secret", ERR_OK },
		{ "default", "credential:CAM2:secret", ERR_DENIED },
		{ "default", "credential:CAM1:token", ERR_DENIED },
		{ "other", "credential:CAM1:secret", ERR_DENIED },
		{ "default:credential", "CAM1:secret", ERR_DENIED },
	};
	struct fixture *fixture = *state;
	AUTO(keys) keys = open_with(fixture, KEY_A);
	AUTO_BUF sealed = { 0 };

	buf_init(&sealed, 256);
	assert_ok(keys_seal(keys, STR("default"), STR("credential:CAM1:secret"), STR("hush"),
	                    &sealed));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		AUTO_BUF opened = { 0 };
		buf_init(&opened, 256);
		assert_err(keys_unseal(keys, str_of(rows[i].organization), str_of(rows[i].name),
		                       buf_str(&sealed), &opened),
		           rows[i].expected);
		if (rows[i].expected == ERR_OK)
			assert_str(buf_str(&opened), "hush");
		else
			assert_int_equal(opened.size, 0);
	}
}

static void a_sealed_value_is_refused_when_changed_or_under_another_key(void **state)
{
	struct fixture *fixture = *state;
	AUTO(keys) keys = open_with(fixture, KEY_A);
	AUTO(keys) other = open_with(fixture, KEY_B);
	AUTO_BUF sealed = { 0 };
	AUTO_BUF opened = { 0 };

	buf_init(&sealed, 256);
	buf_init(&opened, 256);
	assert_ok(keys_seal(keys, STR("o"), STR("n"), STR("hush"), &sealed));
	assert_err(keys_unseal(other, STR("o"), STR("n"), buf_str(&sealed), &opened), ERR_DENIED);
	for (size_t i = 0; i < sealed.size; i++) {
		sealed.at[i] ^= 1;
		assert_err(keys_unseal(keys, STR("o"), STR("n"), buf_str(&sealed), &opened),
		           ERR_DENIED);
		sealed.at[i] ^= 1;
	}
	for (size_t size = 0; size < sealed.size; size++)
		assert_err(keys_unseal(keys, STR("o"), STR("n"),
		                       (struct str){ (const char *)sealed.at, size }, &opened),
		           ERR_DENIED);
	assert_ok(keys_unseal(keys, STR("o"), STR("n"), buf_str(&sealed), &opened));
}

static void a_mac_depends_on_key_purpose_and_text(void **state)
{
	struct fixture *fixture = *state;
	AUTO(keys) keys = open_with(fixture, KEY_A);
	AUTO(keys) other = open_with(fixture, KEY_B);
	uint8_t one[32], two[32];

	keys_mac(keys, STR("action"), STR("text"), one);
	keys_mac(keys, STR("action"), STR("text"), two);
	assert_memory_equal(one, two, 32);
	keys_mac(other, STR("action"), STR("text"), two);
	assert_memory_not_equal(one, two, 32);
	keys_mac(keys, STR("view"), STR("text"), two);
	assert_memory_not_equal(one, two, 32);
	keys_mac(keys, STR("action"), STR("texts"), two);
	assert_memory_not_equal(one, two, 32);
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_folder(a_missing_file_is_made_only_when_asked),
		with_folder(a_file_others_may_read_is_refused_with_the_remedy),
		with_folder(only_64_digits_or_32_bytes_are_a_key),
		with_folder(the_check_tells_one_key_from_another_and_nothing_else),
		with_folder(a_sealed_value_opens_in_its_own_row_only),
		with_folder(a_sealed_value_is_refused_when_changed_or_under_another_key),
		with_folder(a_mac_depends_on_key_purpose_and_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
