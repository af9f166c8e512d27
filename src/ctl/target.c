/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "ctl/text/url.h"

static struct str trim_lines(struct str text)
{
	while (text.size && strchr("\r\n \t", text.at[text.size - 1]))
		text.size--;
	while (text.size && strchr("\r\n \t", text.at[0]))
		text = str_from(text, 1);
	return text;
}

enum err target_set_token(struct target *target, struct str text, struct why *why)
{
	text = trim_lines(text);
	if (text.size == 0)
		return why_set(why, ERR_INVALID, "the token is empty");
	if (text.size > TARGET_TOKEN_MAX)
		return why_set(why, ERR_TOO_LARGE, "the token has more than %d characters",
		               TARGET_TOKEN_MAX);
	if (!str_is_word(text, "-._~+/="))
		return why_set(why, ERR_INVALID, "the token has characters that no token has");
	return str_copy(text, target->token, sizeof target->token);
}

enum err target_set_url(struct target *target, struct str text, struct why *why)
{
	struct str url = { 0 };
	enum err err = url_check_base(trim_lines(text), &url, why);

	if (err != ERR_OK)
		return err;
	if (url.size > TARGET_URL_MAX)
		return why_set(why, ERR_TOO_LARGE, "the address has more than %d characters",
		               TARGET_URL_MAX);
	return str_copy(url, target->url, sizeof target->url);
}

static enum err set_ca(struct target *target, struct str text, struct why *why)
{
	if (str_copy(text, target->ca_file, sizeof target->ca_file) != ERR_OK)
		return why_set(why, ERR_TOO_LARGE, "the file's name is too long");
	return ERR_OK;
}

/* clang-format off */
static const struct {
	const char *name;
	enum err (*set)(struct target *target, struct str text, struct why *why);
} names[] = {
	{ "url",   target_set_url },
	{ "token", target_set_token },
	{ "ca",    set_ca },
};
/* clang-format on */

static enum err parse_line(struct str line, struct target *out, struct why *why)
{
	struct str name;

	line = trim_lines(line);
	if (line.size == 0 || line.at[0] == '#')
		return ERR_OK;
	(void)str_cut(&line, '=', &name);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_equal(str_trim(name), str_of(names[i].name)))
			return names[i].set(out, str_trim(line), why);
	return why_set(why, ERR_INVALID, "a line is 'url = ...', 'token = ...' or 'ca = ...'");
}

enum err target_parse(struct str text, struct target *out, struct why *why)
{
	struct str line;

	for (int number = 1; str_cut(&text, '\n', &line); number++) {
		struct why inner = { 0 };
		enum err err = parse_line(line, out, &inner);
		if (err != ERR_OK)
			return why_set(why, err, "line %d: %.150s", number, inner.text);
	}
	return ERR_OK;
}

/* Reads at most TARGET_FILE_MAX bytes. */
static enum err read_file(const char *path, char out[TARGET_FILE_MAX + 1], struct str *text,
                          struct why *why)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return why_set(why, err_from_errno(errno), "%.140s: %s", path, strerror(errno));
	size_t size = fread(out, 1, TARGET_FILE_MAX + 1, file);
	bool has_failed = ferror(file) != 0;
	(void)fclose(file);
	if (has_failed || size > TARGET_FILE_MAX)
		return why_set(why, has_failed ? ERR_IO : ERR_TOO_LARGE, "%.140s: %s", path,
		               has_failed ? "cannot be read" : "the file is too large");
	*text = (struct str){ out, size };
	return ERR_OK;
}

static enum err read_token_file(const char *path, struct target *out, struct why *why)
{
	char content[TARGET_FILE_MAX + 1];
	struct why inner = { 0 };
	struct str text = { 0 };
	enum err err = read_file(path, content, &text, why);

	if (err == ERR_OK && (err = target_set_token(out, text, &inner)) != ERR_OK)
		err = why_set(why, err, "%.120s: %.70s", path, inner.text);
	mem_wipe(content, sizeof content);
	return err;
}

/* The folder of a server on this machine: its ready file names the address; without one it is the
 * default, and never a stored one, which may be another machine's. */
static enum err read_ready(const char *folder, struct target *out, struct why *why)
{
	char path[PATH_MAX], content[TARGET_FILE_MAX + 1];
	struct str text = { 0 };
	AUTO_JSON json = NULL;

	(void)snprintf(path, sizeof path, "%s/ready.json", folder);
	if (access(path, F_OK) != 0)
		return target_set_url(out, STR(TARGET_URL), why);
	enum err err = read_file(path, content, &text, why);
	if (err == ERR_OK)
		err = json_read(text, &json, why);
	if (err != ERR_OK)
		return err;
	struct str url = json_member_str(json, "http");
	if (url.size == 0)
		url = json_member_str(json, "https");
	return target_set_url(out, url, why);
}

