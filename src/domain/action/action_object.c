/* SPDX-License-Identifier: Apache-2.0 */
/* Objects and lists of fields: their members, the rules between them, their description. */
#include <stdio.h>
#include <string.h>

#include "domain/action/action_field_private.h"

static const struct field *find_field(const struct field *object, const char *name)
{
	for (size_t i = 0; i < object->count; i++)
		if (strcmp(object->fields[i].name, name) == 0)
			return &object->fields[i];
	return NULL;
}

static enum err check_known(const struct field *object, const json_t *value,
                            struct field_path *path, struct why *why)
{
	const char *name;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)value, name, member)
	{
		if (find_field(object, name))
			continue;
		(void)field_path_push(path, name);
		return field_refuse(path, why, "there is no such field");
	}
	return ERR_OK;
}

/* Exactly one of the members that need not be there. */
static enum err check_one(const struct field *object, const json_t *value, struct field_path *path,
                          struct why *why)
{
	char list[WHY_TEXT_MAX] = "";
	size_t size = 0, count = 0;

	for (size_t i = 0; i < object->count; i++) {
		const struct field *field = &object->fields[i];
		if (field->is_required)
			continue;
		count += json_object_get(value, field->name) != NULL;
		size += (size_t)snprintf(list + size, sizeof list - size, "%s%s", size ? ", " : "",
		                         field->name);
	}
	if (count == 1)
		return ERR_OK;
	return field_refuse(path, why, "must hold exactly one of %s", list);
}

static enum err check_some(const struct field *object, const json_t *value, struct field_path *path,
                           struct why *why)
{
	if (json_object_size(value) > 0)
		return ERR_OK;
	return field_refuse(path, why, "must hold at least one member");
}

static enum err check_span(const struct field *object, const json_t *value, struct field_path *path,
                           struct why *why)
{
	int64_t start_ms = 0, end_ms = 0;

	enum err err = field_date(json_object_get(value, "start"), &start_ms);
	if (err == ERR_OK)
		err = field_date(json_object_get(value, "end"), &end_ms);
	if (err == ERR_OK && start_ms < end_ms)
		return ERR_OK;
	(void)field_path_push(path, "end");
	return field_refuse(path, why, "must be later than start");
}

/* A start after the end means past midnight. */
static enum err check_period(const struct field *object, const json_t *value,
                             struct field_path *path, struct why *why)
{
	static const char *const names[] = { "start", "end" };

	for (size_t i = 0; !json_is_true(json_object_get(value, "all_day")) && i < COUNT_OF(names);
	     i++) {
		if (json_object_get(value, names[i]))
			continue;
		(void)field_path_push(path, names[i]);
		return field_refuse(path, why, "is needed unless all_day is true");
	}
	return ERR_OK;
}

static enum err check_distinct(const struct field *list, const json_t *value,
                               struct field_path *path, struct why *why)
{
	/* At most list->most items by now. */
	for (size_t i = 1; i < json_array_size(value); i++)
		for (size_t j = 0; j < i; j++)
			if (json_equal(json_array_get(value, i), json_array_get(value, j)))
				return field_refuse(path, why, "holds the same item twice");
	return ERR_OK;
}

static enum err check_nothing(const struct field *object, const json_t *value,
                              struct field_path *path, struct why *why)
{
	return ERR_OK;
}

static enum err check_rule(const struct field *field, const json_t *value, struct field_path *path,
                           struct why *why)
{
	static enum err (*const checks[])(const struct field *, const json_t *, struct field_path *,
	                                  struct why *) = {
		[RULE_NONE] = check_nothing,  [RULE_ONE] = check_one,
		[RULE_SOME] = check_some,     [RULE_SPAN] = check_span,
		[RULE_PERIOD] = check_period, [RULE_DISTINCT] = check_distinct,
	};

	return checks[field->rule](field, value, path, why);
}

