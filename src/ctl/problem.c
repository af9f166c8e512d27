/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/problem.h"

#include "base/json.h"
#include "ctl/text/table.h"

/* clang-format off */
static const struct {
	const char *name;
	const char *remedy;
} remedies[] = {
	{ "not-found",          "check the name; 'vigil device list' shows what there is" },
	{ "unauthenticated",    "sign in with 'vigil login URL', or give a token by --token-file or VIGIL_TOKEN" },
	{ "denied",             "this token may not do that; use one with more rights" },
	{ "invalid-request",    "correct the value that is named" },
	{ "method-not-allowed", "the server is older or newer than this program; compare 'vigil --version'" },
	{ "too-large",          "send less at once" },
	{ "unsupported-media-type", "the server is older or newer than this program; compare 'vigil --version'" },
	{ "did-taken",          "choose another did, or remove the device that has it" },
	{ "invalid-did",        "a did has 1 to 64 letters, digits, ':', '.' or '-'" },
	{ "invalid-action",     "see the fields of each action at /v2/actions" },
	{ "device-offline",     "check power and network of the camera" },
	{ "device-timeout",     "the camera is connected but silent; try again, then restart it" },
	{ "device-refused",     "the camera said no; its code and words are above" },
	{ "busy",               "try again in a moment" },
	{ "no-answer",          "the camera did not answer 'play'; check its connection, then restart it" },
	{ "no-push",            "the camera agreed but sent no picture; check that it reaches the RTMP port" },
	{ "no-key-frame",       "the camera sends no whole picture; shorten its key frame interval" },
	{ "codec-unsupported",  "set the camera to H.264 and AAC" },
	{ "internal",           "look for the request's id in the server's log" },
};
/* clang-format on */

static const char *remedy_of(const struct problem *problem)
{
	for (size_t i = 0; i < COUNT_OF(remedies); i++)
		if (str_equal(problem->name, str_of(remedies[i].name)))
			return remedies[i].remedy;
	return problem->name.size ? NULL : "check the address: this may not be a Vigil server";
}

void problem_read(int status, const json_t *json, struct problem *out)
{
	static const struct str prefix = { "/problems/", 10 };
	struct str type = json_member_str(json, "type");

	*out = (struct problem){
		.status = status,
		.title = json_member_str(json, "title"),
		.detail = json_member_str(json, "detail"),
		.field = json_member_str(json, "field"),
		.code = json_member_i64(json, "code", 0),
	};
	if (str_starts(type, prefix))
		out->name = str_from(type, prefix.size);
}

enum exit_code problem_exit(const struct problem *problem)
{
	if (problem->status == 404)
		return EXIT_NOT_FOUND;
	if (problem->status == 401 || problem->status == 403)
		return EXIT_DENIED;
	return EXIT_FAILED;
}

void problem_write(const struct problem *problem, const char *subject, const char *seen,
                   const char *request_id, struct buf *out)
{
	const char *remedy = remedy_of(problem);

	buf_add_text(out, "vigil: ");
	if (subject) {
		table_add_text(out, str_of(subject), 0);
		buf_add_text(out, ": ");
	}
	if (problem->title.size)
		table_add_text(out, problem->title, 0);
	else
		buf_printf(out, "the server answered %d", problem->status);
	if (problem->name.size) {
		buf_add_text(out, " (");
		table_add_text(out, problem->name, 0);
		buf_add_text(out, ")");
	}
	buf_add_text(out, "\n");
	if (problem->detail.size && !str_equal(problem->detail, problem->title)) {
		buf_add_text(out, "  ");
		table_add_text(out, problem->detail, 0);
		buf_add_text(out, "\n");
	}
	if (problem->field.size) {
		buf_add_text(out, "  field: ");
		table_add_text(out, problem->field, 0);
		buf_add_text(out, "\n");
	}
	if (problem->code)
		buf_printf(out, "  device code: %lld\n", (long long)problem->code);
	if (remedy)
		buf_printf(out, "  what to do: %s", remedy);
	if (remedy && seen) {
		buf_add_text(out, "; last seen ");
		table_add_text(out, str_of(seen), 0);
	}
	buf_add_text(out, remedy ? "\n" : "");
	if (request_id[0])
		buf_printf(out, "  request: %s\n", request_id);
}
