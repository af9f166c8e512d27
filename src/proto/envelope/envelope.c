/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/envelope/envelope.h"

#include <inttypes.h>

static const struct {
	enum envelope_type type;
	struct str name;
} types[] = {
	{ ENVELOPE_REGISTER, { "register", 8 } },
	{ ENVELOPE_REGISTER, { "regiser", 7 } },
	{ ENVELOPE_ACTION, { "action", 6 } },
	{ ENVELOPE_EVENT, { "event", 5 } },
};

bool envelope_did_is_valid(struct str did)
{
	return did.size > 0 && did.size <= ENVELOPE_DID_MAX && str_is_word(did, ":.-");
}

static bool is_printable(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.at[i] < 0x20 || text.at[i] > 0x7E)
			return false;
	}
	return true;
}

bool envelope_mid_is_valid(struct str mid)
{
	return mid.size > 0 && mid.size <= ENVELOPE_MID_MAX && is_printable(mid);
}

static enum err wrong(struct why *why, const char *field, const char *claim)
{
	return why_set_reason(why, ERR_MALFORMED, 0, field, "%s: %s", field, claim);
}

/* A member that may be absent or null. */
static enum err read_text(const json_t *json, const char *name, size_t max, struct str *out,
                          struct why *why)
{
	const json_t *member = json_object_get(json, name);

	if (!member || json_is_null(member))
		return ERR_OK;
	if (!json_is_string(member))
		return wrong(why, name, "must be a string");
	struct str text = json_member_str(json, name);
	if (text.size > max)
		return wrong(why, name, "is too long");
	if (!is_printable(text))
		return wrong(why, name, "has a character that is not printable");
	*out = text;
	return ERR_OK;
}

static enum err read_object(json_t *json, const char *name, json_t **out, struct why *why)
{
	json_t *member = json_object_get(json, name);

	if (!member || json_is_null(member))
		return ERR_OK;
	if (!json_is_object(member))
		return wrong(why, name, "must be an object");
	*out = member;
	return ERR_OK;
}

/* The parser loses a number's text, so it is taken from the message itself. A member whose name is
 * written with escapes is seen by the parser alone, and then there is no text a sign could cover.
 */
static enum err read_raw(const json_t *json, struct str text, const char *name, struct str *out,
                         struct why *why)
{
	const json_t *member = json_object_get(json, name);

	if (!member || json_is_null(member))
		return ERR_OK;
	*out = json_raw_member(text, str_of(name));
	return out->size ? ERR_OK : wrong(why, name, "has its name written with escapes");
}

static enum err read_timestamp(const json_t *json, struct str text, struct str *out,
                               struct why *why)
{
	const json_t *member = json_object_get(json, "timestamp");
	struct str raw = { 0 };

	enum err err = read_raw(json, text, "timestamp", &raw, why);
	if (err != ERR_OK || !raw.size)
		return err;
	if (json_is_string(member)) {
		raw = (struct str){ raw.at + 1, raw.size - 2 };
		/* An escape would make two texts of one value, and a colon would let one signature
		 * stand for another, for colons join what is signed. */
		if (!str_is_word(raw, ".+-"))
			return wrong(why, "timestamp", "must be plain digits");
	} else if (!json_is_number(member)) {
		return wrong(why, "timestamp", "must be a number or a string");
	}
	if (raw.size > ENVELOPE_TIMESTAMP_MAX)
		return wrong(why, "timestamp", "is too long");
	*out = raw;
	return ERR_OK;
}

static enum err read_type(const json_t *json, enum envelope_type *out, struct why *why)
{
	struct str name = json_member_str(json, "type");

	if (!name.at)
		return wrong(why, "type", "must be a string");
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (str_equal(name, types[i].name)) {
			*out = types[i].type;
			return ERR_OK;
		}
	}
	return why_set_reason(why, ERR_UNSUPPORTED, 0, "type",
	                      "type: must be register, action or event");
}

static enum err read_members(json_t *json, struct str text, struct envelope *out, struct why *why)
{
	enum err err;

