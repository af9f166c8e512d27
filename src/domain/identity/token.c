/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/identity/token.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/map.h"
#include "base/timer.h"
#include "ports/run/run.h"

struct token_entry {
	uint8_t hash[DIGEST_SHA256_SIZE];
	struct actor actor;
	bool is_pending; /* its row is not committed yet: nobody finds it, but it has its place */
};

struct tokens {
	struct db *db;
	pthread_mutex_t lock;
	struct map by_hash;
	struct map per_device; /* did -> struct device_tally */
	struct timer sweep;
	struct db_job load, forget;
	bool is_forgetting;
	int64_t now_ms;
};

struct device_tally {
	char did[DID_SIZE];
	unsigned count;
};

static const unsigned kind_rights[] = {
	[TOKEN_PLATFORM] = RIGHT_VIEW | RIGHT_READ | RIGHT_OPERATE | RIGHT_MANAGE | RIGHT_PLATFORM,
	[TOKEN_SESSION] = RIGHT_VIEW | RIGHT_READ | RIGHT_OPERATE | RIGHT_MANAGE | RIGHT_PLATFORM,
	[TOKEN_SIGN_IN] = RIGHT_SIGN_IN,
	[TOKEN_VIEW] = RIGHT_VIEW,
	[TOKEN_PUSH] = RIGHT_PUSH,
};

static struct str hash_key(const uint8_t *hash)
{
	return (struct str){ (const char *)hash, DIGEST_SHA256_SIZE };
}

/* Under the lock. */
static void drop_entry(struct tokens *tokens, struct token_entry *entry)
{
	struct device_tally *tally = map_get(&tokens->per_device, str_of(entry->actor.did));

	(void)map_remove(&tokens->by_hash, hash_key(entry->hash));
	if (tally && --tally->count == 0) {
		(void)map_remove(&tokens->per_device, str_of(tally->did));
		free(tally);
	}
	free(entry);
}

/* Under the lock. */
static enum err count_for_device(struct tokens *tokens, const char *did)
{
	struct device_tally *tally = map_get(&tokens->per_device, str_of(did));

	if (tally && tally->count >= TOKENS_PER_DEVICE_MAX)
		return ERR_BUSY;
	if (!tally) {
		tally = calloc(1, sizeof *tally);
		if (!tally)
			return ERR_NO_MEMORY;
		memcpy(tally->did, did, DID_SIZE);
		enum err err = map_add(&tokens->per_device, str_of(tally->did), tally);
		if (err != ERR_OK) {
			free(tally);
			return err;
		}
	}
	tally->count++;
	return ERR_OK;
}

/* Under the lock. */
static enum err add_entry(struct tokens *tokens, const uint8_t *hash, const struct actor *actor,
                          bool is_pending)
{
	if (tokens->by_hash.count >= TOKENS_MAX)
		return ERR_BUSY;
	struct token_entry *entry = calloc(1, sizeof *entry);
	if (!entry)
		return ERR_NO_MEMORY;
	memcpy(entry->hash, hash, sizeof entry->hash);
	entry->is_pending = is_pending;
	entry->actor = *actor;
	entry->actor.rights = kind_rights[actor->kind];
	enum err err = actor->did[0] ? count_for_device(tokens, actor->did) : ERR_OK;
	if (err != ERR_OK) {
		free(entry);
		return err;
	}
	err = map_add(&tokens->by_hash, hash_key(entry->hash), entry);
	if (err != ERR_OK)
		drop_entry(tokens, entry);
	return err;
}

static enum err load_rows(struct db_tx *tx, struct db_job *job)
{
	struct tokens *tokens = CONTAINER_OF(job, struct tokens, load);
	struct db_statement *find;
	bool has_row = true;
	enum err err = db_prepare(tx,
	                          "SELECT hash, kind, organization, did, expires_at FROM tokens "
	                          "WHERE expires_at > $1",
	                          &find);
	if (err != ERR_OK)
		return err;
	db_bind_int(find, 1, tokens->now_ms);
	for (;;) {
		struct actor actor = { 0 };
		err = db_step(find, &has_row);
		if (err != ERR_OK || !has_row)
			return err;
		struct str hash = db_blob(find, 0);
		int64_t kind = db_int(find, 1);
		if (hash.size != DIGEST_SHA256_SIZE || kind < 0 || kind > TOKEN_PUSH)
			continue;
		actor.kind = (enum token_kind)kind;
		actor.expires_at = db_int(find, 4);
		if (str_copy(db_text(find, 2), actor.organization, ORGANIZATION_SIZE) != ERR_OK ||
		    str_copy(db_text(find, 3), actor.did, DID_SIZE) != ERR_OK)
			continue;
		err = add_entry(tokens, (const uint8_t *)hash.at, &actor, false);
		if (err != ERR_OK && err != ERR_BUSY)
			return err;
	}
}

