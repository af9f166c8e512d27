/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/body/actions.h"

#include <string.h>

#include "cam/body/actions_private.h"

json_t *actions_answer(const char *action, enum code code, const char *words)
{
	if (code == CODE_OK)
		return json_pack("{s:{s:i}}", action, "code", CODE_OK);
	return json_pack("{s:{s:i, s:s}}", action, "code", (int)code, "error",
	                 words ? words : code_text(code));
}

/* A number the protocol calls Number; absent or of another kind is the fallback. */
static int number(const json_t *request, const char *name, int fallback)
{
	int64_t value = json_member_i64(request, name, fallback);

	return value < INT32_MIN || value > INT32_MAX ? -1 : (int)value;
}

static enum code ptz_begin(struct camera *camera, const json_t *request, int64_t now_ms,
                           struct action_outcome *out)
{
	return ptz_start(&camera->ptz, number(request, "direction", -1),
	                 number(request, "speed", 1), now_ms);
}

static enum code ptz_end(struct camera *camera, const json_t *request, int64_t now_ms,
                         struct action_outcome *out)
{
	ptz_stop(&camera->ptz, now_ms);
	return CODE_OK;
}

static enum code preset_set(struct camera *camera, const json_t *request, int64_t now_ms,
                            struct action_outcome *out)
{
	ptz_advance(&camera->ptz, now_ms);
	if (ptz_is_calling(&camera->ptz))
		return CODE_PRESET_CALLING;
	return presets_set(&camera->presets, json_member_i64(request, "index", 0),
	                   json_member_str(request, "name"), ptz_position(&camera->ptz, now_ms));
}

static enum code preset_list(struct camera *camera, const json_t *request, int64_t now_ms,
                             struct action_outcome *out)
{
	out->answer =
		json_pack("{s:{s:o}}", out->action, "presets", presets_list(&camera->presets));
	return out->answer ? CODE_OK : CODE_FAILED;
}

static enum code preset_goto(struct camera *camera, const json_t *request, int64_t now_ms,
                             struct action_outcome *out)
{
	struct ptz_position position;
	enum code code =
		presets_find(&camera->presets, json_member_i64(request, "index", 0), &position);

	return code == CODE_OK ? ptz_goto(&camera->ptz, position, now_ms) : code;
}

static enum code preset_remove(struct camera *camera, const json_t *request, int64_t now_ms,
                               struct action_outcome *out)
{
	return presets_remove(&camera->presets, json_member_i64(request, "index", 0));
}

struct method {
	const char *action;
	const char *name;
	action_fn *fn;
};

/* The second level of ptz and preset. `read` is the summary's name for `list`. */
static const struct method methods[] = {
	{ "ptz", "start", ptz_begin },         { "ptz", "stop", ptz_end },
	{ "preset", "set", preset_set },       { "preset", "list", preset_list },
	{ "preset", "read", preset_list },     { "preset", "goto", preset_goto },
	{ "preset", "remove", preset_remove },
};

/* Both {"start": {...}} and, as the protocol's prose has it, {"method": "start", ...}. */
static enum code action_method(struct camera *camera, const json_t *request, int64_t now_ms,
                               struct action_outcome *out)
{
	struct str named = json_member_str(request, "method");

	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		const struct method *method = &methods[i];
		const json_t *inner = json_object_get(request, method->name);
		if (strcmp(method->action, out->action) != 0)
			continue;
		if (inner)
			return method->fn(camera, inner, now_ms, out);
		if (str_equal(named, str_of(method->name)))
			return method->fn(camera, request, now_ms, out);
	}
	return CODE_UNSUPPORTED;
}

static enum code action_read(struct camera *camera, const json_t *request, int64_t now_ms,
                             struct action_outcome *out)
{
	const char *what = json_string_value(json_array_get(request, 0));

	if (!what || strcmp(what, "config") != 0 || json_array_size(request) != 1)
		return CODE_UNSUPPORTED;
	out->answer = json_pack("{s:{s:o}}", out->action, "config", config_read(&camera->config));
	return out->answer ? CODE_OK : CODE_FAILED;
}

static enum code action_write(struct camera *camera, const json_t *request, int64_t now_ms,
                              struct action_outcome *out)
{
	const json_t *changes = json_object_get(request, "config");
	struct why why = { 0 };

	if (!changes)
		return CODE_UNSUPPORTED;
	if (config_write(&camera->config, changes, &why) != ERR_OK) {
		out->answer = actions_answer(out->action, CODE_FAILED, why.text);
		return CODE_FAILED;
	}
	if (json_object_get(changes, "ptz.cruise"))
		camera_apply_cruise(camera, now_ms);
	return CODE_OK;
}

/* clang-format off */
static const struct {
	const char *name;
	action_fn *fn;
} actions[] = {
	{ "play",    action_play    },
	{ "stop",    action_stop    },
	{ "ptz",     action_method  },
	{ "preset",  action_method  },
	{ "capture", action_capture },
	{ "read",    action_read    },
	{ "write",   action_write   },
	{ "segment", action_segment },
	{ "replay",  action_replay  },
	{ "upload",  action_upload  },
};
/* clang-format on */

static enum code run(struct camera *camera, const json_t *request, int64_t now_ms,
                     struct action_outcome *out)
{
	for (size_t i = 0; i < COUNT_OF(actions); i++)
		if (strcmp(actions[i].name, out->action) == 0)
			return actions[i].fn(camera, request, now_ms, out);
	return CODE_UNSUPPORTED;
}

void actions_run(struct camera *camera, const json_t *request, int64_t now_ms,
                 struct action_outcome *out)
{
	void *first = json_object_iter((json_t *)(uintptr_t)request);
	const char *name = first ? json_object_iter_key(first) : "";

	*out = (struct action_outcome){ .wish = WISH_NONE };
	/* One message is one action, so that one answer answers it; a longer name is unknown. */
	enum err fits = str_copy(str_of(name), out->action, sizeof out->action);
	enum code code = CODE_UNSUPPORTED;
	if (fits == ERR_OK && json_object_size(request) == 1)
		code = run(camera, json_object_iter_value(first), now_ms, out);
	if (code != CODE_OK)
		out->wish = WISH_NONE;
	bool is_later = out->wish != WISH_NONE && out->wish != WISH_PUSH && out->wish != WISH_STOP;
	if (!out->answer && !is_later)
		out->answer = actions_answer(*name ? name : "action", code, NULL);
}

void action_outcome_done(struct action_outcome *outcome)
{
	json_decref(outcome->answer);
	outcome->answer = NULL;
}