/* One member: as given, as its fallback, or not at all. */
static enum err read_member(const struct field *field, const json_t *member, bool is_first,
                            struct field_path *path, struct buf *out, struct why *why)
{
	size_t before = field_path_push(path, field->name);
	enum err err = ERR_OK;

	if (!member && field->is_required)
		return field_refuse(path, why, "is missing");
	if (member || field->fallback)
		buf_printf(out, "%s\"%s\":", is_first ? "" : ",", field->name);
	if (member)
		err = field_read(field, member, path, out, why);
	else if (field->fallback)
		buf_add_text(out, field->fallback);
	if (err == ERR_OK)
		field_path_pop(path, before);
	return err;
}

enum err field_read_object(const struct field *field, const json_t *value, struct field_path *path,
                           struct buf *out, struct why *why)
{
	if (!json_is_object(value))
		return field_refuse(path, why, "must be an object");
	enum err err = check_known(field, value, path, why);
	buf_add_text(out, "{");
	size_t before = out->size;
	for (size_t i = 0; err == ERR_OK && i < field->count; i++)
		err = read_member(&field->fields[i], json_object_get(value, field->fields[i].name),
		                  out->size == before, path, out, why);
	buf_add_text(out, "}");
	return err == ERR_OK ? check_rule(field, value, path, why) : err;
}

enum err field_read_list(const struct field *field, const json_t *value, struct field_path *path,
                         struct buf *out, struct why *why)
{
	size_t count = json_array_size(value);

	if (!json_is_array(value))
		return field_refuse(path, why, "must be a list");
	if ((double)count < field->least || (double)count > field->most)
		return field_refuse(path, why, "%zu items are not in %.15g..%.15g", count,
		                    field->least, field->most);
	for (size_t i = 0; i < count; i++) {
		char place[24];
		(void)snprintf(place, sizeof place, "[%zu]", i);
		size_t before = field_path_push(path, place);
		buf_add_text(out, i ? "," : "[");
		enum err err = field_read(field->fields, json_array_get(value, i), path, out, why);
		if (err != ERR_OK)
			return err;
		field_path_pop(path, before);
	}
	buf_add_text(out, count ? "]" : "[]");
	return check_rule(field, value, path, why);
}

static void describe_choices(const struct field *field, struct buf *out)
{
	for (size_t i = 0; i < FIELD_CHOICES_MAX && field->choices[i]; i++) {
		buf_add_text(out, i ? "," : ",\"choices\":[");
		if (field->type == FIELD_INT)
			buf_add_text(out, field->choices[i]);
		else
			json_add_quoted(out, str_of(field->choices[i]));
	}
	if (field->choices[0])
		buf_add_text(out, "]");
}

void field_describe(const struct field *field, struct buf *out)
{
	static const char *const types[] = {
		[FIELD_OBJECT] = "object", [FIELD_LIST] = "list",     [FIELD_INT] = "int",
		[FIELD_NUMBER] = "number", [FIELD_BOOL] = "bool",     [FIELD_MARK] = "mark",
		[FIELD_TEXT] = "text",     [FIELD_CHOICE] = "choice", [FIELD_DATE] = "date",
		[FIELD_TIME] = "time",     [FIELD_URL] = "url",
	};

	buf_printf(out, "{\"name\":\"%s\",\"type\":\"%s\",\"required\":%s", field->name,
	           types[field->type], field->is_required ? "true" : "false");
	if (field->most > 0)
		buf_printf(out, ",\"least\":%.15g,\"most\":%.15g", field->least, field->most);
	if (field->fallback)
		buf_printf(out, ",\"default\":%s", field->fallback);
	describe_choices(field, out);
	for (size_t i = 0; i < field->count; i++) {
		buf_add_text(out, i ? "," : ",\"fields\":[");
		field_describe(&field->fields[i], out);
	}
	buf_add_text(out, field->count ? "]}" : "}");
}
