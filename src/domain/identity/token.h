/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h — who may do what: opaque tokens, kept as hashes.
 *
 * Threads  token_find() from any; the rest on a loop.
 * Memory   all unexpired tokens are held in memory, TOKENS_MAX at most; rows make them survive.
 */
#ifndef VIGIL_DOMAIN_TOKEN_H
#define VIGIL_DOMAIN_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/str.h"
#include "ports/db/db.h"

#define TOKENS_MAX            200000
#define TOKENS_PER_DEVICE_MAX 1000
#define DID_SIZE              65 /* 64 characters and a NUL */
#define ORGANIZATION_SIZE     33 /* "default" today */
#define TOKEN_TEXT_MAX        64 /* characters of any token */
#define TOKEN_SWEEP_MS        60000

enum token_kind {
	TOKEN_PLATFORM, /* everything, no end */
	TOKEN_SESSION,  /* a signed-in console: what its maker might */
	TOKEN_SIGN_IN,  /* makes one session, once */
	TOKEN_VIEW,     /* this device's live, nothing else */
	TOKEN_PUSH,     /* push this device's picture, nothing else */
};

/* Rights are a set; a route asks for one. */
enum right {
	RIGHT_OPEN = 0,          /* nobody is asked */
	RIGHT_VIEW = 1 << 0,     /* live of one device */
	RIGHT_READ = 1 << 1,     /* devices, events, streams */
	RIGHT_OPERATE = 1 << 2,  /* actions, view tokens */
	RIGHT_MANAGE = 1 << 3,   /* add, change, remove devices; push tokens */
	RIGHT_PLATFORM = 1 << 4, /* sign-in links, metrics */
	RIGHT_PUSH = 1 << 5,     /* publish one device's picture */
	RIGHT_SIGN_IN = 1 << 6,
};

struct actor {
	enum token_kind kind;
	unsigned rights;
	char organization[ORGANIZATION_SIZE];
	char did[DID_SIZE]; /* the only device it opens; empty: all of the organization */
	int64_t expires_at; /* 0: never */
};

struct tokens;

/* Loads what has not expired. `platform_token` is the operator's own, from admin.token. */
enum err tokens_new(struct db *db, struct str platform_token, struct tokens **out);
void tokens_free(struct tokens *tokens);
AUTO_DEFINE(tokens)

/* ERR_UNAUTHENTICATED: unknown or expired. */
enum err token_find(struct tokens *tokens, struct str token, struct actor *out);

/* Makes a token and its row; `done` with ERR_OK only after the row is safe. */
struct token_issue {
	enum token_kind kind;
	/* A token that is used up by this one, in the same transaction (empty: none); borrowed for
	 * the call. `done` with ERR_UNAUTHENTICATED: somebody else was quicker. */
	struct str spends;
	char organization[ORGANIZATION_SIZE];
	char did[DID_SIZE];
	int64_t expires_in_ms;
	void (*done)(struct token_issue *issue, enum err err);
	char token[ID_TOKEN_SIZE]; /* the text, this once */
	int64_t expires_at;
	struct db_job job; /* private */
	struct tokens *tokens;
	uint8_t hash[32], spent_hash[32];
	bool is_spending;
};
/* ERR_BUSY past TOKENS_MAX or, for one device, TOKENS_PER_DEVICE_MAX. */
enum err token_make(struct tokens *tokens, struct token_issue *issue);

/* The same at start-up, on no loop. */
enum err token_make_now(struct tokens *tokens, struct token_issue *issue);

/* Forgets one token (sign-out): `done` with ERR_OK once its row is gone for good; until then, and
 * after any other outcome, it is as good as before. */
struct token_revocation {
	void (*done)(struct token_revocation *revocation, enum err err);
	struct db_job job; /* private */
	struct tokens *tokens;
	uint8_t hash[32];
};
enum err token_revoke(struct tokens *tokens, struct token_revocation *revocation, struct str token);

/* Forgets all tokens of a device; their rows go with the device's row. */
void token_revoke_device(struct tokens *tokens, struct str did);

/* Starts the sweep of expired tokens on this loop. */
void tokens_start(struct tokens *tokens);

#endif
