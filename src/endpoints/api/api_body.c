/* SPDX-License-Identifier: Apache-2.0 */
/* What callers write: bodies without unknown members, numbers within bounds. */
#include <string.h>

#include "endpoints/api/api_private.h"

/* A form of a foreign page always names another type, so cookies never meet it. */
static bool is_json(const struct request *req)
{
	struct str type = request_header(req, "Content-Type");

	type.size = str_index(type, ';');
	type = str_trim(type);
	return type.size == 0 || str_equal_nocase(type, STR(API_JSON));
}

static enum err check_names(json_t *body, const char *const *names, struct why *why)
{
	const char *name;
	json_t *value;

	json_object_foreach(body, name, value)
	{
		size_t i = 0;
		while (names[i] && strcmp(names[i], name) != 0)
			i++;
		if (!names[i])
			return why_set_reason(why, ERR_INVALID, REASON_NONE, name,
			                      "%.48s: this call has no such field", name);
	}
	return ERR_OK;
}

enum err api_read_body(struct request *req, const char *const *names, json_t **out)
{
	struct str text = request_body(req);
	struct why why = { 0 };
	AUTO_JSON body = NULL;
	enum err err = ERR_OK;

	if (!is_json(req))
		err = why_set(&why, ERR_UNSUPPORTED, "this call takes " API_JSON);
	else if (text.size)
		err = json_read(text, &body, &why);
	else
		body = json_object();
	if (err == ERR_OK && !json_is_object(body))
		err = why_set(&why, ERR_INVALID, "the body is not a JSON object");
	if (err == ERR_OK)
		err = check_names(body, names, &why);
	if (err != ERR_OK) {
		api_problem(req, err, &why);
		return err;
	}
	*out = TAKE(body);
	return ERR_OK;
}

static enum err refuse(struct why *why, const char *name, const char *words)
{
	return why_set_reason(why, ERR_INVALID, REASON_NONE, name, "%s: %s", name, words);
}

enum err api_read_text(const json_t *body, const char *name, char *out, size_t room,
                       struct why *why)
{
	const json_t *value = json_object_get(body, name);

	if (!value)
		return ERR_OK;
	struct str text = json_member_str(body, name);
	if (!json_is_string(value) || memchr(text.at, 0, text.size))
		return refuse(why, name, "is not text");
	if (str_copy(text, out, room) != ERR_OK)
		return why_set_reason(why, ERR_INVALID, REASON_NONE, name,
		                      "%s: is over %zu bytes long", name, room - 1);
	return ERR_OK;
}

enum err api_read_int(const json_t *body, const char *name, int64_t least, int64_t most,
                      int64_t *out, struct why *why)
{
	const json_t *value = json_object_get(body, name);

	if (!value)
		return ERR_OK;
	if (!json_is_integer(value) || json_integer_value(value) < least ||
	    json_integer_value(value) > most)
		return why_set_reason(why, ERR_INVALID, REASON_NONE, name,
		                      "%s: is not a whole number in %lld..%lld", name,
		                      (long long)least, (long long)most);
	*out = json_integer_value(value);
	return ERR_OK;
}

enum err api_read_bool(const json_t *body, const char *name, bool *out, struct why *why)
{
	const json_t *value = json_object_get(body, name);

	if (!value)
		return ERR_OK;
	if (!json_is_boolean(value))
		return refuse(why, name, "is neither true nor false");
	*out = json_is_true(value);
	return ERR_OK;
}

enum err api_query_int(struct request *req, const char *name, int64_t least, int64_t most,
                       int64_t *out, struct why *why)
{
	struct str text = request_query(req, name);

	if (!text.at || str_to_i64(text, least, most, out) == ERR_OK)
		return ERR_OK;
	return why_set_reason(why, ERR_INVALID, REASON_NONE, name,
	                      "%s: is not a whole number in %lld..%lld", name, (long long)least,
	                      (long long)most);
}

enum err api_query_text(struct request *req, const char *name, char *out, size_t room,
                        struct why *why)
{
	struct str text = request_query(req, name);

	if (!str_is_utf8(text))
		return refuse(why, name, "is not UTF-8 text");
	if (text.at && str_copy(text, out, room) != ERR_OK)
		return refuse(why, name, "is too long");
	return ERR_OK;
}
