/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "proto/csv/csv.h"
#include "tests/fuzz/fuzz.h"

/* What is read is written and read again the same. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct csv_reader reader, again;
	static struct csv_record record, second;
	enum err err;

	csv_reader_init(&reader, (struct str){ (const char *)bytes, size });
	while ((err = csv_read(&reader, &record)) != ERR_NOT_FOUND) {
		AUTO_BUF text = { 0 };
		if (err != ERR_OK)
			continue;
		buf_init(&text, 4 * CSV_RECORD_MAX);
		for (size_t i = 0; i < record.count; i++) {
			buf_add_text(&text, i ? "," : "");
			csv_add_field(&text, record.fields[i]);
		}
		csv_reader_init(&again, buf_str(&text));
		if (csv_read(&again, &second) == ERR_OK && second.count != record.count)
			abort();
	}
	return 0;
}
