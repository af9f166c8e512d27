/* SPDX-License-Identifier: Apache-2.0 */
/* A device as callers write it. */
#include "endpoints/api/api_private.h"

#define PARSE(what)                                                                       \
	static enum err read_##what(const json_t *body, enum what *out, const char *name, \
	                            struct why *why)                                      \
	{                                                                                 \
		char text[16] = "";                                                       \
		enum err err = api_read_text(body, name, text, sizeof text, why);         \
		if (err != ERR_OK || !json_object_get(body, name))                        \
			return err;                                                       \
		if (what##_parse(str_of(text), out) == ERR_OK)                            \
			return ERR_OK;                                                    \
		return why_set_reason(why, ERR_INVALID, REASON_NONE, name,                \
		                      "%s: \"%s\" is none of its values", name, text);    \
	}
PARSE(device_kind)
PARSE(sign_policy)
PARSE(serve_sign)
PARSE(push_mode)
#undef PARSE

enum err api_read_device(const json_t *body, struct device_spec *spec, struct why *why)
{
	enum err err = api_read_text(body, "name", spec->name, sizeof spec->name, why);

	if (err == ERR_OK)
		err = read_sign_policy(body, &spec->sign_policy, "sign_policy", why);
	if (err == ERR_OK)
		err = read_serve_sign(body, &spec->serve_sign, "serve_sign", why);
	if (err == ERR_OK)
		err = read_push_mode(body, &spec->push, "push", why);
	if (err == ERR_OK)
		err = read_device_kind(body, &spec->kind, "kind", why);
	return err;
}

unsigned api_device_sets(const json_t *body)
{
	static const struct {
		const char *name;
		enum device_sets bit;
	} rows[] = {
		{ "name", DEVICE_SETS_NAME },
		{ "sign_policy", DEVICE_SETS_SIGN_POLICY },
		{ "serve_sign", DEVICE_SETS_SERVE_SIGN },
		{ "push", DEVICE_SETS_PUSH },
		{ "disabled", DEVICE_SETS_DISABLED },
	};
	unsigned sets = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (json_object_get(body, rows[i].name))
			sets |= rows[i].bit;
	return sets;
}

enum err api_read_secret(const json_t *body, struct device_spec *spec, struct why *why)
{
	enum err err = api_read_text(body, "secret", spec->secret, sizeof spec->secret, why);

	if (err == ERR_OK && json_object_get(body, "secret") && !spec->secret[0])
		return why_set_reason(why, ERR_INVALID, REASON_NONE, "secret",
		                      "secret: is empty; leave it out to have one made");
	return err;
}

enum err api_read_did(const json_t *body, char out[DID_SIZE], struct why *why)
{
	if (api_read_text(body, "did", out, DID_SIZE, NULL) != ERR_OK || !did_is_valid(str_of(out)))
		return why_set_reason(why, ERR_INVALID, REASON_INVALID_DID, "did", "%s",
		                      reason_words(REASON_INVALID_DID));
	return ERR_OK;
}
