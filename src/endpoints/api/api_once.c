/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints/api/api_once.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/list.h"
#include "base/map.h"
#include "endpoints/api/api_private.h"

struct entry {
	uint8_t place[ONCE_TICKET_SIZE];
	uint8_t body_hash[DIGEST_SHA256_SIZE];
	struct list_node node; /* the oldest first */
	int64_t until_ms;
	int status; /* 0: under way, or a problem */
	bool is_done;
	enum err err;
	struct why why;
	struct str answer; /* owned */
};

struct once {
	pthread_mutex_t lock;
	struct map by_place;
	struct list by_age;
	size_t bytes;
};

static struct str place_key(const uint8_t *place)
{
	return (struct str){ (const char *)place, ONCE_TICKET_SIZE };
}

/* Under the lock. */
static void drop(struct once *once, struct entry *entry)
{
	char *text;

	(void)map_remove(&once->by_place, place_key(entry->place));
	list_remove(&entry->node);
	once->bytes -= entry->answer.size;
	memcpy(&text, &entry->answer.at, sizeof text);
	mem_wipe(text, entry->answer.size); /* it may hold a new device's secret */
	free(text);
	free(entry);
}

/* Under the lock: what is too old, and the oldest ones until no more than `most` are left. */
static void make_room(struct once *once, int64_t now_ms, size_t most)
{
	list_each (node, &once->by_age) {
		struct entry *entry = CONTAINER_OF(node, struct entry, node);
		if (entry->until_ms > now_ms && once->by_place.count <= most &&
		    once->bytes <= ONCE_BYTES_MAX)
			return;
		drop(once, entry);
	}
}

enum err once_new(struct once **out)
{
	struct once *once = calloc(1, sizeof *once);
	uint8_t seed[16];

	if (!once)
		return ERR_NO_MEMORY;
	(void)pthread_mutex_init(&once->lock, NULL);
	id_random(seed, sizeof seed);
	map_init(&once->by_place, seed);
	list_init(&once->by_age);
	*out = once;
	return ERR_OK;
}

void once_free(struct once *once)
{
	if (!once)
		return;
	list_each (node, &once->by_age)
		drop(once, CONTAINER_OF(node, struct entry, node));
	map_done(&once->by_place);
	(void)pthread_mutex_destroy(&once->lock);
	free(once);
}

/* Caller (by what it proved itself with), method, path and key make the place. */
static enum err find_place(struct request *req, struct str key, uint8_t out[ONCE_TICKET_SIZE])
{
	struct str proof = request_bearer(req);
	AUTO_BUF text = { 0 };

	if (!proof.size)
		proof = request_cookie(req, "vigil_session");
	buf_init(&text, REQUEST_ARENA_BYTES);
	buf_printf(&text, "%zu:%zu:%d:", proof.size, key.size, (int)request_method(req));
	buf_add_str(&text, proof);
	buf_add_str(&text, key);
	buf_add_str(&text, request_path(req));
	if (buf_err(&text) == ERR_OK)
		digest_sha256(buf_str(&text), out);
	mem_wipe(text.at, text.size);
	return buf_err(&text);
}

/* Under the lock. */
static enum err add(struct once *once, const uint8_t *place, const uint8_t *body_hash,
                    int64_t now_ms)
{
	struct entry *entry = calloc(1, sizeof *entry);

	if (!entry)
		return ERR_NO_MEMORY;
	make_room(once, now_ms, ONCE_MAX - 1);
	memcpy(entry->place, place, sizeof entry->place);
	memcpy(entry->body_hash, body_hash, sizeof entry->body_hash);
	entry->until_ms = now_ms + ONCE_KEEP_MS;
	enum err err = map_add(&once->by_place, place_key(entry->place), entry);
	if (err != ERR_OK) {
		free(entry);
		return err;
	}
	list_add(&once->by_age, &entry->node);
	return ERR_OK;
}

