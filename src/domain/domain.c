/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/domain.h"

#include <string.h>

#include "base/digest.h"

/* One setting of the database, read or made. */
struct setting_job {
	struct db_job job;
	const char *name;
	struct str wanted; /* written if there is none; empty: only read */
	char value[KEYS_CHECK_SIZE];
	bool is_there;
};

static enum err read_setting(struct db_tx *tx, struct db_job *job)
{
	struct setting_job *one = CONTAINER_OF(job, struct setting_job, job);
	struct db_statement *find;
	enum err err = db_prepare(tx, "SELECT value FROM settings WHERE name = $1", &find);

	if (err != ERR_OK)
		return err;
	db_bind_text(find, 1, str_of(one->name));
	err = db_step(find, &one->is_there);
	if (err == ERR_OK && one->is_there)
		err = str_copy(db_text(find, 0), one->value, sizeof one->value);
	return err;
}

static enum err make_setting(struct db_tx *tx, struct db_job *job)
{
	struct setting_job *one = CONTAINER_OF(job, struct setting_job, job);
	struct db_statement *add;
	enum err err = db_prepare(tx,
	                          "INSERT INTO settings (name, value) VALUES ($1, $2) "
	                          "ON CONFLICT (name) DO NOTHING",
	                          &add);
	if (err != ERR_OK)
		return err;
	db_bind_text(add, 1, str_of(one->name));
	db_bind_text(add, 2, one->wanted);
	err = db_run(add);
	return err == ERR_OK ? read_setting(tx, job) : err;
}

enum err domain_is_fresh(struct db *db, bool *out_is_fresh)
{
	struct setting_job check = { .name = "key_check" };
	enum err err = db_read_now(db, &check.job, read_setting);

	*out_is_fresh = !check.is_there;
	return err;
}

enum err domain_check_key(struct db *db, const struct keys *keys, struct why *why)
{
	char ours[KEYS_CHECK_SIZE];
	struct setting_job check = { .name = "key_check" };

	keys_check(keys, ours);
	check.wanted = str_of(ours);
	enum err err = db_write_now(db, &check.job, make_setting);
	if (err != ERR_OK)
		return why_set(why, err, "database: %s", err_text(err));
	if (!str_equal_secret(str_of(check.value), str_of(ours)))
		return why_set(why, ERR_DENIED,
		               "the master key is not the one this database was sealed with: give "
		               "the right one with --key-file");
	return ERR_OK;
}

static enum err find_node(struct db *db, char out[NODE_SIZE])
{
	char made[ID_SIZE];
	uint8_t bytes[4];
	struct setting_job node = { .name = "node" };

	id_random(bytes, sizeof bytes);
	digest_hex(bytes, sizeof bytes, made);
	node.wanted = str_of(made);
	enum err err = db_write_now(db, &node.job, make_setting);
	return err == ERR_OK ? str_copy(str_of(node.value), out, NODE_SIZE) : err;
}

static enum err open_storage(const struct domain_setup *setup, struct domain *domain)
{
	struct storage_setup storage = setup->storage;

	storage.db = setup->db;
	storage.blob = setup->blob;
	storage.keys = setup->keys;
	storage.devices = domain->devices;
	storage.events = domain->events;
	return storage_new(&storage, &domain->storage);
}

enum err domain_new(const struct domain_setup *setup, struct domain **out, struct why *why)
{
	AUTO(domain) domain = calloc(1, sizeof *domain);
	struct live_setup live = setup->live;

	if (!domain)
		return ERR_NO_MEMORY;
	enum err err = find_node(setup->db, domain->node);
	if (err == ERR_OK)
		err = event_log_new(setup->db, &domain->events);
	if (err == ERR_OK)
		err = retention_new(setup->db, setup->events_keep_days, &domain->retention);
	if (err == ERR_OK)
		err = tokens_new(setup->db, setup->platform_token, &domain->tokens);
	if (err == ERR_OK) {
		const struct devices_setup devices = { .db = setup->db,
			                               .keys = setup->keys,
			                               .events = domain->events,
			                               .tokens = domain->tokens,
			                               .registration_s = setup->registration_s,
			                               .node = domain->node };
		err = devices_new(&devices, &domain->devices);
	}
	live.devices = domain->devices;
	live.keys = setup->keys;
	live.events = domain->events;
	if (err == ERR_OK)
		err = live_new(&live, &domain->live);
	if (err == ERR_OK)
		err = open_storage(setup, domain);
	if (err == ERR_OK) {
		const struct thumbnails_setup thumbnails = { .live = domain->live,
			                                     .media = setup->media,
			                                     .read = setup->read_thumbnail };
		err = thumbnails_new(&thumbnails, &domain->thumbnails);
	}
	if (err != ERR_OK)
		return why_set(why, err, "database: %s", err_text(err));
	*out = TAKE(domain);
	return ERR_OK;
}

void domain_free(struct domain *domain)
{
	if (!domain)
		return;
	storage_free(domain->storage);
	thumbnails_free(domain->thumbnails);
	live_free(domain->live);
	devices_free(domain->devices);
	tokens_free(domain->tokens);
	retention_free(domain->retention);
	event_log_free(domain->events);
	free(domain);
}

void domain_start(struct domain *domain)
{
	tokens_start(domain->tokens);
	devices_start(domain->devices);
	retention_start(domain->retention);
	storage_start(domain->storage);
	/* What was committed just before a power cut has no cursor yet. */
	event_log_wake(domain->events);
}

enum err domain_stop(struct domain *domain)
{
	event_log_stop(domain->events);
	return devices_stop(domain->devices);
}
