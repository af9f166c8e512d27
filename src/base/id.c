/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"

#include <openssl/rand.h>
#include <stdlib.h>

#include "base/digest.h"

void id_random(uint8_t *out, size_t size)
{
	if (RAND_bytes(out, (int)size) != 1)
		abort();
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
