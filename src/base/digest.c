/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

#include "base/id.h"

#define NONCE_SIZE      12
#define TAG_SIZE        16
#define HMAC_BLOCK_SIZE 64

static void digest_free_at(EVP_MD_CTX **at)
{
	EVP_MD_CTX_free(*at);
}
#define AUTO_DIGEST __attribute__((cleanup(digest_free_at))) EVP_MD_CTX *

/* Looked up once each: OpenSSL 3 otherwise searches its providers for every hash. Constant from
 * then on, so this is no state of ours; of two threads that look at once, one throws its find away.
 */
static _Atomic(EVP_MD *) found_md5, found_sha1, found_sha256;
static _Atomic(EVP_CIPHER *) found_aes_256_gcm;

static const EVP_MD *find_hash(_Atomic(EVP_MD *) *found, const char *name)
{
	EVP_MD *kind = atomic_load_explicit(found, memory_order_acquire), *none = NULL;

	if (kind)
		return kind;
	kind = EVP_MD_fetch(NULL, name, NULL);
	if (!kind)
		abort();
	if (atomic_compare_exchange_strong(found, &none, kind))
		return kind;
	EVP_MD_free(kind);
	return none;
}

static const EVP_CIPHER *find_cipher(void)
{
	EVP_CIPHER *kind = atomic_load_explicit(&found_aes_256_gcm, memory_order_acquire);
	EVP_CIPHER *none = NULL;

	if (kind)
		return kind;
	kind = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (!kind)
		abort();
	if (atomic_compare_exchange_strong(&found_aes_256_gcm, &none, kind))
		return kind;
	EVP_CIPHER_free(kind);
	return none;
}

static const EVP_MD *find_sha256(void)
{
	return find_hash(&found_sha256, "SHA256");
}

static void hash(const EVP_MD *kind, struct str text, uint8_t *out)
{
	if (!EVP_Digest(text.at ? text.at : "", text.size, out, NULL, kind, NULL))
		abort();
}

void digest_md5(struct str text, uint8_t out[DIGEST_MD5_SIZE])
{
	hash(find_hash(&found_md5, "MD5"), text, out);
}

void digest_sha1(struct str text, uint8_t out[DIGEST_SHA1_SIZE])
{
	hash(find_hash(&found_sha1, "SHA1"), text, out);
}

void digest_sha256(struct str text, uint8_t out[DIGEST_SHA256_SIZE])
{
	hash(find_sha256(), text, out);
}

/* RFC 2104 §2 over our own hash: OpenSSL's HMAC() looks up three things for every call. */
void digest_hmac_sha256(struct str key, struct str text, uint8_t out[DIGEST_SHA256_SIZE])
{
	uint8_t pad[HMAC_BLOCK_SIZE] = { 0 };
	AUTO_DIGEST digest = EVP_MD_CTX_new();

	if (key.size > sizeof pad)
		digest_sha256(key, pad);
	else if (key.size)
		memcpy(pad, key.at, key.size);
	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] ^= 0x36;
	if (!digest || !EVP_DigestInit_ex2(digest, find_sha256(), NULL) ||
	    !EVP_DigestUpdate(digest, pad, sizeof pad) ||
	    !EVP_DigestUpdate(digest, text.at ? text.at : "", text.size) ||
	    !EVP_DigestFinal_ex(digest, out, NULL))
		abort();
	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	if (!EVP_DigestInit_ex2(digest, find_sha256(), NULL) ||
	    !EVP_DigestUpdate(digest, pad, sizeof pad) ||
	    !EVP_DigestUpdate(digest, out, DIGEST_SHA256_SIZE) ||
	    !EVP_DigestFinal_ex(digest, out, NULL))
		abort();
	mem_wipe(pad, sizeof pad);
}

void digest_derive(const uint8_t key[DIGEST_KEY_SIZE], struct str label,
                   uint8_t out[DIGEST_KEY_SIZE])
{
	digest_hmac_sha256((struct str){ (const char *)key, DIGEST_KEY_SIZE }, label, out);
}

static void cipher_free_at(EVP_CIPHER_CTX **at)
{
	EVP_CIPHER_CTX_free(*at);
}
#define AUTO_CIPHER __attribute__((cleanup(cipher_free_at))) EVP_CIPHER_CTX *

