/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/json.h"
#include "ctl/commands/commands.h"
#include "ctl/print.h"

/* A GET whose failure is itself a result; a server that is not there is told. */
static enum exit_code ask(struct ctl *ctl, const char *path, struct api_answer *answer)
{
	struct api_request request = { .method = "GET", .path = str_of(path), .accept = "*/*" };
	struct why why = { 0 };

	if (api_call(ctl->api, &request, answer, &why) == ERR_OK)
		return EXIT_DONE;
	return ctl_request(ctl, &request, answer);
}

/* The value of a gauge in Prometheus' text form; false if it is not there. */
static bool find_metric(struct str text, struct str name, int64_t *out)
{
	struct str line;

	while (str_cut(&text, '\n', &line)) {
		if (!str_starts(line, name) || line.size == name.size || line.at[name.size] != ' ')
			continue;
		return str_to_i64(str_trim(str_from(line, name.size)), 0, INT64_MAX, out) == ERR_OK;
	}
	return false;
}

static enum exit_code add_metrics(struct ctl *ctl, json_t *out)
{
	static const char *const names[][2] = {
		{ "devices_online", "vigil_devices_linked" },
		{ "streams", "vigil_streams" },
		{ "publishers", "vigil_publishers" },
		{ "viewers", "vigil_viewers" },
	};
	AUTO_ANSWER answer = { 0 };
	int64_t value = 0;

	enum exit_code code = ask(ctl, "/metrics", &answer);
	for (size_t i = 0; code == EXIT_DONE && answer.status == 200 && i < COUNT_OF(names); i++)
		if (find_metric(buf_str(&answer.body), str_of(names[i][1]), &value))
			(void)json_object_set_new(out, names[i][0], json_integer(value));
	return code;
}

static enum exit_code add_health(struct ctl *ctl, json_t *out, enum exit_code *verdict)
{
	AUTO_ANSWER health = { 0 }, ready = { 0 };
	int64_t start_us = clock_steady_us();

	enum exit_code code = ask(ctl, "/healthz", &health);
	if (code == EXIT_DONE)
		code = ask(ctl, "/readyz", &ready);
	if (code != EXIT_DONE)
		return code;
	(void)json_object_set_new(out, "healthy", json_boolean(health.status == 200));
	(void)json_object_set_new(out, "ready", json_boolean(ready.status == 200));
	(void)json_object_set_new(out, "answer_ms",
	                          json_integer((clock_steady_us() - start_us) / 2000));
	*verdict = health.status == 200 && ready.status == 200 ? EXIT_DONE : EXIT_FAILED;
	return EXIT_DONE;
}

enum exit_code status_show(struct ctl *ctl)
{
	AUTO_JSON out = json_object();
	AUTO_ANSWER session = { 0 };
	enum exit_code verdict = EXIT_DONE;

	(void)json_object_set_new(out, "server", json_string(ctl->target.url));
	enum exit_code code = add_health(ctl, out, &verdict);
	if (code == EXIT_DONE)
		code = ask(ctl, "/v2/session", &session);
	if (code != EXIT_DONE)
		return code;
	json_t *role = json_object_get(session.json, "role");
	(void)json_object_set_new(out, "signed_in_as",
	                          session.status == 200 ? json_incref(role) : json_null());
	if (session.status == 200 && (code = add_metrics(ctl, out)) != EXIT_DONE)
		return code;
	code = ctl->is_json ? print_json(out) : print_value(ctl, out);
	if (code == EXIT_DONE && verdict == EXIT_DONE && session.status != 200)
		return ctl_tell_problem(ctl, &session);
	return code == EXIT_DONE ? verdict : code;
}
