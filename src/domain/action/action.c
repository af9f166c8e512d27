/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/action/action.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "domain/action/action_private.h"

#define METHOD_FIELD "method"

static bool has_method(const struct action *action, const char *name)
{
	return action->method && name &&
	       (strcmp(action->method, name) == 0 ||
	        (action->alias && strcmp(action->alias, name) == 0));
}

/* The row of `top` and the method `name` (NULL where the action has none). */
static const struct action *find_row(const char *top, const char *name)
{
	for (size_t i = 0; i < action_row_count; i++) {
		const struct action *row = &action_rows[i];
		if (strcmp(row->top, top) == 0 && (!row->method || has_method(row, name)))
			return row;
	}
	return NULL;
}

/* Any row of `top`: they agree on whether there are methods. */
static const struct action *find_top(const char *top)
{
	for (size_t i = 0; i < action_row_count; i++)
		if (strcmp(action_rows[i].top, top) == 0)
			return &action_rows[i];
	return NULL;
}

static enum err refuse_methods(const char *top, const struct field_path *path, struct why *why)
{
	char list[WHY_TEXT_MAX] = "";
	size_t size = 0;

	for (size_t i = 0; i < action_row_count; i++)
		if (strcmp(action_rows[i].top, top) == 0)
			size += (size_t)snprintf(list + size, sizeof list - size, "%s%s",
			                         size ? ", " : "", action_rows[i].method);
	return field_refuse(path, why, "must hold exactly one of %s", list);
}

/* Finds the row and the body: {"start":{...}}, {"method":"start",...} or, where it may be, flat.
 * In the latter forms *body is made, else borrowed; in both it is one reference. */
static enum err find_body(const char *top, json_t *value, struct field_path *path,
                          const struct action **out, json_t **out_body, struct why *why)
{
	const struct action *row = find_top(top);

	if (!row)
		return field_refuse(path, why, "there is no such action");
	*out = row;
	*out_body = json_incref(value);
	if (!row->method)
		return ERR_OK;
	if (!json_is_object(value))
		return field_refuse(path, why, "must be an object");
	const char *named = json_string_value(json_object_get(value, METHOD_FIELD));
	if (named) {
		json_decref(*out_body);
		*out_body = json_copy(value);
		if (!*out_body || json_object_del(*out_body, METHOD_FIELD) != 0)
			return ERR_NO_MEMORY;
	} else if (row->may_be_flat && json_object_size(value) > 0 &&
	           !json_object_get(value, row->method)) {
		return ERR_OK;
	} else {
		void *first = json_object_iter(value);
		if (json_object_size(value) != 1)
			return refuse_methods(top, path, why);
		named = json_object_iter_key(first);
		json_decref(*out_body);
		*out_body = json_incref(json_object_iter_value(first));
	}
	*out = find_row(top, named);
	if (*out)
		return ERR_OK;
	(void)field_path_push(path, named);
	return field_refuse(path, why, "there is no such action");
}

static bool lacks_url(const struct action *action, const json_t *body)
{
	for (size_t i = 0; i < action->body.count; i++)
		if (action->body.fields[i].type == FIELD_URL)
			return !json_object_get(body, action->body.fields[i].name);
	return false;
}

enum err action_read(const json_t *data, struct action_request *out, struct why *why)
{
	json_t *object = (json_t *)(uintptr_t)data;
	void *first = json_object_iter(object);
	const struct action *action = NULL;
	struct field_path path = { 0 };
	AUTO_JSON body = NULL;
	AUTO_BUF text = { 0 };

