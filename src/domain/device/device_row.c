/* SPDX-License-Identifier: Apache-2.0 */
/* A device in the database: its row, its secret, and the event that tells of it. */

#include "domain/device/device_private.h"

enum err device_seal_secret(struct devices *devices, struct device_spec *spec, struct buf *out)
{
	if (!spec->secret[0])
		id_make(spec->secret);
	return keys_seal(devices->setup.keys, str_of(spec->organization), str_of(spec->did),
	                 str_of(spec->secret), out);
}

enum err device_check_spec(const struct device_spec *spec, struct why *why)
{
	if (!did_is_valid(str_of(spec->did)))
		return why_set_reason(why, ERR_INVALID, REASON_INVALID_DID, "did",
		                      "did: 1 to 64 of A-Z a-z 0-9 : . -");
	if (!str_is_utf8(str_of(spec->name)))
		return why_set_reason(why, ERR_INVALID, REASON_NONE, "name",
		                      "name: is not UTF-8 text");
	return ERR_OK;
}

enum err device_write_row(struct db_tx *tx, const struct device_facts *facts)
{
	struct db_statement *add;
	enum err err = db_prepare(
		tx,
		"INSERT INTO devices (did, organization, name, kind, sign_policy, serve_sign, "
		"push, gateway, is_disabled, profile, created_at, updated_at, presence_state, "
		"presence_since, last_seen, presence_reason, presence_address, is_weak_sign, "
		"link_node, link_epoch, last_timestamp) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, "
		"0, '{}', $8, $8, 'never', 0, 0, '', '', 0, '', 0, 0) "
		"ON CONFLICT (did) DO NOTHING",
		&add);
	if (err != ERR_OK)
		return err;
	db_bind_text(add, 1, str_of(facts->did));
	db_bind_text(add, 2, str_of(facts->organization));
	db_bind_text(add, 3, str_of(facts->name));
	db_bind_text(add, 4, str_of(device_kind_text(facts->kind)));
	db_bind_text(add, 5, str_of(sign_policy_text(facts->sign_policy)));
	db_bind_text(add, 6, str_of(serve_sign_text(facts->serve_sign)));
	db_bind_text(add, 7, str_of(push_mode_text(facts->push)));
	db_bind_int(add, 8, facts->created_at);
	err = db_run(add);
	return err == ERR_OK && db_changes(tx) == 0 ? ERR_EXISTS : err;
}

enum err device_write_secret(struct db_tx *tx, const struct device_facts *facts)
{
	struct db_statement *add;
	enum err err = db_prepare(
		tx,
		"INSERT INTO credentials (organization, did, kind, name, sealed, created_at) "
		"VALUES ($1, $2, 'secret', '', $3, $4) "
		"ON CONFLICT (did, kind, name) DO UPDATE SET sealed = $3, created_at = $4",
		&add);
	if (err != ERR_OK)
		return err;
	db_bind_text(add, 1, str_of(facts->organization));
	db_bind_text(add, 2, str_of(facts->did));
	db_bind_blob(add, 3, (struct str){ (const char *)facts->sealed, facts->sealed_size });
	db_bind_int(add, 4, facts->updated_at);
	return db_run(add);
}

enum err device_append_event(struct db_tx *tx, const struct device_facts *facts, const char *type)
{
	const struct event event = { .type = str_of(type),
		                     .organization = str_of(facts->organization),
		                     .did = str_of(facts->did),
		                     .time_ms = facts->updated_at };

	return event_append(tx, &event);
}
