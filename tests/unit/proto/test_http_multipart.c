/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"
#include "proto/http/fields.h"
#include "proto/http/multipart.h"
#include "tests/unit/unit.h"

#define TYPE "multipart/form-data; boundary=\"a b\""

static void on_part(void *owner, const char *file_name, struct str content_type)
{
	buf_printf(owner, "[%s %.*s:", file_name, STR_ARG(content_type));
}

static void on_part_bytes(void *owner, const uint8_t *bytes, size_t size)
{
	buf_add(owner, bytes, size);
}

static void on_part_end(void *owner)
{
	buf_add_text(owner, "]");
}

static const struct http_multipart_events events = { on_part, on_part_bytes, on_part_end };

static enum err read_in_steps(struct str body, size_t step, struct buf *heard)
{
	struct http_multipart multipart;
	enum err err = ERR_MORE;

	buf_clear(heard);
	assert_ok(http_multipart_init(&multipart, STR(TYPE), "file"));
	for (size_t at = 0; at < body.size && err == ERR_MORE; at += step) {
		size_t size = body.size - at < step ? body.size - at : step;
		err = http_multipart_feed(&multipart, (const uint8_t *)body.at + at, size, &events,
		                          heard);
	}
	return err;
}

static void the_wanted_field_is_found_however_it_is_cut(void **state)
{
	static const char body[] =
		"preamble\r\n--a b\r\n"
		"Content-Disposition: form-data; name=\"note\"\r\n\r\nnot this\r\n"
		"--a b  \r\n"
		"content-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".jpg\"\r\n"
		"Content-Type: image/jpeg\r\n\r\n"
		"\r\n--a\r\r\n--a c\r\n\n--a b\r\nend\r\n"
		"\r\n--a b\r\n"
		"Content-Disposition: form-data; name=\"file\"\r\n\r\nsecond\r\n--a "
		"b--\r\nepilogue";
	AUTO_BUF heard = { 0 };

	buf_init(&heard, 10000);
	for (size_t step = 1; step <= sizeof body; step++) {
		enum err err = read_in_steps((struct str){ body, sizeof body - 1 }, step, &heard);
		assert_err(err, ERR_OK);
		assert_str(buf_str(&heard),
		           "[a \"b\".jpg image/jpeg:\r\n--a\r\r\n--a c\r\n\n--a b\r\nend\r\n]");
	}
	for (size_t cut = 0; cut < sizeof body - 12; cut++)
		assert_err(read_in_steps((struct str){ body, cut }, 7, &heard), ERR_MORE);
}

static void an_empty_part_and_no_preamble_are_fine(void **state)
{
	static const char *const bodies[] = {
		"--a b\r\nContent-Disposition: form-data; name=file\r\n\r\n\r\n--a b--",
		"--a b\r\nContent-Disposition: form-data; name=file\r\n\r\n--a b--",
	};
	AUTO_BUF heard = { 0 };

	buf_init(&heard, 1000);
	for (size_t i = 0; i < 2; i++) {
		assert_ok(read_in_steps(str_of(bodies[i]), 1, &heard));
		assert_str(buf_str(&heard), "[ :]");
	}
}

static void a_body_without_the_field_gives_nothing(void **state)
{
	AUTO_BUF heard = { 0 };

	buf_init(&heard, 1000);
	assert_ok(read_in_steps(STR("--a b\r\n\r\nno fields at all\r\n--a b--"), 3, &heard));
	assert_int_equal(heard.size, 0);
}

static void broken_bodies_are_refused(void **state)
{
	static const char *const bodies[] = {
		"--a b\n",
		"--a bx\r\n",
		"--a b-x",
		"--a b\rx",
		"--a b\r\nContent-Disposition: form-data; name=\"file\r\n\r\n",
		"--a b\r\nContent-Disposition: form-data; name\r\n\r\n",
	};
	AUTO_BUF heard = { 0 };

	buf_init(&heard, 1000);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		assert_err(read_in_steps(str_of(bodies[i]), 100, &heard), ERR_MALFORMED);
}

