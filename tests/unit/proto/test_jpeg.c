/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "proto/jpeg/jpeg.h"
#include "tests/unit/golden.h"
#include "tests/unit/unit.h"

/* Pieces of a picture of 2 x 1 grey samples. */
#define SOI   "\xff\xd8"
#define SOF   "\xff\xc0\x00\x0b\x08\x00\x01\x00\x02\x01\x01\x11\x00"
#define SOS   "\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00"
#define CODED "\x12\xff\x00\xff\xd0\x34"
#define EOI   "\xff\xd9"
#define COM   "\xff\xfe\x00\x05oho"

struct row {
	const char *bytes;
	size_t size;
	enum err err;
};
#define ROW(bytes, err)                           \
	{                                         \
		(bytes), sizeof(bytes) - 1, (err) \
	}

/* clang-format off */
static const struct row rows[] = {
	ROW(SOI SOF SOS CODED EOI, ERR_OK),
	ROW(SOI COM "\xff\xff" SOF SOS CODED "\xff" EOI, ERR_OK), /* fill bytes before markers */
	ROW(SOI SOF SOS CODED SOS CODED EOI, ERR_OK), /* two scans: a progressive one */
	ROW(SOI "\xff\x01" SOF "\xff\xc4\x00\x02" SOS CODED EOI "\0\0\r\n", ERR_OK),
	ROW("", ERR_MALFORMED),
	ROW("\xff", ERR_MALFORMED),
	ROW("\x89PNG\r\n", ERR_MALFORMED),
	ROW(SOI EOI, ERR_MALFORMED),
	ROW(SOI SOF EOI, ERR_MALFORMED),
	ROW(SOI SOS CODED EOI, ERR_MALFORMED), /* no size */
	ROW(SOI SOF SOS EOI, ERR_MALFORMED),   /* nothing coded */
	ROW(SOI SOF SOS CODED, ERR_MALFORMED),
	ROW(SOI SOF SOS CODED "\xff", ERR_MALFORMED),
	ROW(SOI SOF SOF SOS CODED EOI, ERR_MALFORMED),
	ROW(SOI SOI SOF SOS CODED EOI, ERR_MALFORMED),
	ROW(SOI "\xff\xd0" SOF SOS CODED EOI, ERR_MALFORMED), /* a restart outside a scan */
	ROW(SOI "\xff\x02" SOF SOS CODED EOI, ERR_MALFORMED), /* a reserved marker */
	ROW(SOI "x" SOF SOS CODED EOI, ERR_MALFORMED),
	ROW(SOI "\xff\xfe\x00\x01" SOF SOS CODED EOI, ERR_MALFORMED), /* shorter than itself */
	ROW(SOI "\xff\xc0\x00\x0b\x08\x00\x00\x00\x02\x01\x01\x11\x00" SOS CODED EOI, ERR_MALFORMED),
	ROW(SOI "\xff\xc0\x00\x0b\x08\x00\x01\x00\x00\x01\x01\x11\x00" SOS CODED EOI, ERR_MALFORMED),
	ROW(SOI "\xff\xc0\x00\x0b\x08\x00\x01\x00\x02\x02\x01\x11\x00" SOS CODED EOI, ERR_MALFORMED),
	ROW(SOI "\xff\xc0\x00\x08\x08\x00\x01\x00\x02\x00" SOS CODED EOI, ERR_MALFORMED),
	ROW(SOI "\xff\xc0\x00\x06\x08\x00\x01\x00" SOS CODED EOI, ERR_MALFORMED),
	ROW(SOI SOF "\xff\xda\x00\x08\x02\x01\x00\x00\x00\x00" CODED EOI, ERR_MALFORMED),
	ROW(SOI SOF "\xff\xda\x00\x02" CODED EOI, ERR_MALFORMED),
};
/* clang-format on */

static enum err check(const char *bytes, size_t size, struct jpeg_check *check)
{
	*check = (struct jpeg_check){ 0 };
	enum err err = jpeg_check_feed(check, (const uint8_t *)bytes, size);

	assert_int_equal(err == ERR_OK && jpeg_check_end(check) == ERR_OK,
	                 jpeg_check_end(check) == ERR_OK);
	return jpeg_check_end(check);
}

static void pictures_and_others_are_told_apart(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct jpeg_check one;
		if (check(rows[i].bytes, rows[i].size, &one) != rows[i].err)
			fail_msg("row %zu", i);
		if (rows[i].err == ERR_OK) {
			assert_int_equal(one.width, 2);
			assert_int_equal(one.height, 1);
		}
	}
}

static void a_real_picture_is_whole_at_its_end_and_nowhere_before(void **state)
{
	AUTO_BUF picture = { 0 };
	struct jpeg_check one = { 0 };

	golden_read("jpeg/baseline.jpeg", &picture);
	for (size_t size = 0; size < picture.size; size++) {
		assert_err(check((const char *)picture.at, size, &one), ERR_MALFORMED);
		assert_int_not_equal(one.state, JPEG_BROKEN); /* it may still become one */
	}
	assert_ok(check((const char *)picture.at, picture.size, &one));
	assert_int_equal(one.width, 16);
	assert_int_equal(one.height, 16);
	one = (struct jpeg_check){ 0 };
	for (size_t i = 0; i < picture.size; i++)
		assert_ok(jpeg_check_feed(&one, picture.at + i, 1));
	assert_ok(jpeg_check_end(&one));
	assert_int_equal(one.width, 16);
}

static void so_much_may_stand_behind_the_end_and_no_more(void **state)
{
	static const char picture[] = SOI SOF SOS CODED EOI;
	static const uint8_t padding[JPEG_TRAILER_MAX];
	struct jpeg_check one;

	assert_ok(check(picture, sizeof picture - 1, &one));
	assert_ok(jpeg_check_feed(&one, padding, 1));
	assert_ok(jpeg_check_feed(&one, padding, JPEG_TRAILER_MAX - 1));
	assert_ok(jpeg_check_end(&one));
	assert_err(jpeg_check_feed(&one, padding, 1), ERR_MALFORMED);
	assert_err(jpeg_check_feed(&one, padding, 1), ERR_MALFORMED);
	assert_err(jpeg_check_end(&one), ERR_MALFORMED);
	assert_ok(check(picture, sizeof picture - 1, &one));
	assert_err(jpeg_check_feed(&one, padding, JPEG_TRAILER_MAX) != ERR_OK ||
	                   jpeg_check_feed(&one, padding, 1) == ERR_OK,
	           0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_and_others_are_told_apart),
		cmocka_unit_test(a_real_picture_is_whole_at_its_end_and_nowhere_before),
		cmocka_unit_test(so_much_may_stand_behind_the_end_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
