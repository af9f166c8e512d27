/* SPDX-License-Identifier: Apache-2.0 */
/* Gives every file of a folder to the fuzz target this is linked with. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		return -1;
	(void)fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	uint8_t *bytes = malloc(size > 0 ? (size_t)size : 1);
	if (bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size)
		(void)LLVMFuzzerTestOneInput(bytes, (size_t)size);
	free(bytes);
	(void)fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		if (!folder) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
			char path[PATH_MAX];
			if (entry->d_name[0] == '.')
				continue;
			(void)snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
			if (replay_file(path) != 0)
				return 1;
			count++;
		}
		(void)closedir(folder);
	}
	printf("%d inputs replayed\n", count);
	return count > 0 ? 0 : 1;
}
