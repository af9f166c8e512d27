/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/identity/grant.h"

#include <string.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/id.h"

#define GRANT_HEAD_BYTES 12 /* end in seconds (4), random (8) */
#define GRANT_MAC_BYTES  16
#define GRANT_BYTES      (GRANT_HEAD_BYTES + GRANT_MAC_BYTES)

static void seal_head(const struct keys *keys, struct str did, struct str resource,
                      uint8_t bytes[GRANT_BYTES])
{
	uint8_t mac[DIGEST_SHA256_SIZE];
	AUTO_BUF text = { 0 };

	buf_init(&text, 512);
	buf_add(&text, bytes, GRANT_HEAD_BYTES);
	buf_add_str(&text, did);
	buf_add(&text, "", 1); /* a did holds no NUL: the two parts cannot run together */
	buf_add_str(&text, resource);
	keys_mac(keys, STR("action-token"), buf_str(&text), mac);
	memcpy(bytes + GRANT_HEAD_BYTES, mac, GRANT_MAC_BYTES);
}

void grant_make(const struct keys *keys, struct str did, struct str resource, int64_t expires_ms,
                char out[GRANT_SIZE])
{
	uint8_t bytes[GRANT_BYTES];
	uint32_t end = (uint32_t)(expires_ms / 1000);

	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(end >> (24 - 8 * i));
	id_random(bytes + 4, 8);
	seal_head(keys, did, resource, bytes);
	digest_base64url(bytes, sizeof bytes, out);
}

enum err grant_check(const struct keys *keys, struct str did, struct str resource, struct str grant,
                     int64_t now_ms)
{
	uint8_t bytes[GRANT_BYTES], expected[GRANT_BYTES];

	if (grant.size != GRANT_SIZE - 1 ||
	    digest_unbase64url(grant, bytes, sizeof bytes) != ERR_OK)
		return ERR_DENIED;
	memcpy(expected, bytes, GRANT_HEAD_BYTES);
	seal_head(keys, did, resource, expected);
	if (!str_equal_secret((struct str){ (char *)bytes, GRANT_BYTES },
	                      (struct str){ (char *)expected, GRANT_BYTES }))
		return ERR_DENIED;
	struct bytes head = bytes_of(bytes, 4);
	return (int64_t)bytes_u32(&head) * 1000 > now_ms ? ERR_OK : ERR_DENIED;
}

void grant_add_did(struct str did, char grant[GRANT_NAMED_SIZE])
{
	if (did.size && did.size <= GRANT_DID_MAX)
		digest_base64url((const uint8_t *)did.at, did.size, grant + GRANT_SIZE - 1);
}

struct str grant_cut_did(struct str *token, char room[GRANT_DID_MAX + 1])
{
	struct str text = str_from(*token, GRANT_SIZE - 1);
	size_t size = text.size * 3 / 4;

	if (size == 0 || size > GRANT_DID_MAX ||
	    digest_unbase64url(text, (uint8_t *)room, size) != ERR_OK)
		return (struct str){ 0 };
	token->size = GRANT_SIZE - 1;
	return (struct str){ room, size };
}