enum err tokens_new(struct db *db, struct str platform_token, struct tokens **out)
{
	AUTO(tokens) tokens = calloc(1, sizeof *tokens);
	struct actor platform = { .kind = TOKEN_PLATFORM, .organization = "default" };
	uint8_t seed[32], hash[DIGEST_SHA256_SIZE];

	if (!tokens)
		return ERR_NO_MEMORY;
	id_random(seed, sizeof seed);
	tokens->db = db;
	(void)pthread_mutex_init(&tokens->lock, NULL);
	map_init(&tokens->by_hash, seed);
	map_init(&tokens->per_device, seed + 16);
	tokens->now_ms = clock_now_ms();
	enum err err = db_read_now(db, &tokens->load, load_rows);
	if (err != ERR_OK)
		return err;
	digest_sha256(platform_token, hash);
	err = add_entry(tokens, hash, &platform, false);
	if (err != ERR_OK && err != ERR_EXISTS)
		return err;
	*out = TAKE(tokens);
	return ERR_OK;
}

void tokens_free(struct tokens *tokens)
{
	size_t at = 0;

	if (!tokens)
		return;
	for (void *entry; (entry = map_next(&tokens->by_hash, &at)) != NULL;)
		free(entry);
	at = 0;
	for (void *tally; (tally = map_next(&tokens->per_device, &at)) != NULL;)
		free(tally);
	map_done(&tokens->by_hash);
	map_done(&tokens->per_device);
	(void)pthread_mutex_destroy(&tokens->lock);
	free(tokens);
}

enum err token_find(struct tokens *tokens, struct str token, struct actor *out)
{
	uint8_t hash[DIGEST_SHA256_SIZE];
	enum err err = ERR_UNAUTHENTICATED;

	if (token.size == 0 || token.size > TOKEN_TEXT_MAX)
		return ERR_UNAUTHENTICATED;
	digest_sha256(token, hash);
	(void)pthread_mutex_lock(&tokens->lock);
	const struct token_entry *entry = map_get(&tokens->by_hash, hash_key(hash));
	if (entry && !entry->is_pending &&
	    (entry->actor.expires_at == 0 || entry->actor.expires_at > clock_now_ms())) {
		*out = entry->actor;
		err = ERR_OK;
	}
	(void)pthread_mutex_unlock(&tokens->lock);
	return err;
}

static void forget(struct tokens *tokens, const uint8_t *hash)
{
	(void)pthread_mutex_lock(&tokens->lock);
	struct token_entry *entry = map_get(&tokens->by_hash, hash_key(hash));
	if (entry)
		drop_entry(tokens, entry);
	(void)pthread_mutex_unlock(&tokens->lock);
}

static enum err delete_row(struct db_tx *tx, const uint8_t *hash)
{
	struct db_statement *remove;
	enum err err = db_prepare(tx, "DELETE FROM tokens WHERE hash = $1", &remove);

	if (err != ERR_OK)
		return err;
	db_bind_blob(remove, 1, hash_key(hash));
	return db_run(remove);
}

static enum err revoke_row(struct db_tx *tx, struct db_job *job)
{
	return delete_row(tx, CONTAINER_OF(job, struct token_revocation, job)->hash);
}

static void on_revoked(struct db_job *job, enum err err)
{
	struct token_revocation *revocation = CONTAINER_OF(job, struct token_revocation, job);

	if (err == ERR_OK)
		forget(revocation->tokens, revocation->hash);
	revocation->done(revocation, err);
}

enum err token_revoke(struct tokens *tokens, struct token_revocation *revocation, struct str token)
{
	revocation->tokens = tokens;
	digest_sha256(token, revocation->hash);
	return db_write(tokens->db, &revocation->job, revoke_row, on_revoked);
}

static enum err add_row(struct db_tx *tx, struct db_job *job)
{
	const struct token_issue *issue = CONTAINER_OF(job, struct token_issue, job);
	struct db_statement *add;
	enum err err = issue->is_spending ? delete_row(tx, issue->spent_hash) : ERR_OK;

	/* The row decides who was first. */
	if (err == ERR_OK && issue->is_spending && db_changes(tx) == 0)
		err = ERR_UNAUTHENTICATED;
	if (err == ERR_OK)
		err = db_prepare(tx,
		                 "INSERT INTO tokens (hash, kind, organization, did, created_at, "
		                 "expires_at, note) VALUES ($1, $2, $3, $4, $5, $6, '')",
		                 &add);
	if (err != ERR_OK)
		return err;
	db_bind_blob(add, 1, hash_key(issue->hash));
	db_bind_int(add, 2, issue->kind);
	db_bind_text(add, 3, str_of(issue->organization));
	db_bind_text(add, 4, issue->did[0] ? str_of(issue->did) : (struct str){ 0 });
	db_bind_int(add, 5, issue->expires_at - issue->expires_in_ms);
	db_bind_int(add, 6, issue->expires_at);
	return db_run(add);
}

