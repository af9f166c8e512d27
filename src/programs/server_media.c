/* SPDX-License-Identifier: Apache-2.0 */
/* vigil-media: found beside our own executable, or where the setting says. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "programs/server_private.h"

#define HELPER_NAME "vigil-media"

/* What it had under way was answered and counted; another one is started when it is needed. */
static void on_helper_ended(void *owner, const char *words)
{
	(void)owner;
	log_warn("media.ended", "%s: it costs a thumbnail at most", words);
}

static void find_beside_us(char out[PATH_MAX])
{
	char ours[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", ours, sizeof ours);
	struct str folder = { ours, size > 0 ? (size_t)size : 0 };

	folder = str_before_last(folder, '/');
	(void)snprintf(out, PATH_MAX, "%.*s/" HELPER_NAME, STR_ARG(folder));
}

enum err server_open_media(struct server *server)
{
	char path[PATH_MAX];
	const struct media_setup setup = { .helper = path, .tell = on_helper_ended };

	if (server->settings->media_helper[0])
		(void)snprintf(path, sizeof path, "%s", server->settings->media_helper);
	else
		find_beside_us(path);
	if (access(path, X_OK) != 0)
		log_warn("media.absent",
		         "there are no thumbnails: %s is not there; all else works. Install it, or "
		         "set media.helper",
		         path);
	return media_open(&setup, &server->media);
}
