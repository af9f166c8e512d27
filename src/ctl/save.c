/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/save.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool write_bytes(void *owner, struct str bytes)
{
	return fwrite(bytes.at, 1, bytes.size, owner) == bytes.size;
}

static enum exit_code save_to(struct ctl *ctl, const struct api_request *wanted, FILE *file)
{
	AUTO_ANSWER answer = { 0 };
	struct api_request request = *wanted;

	request.on_bytes = write_bytes;
	request.owner = file;
	return ctl_request(ctl, &request, &answer);
}

/* It is written beside its name first. */
enum exit_code ctl_save(struct ctl *ctl, const struct api_request *request, const char *path)
{
	char scratch[PATH_MAX];

	if (!path || strcmp(path, "-") == 0)
		return save_to(ctl, request, stdout);
	if (snprintf(scratch, sizeof scratch, "%s.part", path) >= (int)sizeof scratch)
		return ctl_fail(EXIT_USAGE, "the file's name is too long");
	FILE *file = fopen(scratch, "we");
	if (!file)
		return ctl_fail(EXIT_FAILED, "%s: %s", scratch, strerror(errno));
	enum exit_code code = save_to(ctl, request, file);
	bool is_written = fflush(file) == 0 && fsync(fileno(file)) == 0;
	is_written = fclose(file) == 0 && is_written;
	if (code == EXIT_DONE && (!is_written || rename(scratch, path) != 0))
		code = ctl_fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
	if (code != EXIT_DONE)
		(void)unlink(scratch);
	else
		ctl_note(ctl, "%s is written", path);
	return code;
}