/* The row is safe: the token is good from here on, and the one it used up is not. */
static enum err settle(struct token_issue *issue)
{
	struct tokens *tokens = issue->tokens;

	(void)pthread_mutex_lock(&tokens->lock);
	struct token_entry *entry = map_get(&tokens->by_hash, hash_key(issue->hash));
	if (entry)
		entry->is_pending = false;
	(void)pthread_mutex_unlock(&tokens->lock);
	if (issue->is_spending)
		forget(tokens, issue->spent_hash);
	return entry ? ERR_OK : ERR_NOT_FOUND; /* its device was removed meanwhile */
}

static void on_added(struct db_job *job, enum err err)
{
	struct token_issue *issue = CONTAINER_OF(job, struct token_issue, job);

	if (err == ERR_OK)
		err = settle(issue);
	else
		forget(issue->tokens, issue->hash);
	issue->done(issue, err);
}

/* The token, with its place in memory: after the commit nothing can fail any more. */
static enum err prepare(struct tokens *tokens, struct token_issue *issue)
{
	struct actor actor = { .kind = issue->kind };

	issue->tokens = tokens;
	id_make_token(issue->token);
	digest_sha256(str_of(issue->token), issue->hash);
	issue->is_spending = issue->spends.size > 0;
	if (issue->is_spending)
		digest_sha256(issue->spends, issue->spent_hash);
	issue->expires_at = actor.expires_at = clock_now_ms() + issue->expires_in_ms;
	memcpy(actor.organization, issue->organization, sizeof actor.organization);
	memcpy(actor.did, issue->did, sizeof actor.did);
	(void)pthread_mutex_lock(&tokens->lock);
	enum err err = add_entry(tokens, issue->hash, &actor, true);
	(void)pthread_mutex_unlock(&tokens->lock);
	return err;
}

enum err token_make(struct tokens *tokens, struct token_issue *issue)
{
	enum err err = prepare(tokens, issue);

	if (err != ERR_OK)
		return err;
	err = db_write(tokens->db, &issue->job, add_row, on_added);
	if (err != ERR_OK)
		forget(tokens, issue->hash);
	return err;
}

enum err token_make_now(struct tokens *tokens, struct token_issue *issue)
{
	enum err err = prepare(tokens, issue);

	if (err != ERR_OK)
		return err;
	err = db_write_now(tokens->db, &issue->job, add_row);
	if (err == ERR_OK)
		return settle(issue);
	forget(tokens, issue->hash);
	return err;
}

static void drop_matching(struct tokens *tokens, struct str did, int64_t now_ms)
{
	size_t at = 0;

	(void)pthread_mutex_lock(&tokens->lock);
	while (at < tokens->by_hash.room) {
		struct token_entry *entry = tokens->by_hash.entries[at].value;
		bool goes = entry && (did.size ? str_equal(str_of(entry->actor.did), did)
		                               : entry->actor.expires_at &&
		                                         entry->actor.expires_at <= now_ms);
		if (goes)
			drop_entry(tokens, entry); /* a follower may have moved here: look again */
		else
			at++;
	}
	(void)pthread_mutex_unlock(&tokens->lock);
}

void token_revoke_device(struct tokens *tokens, struct str did)
{
	drop_matching(tokens, did, 0);
}

static enum err delete_expired(struct db_tx *tx, struct db_job *job)
{
	struct tokens *tokens = CONTAINER_OF(job, struct tokens, forget);
	struct db_statement *remove;
	enum err err = db_prepare(tx, "DELETE FROM tokens WHERE expires_at <= $1", &remove);

	if (err != ERR_OK)
		return err;
	db_bind_int(remove, 1, tokens->now_ms);
	return db_run(remove);
}

static void on_expired_deleted(struct db_job *job, enum err err)
{
	CONTAINER_OF(job, struct tokens, forget)->is_forgetting = false;
}

static void on_sweep(struct timer *timer)
{
	struct tokens *tokens = CONTAINER_OF(timer, struct tokens, sweep);

	if (!tokens->is_forgetting) {
		tokens->now_ms = clock_now_ms();
		drop_matching(tokens, (struct str){ 0 }, tokens->now_ms);
		tokens->is_forgetting = db_write(tokens->db, &tokens->forget, delete_expired,
		                                 on_expired_deleted) == ERR_OK;
	}
	run_after(&tokens->sweep, TOKEN_SWEEP_MS, on_sweep);
}

void tokens_start(struct tokens *tokens)
{
	run_after(&tokens->sweep, TOKEN_SWEEP_MS, on_sweep);
}
