/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/domain/action_fixture.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

json_t *json_of(const char *text)
{
	json_t *json = NULL;
	struct why why = { 0 };

	if (json_read(str_of(text), &json, &why) != ERR_OK)
		fail_msg("%s: %s", why.text, text);
	return json;
}

char *long_text(const char *format, const char *unit, size_t count)
{
	AUTO_BUF run = { 0 };
	char *text = NULL;

	buf_init(&run, 65536);
	for (size_t i = 0; i < count; i++)
		buf_add_text(&run, unit);
	buf_add(&run, "", 1);
	const char *at = strstr(format, "%s");
	assert_ok(buf_err(&run));
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - format), format, (const char *)run.at,
	                     at + 2) > 0);
	return text;
}