enum err digest_seal(const uint8_t key[DIGEST_KEY_SIZE], struct str text, struct str bound,
                     struct buf *out)
{
	AUTO_CIPHER cipher = EVP_CIPHER_CTX_new();
	uint8_t *to = buf_reserve(out, text.size + DIGEST_SEAL_EXTRA);
	int size = 0;

	if (!to)
		return buf_err(out);
	if (!cipher)
		return ERR_NO_MEMORY;
	id_random(to, NONCE_SIZE);
	if (!EVP_EncryptInit_ex2(cipher, find_cipher(), key, to, NULL) ||
	    !EVP_EncryptUpdate(cipher, NULL, &size, (const uint8_t *)bound.at, (int)bound.size) ||
	    !EVP_EncryptUpdate(cipher, to + NONCE_SIZE, &size, (const uint8_t *)text.at,
	                       (int)text.size) ||
	    !EVP_EncryptFinal_ex(cipher, to + NONCE_SIZE + size, &size) ||
	    !EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_SIZE,
	                         to + NONCE_SIZE + text.size))
		return ERR_INTERNAL;
	buf_grew(out, text.size + DIGEST_SEAL_EXTRA);
	return ERR_OK;
}

enum err digest_unseal(const uint8_t key[DIGEST_KEY_SIZE], struct str sealed, struct str bound,
                       struct buf *out)
{
	if (sealed.size < DIGEST_SEAL_EXTRA)
		return ERR_DENIED;

	AUTO_CIPHER cipher = EVP_CIPHER_CTX_new();
	size_t text_size = sealed.size - DIGEST_SEAL_EXTRA;
	uint8_t *to = buf_reserve(out, text_size + 1);
	const uint8_t *from = (const uint8_t *)sealed.at;
	uint8_t tag[TAG_SIZE];
	int size = 0;

	if (!to)
		return buf_err(out);
	if (!cipher)
		return ERR_NO_MEMORY;
	memcpy(tag, from + NONCE_SIZE + text_size, TAG_SIZE);
	if (!EVP_DecryptInit_ex2(cipher, find_cipher(), key, from, NULL) ||
	    !EVP_DecryptUpdate(cipher, NULL, &size, (const uint8_t *)bound.at, (int)bound.size) ||
	    !EVP_DecryptUpdate(cipher, to, &size, from + NONCE_SIZE, (int)text_size) ||
	    !EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) ||
	    !EVP_DecryptFinal_ex(cipher, to + size, &size)) {
		mem_wipe(to, text_size);
		return ERR_DENIED;
	}
	buf_grew(out, text_size);
	return ERR_OK;
}

void digest_hex(const uint8_t *bytes, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * size] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum err digest_unhex(struct str text, uint8_t *out, size_t size)
{
	if (text.size != 2 * size)
		return ERR_INVALID;
	for (size_t i = 0; i < text.size; i++)
		if (hex_value(text.at[i]) < 0)
			return ERR_INVALID;
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(hex_value(text.at[2 * i]) << 4 | hex_value(text.at[2 * i + 1]));
	return ERR_OK;
}

static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void digest_base64url(const uint8_t *bytes, size_t size, char *out)
{
	uint32_t bits = 0;
	unsigned count = 0;

	for (size_t i = 0; i < size; i++) {
		bits = bits << 8 | bytes[i];
		for (count += 8; count >= 6; count -= 6)
			*out++ = url_digits[bits >> (count - 6) & 63];
	}
	if (count)
		*out++ = url_digits[bits << (6 - count) & 63];
	*out = '\0';
}

enum err digest_unbase64url(struct str text, uint8_t *out, size_t size)
{
	uint32_t bits = 0;
	unsigned count = 0;
	size_t filled = 0;

	if (text.size != (size * 4 + 2) / 3)
		return ERR_INVALID;
	for (size_t i = 0; i < text.size; i++) {
		const char *digit = text.at[i] ? strchr(url_digits, text.at[i]) : NULL;
		if (!digit)
			return ERR_INVALID;
		bits = bits << 6 | (uint32_t)(digit - url_digits);
		count += 6;
		if (count >= 8) {
			count -= 8;
			out[filled++] = (uint8_t)(bits >> count);
		}
	}
	return (bits & ((1u << count) - 1)) == 0 ? ERR_OK : ERR_INVALID;
}

void digest_base64(const uint8_t *bytes, size_t size, struct buf *out)
{
	uint8_t *to = buf_reserve(out, (size + 2) / 3 * 4 + 1);

	if (to)
		buf_grew(out, (size_t)EVP_EncodeBlock(to, bytes, (int)size));
}
