/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: facts in memory, looked up from any thread. */
#include "domain/device/device.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "domain/device/device_private.h"

#define X(name, text) text,
static const char *const kind_texts[] = { DEVICE_KINDS(X) };
static const char *const policy_texts[] = { SIGN_POLICIES(X) };
static const char *const serve_texts[] = { SERVE_SIGNS(X) };
static const char *const push_texts[] = { PUSH_MODES(X) };
#undef X

const char *device_kind_text(enum device_kind kind)
{
	return kind_texts[kind];
}

const char *sign_policy_text(enum sign_policy policy)
{
	return policy_texts[policy];
}

const char *serve_sign_text(enum serve_sign serve)
{
	return serve_texts[serve];
}

const char *push_mode_text(enum push_mode push)
{
	return push_texts[push];
}

static enum err find_text(const char *const *texts, size_t count, struct str text, unsigned *out)
{
	for (unsigned i = 0; i < count; i++) {
		if (str_equal(str_of(texts[i]), text)) {
			*out = i;
			return ERR_OK;
		}
	}
	return ERR_INVALID;
}

enum err device_kind_parse(struct str text, enum device_kind *out)
{
	return find_text(kind_texts, COUNT_OF(kind_texts), text, out);
}

enum err sign_policy_parse(struct str text, enum sign_policy *out)
{
	return find_text(policy_texts, COUNT_OF(policy_texts), text, out);
}

enum err serve_sign_parse(struct str text, enum serve_sign *out)
{
	return find_text(serve_texts, COUNT_OF(serve_texts), text, out);
}

enum err push_mode_parse(struct str text, enum push_mode *out)
{
	return find_text(push_texts, COUNT_OF(push_texts), text, out);
}

bool did_is_valid(struct str did)
{
	/* "_replay_" cannot occur: '_' is not in the grammar. */
	return did.size >= 1 && did.size < DID_SIZE && str_is_word(did, ":.-");
}

struct device_facts *device_facts_ref(struct device_facts *facts)
{
	atomic_fetch_add_explicit(&facts->refs, 1, memory_order_relaxed);
	return facts;
}