/* Under the lock: answers from what is kept. */
static void answer_again(const struct entry *entry, struct request *req, const uint8_t *body_hash)
{
	struct why why = { 0 };

	if (memcmp(entry->body_hash, body_hash, sizeof entry->body_hash) != 0) {
		enum err err = why_set_reason(&why, ERR_INVALID, REASON_IDEMPOTENCY_MISMATCH, NULL,
		                              "%s", reason_words(REASON_IDEMPOTENCY_MISMATCH));
		api_problem(req, err, &why);
	} else if (!entry->is_done) {
		enum err err = why_set(&why, ERR_BUSY, "the first request is still under way");
		api_problem(req, err, &why);
	} else if (entry->status) {
		response_header(req, "Idempotency-Replayed", STR("true"));
		response_header(req, "Cache-Control", STR("no-store"));
		response_send(req, entry->status, API_JSON, entry->answer);
	} else {
		response_header(req, "Idempotency-Replayed", STR("true"));
		api_problem(req, entry->err, &entry->why);
	}
}

bool once_begin(struct once *once, struct request *req, struct once_ticket *out)
{
	struct str key = request_header(req, "Idempotency-Key");
	uint8_t body_hash[DIGEST_SHA256_SIZE];
	struct why why = { 0 };
	int64_t now_ms = clock_steady_ms();

	*out = (struct once_ticket){ 0 };
	if (!key.at)
		return true;
	if (key.size == 0 || key.size > ONCE_KEY_MAX) {
		enum err err =
			why_set_reason(&why, ERR_INVALID, REASON_NONE, "Idempotency-Key",
		                       "Idempotency-Key: is not 1 to %d characters", ONCE_KEY_MAX);
		api_problem(req, err, &why);
		return false;
	}
	enum err err = find_place(req, key, out->place);
	digest_sha256(request_body(req), body_hash);
	(void)pthread_mutex_lock(&once->lock);
	make_room(once, now_ms, ONCE_MAX);
	const struct entry *entry = map_get(&once->by_place, place_key(out->place));
	if (err == ERR_OK && entry)
		answer_again(entry, req, body_hash);
	else if (err == ERR_OK)
		err = add(once, out->place, body_hash, now_ms);
	(void)pthread_mutex_unlock(&once->lock);
	if (err != ERR_OK)
		api_problem(req, err, NULL);
	out->is_on = err == ERR_OK && !entry;
	return out->is_on;
}

void once_answer(struct once *once, struct request *req, const struct once_ticket *ticket,
                 int status, const struct buf *body)
{
	if (ticket->is_on) {
		(void)pthread_mutex_lock(&once->lock);
		struct entry *entry = map_get(&once->by_place, place_key(ticket->place));
		char *copy = entry && buf_err(body) == ERR_OK ? str_dup(buf_str(body)) : NULL;
		if (copy) {
			entry->answer = (struct str){ copy, body->size };
			entry->status = status;
			entry->is_done = true;
			once->bytes += body->size;
		} else if (entry) {
			drop(once, entry);
		}
		(void)pthread_mutex_unlock(&once->lock);
	}
	api_answer(req, status, body);
}

void once_problem(struct once *once, struct request *req, const struct once_ticket *ticket,
                  enum err err, const struct why *why)
{
	/* Only these tell of something that may have happened at the device. */
	bool is_kept = why->reason == REASON_DEVICE_TIMEOUT || why->reason == REASON_DEVICE_REFUSED;

	if (ticket->is_on) {
		(void)pthread_mutex_lock(&once->lock);
		struct entry *entry = map_get(&once->by_place, place_key(ticket->place));
		if (entry && is_kept) {
			entry->err = err;
			entry->why = *why;
			entry->is_done = true;
		} else if (entry) {
			drop(once, entry);
		}
		(void)pthread_mutex_unlock(&once->lock);
	}
	api_problem(req, err, why);
}
