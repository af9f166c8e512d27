/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the data folder: lock, database, master key, the operator's token. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "io/file.h"
#include "programs/server_private.h"

void server_path(const struct server *server, const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", server->settings->data, name);
}

static enum err take_folder(struct server *server, struct why *why)
{
	char path[PATH_MAX];
	const char *folder = server->settings->data;
	enum err err = file_make_folder(folder, 0700);

	if (err != ERR_OK)
		return why_set(why, err, "data: cannot make %.100s: %s", folder, err_text(err));
	server_path(server, "lock", path);
	err = file_lock(path, &server->lock_fd);
	if (err == ERR_BUSY)
		return why_set(why, err, "data: another vigild is running on %.100s: stop it first",
		               folder);
	if (err != ERR_OK)
		return why_set(why, err, "data: cannot lock %.100s: %s", path, err_text(err));
	return ERR_OK;
}

static enum err open_database(struct server *server, struct why *why)
{
	char path[PATH_MAX], url[PATH_MAX + 16];
	struct db_options options = { .url = server->settings->db,
		                      .readers = DB_READERS,
		                      .queue_max = DB_QUEUE_MAX };

	options.is_traced = log_is_on(LOG_DEBUG);
	if (!server->settings->db[0]) {
		server_path(server, "vigil.db", path);
		(void)snprintf(url, sizeof url, "sqlite:%s", path);
		options.url = url;
	}
	return db_open(&options, &server->db, why);
}

static enum err open_blob(struct server *server, struct why *why)
{
	char path[PATH_MAX];
	const struct blob_options options = {
		.url = server->settings->blob,
		.fallback = path,
		.reserve_bytes = server->settings->storage_reserve_mb * 1024 * 1024,
		.threads = DISK_THREADS,
		.queue_max = DISK_QUEUE_MAX,
	};

	server_path(server, "objects", path);
	return blob_open(&options, &server->blob, why);
}

/* The key file may be made only while nothing was ever sealed: a lost one is not replaced. */
static enum err open_keys(struct server *server, struct why *why)
{
	char path[PATH_MAX];
	bool is_fresh = false;

	server_path(server, "master.key", path);
	if (server->settings->key_file[0])
		(void)snprintf(path, sizeof path, "%s", server->settings->key_file);
	enum err err = domain_is_fresh(server->db, &is_fresh);
	if (err == ERR_OK)
		err = keys_open(path, is_fresh, &server->keys, why);
	return err == ERR_OK ? domain_check_key(server->db, server->keys, why) : err;
}

static enum err open_token(struct server *server, struct why *why)
{
	char path[PATH_MAX];
	AUTO_BUF text = { 0 };

	buf_init(&text, 256);
	server_path(server, "admin.token", path);
	enum err err = file_read(path, &text);
	if (err == ERR_NOT_FOUND) {
		id_make_token(server->admin_token);
		buf_printf(&text, "%s\n", server->admin_token);
		err = file_write(path, buf_str(&text), 0600);
	} else if (err == ERR_OK) {
		struct str token = buf_str(&text);
		token.size = str_index(token, '\n');
		err = str_copy(token, server->admin_token, sizeof server->admin_token);
		if (err == ERR_OK && strlen(server->admin_token) < 32)
			err = ERR_INVALID;
	}
	if (err != ERR_OK)
		return why_set(why, err, "data: %.100s: %s", path, err_text(err));
	return ERR_OK;
}

enum err server_open_data(struct server *server, struct why *why)
{
	enum err err = take_folder(server, why);

	if (err == ERR_OK)
		err = open_database(server, why);
	if (err == ERR_OK)
		err = open_blob(server, why);
	if (err == ERR_OK)
		err = open_keys(server, why);
	if (err == ERR_OK)
		err = open_token(server, why);
	return err;
}