void device_facts_unref(struct device_facts *facts)
{
	if (!facts || atomic_fetch_sub_explicit(&facts->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(facts->profile);
	free(facts);
}

static struct device_facts *facts_alloc(struct str sealed, struct str profile)
{
	struct device_facts *facts = calloc(1, sizeof *facts + sealed.size);

	if (!facts)
		return NULL;
	facts->refs = 1;
	facts->sealed_size = sealed.size;
	if (sealed.size)
		memcpy(facts->sealed, sealed.at, sealed.size);
	facts->profile = str_dup(profile.size ? profile : STR("{}"));
	if (!facts->profile) {
		free(facts);
		return NULL;
	}
	return facts;
}

struct device_facts *device_facts_new(const struct device_spec *spec, struct str sealed,
                                      struct str profile)
{
	struct device_facts *facts = facts_alloc(sealed, profile);

	if (!facts)
		return NULL;
	memcpy(facts->did, spec->did, sizeof facts->did);
	memcpy(facts->organization, spec->organization, sizeof facts->organization);
	memcpy(facts->name, spec->name, sizeof facts->name);
	facts->kind = spec->kind;
	facts->sign_policy = spec->sign_policy;
	facts->serve_sign = spec->serve_sign;
	facts->push = spec->push;
	return facts;
}

struct device_facts *device_facts_copy(const struct device_facts *facts, struct str sealed)
{
	struct str kept = { (const char *)facts->sealed, facts->sealed_size };
	struct device_facts *copy =
		facts_alloc(sealed.size ? sealed : kept, str_of(facts->profile));

	if (!copy)
		return NULL;
	size_t from = offsetof(struct device_facts, did);
	size_t to = offsetof(struct device_facts, profile);
	memcpy((char *)copy + from, (const char *)facts + from, to - from);
	return copy;
}

enum err devices_add(struct devices *devices, struct device_facts *facts, int64_t born)
{
	struct device *device = calloc(1, sizeof *device);

	if (!device)
		return ERR_NO_MEMORY;
	memcpy(device->did, facts->did, sizeof device->did);
	device->facts = facts;
	device->born = born;
	enum err err = map_add(&devices->by_did, str_of(device->did), device);
	if (err != ERR_OK)
		free(device);
	return err;
}

static void take_presence(struct device *device, struct db_statement *row)
{
	struct presence *presence = &device->presence;
	struct str state = db_text(row, 12);

	presence->state = str_equal(state, STR("never")) ? PRESENCE_NEVER : PRESENCE_OFFLINE;
	presence->since = db_int(row, 13);
	presence->last_seen = db_int(row, 14);
	(void)str_copy(db_text(row, 15), presence->reason, sizeof presence->reason);
	(void)str_copy(db_text(row, 16), presence->address, sizeof presence->address);
	presence->is_weak_sign = db_int(row, 17) != 0;
	presence->epoch = device->claimed_epoch = db_int(row, 18);
	device->last_timestamp_ms = db_int(row, 19);
}

static enum err take_row(struct devices *devices, struct db_statement *row)
{
	struct device_spec spec = { 0 };

	if (device_kind_parse(db_text(row, 3), &spec.kind) != ERR_OK ||
	    sign_policy_parse(db_text(row, 4), &spec.sign_policy) != ERR_OK ||
	    serve_sign_parse(db_text(row, 5), &spec.serve_sign) != ERR_OK ||
	    push_mode_parse(db_text(row, 6), &spec.push) != ERR_OK ||
	    str_copy(db_text(row, 0), spec.did, sizeof spec.did) != ERR_OK ||
	    str_copy(db_text(row, 1), spec.organization, sizeof spec.organization) != ERR_OK ||
	    str_copy(db_text(row, 2), spec.name, sizeof spec.name) != ERR_OK)
		return ERR_INTERNAL; /* a row no build of ours has written */
	struct device_facts *facts = device_facts_new(&spec, db_blob(row, 20), db_text(row, 9));
	if (!facts)
		return ERR_NO_MEMORY;
	(void)str_copy(db_text(row, 7), facts->gateway, sizeof facts->gateway);
	facts->is_disabled = db_int(row, 8) != 0;
	facts->created_at = db_int(row, 10);
	facts->updated_at = db_int(row, 11);
	enum err err = devices_add(devices, facts, 0);
	if (err != ERR_OK) {
		device_facts_unref(facts);
		return err;
	}
	take_presence(device_find(devices, str_of(spec.did)), row);
	return ERR_OK;
}

static enum err load_rows(struct db_tx *tx, struct db_job *job)
{
	struct devices *devices = CONTAINER_OF(job, struct devices, loading);
	struct db_statement *find;
	bool has_row = true;
	enum err err = db_prepare(tx,
	                          "SELECT " DEVICE_COLUMNS ", credentials.sealed FROM devices "
	                          "LEFT JOIN credentials ON credentials.did = devices.did "
	                          "AND credentials.kind = 'secret' LIMIT 1000000",
	                          &find);

	while (err == ERR_OK && has_row) {
		err = db_step(find, &has_row);
		if (err == ERR_OK && has_row)
			err = take_row(devices, find);
	}
	return err;
}

enum err devices_new(const struct devices_setup *setup, struct devices **out)
{
	AUTO(devices) devices = calloc(1, sizeof *devices);
	uint8_t seed[16];

	if (!devices)
		return ERR_NO_MEMORY;
	devices->setup = *setup;
	(void)pthread_mutex_init(&devices->lock, NULL);
	id_random(seed, sizeof seed);
	map_init(&devices->by_did, seed);
	list_init(&devices->unsaved);
	enum err err = presence_end_all(devices);
	if (err == ERR_OK)
		err = db_read_now(setup->db, &devices->loading, load_rows);
	if (err == ERR_OK)
		err = presets_load(devices);
	if (err != ERR_OK)
		return err;
	*out = TAKE(devices);
	return ERR_OK;
}

void devices_free(struct devices *devices)
{
	size_t at = 0;

	if (!devices)
		return;
	for (struct device *device; (device = map_next(&devices->by_did, &at)) != NULL;) {
		device_facts_unref(device->facts);
		preset_list_unref(device->presets);
		free(device);
	}
	map_done(&devices->by_did);
	(void)pthread_mutex_destroy(&devices->lock);
	free(devices);
}

enum err device_view(struct devices *devices, struct str organization, struct str did,
                     struct device_view *out)
{
	enum err err = ERR_NOT_FOUND;

	devices_lock(devices);
	struct device *device = device_find(devices, did);
	if (device &&
	    (!organization.size || str_equal(str_of(device->facts->organization), organization))) {
		out->facts = device_facts_ref(device->facts);
		out->presence = device->presence;
		out->presets = device->presets;
		if (out->presets)
			atomic_fetch_add_explicit(&out->presets->refs, 1, memory_order_relaxed);
		if (device->link)
			out->presence.last_seen =
				atomic_load_explicit(&device->link->seen_ms, memory_order_relaxed);
		err = ERR_OK;
	}
	devices_unlock(devices);
	return err;
}

void device_view_done(struct device_view *view)
{
	device_facts_unref(view->facts);
	preset_list_unref(view->presets);
	view->facts = NULL;
	view->presets = NULL;
}

size_t devices_count(struct devices *devices)
{
	devices_lock(devices);
	size_t count = devices->by_did.count;
	devices_unlock(devices);
	return count;
}

const char *devices_node(const struct devices *devices)
{
	return devices->setup.node;
}

enum err device_secret(struct devices *devices, const struct device_facts *facts, struct buf *out)
{
	return keys_unseal(devices->setup.keys, str_of(facts->organization), str_of(facts->did),
	                   (struct str){ (const char *)facts->sealed, facts->sealed_size }, out);
}
