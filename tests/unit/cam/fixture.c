/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cam/fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int fixture_set_up(void **state)
{
	char *path = malloc(FIXTURE_PATH_SIZE);

	if (!path)
		return -1;
	(void)snprintf(path, FIXTURE_PATH_SIZE, "/tmp/vigil-cam-test-XXXXXX");
	*state = path;
	return mkdtemp(path) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *where)
{
	return remove(path);
}

int fixture_tear_down(void **state)
{
	int result = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return result;
}

void fixture_write(const char *folder, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "we");
	if (!file)
		abort();
	(void)fputs(text, file);
	(void)fclose(file);
}
