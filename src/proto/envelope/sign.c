/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/envelope/sign.h"

struct joined {
	char text[SIGN_TEXT_MAX];
	size_t size;
};

/* Puts the parts behind each other with colons between. It stays on the stack, because it may hold
 * a secret that must be wiped. */
static enum err join(struct joined *joined, const struct str *parts, size_t count)
{
	joined->size = 0;
	for (size_t i = 0; i < count; i++) {
		size_t room = sizeof joined->text - joined->size;
		size_t colon = i > 0;
		if (room < colon || parts[i].size > room - colon)
			return ERR_TOO_LARGE;
		if (colon)
			joined->text[joined->size++] = ':';
		if (parts[i].size)
			memcpy(joined->text + joined->size, parts[i].at, parts[i].size);
		joined->size += parts[i].size;
	}
	return ERR_OK;
}

static struct str joined_str(const struct joined *joined)
{
	return (struct str){ joined->text, joined->size };
}

enum err sign_make_md5(struct str did, struct str secret, struct str timestamp,
                       char out[SIGN_MD5_SIZE])
{
	const struct str parts[] = { did, secret, timestamp };
	uint8_t digest[DIGEST_MD5_SIZE];
	struct joined joined;

	enum err err = join(&joined, parts, timestamp.size ? 3 : 2);
	if (err == ERR_OK) {
		digest_md5(joined_str(&joined), digest);
		digest_hex(digest, sizeof digest, out);
	}
	mem_wipe(&joined, sizeof joined);
	return err;
}

static enum err make_hmac(struct str secret, const struct str *parts, size_t count,
                          char out[SIGN_HMAC_SIZE])
{
	uint8_t digest[DIGEST_SHA256_SIZE];
	struct joined joined;

	if (secret.size > SIGN_SECRET_MAX || join(&joined, parts, count) != ERR_OK)
		return ERR_TOO_LARGE;
	digest_hmac_sha256(secret, joined_str(&joined), digest);
	digest_hex(digest, sizeof digest, out);
	return ERR_OK;
}

enum err sign_make_hmac(struct str did, struct str secret, struct str timestamp,
                        char out[SIGN_HMAC_SIZE])
{
	const struct str parts[] = { did, timestamp };

	return make_hmac(secret, parts, COUNT_OF(parts), out);
}

enum err sign_make_action(struct str did, struct str secret, struct str mid, struct str timestamp,
                          struct str data, char out[SIGN_HMAC_SIZE])
{
	uint8_t digest[DIGEST_SHA256_SIZE];
	char hex[2 * DIGEST_SHA256_SIZE + 1];

	digest_sha256(data, digest);
	digest_hex(digest, sizeof digest, hex);
	const struct str parts[] = { did, mid, timestamp, str_of(hex) };
	return make_hmac(secret, parts, COUNT_OF(parts), out);
}

static bool is_hex(struct str text, size_t size)
{
	uint8_t bytes[DIGEST_SHA256_SIZE];

	return text.size == 2 * size && digest_unhex(text, bytes, size) == ERR_OK;
}

enum err sign_split(struct str sign, struct str *out_digest, enum sign_algorithm *out_algorithm)
{
	static const struct {
		enum sign_algorithm algorithm;
		size_t size;
		struct str suffix;
	} forms[] = {
		{ SIGN_MD5, DIGEST_MD5_SIZE, { SIGN_SUFFIX_MD5, sizeof SIGN_SUFFIX_MD5 - 1 } },
		{ SIGN_HMAC_SHA256,
		  DIGEST_SHA256_SIZE,
		  { SIGN_SUFFIX_HMAC, sizeof SIGN_SUFFIX_HMAC - 1 } },
	};
	struct str digest = { sign.at, str_index(sign, ':') };
	struct str suffix = str_from(sign, digest.size);

	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (!is_hex(digest, forms[i].size))
			continue;
		if (suffix.size && !str_equal(suffix, forms[i].suffix))
			return ERR_MALFORMED;
		*out_digest = digest;
		*out_algorithm = forms[i].algorithm;
		return ERR_OK;
	}
	return ERR_MALFORMED;
}

bool sign_digest_equal(struct str digest, struct str expected)
{
	uint8_t a[DIGEST_SHA256_SIZE], b[DIGEST_SHA256_SIZE];
	size_t size = expected.size / 2;

	if (size == 0 || digest.size != expected.size || size > sizeof a ||
	    digest_unhex(digest, a, size) != ERR_OK || digest_unhex(expected, b, size) != ERR_OK)
		return false;
	return str_equal_secret((struct str){ (const char *)a, size },
	                        (struct str){ (const char *)b, size });
}