	if (!json_is_object(json))
		return why_set(why, ERR_MALFORMED, "the message must be a JSON object");
	if ((err = read_text(json, "did", ENVELOPE_DID_MAX, &out->did, why)) != ERR_OK)
		return err;
	if (!envelope_did_is_valid(out->did))
		return wrong(why, "did", "must be 1 to 64 letters, digits, ':', '.' or '-'");
	if ((err = read_type(json, &out->type, why)) != ERR_OK ||
	    (err = read_text(json, "mid", ENVELOPE_MID_MAX, &out->mid, why)) != ERR_OK ||
	    (err = read_text(json, "sign", ENVELOPE_SIGN_MAX, &out->sign, why)) != ERR_OK ||
	    (err = read_text(json, "token", ENVELOPE_TOKEN_MAX, &out->token, why)) != ERR_OK ||
	    (err = read_timestamp(json, text, &out->timestamp_text, why)) != ERR_OK ||
	    (err = read_raw(json, text, "data", &out->data_text, why)) != ERR_OK ||
	    (err = read_object(json, "data", &out->data, why)) != ERR_OK)
		return err;
	return read_object(json, "result", &out->result, why);
}

enum err envelope_read(struct str text, struct envelope *out, struct why *why)
{
	AUTO_JSON json = NULL;
	struct envelope envelope = { 0 };

	if (text.size > ENVELOPE_SIZE_MAX)
		return why_set(why, ERR_TOO_LARGE, "a message of %zu bytes is over %d", text.size,
		               ENVELOPE_SIZE_MAX);
	enum err err = json_read(text, &json, why);
	if (err == ERR_OK)
		err = read_members(json, text, &envelope, why);
	if (err != ERR_OK)
		return err;
	envelope.json = TAKE(json);
	*out = envelope;
	return ERR_OK;
}

void envelope_done(struct envelope *envelope)
{
	if (!envelope)
		return;
	json_decref(envelope->json);
	*envelope = (struct envelope){ 0 };
}

/* Every message begins alike. */
static void begin(struct buf *out, struct str did, struct str mid, const char *type)
{
	buf_add_text(out, "{\"did\":");
	json_add_quoted(out, did);
	if (mid.size) {
		buf_add_text(out, ",\"mid\":");
		json_add_quoted(out, mid);
	}
	buf_printf(out, ",\"type\":\"%s\"", type);
}

static void add_text_if_any(struct buf *out, const char *name, struct str text)
{
	if (!text.size)
		return;
	buf_printf(out, ",\"%s\":", name);
	json_add_quoted(out, text);
}

static void add_timestamp_if_any(struct buf *out, int64_t timestamp_ms)
{
	if (timestamp_ms)
		buf_printf(out, ",\"timestamp\":%" PRId64, timestamp_ms);
}

static void add_json_and_end(struct buf *out, const char *name, struct str json)
{
	buf_printf(out, ",\"%s\":", name);
	buf_add_str(out, json.size ? json : STR("{}"));
	buf_add_u8(out, '}');
}

void envelope_write_action(struct buf *out, struct str did, struct str mid, struct str token,
                           int64_t timestamp_ms, struct str data, struct str sign)
{
	begin(out, did, mid, "action");
	add_text_if_any(out, "token", token);
	add_timestamp_if_any(out, timestamp_ms);
	add_text_if_any(out, "sign", sign);
	add_json_and_end(out, "data", data);
}

void envelope_write_register_answer(struct buf *out, struct str did, struct str mid, struct str id,
                                    int64_t expires_s, struct str token)
{
	begin(out, did, mid, "register");
	buf_add_text(out, ",\"result\":{\"id\":");
	json_add_quoted(out, id);
	buf_printf(out, ",\"expires\":%" PRId64 ",\"token\":", expires_s);
	json_add_quoted(out, token);
	buf_add_text(out, "}}");
}

void envelope_write_register_refusal(struct buf *out, struct str did, struct str mid, int code,
                                     struct str error)
{
	begin(out, did, mid, "register");
	buf_printf(out, ",\"result\":{\"code\":%d,\"error\":", code);
	json_add_quoted(out, error);
	buf_add_text(out, "}}");
}

void envelope_write_register(struct buf *out, struct str did, struct str sign, int64_t timestamp_ms,
                             struct str data)
{
	begin(out, did, (struct str){ 0 }, "register");
	add_text_if_any(out, "sign", sign);
	add_timestamp_if_any(out, timestamp_ms);
	add_json_and_end(out, "data", data);
}

void envelope_write_result(struct buf *out, struct str did, struct str mid, struct str result)
{
	begin(out, did, mid, "action");
	add_json_and_end(out, "result", result);
}

void envelope_write_event(struct buf *out, struct str did, int64_t timestamp_ms, struct str data)
{
	begin(out, did, (struct str){ 0 }, "event");
	add_timestamp_if_any(out, timestamp_ms);
	add_json_and_end(out, "data", data);
}
