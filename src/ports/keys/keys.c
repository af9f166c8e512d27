/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/keys/keys.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/id.h"
#include "io/file.h"

#define FILE_MAX  (2 * DIGEST_KEY_SIZE + 2) /* hex, and the line's end */
#define LABEL_MAX 1024
#define KEY_MODE  0600

struct keys {
	uint8_t master[DIGEST_KEY_SIZE];
};

void keys_free(struct keys *keys)
{
	if (!keys)
		return;
	mem_wipe(keys, sizeof *keys);
	free(keys);
}

static void wipe_buf(struct buf *buf)
{
	mem_wipe(buf->at, buf->size);
	buf_done(buf);
}
#define AUTO_SECRET __attribute__((cleanup(wipe_buf))) struct buf

/* One line with the key's digits, so that it can be copied by hand. */
static enum err make_file(const char *path, struct why *why)
{
	uint8_t key[DIGEST_KEY_SIZE];
	char line[2 * DIGEST_KEY_SIZE + 1];

	id_random(key, sizeof key);
	digest_hex(key, sizeof key, line);
	line[sizeof line - 1] = '\n';
	enum err err = file_write(path, (struct str){ line, sizeof line }, KEY_MODE);
	mem_wipe(key, sizeof key);
	mem_wipe(line, sizeof line);
	return err ? why_set(why, err, "key file %s: cannot be made: %s", path, err_text(err))
	           : ERR_OK;
}

static enum err check_mode(const char *path, struct why *why)
{
	struct stat there;

	if (stat(path, &there) != 0)
		return why_set(why, err_from_errno(errno), "key file %s: %s", path,
		               strerror(errno));
	if (there.st_mode & (S_IRWXG | S_IRWXO))
		return why_set(why, ERR_DENIED,
		               "key file %s: others may read it (mode %04o): run chmod 600 on it",
		               path, (unsigned)there.st_mode & 07777);
	return ERR_OK;
}

static enum err read_key(const char *path, uint8_t out[DIGEST_KEY_SIZE], struct why *why)
{
	AUTO_SECRET text = { 0 };

	buf_init(&text, FILE_MAX);
	enum err err = file_read(path, &text);
	if (err && err != ERR_TOO_LARGE)
		return why_set(why, err, "key file %s: %s", path, err_text(err));

	struct str key = buf_str(&text);
	if (!err && key.size == DIGEST_KEY_SIZE) {
		memcpy(out, key.at, DIGEST_KEY_SIZE);
		return ERR_OK;
	}
	while (key.size && (key.at[key.size - 1] == '\n' || key.at[key.size - 1] == '\r'))
		key.size--;
	if (err || digest_unhex(key, out, DIGEST_KEY_SIZE))
		return why_set(why, ERR_INVALID,
		               "key file %s: must hold 64 hexadecimal digits (or 32 bytes)", path);
	return ERR_OK;
}

enum err keys_open(const char *path, bool is_made, struct keys **out, struct why *why)
{
	struct why missing = { 0 };
	enum err err = check_mode(path, &missing);

	if (err == ERR_NOT_FOUND && is_made) {
		err = make_file(path, &missing);
		if (!err)
			err = check_mode(path, &missing);
	}
	if (err)
		return why_set(why, err, "%s", missing.text);

	AUTO(keys) keys = calloc(1, sizeof *keys);
	if (!keys)
		return ERR_NO_MEMORY;
	err = read_key(path, keys->master, why);
	if (err)
		return err;
	*out = TAKE(keys);
	return ERR_OK;
}

void keys_check(const struct keys *keys, char out[KEYS_CHECK_SIZE])
{
	uint8_t check[DIGEST_KEY_SIZE];

	digest_derive(keys->master, STR("check"), check);
	digest_hex(check, sizeof check, out);
}

/* The organization's key, and what the sealed bytes are bound to. An organization's name with a
 * colon cannot blur the two, for the key differs with it. */
static enum err find_key(const struct keys *keys, struct str organization, struct str name,
                         struct buf *bound, uint8_t key[DIGEST_KEY_SIZE])
{
	AUTO_BUF label = { 0 };

	buf_init(&label, LABEL_MAX);
	buf_add_text(&label, "organization:");
	buf_add_str(&label, organization);
	if (buf_err(&label))
		return buf_err(&label);
	digest_derive(keys->master, buf_str(&label), key);
	buf_init(bound, LABEL_MAX);
	buf_add_str(bound, organization);
	buf_add_u8(bound, ':');
	buf_add_str(bound, name);
	return buf_err(bound);
}

enum err keys_seal(const struct keys *keys, struct str organization, struct str name,
                   struct str secret, struct buf *out)
{
	AUTO_BUF bound = { 0 };
	uint8_t key[DIGEST_KEY_SIZE];
	enum err err = find_key(keys, organization, name, &bound, key);

	if (!err)
		err = digest_seal(key, secret, buf_str(&bound), out);
	mem_wipe(key, sizeof key);
	return err;
}

enum err keys_unseal(const struct keys *keys, struct str organization, struct str name,
                     struct str sealed, struct buf *out)
{
	AUTO_BUF bound = { 0 };
	uint8_t key[DIGEST_KEY_SIZE];
	enum err err = find_key(keys, organization, name, &bound, key);

	if (!err)
		err = digest_unseal(key, sealed, buf_str(&bound), out);
	mem_wipe(key, sizeof key);
	return err;
}

void keys_mac(const struct keys *keys, struct str purpose, struct str text, uint8_t out[32])
{
	char label[sizeof "purpose:" + KEYS_PURPOSE_MAX] = "purpose:";
	uint8_t key[DIGEST_KEY_SIZE];

	assert(purpose.size <= KEYS_PURPOSE_MAX);
	memcpy(label + sizeof "purpose:" - 1, purpose.at, purpose.size);
	digest_derive(keys->master, (struct str){ label, sizeof "purpose:" - 1 + purpose.size },
	              key);
	digest_hmac_sha256((struct str){ (const char *)key, sizeof key }, text, out);
	mem_wipe(key, sizeof key);
}