static void part_heads_and_parts_have_limits(void **state)
{
	AUTO_BUF heard = { 0 };
	AUTO_BUF body = { 0 };

	buf_init(&heard, 1000);
	buf_init(&body, 100000);
	for (size_t extra = 0; extra < 2; extra++) {
		buf_clear(&body);
		buf_add_text(&body, "--a b\r\nA: ");
		while (body.size < 7 + HTTP_PART_HEAD_MAX - 4 + extra)
			buf_add_u8(&body, 'x');
		buf_add_text(&body, "\r\n\r\n\r\n--a b--");
		assert_err(read_in_steps(buf_str(&body), 1000, &heard),
		           extra ? ERR_TOO_LARGE : ERR_OK);
	}
	for (size_t extra = 0; extra < 2; extra++) {
		buf_clear(&body);
		for (size_t i = 0; i < HTTP_PARTS_MAX + extra; i++)
			buf_add_text(&body, "\r\n--a b\r\n\r\n");
		buf_add_text(&body, "\r\n--a b--");
		assert_err(read_in_steps(buf_str(&body), 1000, &heard),
		           extra ? ERR_TOO_LARGE : ERR_OK);
	}
}

static void other_types_are_refused(void **state)
{
	struct http_multipart multipart;
	char longest[200] = "multipart/form-data;boundary=";

	assert_err(http_multipart_init(&multipart, STR("image/jpeg"), "file"), ERR_UNSUPPORTED);
	assert_err(http_multipart_init(&multipart, STR("multipart/form-data"), "file"),
	           ERR_MALFORMED);
	assert_err(http_multipart_init(&multipart, STR("multipart/form-data; boundary="), "file"),
	           ERR_MALFORMED);
	assert_err(http_multipart_init(&multipart, STR("multipart/form-data; boundary=\"a\rb\""),
	                               "file"),
	           ERR_MALFORMED);
	size_t size = strlen(longest);
	memset(longest + size, 'b', HTTP_BOUNDARY_MAX);
	assert_ok(http_multipart_init(&multipart, str_of(longest), "file"));
	longest[size + HTTP_BOUNDARY_MAX] = 'b';
	assert_err(http_multipart_init(&multipart, str_of(longest), "file"), ERR_MALFORMED);
}

static void parameters_are_unquoted(void **state)
{
	char out[8];

	assert_ok(http_param_get(STR("attachment; filename=a.jpg"), "filename", out, sizeof out));
	assert_string_equal(out, "a.jpg");
	assert_ok(http_param_get(STR("x; a=\"1;\\\"2\" ; B=c"), "b", out, sizeof out));
	assert_string_equal(out, "c");
	assert_ok(http_param_get(STR("x; a=\"1;\\\"2\" ; B=c"), "a", out, sizeof out));
	assert_string_equal(out, "1;\"2");
	assert_err(http_param_get(STR("x; a=1"), "b", out, sizeof out), ERR_NOT_FOUND);
	assert_err(http_param_get(STR("x"), "b", out, sizeof out), ERR_NOT_FOUND);
	assert_err(http_param_get(STR("x; a=\"1"), "a", out, sizeof out), ERR_MALFORMED);
	assert_ok(http_param_get(STR("x; a=1234567"), "a", out, sizeof out));
	assert_err(http_param_get(STR("x; a=12345678"), "a", out, sizeof out), ERR_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wanted_field_is_found_however_it_is_cut),
		cmocka_unit_test(an_empty_part_and_no_preamble_are_fine),
		cmocka_unit_test(a_body_without_the_field_gives_nothing),
		cmocka_unit_test(broken_bodies_are_refused),
		cmocka_unit_test(part_heads_and_parts_have_limits),
		cmocka_unit_test(other_types_are_refused),
		cmocka_unit_test(parameters_are_unquoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