	buf_init(&text, ACTION_DATA_MAX);
	if (json_object_size(object) != 1) {
		(void)field_path_push(&path, "data");
		return field_refuse(&path, why, "must hold exactly one action");
	}
	const char *top = json_object_iter_key(first);
	(void)field_path_push(&path, top);
	enum err err = find_body(top, json_object_iter_value(first), &path, &action, &body, why);
	if (err != ERR_OK || !action)
		return err;
	buf_printf(&text, "{\"%s\":", action->top);
	if (action->method) {
		(void)field_path_push(&path, action->method);
		buf_printf(&text, "{\"%s\":", action->method);
	}
	err = field_read(&action->body, body, &path, &text, why);
	buf_add_text(&text, action->method ? "}}" : "}");
	if (err == ERR_OK)
		err = buf_err(&text);
	if (err != ERR_OK)
		return err;
	*out = (struct action_request){ action, text, lacks_url(action, body) };
	text = (struct buf){ 0 };
	return ERR_OK;
}

void action_request_done(struct action_request *request)
{
	buf_done(&request->data);
}

enum err action_request_add_url(struct action_request *request, struct str url)
{
	/* The url is the first field of every action that has one. */
	size_t head = strlen("{\"\":{") + strlen(request->action->top);
	struct str rest = str_from(buf_str(&request->data), head);
	AUTO_BUF text = { 0 };

	buf_init(&text, ACTION_DATA_MAX);
	buf_add(&text, request->data.at, head);
	buf_add_text(&text, "\"url\":");
	json_add_quoted(&text, url);
	buf_add_text(&text, str_starts(rest, STR("}")) ? "" : ",");
	buf_add_str(&text, rest);
	enum err err = buf_err(&text);
	if (err != ERR_OK)
		return err;
	buf_done(&request->data);
	request->data = text;
	request->lacks_url = false;
	text = (struct buf){ 0 };
	return ERR_OK;
}

const char *action_name(const struct action *action)
{
	return action->name;
}

const char *action_resource(const struct action *action)
{
	return action->resource;
}

bool action_is_for_callers(const struct action *action)
{
	return action->is_for_callers;
}

const struct action *action_find(struct str name)
{
	for (size_t i = 0; i < action_row_count; i++)
		if (str_equal(name, str_of(action_rows[i].name)))
			return &action_rows[i];
	return NULL;
}

static void describe(const struct action *action, struct buf *out)
{
	bool is_object = action->body.type == FIELD_OBJECT;

	buf_printf(out, "{\"name\":\"%s\",\"resource\":\"%s\",\"fields\":[", action->name,
	           action->resource);
	/* What is no object is one field with the action's own name. */
	if (!is_object)
		field_describe(&action->body, out);
	for (size_t i = 0; is_object && i < action->body.count; i++) {
		buf_add_text(out, i ? "," : "");
		field_describe(&action->body.fields[i], out);
	}
	buf_add_text(out, "]}");
}

enum err action_table_write(struct buf *out)
{
	for (size_t i = 0; i < action_row_count; i++) {
		buf_add_text(out, i ? "," : "{\"items\":[");
		describe(&action_rows[i], out);
	}
	buf_add_text(out, "],\"codes\":");
	action_codes_write(false, out);
	buf_add_text(out, ",\"printed\":");
	action_codes_write(true, out);
	buf_add_text(out, "}");
	return buf_err(out);
}

void action_play(struct buf *out, struct str url, int players)
{
	buf_add_text(out, "{\"play\":{\"url\":");
	json_add_quoted(out, url);
	buf_printf(out, ",\"players\":%d}}", players);
}

void action_stop(struct buf *out, struct str reason)
{
	buf_add_text(out, "{\"stop\":{\"reason\":");
	json_add_quoted(out, reason);
	buf_add_text(out, "}}");
}

void action_capture(struct buf *out, struct str url)
{
	buf_add_text(out, "{\"capture\":{\"url\":");
	json_add_quoted(out, url);
	buf_add_text(out, "}}");
}

void action_upload(struct buf *out, struct str url, struct str file)
{
	buf_add_text(out, "{\"upload\":{\"url\":");
	json_add_quoted(out, url);
	buf_add_text(out, ",\"file\":");
	json_add_quoted(out, file);
	buf_add_text(out, "}}");
}
