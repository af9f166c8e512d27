/* SPDX-License-Identifier: Apache-2.0 */
/* A settings file of vigild: any bytes are read or refused with words. */
#include <stdlib.h>

#include "programs/vigild_settings.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct vigild_settings settings = { 0 };
	struct why why = { 0 };
	struct str text = { (const char *)bytes, size };

	enum err err = settings_read_text(&vigild_settings_table, text, "fuzz", &settings, &why);
	if (err != ERR_OK && why.text[0] == '\0')
		abort();
	if (err == ERR_OK &&
	    (settings.live_flush_ms < SETTINGS_AUTO || settings.live_flush_ms > 200))
		abort();
	vigild_settings_done(&settings);
	return 0;
}
