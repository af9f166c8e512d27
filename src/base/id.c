/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define POOL_SIZE 512

/* OpenSSL takes locks and asks for the process's number at every call, which costs more than the
 * bytes: a thread fetches many at once. What is given out is wiped here. */
static _Thread_local struct {
	uint8_t bytes[POOL_SIZE];
	size_t left;
} pool;

static void fill(uint8_t *out, size_t size)
{
	if (RAND_bytes(out, (int)size) != 1)
		abort();
}

void id_random(uint8_t *out, size_t size)
{
	if (size > POOL_SIZE) {
		fill(out, size);
		return;
	}
	if (size > pool.left) {
		fill(pool.bytes, POOL_SIZE);
		pool.left = POOL_SIZE;
	}
	pool.left -= size;
	memcpy(out, pool.bytes + pool.left, size);
	mem_wipe(pool.bytes + pool.left, size);
}

void id_make(char out[ID_SIZE])
{
	uint8_t bytes[16];

	id_random(bytes, sizeof bytes);
	digest_base64url(bytes, sizeof bytes, out);
}

void id_make_token(char out[ID_TOKEN_SIZE])
{
	uint8_t bytes[32];

	id_random(bytes, sizeof bytes);
	digest_base64url(bytes, sizeof bytes, out);
}
