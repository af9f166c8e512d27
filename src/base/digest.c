/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/id.h"

#define NONCE_SIZE 12
#define TAG_SIZE   16

static void hash(const EVP_MD *kind, struct str text, uint8_t *out)
{
	if (!EVP_Digest(text.at ? text.at : "", text.size, out, NULL, kind, NULL))
		abort();
}

void digest_md5(struct str text, uint8_t out[DIGEST_MD5_SIZE])
{
	hash(EVP_md5(), text, out);
}

void digest_sha1(struct str text, uint8_t out[DIGEST_SHA1_SIZE])
{
	hash(EVP_sha1(), text, out);
}

void digest_sha256(struct str text, uint8_t out[DIGEST_SHA256_SIZE])
{
	hash(EVP_sha256(), text, out);
}

void digest_hmac_sha256(struct str key, struct str text, uint8_t out[DIGEST_SHA256_SIZE])
{
	if (!HMAC(EVP_sha256(), key.at ? key.at : "", (int)key.size,
	          (const uint8_t *)(text.at ? text.at : ""), text.size, out, NULL))
		abort();
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
	if (!EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, to) ||
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
	if (!EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, from) ||
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