static enum err config_path(char out[PATH_MAX], struct why *why)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int size;

	if (base && base[0] == '/')
		size = snprintf(out, PATH_MAX, "%s/vigil/config", base);
	else if (home && home[0])
		size = snprintf(out, PATH_MAX, "%s/.config/vigil/config", home);
	else
		return why_set(why, ERR_NOT_FOUND, "HOME is not set");
	return size < PATH_MAX ? ERR_OK : why_set(why, ERR_TOO_LARGE, "HOME is too long");
}

static enum err read_config(struct target *out, struct why *why)
{
	char path[PATH_MAX], content[TARGET_FILE_MAX + 1];
	struct why inner = { 0 };
	struct str text = { 0 };

	if (config_path(path, NULL) != ERR_OK || access(path, F_OK) != 0)
		return ERR_OK;
	enum err err = read_file(path, content, &text, why);
	if (err == ERR_OK && (err = target_parse(text, out, &inner)) != ERR_OK)
		err = why_set(why, err, "%.100s: %.90s", path, inner.text);
	mem_wipe(content, sizeof content);
	return err;
}

static enum err find_url(const struct arguments *arguments, const char *folder,
                         struct target *target, struct why *why)
{
	const char *option = arguments_option(arguments, "url"), *name = getenv("VIGIL_URL");

	if (option)
		return target_set_url(target, str_of(option), why);
	if (folder)
		return read_ready(folder, target, why);
	if (name && name[0])
		return target_set_url(target, str_of(name), why);
	if (!target->url[0])
		return target_set_url(target, STR(TARGET_URL), why);
	return ERR_OK;
}

enum err target_find_token(const struct arguments *arguments, struct target *target,
                           struct why *why)
{
	const char *token = arguments_option(arguments, "token");
	const char *file = arguments_option(arguments, "token-file");
	const char *folder = arguments_option(arguments, "data");
	const char *ca_file = arguments_option(arguments, "ca");
	const char *name = getenv("VIGIL_TOKEN");
	char path[PATH_MAX];

	if (!ca_file)
		ca_file = getenv("VIGIL_CA");
	if (ca_file && ca_file[0] && set_ca(target, str_of(ca_file), why) != ERR_OK)
		return ERR_TOO_LARGE;
	if (token)
		return target_set_token(target, str_of(token), why);
	if (file)
		return read_token_file(file, target, why);
	if (folder) {
		(void)snprintf(path, sizeof path, "%s/admin.token", folder);
		return read_token_file(path, target, why);
	}
	if (name && name[0])
		return target_set_token(target, str_of(name), why);
	return ERR_OK;
}

enum err target_find(const struct arguments *arguments, struct target *out, struct why *why)
{
	const char *folder = arguments_option(arguments, "data");
	struct target target = { 0 };
	char stored[TARGET_URL_MAX + 1];

	enum err err = read_config(&target, why);
	if (err != ERR_OK)
		return err;
	memcpy(stored, target.url, sizeof stored);
	if ((err = find_url(arguments, folder, &target, why)) != ERR_OK)
		return err;
	if (strcmp(stored, target.url) != 0)
		target.token[0] = '\0';
	if ((err = target_find_token(arguments, &target, why)) != ERR_OK)
		return err;
	*out = target;
	return ERR_OK;
}

static enum err make_folders(const char *path, struct why *why)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return why_set(why, err_from_errno(errno), "%.140s: %s", part,
			               strerror(errno));
	}
	return ERR_OK;
}

static enum err write_all(int fd, struct str text)
{
	while (text.size) {
		ssize_t size = write(fd, text.at, text.size);
		if (size < 0)
			return err_from_errno(errno);
		text = str_from(text, (size_t)size);
	}
	return fsync(fd) == 0 ? ERR_OK : err_from_errno(errno);
}

enum err target_store(const struct target *target, struct why *why)
{
	char path[PATH_MAX], scratch[PATH_MAX + 8];
	AUTO_BUF text = { 0 };
	enum err err = config_path(path, why);

	if (err != ERR_OK || (err = make_folders(path, why)) != ERR_OK)
		return err;
	buf_init(&text, TARGET_FILE_MAX);
	buf_printf(&text, "url = %s\ntoken = %s\n", target->url, target->token);
	if (target->ca_file[0])
		buf_printf(&text, "ca = %s\n", target->ca_file);
	if (buf_err(&text) != ERR_OK)
		return why_set(why, buf_err(&text), "the settings: %s", err_text(buf_err(&text)));
	(void)snprintf(scratch, sizeof scratch, "%s.XXXXXX", path);
	int fd = mkstemp(scratch); /* mode 0600 */
	if (fd < 0)
		return why_set(why, err_from_errno(errno), "%.140s: %s", scratch, strerror(errno));
	err = write_all(fd, buf_str(&text));
	(void)close(fd);
	mem_wipe(text.at, text.size);
	if (err == ERR_OK && rename(scratch, path) != 0)
		err = err_from_errno(errno);
	if (err != ERR_OK) {
		(void)unlink(scratch);
		return why_set(why, err, "%.140s: %s", path, err_text(err));
	}
	return ERR_OK;
}
