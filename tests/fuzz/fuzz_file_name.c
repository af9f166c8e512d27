/* SPDX-License-Identifier: Apache-2.0 */
/* A device's wish for a name: harmless, stable and short whatever it was. */
#include <stdlib.h>

#include "domain/storage/file_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int is_harmful(const char *name)
{
	for (const char *at = name; *at; at++)
		if ((unsigned char)*at <= ' ' || strchr("/\\\"'<>;%?#&:|*\x7f", *at))
			return 1;
	return name[0] == '.' || !str_is_utf8(str_of(name)) || strlen(name) > FILE_NAME_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str wish = { (const char *)bytes, size };
	char name[FILE_NAME_SIZE], again[FILE_NAME_SIZE];
	int64_t time_ms = 0;

	file_name_clean(wish, name);
	file_name_clean(str_of(name), again);
	if (strcmp(name, again) != 0 || is_harmful(name))
		abort();
	if (file_name_second(wish, &time_ms) == ERR_OK && size != 20 && size != 19)
		abort();
	return 0;
}
